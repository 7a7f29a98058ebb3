import DioramaFiles
import DioramaGraph
import DioramaImage
import DioramaNodes
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Where an item's pictures go.
///
/// The first picture of the first saving node has the item's name, further ones `-2`, `-3`; those of further nodes have
/// the node's id between. The first one gets its name last, so that a file of that name means that the item is whole.
final class ItemFiles: Sendable {
    private let folder: BatchFolder
    private let name: String
    private let id: String
    /// The nodes that may save, in the order of the graph.
    private let savers: [String]
    /// The first picture's final name, once it is written under another one.
    private let held = Mutex<(URL, URL)?>(nil)

    /// - Parameters:
    ///   - planned: what is made.
    ///   - name: a relative path without ending.
    ///   - folder: where it goes.
    /// - Throws: `FolderError` when the folders of the name cannot be made.
    init(_ planned: PlannedItem, name: String, in folder: BatchFolder) throws(FolderError) {
        self.folder = folder
        self.name = name
        id = planned.id
        savers = planned.schedule.savingNodes
        let levels = name.split(separator: "/")
        if levels.count > 1 {
            _ = try SafeName(levels.dropLast().joined(separator: "/")).createdFolder(in: folder.url)
        }
    }

    /// For the session.
    var target: OutputTarget { OutputTarget { [self] picture in place(of: picture) } }

    private func place(of picture: OutputTarget.Picture) -> URL {
        let node = savers.firstIndex(of: picture.nodeID) ?? savers.count
        let file = Self.file(
            name, node: node == 0 ? nil : picture.nodeID, index: picture.index,
            fileExtension: picture.fileExtension, in: folder)
        guard node == 0, picture.index == 0, savers.count > 1 || picture.count > 1 else { return file }
        let temporary = file.deletingLastPathComponent().appending(path: ".diorama-\(id).tmp")
        held.withLock { $0 = (temporary, file) }
        return temporary
    }

    fileprivate static func file(
        _ name: String, node: String?, index: Int, fileExtension: String, in folder: BatchFolder
    ) -> URL {
        let nodePart = node.map { "-" + FileNameText.part(.string($0), width: 40) } ?? ""
        let indexPart = index == 0 ? "" : "-\(index + 1)"
        return folder.file("\(name)\(nodePart)\(indexPart).\(fileExtension)")
    }

    /// Gives the first picture its name, now that all are there.
    ///
    /// - Parameter written: the files as the render reported them.
    /// - Returns: where those of the batch's folder are, the first picture first.
    /// - Throws: `FileError` when it cannot be named.
    func publish(_ written: [URL]) throws(FileError) -> [URL] {
        let root = folder.path.hasSuffix("/") ? folder.path : folder.path + "/"
        let inside = written.filter { $0.path(percentEncoded: false).hasPrefix(root) }
        guard let (temporary, file) = held.withLock({ $0 }), inside.contains(temporary) else { return inside }
        try AtomicFile.publish(
            temporary.path(percentEncoded: false), as: file.path(percentEncoded: false))
        return [file] + inside.filter { $0 != temporary }
    }

    /// Removes a first picture whose item did not become whole.
    func discard() {
        if let (temporary, _) = held.withLock({ $0 }) { try? FileManager.default.removeItem(at: temporary) }
    }
}

/// What is found under an item's name before it is made.
enum FoundFiles {
    /// Nothing, or something torn: the item is to be made.
    case nothing
    /// The item's own pictures, whole.
    case whole([URL])
    /// A picture of something else, which is not to be overwritten.
    case foreign(URL)

    /// Looks for the pictures of an item.
    ///
    /// - Parameters:
    ///   - planned: the item.
    ///   - name: a relative path without ending.
    ///   - namesContent: whether no other content can have this name.
    ///   - folder: where to look.
    init(_ planned: PlannedItem, name: String, namesContent: Bool, in folder: BatchFolder) {
        func file(_ fileExtension: String, node: String? = nil, index: Int = 0) -> URL? {
            let url = ItemFiles.file(name, node: node, index: index, fileExtension: fileExtension, in: folder)
            return FileStatus(url.path(percentEncoded: false)).map { _ in url }
        }
        let endings = ["png", "jpg"]
        guard let first = endings.lazy.compactMap({ file($0) }).first else {
            self = .nothing
            return
        }
        guard let bytes = try? InputFile.read(first.path(percentEncoded: false)),
            (try? ImageFile.decode(bytes)) != nil
        else {
            self = .nothing
            return
        }
        if !namesContent {
            let prompt = (try? ImageFile.readMetadata(bytes))?.prompt
            guard prompt == planned.schedule.graph.json.text() else {
                self = .foreign(first)
                return
            }
        }
        var found = [first]
        for (position, node) in planned.schedule.savingNodes.enumerated() {
            var index = position == 0 ? 1 : 0
            while let next = endings.lazy.compactMap({
                file($0, node: position == 0 ? nil : node, index: index)
            }).first {
                found.append(next)
                index += 1
            }
        }
        self = .whole(found)
    }
}

extension Schedule {
    /// The ids of the nodes that may ask where their pictures go, in the order of the graph: those that take the start
    /// of a file name, or all output nodes where none does.
    fileprivate var savingNodes: [String] {
        let running = Set(steps.map(\.label.id))
        let outputs = targetIDs.filter(running.contains)
        let savers = Set(
            graph.nodes.filter { $0.schema.input(named: "filename_prefix") != nil }.map(\.label.id))
        let saving = outputs.filter(savers.contains)
        return saving.isEmpty ? outputs : saving
    }
}
