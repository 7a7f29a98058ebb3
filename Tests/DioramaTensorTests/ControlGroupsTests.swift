import DioramaTensor
import DioramaTestSupport
import Foundation
import Testing

/// What containers and jobs leave to a process, by files as Linux writes them.
@Suite struct ControlGroupsTests {
    private let temporary: TemporaryFolder

    init() throws { temporary = try TemporaryFolder() }

    /// The groups of a process whose `/proc/self/cgroup` is `membership`, in a tree of files.
    private func groups(_ membership: String, _ files: [String: String]) throws -> ControlGroups {
        let mount = temporary.url.appending(path: "cgroup")
        try FileManager.default.createDirectory(at: mount, withIntermediateDirectories: true)
        for (path, text) in files {
            let file = mount.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        let list = temporary.url.appending(path: "membership")
        try Data(membership.utf8).write(to: list)
        return ControlGroups(mount: mount.path, membership: list.path)
    }

    @Test("a container of the second version sees its own group alone")
    func container() throws {
        let groups = try groups(
            "0::/\n",
            [
                "memory.max": "4294967296\n", "memory.current": "3221225472\n", "cpu.max": "150000 100000\n",
                "memory.stat": "anon 1\nfile 1073741824\nactive_file 268435456\ninactive_file 536870912\n",
            ])
        #expect(groups.memory == 4 << 30)
        #expect(groups.freeMemory == 1 << 30 + 3 << 28)
        #expect(groups.processors == 1.5)
        #expect(CPUBackend.processors(in: groups) == Swift.min(2, CPUBackend.processors(in: .none)))
    }

    @Test("the tightest of a job's group and those around it holds")
    func job() throws {
        let groups = try groups(
            "0::/slurm/job_7/step_0\n",
            [
                "slurm/memory.max": "max\n", "slurm/cpu.max": "max 100000\n",
                "slurm/job_7/memory.max": "8589934592\n", "slurm/job_7/memory.current": "8053063680\n",
                "slurm/job_7/memory.stat": "inactive_file 0\n", "slurm/job_7/cpu.max": "50000 100000\n",
                "slurm/job_7/step_0/memory.max": "6442450944\n",
                "slurm/job_7/step_0/memory.current": "1073741824\n",
                "slurm/job_7/step_0/memory.stat": "active_file 0\ninactive_file 1\n",
                "slurm/job_7/step_0/cpu.max": "400000 100000\n",
                // Another job's.
                "slurm/job_8/memory.max": "4096\n", "slurm/job_8/cpu.max": "1000 100000\n",
            ])
        #expect(groups.memory == 6 << 30)
        #expect(groups.freeMemory == 1 << 29)
        #expect(groups.processors == 0.5)
        #expect(CPUBackend.processors(in: groups) == 1)
    }

    @Test("the first version, beside the second which bounds nothing")
    func firstVersion() throws {
        let groups = try groups(
            "9:name=systemd:/\n4:memory:/docker/a:b\n2:cpu,cpuacct:/docker/a:b\n0::/\n",
            [
                "memory/memory.limit_in_bytes": "9223372036854771712\n",
                "memory/docker/a:b/memory.limit_in_bytes": "2147483648\n",
                "memory/docker/a:b/memory.usage_in_bytes": "1073741824\n",
                "memory/docker/a:b/memory.stat":
                    "inactive_file 7\ntotal_inactive_file 1024\ntotal_active_file 1024\n",
                "cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n",
                "cpu/docker/a:b/cpu.cfs_quota_us": "300000\n",
                "cpu/docker/a:b/cpu.cfs_period_us": "100000\n",
            ])
        #expect(groups.memory == 2 << 30)
        #expect(groups.freeMemory == 1 << 30 + 2048)
        #expect(groups.processors == 3)
    }

    @Test("a container of the first version finds its own group at the mount, not by its name on the machine")
    func unseenName() throws {
        let groups = try groups(
            "4:memory:/docker/f00\n2:cpu:/../f00\n",
            [
                "memory/memory.limit_in_bytes": "1048576\n", "memory/memory.usage_in_bytes": "2097152\n",
                "cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n",
                "f00/cpu.cfs_quota_us": "1000\n",
            ])
        #expect(groups.memory == 1 << 20)
        #expect(groups.freeMemory == 0)
        #expect(groups.processors == 1)
    }

    @Test(
        "what is no bound is none",
        arguments: [
            "", "0::/\n", "\n:\n::\n0::\n", "0:memory:/a/../../..\n", "nonsense", "4:memory,cpu:/\n",
        ])
    func unbounded(membership: String) throws {
        let groups = try groups(
            membership,
            [
                "memory.max": "max\n", "cpu.max": "max 100000", "memory/memory.limit_in_bytes": "much\n",
                "cpu/cpu.cfs_quota_us": "0\n", "cpu/cpu.cfs_period_us": "\n",
            ])
        #expect(groups.memory == nil)
        #expect(groups.freeMemory == nil)
        #expect(groups.processors == nil)
        let machine = MachineMemory(groups: groups)
        #expect(machine.total == MachineMemory(groups: .none).total)
    }

    #if os(Linux)
    @Test("the machine's memory is no more than its groups'")
    func machine() throws {
        let small = MachineMemory(
            groups: try groups(
                "0::/\n",
                ["memory.max": "1048576\n", "memory.current": "524288\n", "memory.stat": "file 0\n"]))
        #expect(small.total == 1 << 20)
        #expect(small.available == 1 << 19)
        #expect(small.availableWithSwap == 1 << 19)
        let machine = MachineMemory(groups: .none)
        let (total, available) = (try #require(machine.total), try #require(machine.available))
        #expect(available <= total)
        #expect(available <= (try #require(machine.availableWithSwap)) + (64 << 20))
    }
    #endif
}

extension ControlGroups {
    /// No groups.
    fileprivate static var none: ControlGroups { ControlGroups(mount: "/nowhere", membership: "/nowhere") }
}
