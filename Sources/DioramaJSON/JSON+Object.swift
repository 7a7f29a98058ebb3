extension JSON {
    /// The members of a JSON object: a dictionary that keeps the order in which keys were first set.
    public struct Object: Sendable {
        private var members: [(key: String, value: JSON)] = []
        /// Where each key stands; kept only from `indexedFrom` members on, a short search is faster below.
        private var positions: [String: Int] = [:]

        private static let indexedFrom = 12

        /// An object without members.
        public init() {}

        /// An object with these members; of equal keys the last value wins, at the first one's place.
        ///
        /// - Parameter members: names and values in order.
        public init(_ members: some Sequence<(String, JSON)>) {
            for (key, value) in members { self[key] = value }
        }

        /// The value of a key, nil when it is missing; setting nil removes the member.
        ///
        /// - Parameter key: the member's name.
        public subscript(key: String) -> JSON? {
            get { position(of: key).map { members[$0].value } }
            set {
                switch (position(of: key), newValue) {
                case (let position?, let value?): members[position].value = value
                case (let position?, nil): remove(at: position)
                case (nil, let value?): append(key, value)
                case (nil, nil): break
                }
            }
        }

        /// The names in order.
        public var keys: [String] { members.map(\.key) }

        private func position(of key: String) -> Int? {
            if members.count < Self.indexedFrom { return members.firstIndex { $0.key == key } }
            return positions[key]
        }

        private mutating func append(_ key: String, _ value: JSON) {
            members.append((key, value))
            if members.count == Self.indexedFrom {
                index()
            } else if members.count > Self.indexedFrom {
                positions[key] = members.count - 1
            }
        }

        private mutating func remove(at position: Int) {
            members.remove(at: position)
            index()
        }

        private mutating func index() {
            positions.removeAll(keepingCapacity: true)
            guard members.count >= Self.indexedFrom else { return }
            for (position, member) in members.enumerated() { positions[member.key] = position }
        }
    }
}

extension JSON.Object: RandomAccessCollection {
    /// The first position, 0.
    public var startIndex: Int { 0 }

    /// One past the last position: the number of members.
    public var endIndex: Int { members.count }

    /// The member at a position.
    ///
    /// - Parameter position: from 0 to `count - 1`.
    public subscript(position: Int) -> (key: String, value: JSON) { members[position] }
}

extension JSON.Object: Hashable {
    /// Equal when names, values and their order are.
    public static func == (a: Self, b: Self) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { $0.key == $1.key && $0.value == $1.value }
    }

    /// Feeds names and values in order.
    public func hash(into hasher: inout Hasher) {
        for (key, value) in members {
            hasher.combine(key)
            hasher.combine(value)
        }
    }
}

extension JSON.Object: ExpressibleByDictionaryLiteral {
    /// An object with its members in the order written; of equal keys the last wins.
    public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}
