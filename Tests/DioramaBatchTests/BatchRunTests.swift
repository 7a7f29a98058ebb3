import DioramaBatch
import DioramaImage
import DioramaTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct BatchRunTests {
    private let workshop: Workshop

    init() throws { workshop = try Workshop() }

    private func run(
        _ list: String, _ changes: String = "{}", events: Events = Events(),
        _ change: (inout BatchOptions) -> Void = { _ in }
    ) async throws -> BatchSummary {
        var options = BatchOptions()
        change(&options)
        return try await workshop.batch(changes, options).run(
            PromptList(list), in: workshop.folder
        ) { events.note($0) }
    }

    private let three = "a fox\na hill\na boat\n"

    @Test func everyLineBecomesAPicture() async throws {
        let summary = try await run(three)
        #expect(summary.done == 3)
        #expect(summary.files == 3)
        #expect(summary.isComplete)
        let pictures = workshop.pictures
        #expect(pictures.count == 3)
        #expect(
            pictures.map { $0.split(separator: "-").dropLast().joined(separator: "-") } == [
                "a-boat", "a-fox", "a-hill",
            ])
        for entry in try workshop.entries() {
            let file = try #require(entry.files.first)
            let bytes = Array(try Data(contentsOf: workshop.url.appending(path: file.path)))
            #expect(bytes.count == file.bytes)
            #expect(try PNG.decode(bytes).width == 4)
            // The picture carries its own graph, which makes it again.
            let graph = try GraphFile(try #require(try PNG.readMetadata(bytes).prompt))
            #expect(graph["prompt"]?.value(of: "text") == .literal(.string(entry.prompt ?? "")))
        }
        #expect(workshop.log.count("encode rain") == 1)
        #expect(workshop.log.count("sample") == 3)
    }

    @Test func theManifestTellsEverything() async throws {
        _ = try await run("prompt,seed,steps,sampler.cfg\na fox,7,5,3.5\n")
        let line = try #require(try workshop.manifest.first)
        let json = try JSON(parsing: line.utf8)
        #expect(
            json.object?.keys == [
                "id", "line", "index", "prompt", "negative", "seed", "settings", "files", "seconds",
            ])
        #expect(json["line"] == 2)
        #expect(json["prompt"] == "a fox")
        #expect(json["negative"] == "rain")
        #expect(json["seed"] == 7)
        #expect(json["settings"] == ["steps": 5, "cfg": 3.5, "width": 4, "height": 3, "sampler.cfg": 3.5])
        #expect(json["files"]?[0]?["hash"]?.string?.count == 32)
        let entry = try #require(try workshop.entries().first)
        #expect(entry.json == json)
    }

    @Test func whatIsDoneIsNotMadeAgain() async throws {
        _ = try await run(three)
        let before = workshop.pictures
        workshop.log.clear()
        let events = Events()
        let summary = try await run(three + "a lake\n", events: events)
        #expect(summary.done == 1)
        #expect(summary.skipped == 3)
        #expect(workshop.log.count("sample") == 1)
        #expect(workshop.pictures.count == 4)
        #expect(before.allSatisfy(workshop.pictures.contains))
        #expect(events.names.filter { $0 == "skipped" }.count == 3)
    }

    @Test func aFileThatIsGoneOrCutIsMadeAgain() async throws {
        _ = try await run(three)
        let bytes = try workshop.pictures.map { try Data(contentsOf: workshop.url.appending(path: $0)) }
        let names = workshop.pictures
        try FileManager.default.removeItem(at: workshop.url.appending(path: names[0]))
        try bytes[1].prefix(40).write(to: workshop.url.appending(path: names[1]))
        let summary = try await run(three)
        #expect(summary.done == 2)
        #expect(workshop.pictures == names)
        #expect(try names.map { try Data(contentsOf: workshop.url.appending(path: $0)) } == bytes)
    }

    @Test func aFileWithoutALineIsRecognised() async throws {
        _ = try await run(three)
        let names = workshop.pictures
        let manifest = workshop.url.appending(path: "manifest.jsonl")
        let lines = try workshop.manifest
        try Data((lines[0] + "\n" + lines[1].prefix(30)).utf8).write(to: manifest)
        // Half of a picture is none, though its name is right.
        let known = try workshop.entries().map { $0.files.map(\.path) }
        #expect(known.count == 1)
        let torn = try #require(names.first { !known.joined().contains($0) })
        let last = workshop.url.appending(path: torn)
        let whole = try Data(contentsOf: last)
        try whole.prefix(whole.count - 20).write(to: last)
        workshop.log.clear()
        let summary = try await run(three)
        #expect(summary.done == 1)
        #expect(summary.skipped == 2)
        #expect(workshop.log.count("sample") == 1)
        #expect(workshop.pictures == names)
        #expect(try Data(contentsOf: last) == whole)
        #expect(try workshop.manifest.count == 3)
        #expect(Set(try workshop.entries().map(\.id)).count == 3)
    }

    @Test func oneBadLineFailsAlone() async throws {
        let events = Events()
        let summary = try await run("prompt,steps\na fox,4\na hill,0\na boat,5\n", events: events)
        #expect(summary.done == 2)
        #expect(summary.failed == 1)
        #expect(summary.failures.map(\.line) == [3])
        #expect(summary.failures.first?.index == nil)
        #expect(
            summary.failures.first?.message == #"sampler (ToySampler): "steps" is 0, below its minimum 1"#)
        #expect(events.names.contains("line failed"))
        #expect(!summary.isComplete)
        #expect(summary.stop == nil)
    }

    @Test func aFailingItemIsTriedAgain() async throws {
        workshop.log.fail("a hill", times: 2)
        let events = Events()
        let summary = try await run(three, events: events) { $0.retries = 2 }
        #expect(summary.done == 3)
        #expect(events.names.filter { $0 == "retrying" }.count == 2)
    }

    @Test func aFailureIsRecordedAndTriedInTheNextRun() async throws {
        workshop.log.fail("a hill", times: 2)
        let summary = try await run(three) { $0.retries = 1 }
        #expect(summary.done == 2)
        #expect(summary.failures.map(\.line) == [2])
        #expect(summary.failures.first?.message == "sampler (ToySampler): the brush broke")
        let failed = try #require(try workshop.entries().first { !$0.isDone })
        #expect(failed.error == "sampler (ToySampler): the brush broke")
        #expect(failed.files.isEmpty)
        let again = try await run(three)
        #expect(again.done == 1)
        #expect(again.skipped == 2)
    }

    @Test func equalLinesAreMadeOnce() async throws {
        let summary = try await run("a fox\na hill\na fox\n")
        #expect(summary.done == 2)
        #expect(summary.skipped == 1)
        #expect(workshop.pictures.count == 2)
    }

    @Test func severalPicturesAndNodesOfAnItem() async throws {
        let changes = """
            {"small": {"class_type": "SaveImageJPEG", "inputs": {"images": ["sampler", 0]}},
             "look": {"class_type": "PreviewImage", "inputs": {"images": ["sampler", 0]}}}
            """
        let list = #"{"prompt": "a", "name": "fox", "sampler.pictures": 3}"#
        _ = try await run(list, changes)
        let names = [
            "fox-2.png", "fox-3.png", "fox-small-2.jpg", "fox-small-3.jpg", "fox-small.jpg", "fox.png",
        ]
        #expect(workshop.pictures == names)
        #expect(try workshop.entries().first?.files.first?.path == "fox.png")
        #expect(Set(try workshop.entries().first?.files.map(\.path) ?? []) == Set(names))

        // The manifest is lost: all files of the item are found under its name.
        try FileManager.default.removeItem(at: workshop.url.appending(path: "manifest.jsonl"))
        let found = try await run(list, changes)
        #expect(found.skipped == 1)
        #expect(Set(try workshop.entries().first?.files.map(\.path) ?? []) == Set(names))

        // Without the first picture the item is not whole, whatever else is there.
        try FileManager.default.removeItem(at: workshop.url.appending(path: "manifest.jsonl"))
        try FileManager.default.removeItem(at: workshop.url.appending(path: "fox.png"))
        let made = try await run(list, changes)
        #expect(made.done == 1)
        #expect(workshop.pictures == names)
        #expect(!workshop.files.contains { $0.hasSuffix(".tmp") })
    }

    @Test func aPictureOfSomethingElseIsNotOverwritten() async throws {
        let byLine = try NamePattern("{line}")
        _ = try await run("a fox\na hill\n") { $0.namePattern = byLine }
        let bytes = try Data(contentsOf: workshop.url.appending(path: "1.png"))
        let summary = try await run("a boat\na hill\n") { $0.namePattern = byLine }
        #expect(summary.skipped == 1)
        #expect(
            summary.failures.first?.message == """
                1.png is there already and is not this picture; remove it, choose another folder, or put {id} into the name
                """)
        #expect(try Data(contentsOf: workshop.url.appending(path: "1.png")) == bytes)
    }

    @Test func aNameThatTheListGivesTwiceIsTheFirstLines() async throws {
        // All are under way at once, so that no file is there yet when the second is looked for.
        let summary = try await run("prompt,name\na,fox\nb,Fox\nc,owl\nd,fox\n")
        #expect(summary.done == 2)
        #expect(summary.failures.map(\.line) == [3, 5])
        #expect(
            summary.failures.first?.message
                == "its file would be called Fox, as that of line 2; name them apart, as with --name '{line}-{id}'"
        )
        #expect(workshop.pictures == ["fox.png", "owl.png"])
        #expect(try workshop.entries().first { $0.files.map(\.path) == ["fox.png"] }?.prompt == "a")
        #expect(try await run("prompt,name\na,fox\nb,Fox\nc,owl\nd,fox\n").skipped == 2)
    }

    @Test func aStreamTellsOfANameThatIsTaken() async throws {
        let pipe = Pipe()
        var options = BatchOptions()
        options.namePattern = try NamePattern("{prompt:3}")
        let batch = try workshop.batch("{}", options)
        let running = Task { [workshop] in
            try await batch.run(
                PromptList(descriptor: pipe.fileHandleForReading.fileDescriptor), in: workshop.folder)
        }
        try pipe.fileHandleForWriting.write(contentsOf: Data("abc one\nabd\nabc two\nabc one\n".utf8))
        try pipe.fileHandleForWriting.close()
        let summary = try await running.value
        #expect(summary.done == 2 && summary.skipped == 1)
        #expect(summary.failures.map(\.line) == [3])
        #expect(
            summary.failures.first?.message
                == "its file would be called abc, as that of line 1; add {line} or {id} to --name '{prompt:3}'"
        )
    }

    @Test func namesMayHaveFolders() async throws {
        _ = try await run(three) { $0.namePattern = try? NamePattern("{prompt}/{seed}") }
        #expect(workshop.pictures == ["a-boat/1.png", "a-fox/1.png", "a-hill/1.png"])
        let again = try await run(three) { $0.namePattern = try? NamePattern("{prompt}/{seed}") }
        #expect(again.skipped == 3)
    }

    @Test func leftoversOfAKilledRunAreRemoved() async throws {
        try FileManager.default.createDirectory(
            at: workshop.url.appending(path: "sub"), withIntermediateDirectories: true)
        try Data("half".utf8).write(to: workshop.url.appending(path: ".diorama-12ab.tmp"))
        try Data("half".utf8).write(to: workshop.url.appending(path: "sub/.diorama-12ac.tmp"))
        try Data("mine".utf8).write(to: workshop.url.appending(path: "notes.tmp"))
        _ = try await run(three)
        #expect(workshop.files.filter { $0.hasSuffix(".tmp") } == ["notes.tmp"])
    }

    @Test func twoBatchesInOneFolderDoNotMix() async throws {
        let pipe = Pipe()
        let slow = Task { [workshop] in
            try await workshop.batch().run(
                PromptList(descriptor: pipe.fileHandleForReading.fileDescriptor), in: workshop.folder)
        }
        while !FileManager.default.fileExists(atPath: workshop.url.appending(path: "manifest.jsonl").path) {
            try await Task.sleep(for: .milliseconds(5))
        }
        let error = await #expect(throws: BatchFolderError.self) { try await run(three) }
        #expect(
            error?.description.hasPrefix("another batch is at work in \(workshop.url.path)") == true
                && error?.description.contains("(process \(ProcessInfo.processInfo.processIdentifier)")
                    == true,
            "\(String(describing: error))")
        let shard = await #expect(throws: BatchFolderError.self) {
            try await run(three) { $0.shard = Shard(0, of: 2) }
        }
        #expect(shard?.description.hasPrefix("shard 0/2 of this batch, or a whole batch, is at work") == true)
        try pipe.fileHandleForWriting.close()
        #expect(try await slow.value.done == 0)
        #expect(try await run(three).done == 3)
    }

    @Test func shardsShareAFolder() async throws {
        let list = (1...7).map { "prompt \($0)" }.joined(separator: "\n")
        async let one = run(list) { $0.shard = Shard(0, of: 2) }
        async let two = run(list) { $0.shard = Shard(1, of: 2) }
        #expect(try await [one.done, two.done] == [4, 3])
        #expect(workshop.pictures.count == 7)
        #expect(
            workshop.folder.manifests.map(\.lastPathComponent) == [
                "manifest.0-of-2.jsonl", "manifest.1-of-2.jsonl",
            ])
        // Another number of shards finds everything done.
        let whole = try await run(list)
        #expect(whole.skipped == 7)
    }

    @Test func aStreamIsMadeAsItComes() async throws {
        let pipe = Pipe()
        let events = Events()
        let running = Task { [workshop] in
            try await workshop.batch().run(
                PromptList(descriptor: pipe.fileHandleForReading.fileDescriptor), in: workshop.folder
            ) { events.note($0) }
        }
        for number in 1...3 {
            try pipe.fileHandleForWriting.write(contentsOf: Data("prompt \(number)\n".utf8))
            // The next line is given only when this one's picture is on the disk.
            while events.names.count(where: { $0 == "done" }) < number {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        try pipe.fileHandleForWriting.close()
        #expect(try await running.value.done == 3)
    }

    @Test func cancellingLeavesWholeFilesAndCanGoOn() async throws {
        let list = (1...200).map { "prompt \($0)" }.joined(separator: "\n")
        let events = Events()
        let running = Task { [workshop] in
            try await workshop.batch().run(PromptList(list), in: workshop.folder) { events.note($0) }
        }
        while events.names.count(where: { $0 == "done" }) < 5 { try await Task.sleep(for: .milliseconds(1)) }
        running.cancel()
        let summary = try await running.value
        #expect(summary.stop == .cancelled)
        #expect((5..<200).contains(summary.done))
        #expect(try workshop.entries().count == summary.done)
        #expect(workshop.pictures.count == summary.done)
        let rest = try await run(list)
        #expect(rest.done + summary.done == 200)
        #expect(workshop.pictures.count == 200)
        #expect(!workshop.files.contains { $0.hasSuffix(".tmp") })
    }

    @Test func aStreamThatWaitsCanBeCancelled() async throws {
        let pipe = Pipe()
        let running = Task { [workshop] in
            try await workshop.batch().run(
                PromptList(descriptor: pipe.fileHandleForReading.fileDescriptor), in: workshop.folder)
        }
        try await Task.sleep(for: .milliseconds(50))
        running.cancel()
        #expect(try await running.value.stop == .cancelled)
        try pipe.fileHandleForWriting.close()
    }

    @Test func aFolderThatCannotBeMadeSaysSo() async throws {
        try FileManager.default.createDirectory(
            at: workshop.url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data().write(to: workshop.url)
        let error = await #expect(throws: FolderError.self) { try await run(three) }
        #expect(error?.description.contains("the folder cannot be made") == true)
    }

    @Test func aWriteFailureStopsTheBatch() async throws {
        // A folder stands where the second picture would go.
        let list = "prompt,name\na,one\nb,two\nc,three\nd,four\n"
        try FileManager.default.createDirectory(
            at: workshop.url.appending(path: "two.png"), withIntermediateDirectories: true)
        let summary = try await run(list) { $0.inFlight = 1 }
        guard case .cannotWrite(let reason) = summary.stop else {
            Issue.record("the batch went on: \(summary)")
            return
        }
        #expect(reason.contains("cannot write") && reason.contains("two.png"))
        #expect(summary.done == 1)
        try FileManager.default.removeItem(at: workshop.url.appending(path: "two.png"))
        #expect(try await run(list).done == 3)
    }
}
