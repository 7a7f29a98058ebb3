/// A binary heap: the least element first.
struct Heap<Element: Comparable> {
    private var elements: [Element] = []

    /// Whether nothing is in it.
    var isEmpty: Bool { elements.isEmpty }
    /// How many elements are in it.
    var count: Int { elements.count }
    /// The least element, which stays; nil when nothing is in it.
    var least: Element? { elements.first }

    /// Adds an element.
    ///
    /// - Parameter element: any element.
    mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard elements[child] < elements[parent] else { break }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes out the least element.
    ///
    /// - Returns: nil when nothing is left.
    mutating func popLeast() -> Element? {
        guard let last = elements.popLast() else { return nil }
        guard let least = elements.first else { return last }
        elements[0] = last
        var parent = 0
        while true {
            let children = (2 * parent + 1)..<min(2 * parent + 3, max(elements.count, 2 * parent + 1))
            guard let child = children.min(by: { elements[$0] < elements[$1] }),
                elements[child] < elements[parent]
            else { break }
            elements.swapAt(parent, child)
            parent = child
        }
        return least
    }
}
