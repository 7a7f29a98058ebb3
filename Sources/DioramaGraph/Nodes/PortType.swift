/// The name of the kind of value that flows along an edge: `"LATENT"`, `"INT"`, `"FLOAT,INT"`, `"*"`.
public struct PortType: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// ComfyUI's spelling.
    public let name: String

    /// A type by name.
    ///
    /// - Parameter name: one name, several divided by commas for "any of these", or `*` for anything.
    public init(_ name: String) { self.name = name }

    /// A type by name.
    public init(stringLiteral value: String) { self.init(value) }

    /// The name.
    public var description: String { name }

    /// Whole numbers.
    public static let int: PortType = "INT"
    /// Floating-point numbers.
    public static let float: PortType = "FLOAT"
    /// Texts.
    public static let string: PortType = "STRING"
    /// True or false.
    public static let boolean: PortType = "BOOLEAN"
    /// One text of a list of options.
    public static let combo: PortType = "COMBO"
    /// Any value.
    public static let any: PortType = "*"

    /// Whether an input of this type takes the output of another node.
    ///
    /// Equal names fit, `*` on either side fits, and unions (`"FLOAT,INT"`) fit when they share a name.
    ///
    /// - Parameter output: the type that the other node gives.
    /// - Returns: true when the link is allowed.
    public func accepts(_ output: PortType) -> Bool {
        if self == output || self == .any || output == .any { return true }
        let wanted = Set(members)
        return output.members.contains { $0 == "*" || wanted.contains($0) } || wanted.contains("*")
    }

    private var members: [Substring] {
        name.split(separator: ",").map { part in
            part.drop { $0 == " " }.prefix { $0 != " " }
        }
    }
}
