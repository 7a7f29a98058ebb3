import DioramaBatch
import DioramaCommands
import DioramaGraph
import DioramaTestSupport
import Foundation
import Testing

/// `diorama batch` as a process of its own, on the small model.
@Suite(.timeLimit(.minutes(10)), .serialized) struct BatchProcessTests {
    private let workshop: Workshop

    init() throws { workshop = try Workshop() }

    private func write(_ lines: [String]) throws {
        try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: workshop.url.appending(path: "list.txt"))
    }

    private func command(_ output: String, _ more: String...) -> [String] {
        [
            "batch", "graphs/text-to-image.json", "list.txt", "--out", output, "--steps", "1", "--size",
            "32x32",
        ] + more
    }

    private func pictures(in folder: String) throws -> [String: Data] {
        let names = workshop.names(in: folder).filter { $0.hasSuffix(".png") }
        return try Dictionary(
            uniqueKeysWithValues: names.map {
                ($0, try Data(contentsOf: workshop.url.appending(path: "\(folder)/\($0)")))
            })
    }

    @Test func promptsBeyondTheEncoderAreToldBeforeAnythingRuns() throws {
        // The encoder of the small model reads 64 sequences of 30 tokens; transformers gives "fox" three.
        try write(["a fox", Array(repeating: "fox", count: 700).joined(separator: " ")])
        let strict = try Binary(command("strict", "--strict"), in: workshop.url).end()
        #expect(strict.status == 65)
        #expect(
            strict.errors
                == """
                diorama: error: list.txt:
                  line 2: the prompt is too long for the text encoder: its last 180 tokens are left out

                """)
        #expect(workshop.names(in: "strict").isEmpty)
        let warned = try Binary(command("warned"), in: workshop.url).end()
        #expect(warned.status == 0)
        #expect(warned.errors.hasPrefix("diorama: warning: list.txt, line 2: the prompt is too long"))
        #expect(try pictures(in: "warned").count == 2)
    }

    @Test func aPlanCountsAndWritesNothing() throws {
        try write(["a fox", "a hill", "a fox", "a boat"])
        let made = try Binary(command("out", "--count", "3", "--grid", "cfg=2,3"), in: workshop.url).end()
        #expect(made.status == 0)
        try write(["a fox", "a hill", "a fox", "a boat", "a lake", "a moor"])
        let before = workshop.names(in: "out")
        let plan = try Binary(
            command("out", "--count", "3", "--grid", "cfg=2,3", "--plan", "--json"), in: workshop.url
        ).end()
        #expect(plan.status == 0, "\(plan.errors)")
        let json = try JSON(parsing: plan.output.utf8)
        #expect(json["items"] == 30)
        #expect(json["done"] == 18)
        #expect(json["missing"] == 12)
        #expect(json["pictures"] == 12)
        // Two prompts, and the empty text of what to avoid.
        #expect(json["texts"] == 3)
        #expect(json["steps"] == 12)
        #expect(json["is_lower_bound"] == false)
        #expect(workshop.names(in: "out") == before)
        let fresh = try Binary(command("fresh", "--plan"), in: workshop.url).end()
        #expect(fresh.status == 0)
        #expect(workshop.names(in: "fresh").isEmpty)
    }

    /// What a batch that was killed had come to, by its items' ids.
    private struct Work {
        /// Begun; denoising; denoised; and with a picture that has its name.
        var begun: Set<String> = [], denoising: Set<String> = [], denoised: Set<String> = [],
            made: Set<String> = []

        /// - Parameters:
        ///   - output: what it told with `--json`; the last line may be torn.
        ///   - names: what is in its folder.
        init(_ output: String, names: [String]) {
            for event in output.split(separator: "\n").compactMap({ try? JSON(parsing: $0.utf8) }) {
                guard let id = event["id"]?.string else { continue }
                switch event["event"]?.string {
                case "item_started": begun.insert(id)
                case "progress":
                    denoising.insert(id)
                    if event["step"] == event["total"] { denoised.insert(id) }
                default: break
                }
            }
            made = Set(names.filter { $0.hasSuffix(".png") }.map { String($0.dropLast(4).suffix(16)) })
        }
    }

    @Test func killedTwentyTimesItEndsWithEveryPictureWhole() throws {
        let count = 200
        try write((1...count).map { "a fox, number \($0)" })
        let start = ContinuousClock.now
        let whole = try Binary(command("whole", "--quiet"), in: workshop.url).end()
        #expect(whole.status == 0)
        // Together the runs that are killed come about as far as one run would, however busy the machine is.
        let most = (ContinuousClock.now - start) / .seconds(1) / 8

        var (made, begun, denoising, denoised): (Set<String>, Int, Int, Int) = ([], 0, 0, 0)
        for kill in 1...21 {
            let batch = try Binary(command("killed", "--json"), in: workshop.url)
            if kill <= 20 {
                _ = try batch.waits(for: "item_started")
                Thread.sleep(forTimeInterval: .random(in: 0...most))
                batch.kill()
            }
            let ending = try batch.end()
            if kill > 20 { #expect(ending.status == 0, "\(ending.errors)") }
            let work = Work(ending.output, names: workshop.names(in: "killed"))
            #expect(work.begun.isDisjoint(with: made), "a picture that was there was made again")
            made = work.made
            // One is denoised at a time. Of those before it only the files may be missing: of all under way, where the next is not begun.
            #expect(work.denoising.subtracting(work.denoised).count <= 1)
            #expect(work.denoised.subtracting(made).count <= BatchOptions().inFlight)
            begun += work.begun.count
            denoising += work.denoising.count
            denoised += work.denoised.count
        }
        print(
            "20 SIGKILLs in a batch of \(count): \(made.count) pictures; made again \(begun - count), of which denoising had "
                + "begun for \(denoising - count) and ended for \(denoised - count)")
        let expected = try pictures(in: "whole")
        #expect(expected.count == count)
        #expect(try pictures(in: "killed") == expected)
        #expect(!workshop.names(in: "killed").contains { $0.hasSuffix(".tmp") })
        let manifest = try String(
            contentsOf: workshop.url.appending(path: "killed/manifest.jsonl"), encoding: .utf8)
        let ids = try manifest.split(separator: "\n").map { try JSON(parsing: $0.utf8)["id"] }
        #expect(ids.count == count)
        #expect(Set(ids).count == count)
        let verified = try workshop.run("batch", "--verify", "killed")
        #expect(verified.status == 0, "\(verified.output)")
    }

    /// Whether this process may mount a small disk that nobody else sees.
    private static let canMount: Bool = {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "unshare -Urm mount -t tmpfs -o size=64k none /tmp"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    @Test(.enabled(if: canMount, "needs user namespaces of one's own"), arguments: ["locked", "locked/out"])
    func aReadOnlyFolderIsToldWithItsReason(place: String) throws {
        try write(["a fox"])
        // In a namespace of its own even root may not write there.
        let shell = "mkdir locked && chmod 555 locked && exec unshare -U \"$@\""
        let ending = try Binary(command(place), in: workshop.url, shell: shell).end()
        #expect(ending.status == 75, "\(ending.errors)")
        #expect(
            ending.errors.contains(place) && ending.errors.contains("Permission denied"), "\(ending.errors)")
        #expect(workshop.names(in: "locked").isEmpty)
    }

    @Test(.enabled(if: canMount, "needs mount namespaces of one's own"))
    func aFullDiskStopsTheBatchAndLeavesWholeFiles() throws {
        try write((1...100).map { "a fox, number \($0)" })
        try FileManager.default.createDirectory(
            at: workshop.url.appending(path: "disk"), withIntermediateDirectories: true)
        let shell = """
            exec unshare -Urm sh -c '
                mount -t tmpfs -o size=100k none disk || exit 99
                "$@"; status=$?
                "$1" batch --verify disk/out || exit 98
                mkdir kept && cp -R disk/out/. kept
                exit $status' sh "$@"
            """
        let ending = try Binary(command("disk/out"), in: workshop.url, shell: shell).end()
        #expect(ending.status == 75, "\(ending.errors)")
        #expect(ending.errors.contains("the disk is full"), "\(ending.errors)")
        #expect(ending.errors.contains("the same command goes on from here"))
        let there = try pictures(in: "kept").count
        #expect((1..<100).contains(there))
        #expect(!workshop.names(in: "kept").contains { $0.hasSuffix(".tmp") })
        // On a disk with room the same command makes the rest.
        let rest = try Binary(command("kept"), in: workshop.url).end()
        #expect(rest.status == 0, "\(rest.errors)")
        #expect(rest.errors.contains("\(100 - there) items made"), "\(rest.errors)")
        #expect(try pictures(in: "kept").count == 100)
    }
}
