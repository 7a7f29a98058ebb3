/// What nodes find outside the graph: folders and shared resources.
public struct RunEnvironment: Sendable {
    /// Where models, inputs and outputs are.
    public var folders: Folders
    /// What the application shares with its nodes.
    public var resources: Resources

    /// Gathers what nodes may use.
    ///
    /// - Parameters:
    ///   - folders: where models, inputs and outputs are.
    ///   - resources: what the application shares with its nodes.
    public init(folders: Folders, resources: Resources = Resources()) {
        self.folders = folders
        self.resources = resources
    }

    /// The resource of a type.
    ///
    /// - Parameter type: the type under which the application stored it.
    /// - Returns: the resource.
    /// - Throws: `MissingResource` when the application gave none.
    public func resource<Resource: Sendable>(_ type: Resource.Type) throws(MissingResource) -> Resource {
        guard let resource = resources[type] else { throw MissingResource(type: "\(type)") }
        return resource
    }
}

/// Values shared with every node, one of each type: a device, options, a model cache.
public struct Resources: Sendable {
    private var values: [ObjectIdentifier: any Sendable] = [:]

    /// An empty bag.
    public init() {}

    /// The value of a type; nil when there is none.
    ///
    /// - Parameter type: the key.
    public subscript<Resource: Sendable>(type: Resource.Type) -> Resource? {
        get { values[ObjectIdentifier(type)] as? Resource }
        set { values[ObjectIdentifier(type)] = newValue }
    }

    /// The bag with one more value.
    ///
    /// - Parameter resource: what to share, in place of an earlier one of its type.
    /// - Returns: the larger bag.
    public func with<Resource: Sendable>(_ resource: Resource) -> Resources {
        var copy = self
        copy[Resource.self] = resource
        return copy
    }

    /// The bag with the values of another one.
    ///
    /// - Parameter others: what to share, in place of earlier ones of the same types.
    /// - Returns: the larger bag.
    public func with(_ others: Resources) -> Resources {
        var copy = self
        copy.values.merge(others.values) { $1 }
        return copy
    }
}

/// A node asked for a resource that the application did not give.
public struct MissingResource: Error, Hashable, CustomStringConvertible {
    /// The resource's type.
    public let type: String
    /// One sentence.
    public var description: String { "the engine was given no \(type) in its resources" }
}
