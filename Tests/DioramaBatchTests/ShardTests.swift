import DioramaBatch
import Testing

@Suite struct ShardTests {
    private func shard(_ variables: [String: String]) throws -> String {
        try Shard(environment: variables).description
    }

    @Test(arguments: [
        (["SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_MIN": "5", "SLURM_ARRAY_TASK_MAX": "8"], "0/4"),
        (
            [
                "SLURM_ARRAY_TASK_ID": "9", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_MAX": "16",
                "SLURM_ARRAY_TASK_STEP": "4",
            ], "2/4"
        ),
        (["JOB_COMPLETION_INDEX": "3", "DIORAMA_SHARDS": "8"], "3/8"),
        (["AWS_BATCH_JOB_ARRAY_INDEX": "0", "AWS_BATCH_JOB_ARRAY_SIZE": "10"], "0/10"),
        (["AWS_BATCH_JOB_ARRAY_INDEX": "9", "DIORAMA_SHARDS": "10"], "9/10"),
        (
            [
                "SGE_TASK_ID": "3", "SGE_TASK_FIRST": "1", "SGE_TASK_LAST": "5", "SGE_TASK_STEPSIZE": "2",
            ], "1/3"
        ),
        (["SGE_TASK_ID": "undefined", "PBS_ARRAY_INDEX": "4", "DIORAMA_SHARDS": "4"], "0/4"),
        (["PBS_ARRAYID": "0", "DIORAMA_SHARDS": "4"], "0/4"),
    ])
    func schedulersTellTheirPart(variables: [String: String], expected: String) throws {
        #expect(try shard(variables) == expected)
    }

    /// Each task of an array gets a part of its own, and together they are all.
    @Test(arguments: [("SLURM_ARRAY_TASK", "MIN", "MAX", "STEP"), ("SGE_TASK", "FIRST", "LAST", "STEPSIZE")])
    func anArraysPartsAreDisjoint(names: (String, String, String, String)) throws {
        for (low, high, step) in [(0, 7, 1), (1, 16, 4), (3, 20, 5), (10, 10, 1)] {
            let tasks = Array(stride(from: low, through: high, by: step))
            let shards = try tasks.map { task in
                try Shard(environment: [
                    "\(names.0)_ID": "\(task)", "\(names.0)_\(names.1)": "\(low)",
                    "\(names.0)_\(names.2)": "\(high)",
                    "\(names.0)_\(names.3)": "\(step)",
                ])
            }
            #expect(shards.map(\.index) == Array(0..<tasks.count))
            #expect(shards.allSatisfy { $0.count == tasks.count })
        }
    }

    @Test(arguments: [
        ([:], "this is no array job: none of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX"),
        (["JOB_COMPLETION_INDEX": "1"], "nothing tells how many parts there are; set DIORAMA_SHARDS"),
        (["JOB_COMPLETION_INDEX": "one"], "JOB_COMPLETION_INDEX is 'one', not a whole number"),
        (["JOB_COMPLETION_INDEX": "-1", "DIORAMA_SHARDS": "2"], "which is no part of 2"),
        (
            ["JOB_COMPLETION_INDEX": "1", "DIORAMA_SHARDS": "0"],
            "DIORAMA_SHARDS is 0, which must be 1 or more"
        ),
    ])
    func whatIsMissingIsNamed(variables: [String: String], sentence: String) {
        let error = #expect(throws: Shard.Unknown.self) { try Shard(environment: variables) }
        #expect(error?.description.contains(sentence) == true, "\(String(describing: error))")
    }
}
