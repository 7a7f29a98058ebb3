/// A link to another node's output.
public struct Link: Hashable, Sendable {
    /// Which output of a node.
    public enum Slot: Hashable, Sendable, CustomStringConvertible {
        /// The position, from 0.
        case index(Int)
        /// The output's name.
        case name(String)

        /// The position, or the name in quotes.
        public var description: String {
            switch self {
            case .index(let index): "\(index)"
            case .name(let name): quoted(name)
            }
        }
    }

    /// The node that gives the value.
    public let nodeID: String
    /// Which of its outputs.
    public let slot: Slot

    /// A link.
    ///
    /// - Parameters:
    ///   - nodeID: the node that gives the value.
    ///   - slot: which of its outputs.
    public init(_ nodeID: String, _ slot: Slot) {
        self.nodeID = nodeID
        self.slot = slot
    }
}

/// What a file says for an input.
public enum InputValue: Hashable, Sendable {
    /// The value itself.
    case literal(JSON)
    /// Another node gives the value.
    case link(Link)
    /// A list that is no link; the text says how a link is written.
    case badLink(JSON, reason: String)

    /// Reads what a file says: a list is a link, all else a literal.
    ///
    /// - Parameter json: the member of `inputs`.
    public init(_ json: JSON) {
        switch json {
        case .array(let elements): self = Self.link(from: elements)
        case .object(let members): self = .literal(members["__value__"] ?? json)
        default: self = .literal(json)
        }
    }

    /// What a file would say.
    public var json: JSON {
        switch self {
        case .literal(.array(let elements)): .object(["__value__": .array(elements)])
        case .literal(let value): value
        case .link(let link):
            switch link.slot {
            case .index(let index): [.string(link.nodeID), .integer(index)]
            case .name(let name): [.string(link.nodeID), .string(name)]
            }
        case .badLink(let json, _): json
        }
    }

    private static func link(from elements: [JSON]) -> InputValue {
        let json = JSON.array(elements)
        guard elements.count == 2 else {
            return .badLink(
                json,
                reason:
                    "a list here is a link, [\"node id\", output]; a list as value is {\"__value__\": [...]}")
        }
        guard let id = elements[0].string else {
            let hint = elements[0].integer.map { ": write \"\($0)\"" } ?? ""
            return .badLink(json, reason: "the node id of a link is a text\(hint)")
        }
        switch elements[1] {
        case .integer(let index): return .link(Link(id, .index(index)))
        case .string(let name): return .link(Link(id, .name(name)))
        case .double(let value):
            if let index = Int(exactly: value) { return .link(Link(id, .index(index))) }
        default: break
        }
        return .badLink(json, reason: "the output of a link is its position from 0, or its name")
    }
}
