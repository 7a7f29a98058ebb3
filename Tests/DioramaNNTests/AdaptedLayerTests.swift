import DioramaNN
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Layers with adapters, against weights that PyTorch merged by each kind's formula (`tools/golden/lora_layers.py`).
@Suite struct AdaptedLayerTests {
    let golden: Fixture
    let device: Device

    init() throws {
        golden = try Fixture("lora/kinds.safetensors")
        device = golden.device
    }

    /// Names by which the file's layer `name` is the model's layer `layer`, of which it is `rows`.
    private func names(_ name: String, of layer: String, rows: RowSelection? = nil) -> AdapterNames {
        AdapterNames(prefixes: [""], flatPrefixes: []) { $0 == layer && name != layer ? [(name, rows)] : [] }
    }

    /// The golden layers changed by what is called `kind` in the file.
    private func adapted(_ kind: String, strength: Double = 0.75, layer: String = "linear") throws -> Weights
    {
        var adapter = AdapterApplication(AdapterFile(golden.file))
        let weights = try golden.weights().adapted(
            by: &adapter, names: names("\(kind):\(kind)", of: layer), strength: strength)
        try adapter.finish()
        return weights
    }

    private func linear(_ weights: Weights) throws -> Linear {
        try Linear(weights["linear"], from: 12, to: 8)
    }

