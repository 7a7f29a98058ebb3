import DioramaBatch
import DioramaGraph
import DioramaTestSupport
import Foundation
import Testing

/// Looking at a batch's folder: status, verification, merging.
@Suite(.timeLimit(.minutes(10))) struct BatchFolderTests {
    private let workshop: Workshop

    init() throws { workshop = try Workshop() }

    private func run(_ list: String, shard: Shard? = nil) async throws {
        var options = BatchOptions()
        options.shard = shard
        _ = try await workshop.batch("{}", options).run(PromptList(list), in: workshop.folder)
    }

    private let three = "a fox\na hill\na boat\n"

    @Test func statusCountsWhatIsThere() async throws {
        workshop.log.fail("a hill", times: 1)
        try await run(three + "a lake\n")
        let boat = try #require(workshop.pictures.first { $0.hasPrefix("a-boat") })
        try FileManager.default.removeItem(at: workshop.url.appending(path: boat))
        let status = try workshop.folder.status()
        #expect([status.done, status.failed, status.lost, status.files] as [Int] == [2, 1, 1, 2])
        let sizes = try workshop.pictures.map { try Data(contentsOf: workshop.url.appending(path: $0)).count }
        #expect(status.bytes == sizes.reduce(0, +))
        #expect(status.lastFailure?.line == 2)
        #expect(status.lastFailure?.error == "sampler (ToySampler): the brush broke")
        #expect(!status.isAtWork)
        let written = try #require(status.lastWritten)
        #expect(abs(Date().timeIntervalSince1970 - written) < 60)

        let remainder = try workshop.batch().remainder(
            of: PromptList(three + "a lake\na lake\na moor\n"), in: workshop.folder)
        #expect([remainder.items, remainder.done, remainder.missing] as [Int] == [5, 2, 3])
    }

    @Test func aRateLeavesPausesOut() async throws {
        try await run(three + "a lake\n")
        // Two that were made together in eight seconds and written one after the other; after a night one in four; one that begins before that ends.
        try rewrite([(1000, 8), (1001, 9), (50_004, 4), (50_006, 5)])
        let status = try workshop.folder.status()
        #expect(status.secondsEach == Double(9 + 4 + 2) / 4)
        #expect(status.lastWritten == 50_006)
    }

    @Test func aRateIsOfItemsWhoseTimeIsKnown() async throws {
        try await run(three)
        try rewrite([(1000, 2), (1001, nil), (1002, 3)])
        #expect(try workshop.folder.status().secondsEach == Double(2 + 2) / 2)
        // Nor is that of an edited manifest, whose items were begun before there were clocks.
        try rewrite([(1000, nil), (1001, 1e308), (1002, -1)])
        #expect(try workshop.folder.status().secondsEach == nil)
    }

    /// Says when each item of the manifest was done, and how long it took.
    private func rewrite(_ times: [(done: Double, took: Double?)]) throws {
        let manifest = workshop.url.appending(path: "manifest.jsonl")
        let lines = try String(contentsOf: manifest, encoding: .utf8).split(separator: "\n")
        let entries = try lines.map { try #require(JSON(parsing: $0.utf8).object) }
        try #require(entries.count == times.count)
        var text = ""
        for (var entry, time) in zip(entries, times) {
            let name = try #require(entry["files"]?.array?.first?["file"]?.string)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: time.done)],
                ofItemAtPath: workshop.url.appending(path: name).path)
            entry["seconds"] = time.took.map { .double($0) }
            text += "\(JSON.object(entry))\n"
        }
        try Data(text.utf8).write(to: manifest)
    }

    @Test func statusKnowsThatABatchIsAtWork() async throws {
        let pipe = Pipe()
        let running = Task { [workshop] in
            try await workshop.batch().run(
                PromptList(descriptor: pipe.fileHandleForReading.fileDescriptor), in: workshop.folder)
        }
        while !FileManager.default.fileExists(atPath: workshop.url.appending(path: "manifest.jsonl").path) {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(try workshop.folder.status().isAtWork)
        #expect(throws: BatchFolderError.self) { try workshop.folder.merge() }
        try pipe.fileHandleForWriting.close()
        _ = try await running.value
        #expect(try !workshop.folder.status().isAtWork)
    }

    @Test func aFolderWithoutAManifestSaysSo() throws {
        let error = #expect(throws: ListError.self) { try workshop.folder.status() }
        #expect(error?.description.hasSuffix("it is no folder, so no batch was made there") == true)
        try FileManager.default.createDirectory(at: workshop.url, withIntermediateDirectories: true)
        for question in [{ _ = try workshop.folder.verify() }, { _ = try workshop.folder.merge() }] {
            let error = #expect(throws: ListError.self) { try question() }
            #expect(error?.description.contains("it has no manifest.jsonl") == true)
        }
    }

    @Test func everythingWholeIsFoundWhole() async throws {
        try await run(three)
        let result = try workshop.folder.verify()
        #expect(result.isWhole)
        #expect([result.items, result.files, result.failed] as [Int] == [3, 3, 0])
    }

    @Test func everyDamageIsFound() async throws {
        try await run(three + "a lake\n")
        let names = workshop.pictures
        func file(_ index: Int) -> URL { workshop.url.appending(path: names[index]) }
        // One bit of the pixels, half a file, no file.
        var bytes = try Data(contentsOf: file(0))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: file(0))
        let cut = try Data(contentsOf: file(1))
        try cut.prefix(cut.count / 2).write(to: file(1))
        try FileManager.default.removeItem(at: file(2))
        let result = try workshop.folder.verify()
        #expect(result.findingCount == 3)
        let problems = Dictionary(uniqueKeysWithValues: result.findings.map { ($0.path, $0.problem) })
        #expect(problems[names[0]] == "its bytes are not those that were written")
        #expect(problems[names[1]] == "it has \(cut.count / 2) bytes, expected \(cut.count)")
        #expect(problems[names[2]] == "it is not there")
    }

    @Test func aManifestCannotLeadOutOfItsFolder() async throws {
        try await run("a fox\n")
        let line = try #require(try workshop.manifest.first)
        let name = try #require(workshop.pictures.first)
        try Data((line.replacingOccurrences(of: name, with: "../" + name) + "\ntorn{\n").utf8)
            .write(to: workshop.url.appending(path: "manifest.jsonl"))
        let problems = try workshop.folder.verify().findings.map(\.description)
        #expect(
            problems == [
                "manifest.jsonl: line 2 is no entry: a crash tore it, or it was changed",
                "../\(name): this path leads out of the folder",
            ])
    }

    @Test func aDatasetNamesWhatIsThere() async throws {
        var options = BatchOptions()
        options.writesDataset = true
        func run(_ list: String, shard: Shard? = nil) async throws -> BatchSummary {
            options.shard = shard
            return try await workshop.batch("{}", options).run(PromptList(list), in: workshop.folder)
        }
        func lines() throws -> [JSON] {
            try String(contentsOf: workshop.url.appending(path: "metadata.jsonl"), encoding: .utf8)
                .split(separator: "\n").map { try JSON(parsing: $0.utf8) }
        }
        _ = try await run("prompt,seed\na fox,7\na hill,8\n")
        #expect(Set(try lines().map { $0["text"] }) == ["a fox", "a hill"])
        #expect(Set(try lines().map { $0["file_name"]?.string ?? "" }) == Set(workshop.pictures))
        let first = try #require(try lines().first { $0["text"] == "a fox" })
        #expect(first["seed"] == 7)
        #expect(first["negative"] == "rain")
        #expect(first["steps"] == 4)

        // A rerun that makes nothing writes it again; a picture that is gone is made again and named once.
        try FileManager.default.removeItem(at: workshop.url.appending(path: "metadata.jsonl"))
        try FileManager.default.removeItem(at: workshop.url.appending(path: workshop.pictures[0]))
        #expect(try await run("prompt,seed\na fox,7\na hill,8\n").done == 1)
        #expect(try lines().count == 2)
        // Shards name what all have made.
        for index in 0..<2 {
            _ = try await run("prompt,seed\na boat,7\na lake,8\n", shard: Shard(index, of: 2))
        }
        #expect(Set(try lines().map { $0["file_name"]?.string ?? "" }) == Set(workshop.pictures))
        #expect(try lines().count == 4)
    }

    @Test func mergingKeepsTheLastWordOfEveryItem() async throws {
        let list = (1...9).map { "prompt \($0)" }.joined(separator: "\n")
        workshop.log.fail("prompt 1", times: 1)
        workshop.log.fail("prompt 4", times: 1)
        workshop.log.fail("prompt 2", times: 1)
        for index in 0..<3 { try await run(list, shard: Shard(index, of: 3)) }
        // Items 1 and 4 of the first shard are made by its second run, item 2 by a run without shards.
        try await run(list, shard: Shard(0, of: 3))
        workshop.log.fail("prompt 2", times: 1)
        try await run(list, shard: Shard(1, of: 3))
        try await run(list)
        let entries = try workshop.entries()
        #expect(entries.count(where: { !$0.isDone }) == 4)

        let result = try workshop.folder.merge()
        #expect(
            [result.manifests, result.entries, result.items, result.unreadable] as [Int] == [
                4, entries.count, 9, 0,
            ])
        #expect(workshop.folder.manifests.map(\.lastPathComponent) == ["manifest.jsonl"])
        let merged = try workshop.entries()
        #expect(merged.count == 9)
        #expect(!merged.contains { !$0.isDone })
        #expect(Set(merged).isSubset(of: Set(entries)))
        #expect(try workshop.folder.verify().isWhole)

        let before = try workshop.manifest
        _ = try workshop.folder.merge()
        #expect(try workshop.manifest == before)
        #expect(!workshop.files.contains { $0.hasSuffix(".tmp") })
    }
}
