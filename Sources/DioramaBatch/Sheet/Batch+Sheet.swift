import DioramaGraph

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Batch {
    /// Draws the list's pictures small on a sheet with labels: what is in the folder, whenever it was made.
    ///
    /// A grid of two axes has a row for each value of the first and a column for each of the second; otherwise each picture
    /// has its name or prompt below. Beyond 240 pictures there are further pages, `sheet-2.png`. Of an item with several
    /// pictures the first is shown.
    ///
    /// - Parameters:
    ///   - list: what was made; of a stream, which cannot be read again, everything in the folder is shown.
    ///   - folder: where it is.
    ///   - file: the PNG file of the first page; a file of that name is replaced.
    /// - Returns: the pages.
    /// - Throws: `ListError` when list or manifests cannot be read, `FileError` when a page cannot be written.
    public func drawSheet(of list: PromptList, in folder: BatchFolder, to file: URL) throws -> [URL] {
        var paths: [UInt64: String] = [:]
        var labels: [(id: UInt64, label: String)] = []
        try LastWords(in: folder).forEach { entry, _ in
            guard entry.isDone, let id = entry.number,
                let path = entry.files.first(where: { BatchFolder.namesPicture($0.path) })?.path,
                (try? SafeName(path)) != nil
            else { return }
            paths[id] = path
            if list.isStream { labels.append((id, entry.prompt ?? entry.id)) }
        }
        func cell(_ id: UInt64?, _ label: String) -> ContactSheet.Cell {
            ContactSheet.Cell(file: id.flatMap { paths[$0] }.map(folder.file), label: label)
        }
        if list.isStream {
            return try drawRows(count: labels.count, to: file) { body in
                for (id, label) in labels { try body(cell(id, label)) }
            }
        }
        if options.grid.count == 2, options.grid[1].values.count <= 32, options.shard == nil {
            return try drawGrid(of: list, to: file, cell)
        }
        return try drawRows(count: paths.count, to: file) { body in
            try forEachItem(of: list) { next in
                guard case .success(let planned) = next else { return }
                try body(cell(UInt64(planned.id, radix: 16), label(of: planned.item)))
            }
        }
    }

    /// Rows of about as many pictures as there are rows, at most twelve.
    private func drawRows(
        count: Int, to file: URL, _ cells: ((ContactSheet.Cell) throws -> Void) throws -> Void
    ) throws -> [URL] {
        let columns = min(12, max(1, Int(Double(count).squareRoot().rounded(.up))))
        var sheet = ContactSheet(file, columns: columns, hasHeadings: false, on: session.device)
        var row = ContactSheet.Row()
        try cells { cell in
            row.cells.append(cell)
            guard row.cells.count == columns else { return }
            try sheet.add(row)
            row = ContactSheet.Row()
        }
        if !row.cells.isEmpty { try sheet.add(row) }
        try sheet.finish()
        return sheet.pages
    }

    /// A block for each line and seed, with the axes' values as headings.
    private func drawGrid(
        of list: PromptList, to file: URL, _ cell: (UInt64?, String) -> ContactSheet.Cell
    ) throws -> [URL] {
        let axes = options.grid
        let columns = axes[1].values.count
        var sheet = ContactSheet(file, columns: columns, hasHeadings: true, on: session.device)
        var row = ContactSheet.Row()
        func heading(_ axis: GridAxis, _ place: Int) -> String { "\(axis.name)=\(axis.values[place].brief)" }
        try forEachItem(of: list) { next in
            guard case .success(let planned) = next else { return }
            let place = planned.item.index % maker.cellsPerLine
            if place % columns == 0 {
                row = ContactSheet.Row()
                row.heading = heading(axes[0], place / columns)
                if place == 0 {
                    row.title = label(of: planned.item)
                    row.headings = (0..<columns).map { heading(axes[1], $0) }
                }
            }
            row.cells.append(
                cell(UInt64(planned.id, radix: 16), planned.item.seed.map { "seed \($0)" } ?? ""))
            if place % columns == columns - 1 { try sheet.add(row) }
        }
        try sheet.finish()
        return sheet.pages
    }

    private func label(of item: BatchItem) -> String { item.name ?? item.prompt ?? "line \(item.line)" }
}

extension Assignment.Value {
    /// The value as a heading.
    fileprivate var brief: String {
        switch self {
        case .text(let text), .json(.string(let text)): text
        case .json(let json): json.text()
        }
    }
}