    @Test(
        "a linear layer applies every kind",
        arguments: ["loha", "wide", "lokr", "lokr2", "lokr3", "full", "set", "rows", "columns"])
    func linearKinds(kind: String) throws {
        let weights = try adapted(kind)
        let expected = golden["y:\(kind)"]
        #expect(relativeError(try linear(weights)(golden["x"]), expected) < Tolerance.f32.op)
        #expect(relativeError(try linear(golden.weights())(golden["x"]), expected) > 0.02)
        // The sum of weights, as layers without products of their own take it.
        let merged = try weights["linear"].tensor("weight", [8, 12])
        let bias = try weights["linear"].tensor("bias", [8])
        #expect(
            relativeError(DioramaTensor.linear(golden["x"], merged, bias: bias), expected) < Tolerance.f32.op)
    }

    @Test("a convolution applies kinds by its merged kernel", arguments: ["conv", "convlokr"])
    func convolutions(kind: String) throws {
        let conv = try Conv2d(adapted(kind, layer: "conv")["conv"], from: 3, to: 8, kernel: 2)
        #expect(relativeError(conv(golden["image"]), golden["y:\(kind)"]) < Tolerance.f32.op)
    }

    @Test("half precision is applied as it is stored", arguments: [DType.f16, .bf16])
    func halfPrecision(type: DType) throws {
        let kind = "lokr2"
        let stored = try GivenTensors(golden.file, on: device) { $0 }
        let halves = GivenTensors(
            stored.keys.filter { $0.hasPrefix(kind) }.map { ($0, golden[$0].asType(type)) })
        var adapter = AdapterApplication(AdapterFile(halves))
        let weights = try golden.weights().adapted(
            by: &adapter, names: names("\(kind):\(kind)", of: "linear"), strength: 0.75)
        let tolerance = type == .f16 ? Tolerance.f16 : Tolerance.bf16
        #expect(relativeError(try linear(weights)(golden["x"]), golden["y:\(kind)"]) < tolerance.op)
    }

    @Test func atStrengthZeroNothingIsDifferent() throws {
        for kind in ["loha", "lokr", "full", "set", "rows"] {
            let y = try linear(adapted(kind, strength: 0))(golden["x"])
            #expect(y.floats() == (try linear(golden.weights())(golden["x"]).floats()))
        }
    }

    @Test func adaptersAddUpAndTakeOneAnotherBack() throws {
        let plain = try linear(golden.weights())(golden["x"])
        var first = AdapterApplication(AdapterFile(golden.file))
        var second = first
        let (loha, lokr) = (names("loha:loha", of: "linear"), names("lokr:lokr", of: "linear"))
        let both = try golden.weights().adapted(by: &first, names: loha, strength: 0.75)
            .adapted(by: &second, names: lokr, strength: 0.75)
        let sum = golden["y:loha"] + golden["y:lokr"] - plain
        #expect(relativeError(try linear(both)(golden["x"]), sum) < Tolerance.f32.op)
        let back = try both.adapted(by: &first, names: loha, strength: -0.75)
            .adapted(by: &second, names: lokr, strength: -0.75)
        #expect(relativeError(try linear(back)(golden["x"]), plain) < Tolerance.f32.op)
    }

    @Test func theModelThatWasAdaptedStaysAsItWas() throws {
        let weights = golden.weights()
        let layer = try linear(weights)
        let before = layer(golden["x"]).floats()
        let held = device.memory.total
        var adapter = AdapterApplication(AdapterFile(golden.file))
        let changed = try linear(
            weights.adapted(by: &adapter, names: names("lokr:lokr", of: "linear"), strength: 1))
        // Nothing of the weight was copied.
        #expect(device.memory.total == held)
        #expect(layer(golden["x"]).floats() == before)
        #expect(try linear(weights)(golden["x"]).floats() == before)
        #expect(changed(golden["x"]).floats() != before)
    }

    /// Every kind, taken as a fused layer of twice the rows, gives the rows that the whole layer has.
    @Test("rows of a fused layer", arguments: ["loha", "wide", "lokr", "lokr2", "lokr3", "rows", "full"])
    func fusedRows(kind: String) throws {
        let whole = try adapted(kind)["linear"]
        let weight = try whole.tensor("weight", [8, 12])
        let stored = try golden.weights()["linear"].tensor("weight", [8, 12])
        for (taken, rows) in [([0], [0, 1]), ([3], [6, 7]), ([1, 0], [2, 3, 0, 1])] {
            let part = Tensor.stacked(rows.map { stored[$0] })
            let model = Weights(
                GivenTensors([
                    ("part.weight", part),
                    (
                        "part.bias",
                        Tensor.concatenated(rows.map { golden["linear.bias"][$0..<$0 + 1] }, axis: 0)
                    ),
                ]), on: device)
            var adapter = AdapterApplication(AdapterFile(golden.file))
            let changed = try model.adapted(
                by: &adapter, names: names("\(kind):\(kind)", of: "part", rows: RowSelection(taken, of: 4)),
                strength: 0.75)
            try adapter.finish()
            let layer = try Linear(changed["part"], from: 12, to: rows.count)
            let bias = try whole.tensor("bias", [8])
            let expected = DioramaTensor.linear(
                golden["x"], Tensor.stacked(rows.map { weight[$0] }),
                bias: .concatenated(rows.map { bias[$0..<$0 + 1] }, axis: 0))
            #expect(relativeError(layer(golden["x"]), expected) < Tolerance.f32.op, "\(taken)")
        }
    }

    /// Sound files with a few sides changed, tensors lost and others added: a layer that can be applied, or a sentence.
    @Test func damagedFilesNeverTrap() throws {
        let sound: [[(String, [Int])]] = [
            [("lora_A.weight", [2, 12]), ("lora_B.weight", [8, 2]), ("alpha", [])],
            [
                ("lora_down.weight", [2, 12, 1, 1]), ("lora_up.weight", [8, 2, 1, 1]),
                ("dora_scale", [8, 1]),
            ],
            [("lora_A.weight", [1, 12]), ("lora_B.weight", [8, 1]), ("dora_scale", [1, 12])],
            [
                ("hada_w1_a", [8, 2]), ("hada_w1_b", [2, 12]), ("hada_w2_a", [8, 1]), ("hada_w2_b", [1, 12]),
            ],
            [("lokr_w1", [2, 3]), ("lokr_w2", [4, 4]), ("alpha", [1])],
            [("lokr_w1_a", [2, 1]), ("lokr_w1_b", [1, 6]), ("lokr_w2_a", [4, 3]), ("lokr_w2_b", [3, 2])],
            [("diff", [8, 12]), ("diff_b", [8])], [("set_weight", [8, 12])],
        ]
        var random = SeededGenerator(11)
        var (applied, refused) = (0, 0)
        for round in 0..<4000 {
            var tensors: [(String, Tensor)] = []
            let others = sound.joined().shuffled(using: &random).prefix(
                Int.random(in: 0..<8, using: &random) / 6)
            for (role, dims) in sound[round % sound.count] + others
            where Int.random(in: 0..<20, using: &random) > 0 {
                let damaged = dims.map { side in
                    Int.random(in: 0..<20, using: &random) == 0
                        ? Int.random(in: 0..<25, using: &random) : side
                }
                tensors.append(("linear.\(role)", .full(0.5, Shape(damaged), on: device)))
            }
            var adapter = AdapterApplication(AdapterFile(GivenTensors(tensors)))
            let rows = [nil, RowSelection([1, 0], of: 2), RowSelection([2], of: 3)][round % 3]
            let names = AdapterNames(prefixes: [""], flatPrefixes: []) { _ in [("linear", rows)] }
            // The model's layer has another name, so that only the alias is found.
            let model = Weights(
                GivenTensors([("own.weight", golden["linear.weight"]), ("own.bias", golden["linear.bias"])]),
                on: device)
            let changed = try model.adapted(by: &adapter, names: names, strength: 1)
            guard (try? adapter.finish()) != nil else {
                refused += 1
                continue
            }
            let y = try Linear(changed["own"], from: 12, to: 8)(golden["x"])
            #expect(y.shape == [2, 3, 8])
            applied += 1
        }
        #expect(applied > 500 && refused > 500)
    }

    @Test("what does not fit is told, all at once", arguments: Misfit.all)
    func misfits(misfit: Misfit) throws {
        var adapter = AdapterApplication(
            AdapterFile(GivenTensors(misfit.tensors.map { ($0.key, misfit.tensor($0, on: device)) })))
        _ = try golden.weights().adapted(by: &adapter, names: names("linear", of: "linear"), strength: 1)
        let error = #expect(throws: WeightsError.self) { try adapter.finish() }
        #expect(error?.description == "given.safetensors: does not fit the model: " + misfit.expected)
    }

    /// Tensors for the layer of 12 to 8 that do not fit, and what is said of them.
    struct Misfit: Sendable, CustomTestStringConvertible {
        let tensors: [(key: String, dims: [Int])]
        let expected: String
        var isWhole = false
        var value: Float = 0

        var testDescription: String { expected }

        func tensor(_ entry: (key: String, dims: [Int]), on device: Device) -> Tensor {
            isWhole
                ? .zeros(Shape(entry.dims), dtype: .i32, on: device)
                : .full(value, Shape(entry.dims), on: device)
        }

        static let all = [
            Misfit(
                tensors: [("linear.lora_A.weight", [2, 13]), ("linear.lora_B.weight", [8, 2])],
                expected: "linear.lora_A.weight has shape [2, 13], expected [2, 12]"),
            Misfit(
                tensors: [("linear.lora_A.weight", [2, 12]), ("linear.lora_B.weight", [8, 3])],
                expected: "linear.lora_B.weight has shape [8, 3], expected [8, 2]"),
            Misfit(
                tensors: [("linear.lora_A.weight", [2, 12])],
                expected: "linear.lora_A.weight has no lora_up beside it"),
            Misfit(
                tensors: [("linear.lora_A.weight", [0, 12]), ("linear.lora_B.weight", [8, 0])],
                expected: "linear.lora_A.weight has shape [0, 12], expected a matrix with elements"),
            Misfit(
                tensors: [("linear.lora_A.weight", [12]), ("linear.lora_B.weight", [8])],
                expected: "linear.lora_A.weight has shape [12], expected a matrix with elements"),
            Misfit(
                tensors: [("linear.lora_A.weight", [2, 12]), ("linear.lora_B.weight", [8, 2])],
                expected: "linear.lora_B.weight is stored as whole numbers, expected floats", isWhole: true),
            Misfit(
                tensors: [
                    ("linear.lora_A.weight", [2, 12]), ("linear.lora_B.weight", [8, 2]),
                    ("linear.alpha", [2]),
                ], expected: "linear.alpha has shape [2], expected one number"),
            Misfit(
                tensors: [
                    ("linear.lora_A.weight", [2, 12]), ("linear.lora_B.weight", [8, 2]), ("linear.alpha", []),
                ], expected: "linear.alpha is inf, expected a finite number", value: .infinity),
            Misfit(
                tensors: [("linear.hada_w1_a", [8, 2]), ("linear.hada_w1_b", [2, 12])],
                expected: "linear has hada_w1 but no hada_w2"),
            Misfit(
                tensors: [("linear.hada_w2_a", [8, 2]), ("linear.hada_w2_b", [2, 12])],
                expected: "linear.hada_w2_a has no hada_w1 beside it"),
            Misfit(tensors: [("linear.lokr_w2", [4, 4])], expected: "linear has lokr_w2 but no lokr_w1"),
            Misfit(
                tensors: [("linear.lokr_w1", [2, 3]), ("linear.lokr_w2", [4, 5])],
                expected:
                    "linear has lokr_w1 of [2, 3] and lokr_w2 of [4, 5], expected sides that multiply to [8, 12]"
            ),
            Misfit(
                tensors: [("linear.diff", [8, 13]), ("linear.diff_b", [9])],
                expected:
                    "linear.diff has shape [8, 13], expected [8, 12]; linear.diff_b has shape [9], expected [8]"
            ),
            Misfit(
                tensors: [
                    ("linear.lora_A.weight", [2, 12]), ("linear.lora_B.weight", [8, 2]),
                    ("linear.dora_scale", [3, 1]),
                ], expected: "linear.dora_scale has shape [3, 1], expected [8, 1] or [1, 12]"),
            Misfit(
                tensors: [("linear.dora_scale", [8, 1])],
                expected: "linear.dora_scale has nothing beside it to decompose"),
            Misfit(
                tensors: [("linear.oft_blocks", [2, 4, 4])],
                expected: "linear has OFT (oft_blocks), which is not supported"),
            Misfit(
                tensors: [
                    ("linear.lora_A.weight", [2, 12]), ("linear.lora_B.weight", [8, 2]),
                    ("linear.reshape_weight", [2]),
                ],
                expected: "linear.reshape_weight is [0, 0], expected extents of 1 to 65536"),
        ]
    }
}
