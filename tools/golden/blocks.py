"""Weights that are stored in blocks or 8-bit floats, and what they stand for: Tests/Golden/weights and models.

    python tools/golden/blocks.py            write every file again

`weights/blocks.gguf` has a tensor of each type of block with random bytes (scales kept in a sensible range), tensors of other types, and
metadata of every kind; `weights/blocks.safetensors` has what gguf-py unpacks from them, and products with that in double precision.
`weights/fp8-*.safetensors` are the ways in which layers are stored in 8-bit floats, `weights/fp8.safetensors` what PyTorch computes with
the weights that they stand for. `models/mmdit-blocks.gguf` and `models/mmdit-fp8.safetensors` are tiny SD3 transformers; the
reference ran in float32 with the unpacked weights.
"""
import json
import os
import zlib
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import diffusers
import gguf
import numpy
import torch
from diffusers import SD3Transformer2DModel
from gguf import GGMLQuantizationType as Type
from safetensors import safe_open
from safetensors.torch import save_file

GOLDEN = Path(__file__).resolve().parents[2] / "Tests/Golden"
VERSIONS = f"torch {torch.__version__}, diffusers {diffusers.__version__}"
METADATA = {"script": "tools/golden/blocks.py", "seed": "crc32 of each tensor's name", "versions": VERSIONS}
# Where a block has its halves.
SCALES = {
    Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0], Type.Q2_K: [80, 82],
    Type.Q3_K: [108], Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208], Type.IQ4_NL: [0], Type.IQ4_XS: [0],
}
torch.set_num_threads(1)
torch.set_grad_enabled(False)


def random(name, *shape):
    """Normal noise that depends on the name alone."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))


def random_blocks(kind, rows, columns):
    """Rows of blocks with any bits; scales are normal numbers, some negative, some subnormal halves."""
    length, size = gguf.GGML_QUANT_SIZES[kind]
    source = numpy.random.default_rng(zlib.crc32(kind.name.encode()))
    blocks = source.integers(0, 256, (rows * columns // length, size), dtype=numpy.uint8)
    for at in SCALES[kind]:
        scales = (source.standard_normal(len(blocks)) * 0.05).astype(numpy.float16)
        scales[::7] = source.integers(1, 900, len(scales[::7])).astype(numpy.uint16).view(numpy.float16)
        blocks[:, at : at + 2] = scales.view(numpy.uint8).reshape(-1, 2)
    return blocks.reshape(rows, -1)


def blocks():
    """A tensor of each type, and metadata of each kind."""
    writer = gguf.GGUFWriter(GOLDEN / "weights/blocks.gguf", "diorama-test")
    x = random("x", 11, 512)
    expected = {"x": x, "bias": random("bias", 5)}
    for kind in SCALES:
        raw = random_blocks(kind, 5, 512)
        writer.add_tensor(kind.name, raw, raw_dtype=kind)
        weight = torch.from_numpy(gguf.dequantize(raw, kind).copy())
        assert weight.shape == (5, 512) and weight.isfinite().all()
        expected[kind.name] = weight
        expected["y." + kind.name] = (x.double() @ weight.double().T + expected["bias"]).float()
    values = random("values", 2, 3, 4)
    writer.add_tensor("F32", values.numpy())
    writer.add_tensor("F16", values.half().numpy())
    writer.add_tensor("BF16", values.bfloat16().view(torch.uint8).numpy(), raw_dtype=Type.BF16)
    for kind in [numpy.int8, numpy.int16, numpy.int32, numpy.int64, numpy.float64]:
        writer.add_tensor(kind.__name__, numpy.array([[1, -2, 100]], kind))
    expected["values"] = values
    # A convolution as ComfyUI-GGUF's converter stores it: rows of 256, and its own shape beside them.
    conv = numpy.concatenate([random_blocks(Type.Q4_K, 5, 512), random_blocks(Type.Q4_K, 1, 512)]).reshape(12, -1)
    writer.add_tensor("conv.weight", conv, raw_dtype=Type.Q4_K)
    writer.add_array("comfy.gguf.orig_shape.conv.weight", [16, 8, 3, 8])
    expected["conv.weight"] = torch.from_numpy(gguf.dequantize(conv, Type.Q4_K).copy()).reshape(16, 8, 3, 8)
    writer.add_tensor("removed", numpy.zeros((1, 66), numpy.uint8), raw_dtype=Type.IQ2_XXS)
    writer.add_uint8("test.uint8", 200)
    writer.add_int8("test.int8", -5)
    writer.add_uint16("test.uint16", 60000)
    writer.add_int16("test.int16", -300)
    writer.add_uint32("test.uint32", 4_000_000_000)
    writer.add_int32("test.int32", -70000)
    writer.add_uint64("test.uint64", 2**64 - 1)
    writer.add_int64("test.int64", -(2**40))
    writer.add_float32("test.float32", 1.5)
    writer.add_float64("test.float64", 1e300)
    writer.add_bool("test.bool", True)
    writer.add_string("test.string", "Grüße, 世界")
    writer.add_array("test.strings", ["a", "", "▁the"])
    writer.add_array("test.ints", [1, -2, 3])
    writer.add_array("test.floats", [0.5, -1.0])
    writer.add_array("test.bools", [True, False])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(expected, GOLDEN / "weights/blocks.safetensors", metadata=METADATA)


def hadamard(group):
    """The symmetric matrix by which ComfyUI's int8_tensorwise rotates groups of inputs."""
    four = torch.tensor([[1.0, 1, 1, -1], [1, 1, -1, 1], [1, -1, 1, 1], [-1, 1, 1, 1]])
    matrix = torch.ones(1, 1)
    while len(matrix) < group:
        matrix = torch.kron(matrix, four)
    return matrix / group**0.5


def layer(kind, *shape, per_row=False, name="weight"):
    """A weight in 8-bit floats, its scale, and what it stands for."""
    weight = random(name, *shape)
    dims = list(range(1, weight.ndim)) if per_row else list(range(weight.ndim))
    scale = weight.abs().amax(dims, keepdim=per_row) / torch.finfo(kind).max
    stored = (weight / scale).to(kind)
    return stored, scale, stored.float() * scale


def fp8():
    """The ways in which layers are stored in 8-bit floats."""
    e4m3, e5m2 = torch.float8_e4m3fn, torch.float8_e5m2
    x = random("fp8.x", 3, 16)
    picture = random("fp8.picture", 1, 3, 5, 6)
    expected = {"x": x, "picture": picture}

    def write(name, tensors, **metadata):
        save_file(tensors, GOLDEN / f"weights/fp8-{name}.safetensors", metadata=METADATA | metadata)

    def text(layout):
        return torch.tensor(list(json.dumps(layout).encode()), dtype=torch.uint8)

    a, a_scale, a_weight = layer(e4m3, 6, 16, name="a")
    b, b_scale, b_weight = layer(e5m2, 6, 16, per_row=True, name="b")
    conv, conv_scale, conv_weight = layer(e4m3, 4, 3, 2, 2, name="conv")
    write("plain", {"a.weight": random("a", 6, 16).to(e4m3), "b.weight": random("b", 6, 16).to(e5m2)})
    expected["plain.a"] = x @ random("a", 6, 16).to(e4m3).float().T
    expected["plain.b"] = x @ random("b", 6, 16).to(e5m2).float().T
    one = torch.tensor(1.0)
    write("scaled", {"scaled_fp8": torch.zeros(2).to(e4m3), "a.weight": a, "a.scale_weight": a_scale, "a.scale_input": one,
                     "conv.weight": conv, "conv.scale_weight": conv_scale})
    expected["scaled.a"] = x @ a_weight.T
    expected["scaled.conv"] = torch.nn.functional.conv2d(picture, conv_weight)
    turned = random("c", 6, 16) @ hadamard(16)
    c_scale = turned.abs().amax(1, keepdim=True) / 127
    c = (turned / c_scale).round().to(torch.int8)
    layouts = {"a": {"format": "float8_e4m3fn"}, "b": {"format": "float8_e5m2"},
               "c": {"format": "int8_tensorwise", "convrot": True, "convrot_groupsize": 16}}
    tensors = {"a.weight": a, "a.weight_scale": a_scale, "a.input_scale": one, "b.weight": b, "b.weight_scale": b_scale,
               "c.weight": c, "c.weight_scale": c_scale}
    write("comfy", tensors | {key + ".comfy_quant": text(layout) for key, layout in layouts.items()})
    write("metadata", tensors, _quantization_metadata=json.dumps({"format_version": "1.0", "layers": layouts}))
    write("unknown", {"a.weight": a.view(torch.uint8), "a.weight_scale": a_scale, "a.comfy_quant": text({"format": "future4"})})
    expected["comfy.a"], expected["comfy.b"] = x @ a_weight.T, x @ b_weight.T
    expected["comfy.c"] = x @ (c.float() * c_scale @ hadamard(16)).T
    save_file(expected, GOLDEN / "weights/fp8.safetensors", metadata=METADATA)


def fill(model):
    """Overwrites all weights: norms near 1, biases near 0, matrices scaled by their fan-in."""
    for name, weight in model.state_dict().items():
        if name == "pos_embed.pos_embed":
            continue
        noise = random(name, *weight.shape)
        if weight.ndim > 1:
            noise = noise / weight[0].numel() ** 0.5
        else:
            noise = 0.1 * noise + (1 if "norm" in name and not name.endswith("bias") else 0)
        weight.copy_(noise)
    return model.eval()


def run(model, inputs):
    return model(inputs["latent"], encoder_hidden_states=inputs["context"], pooled_projections=inputs["pooled"],
                 timestep=inputs["timestep"]).sample


def gguf_model():
    """A transformer whose layers are blocks of every type that has 32 elements."""
    config = dict(sample_size=8, patch_size=2, in_channels=4, out_channels=4, attention_head_dim=16, num_attention_heads=2,
                  joint_attention_dim=32, caption_projection_dim=32, pooled_projection_dim=32, pos_embed_max_size=8,
                  num_layers=2, dual_attention_layers=[0], qk_norm="rms_norm")
    model = fill(SD3Transformer2DModel(**config))
    writer = gguf.GGUFWriter(GOLDEN / "models/mmdit-blocks.gguf", "sd3")
    kinds = [Type.Q8_0, Type.Q4_0, Type.Q5_1, Type.Q4_1, Type.Q5_0]
    weights = {}
    for index, (name, weight) in enumerate(model.state_dict().items()):
        is_blocks = weight.ndim == 2 and weight.shape[1] % 32 == 0
        kind = kinds[index % len(kinds)] if is_blocks else Type.F16
        raw = gguf.quantize(weight.numpy(), kind)
        writer.add_tensor(name, raw, raw_dtype=kind)
        weights[name] = torch.from_numpy(gguf.dequantize(raw, kind).copy()).reshape(weight.shape)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    model.load_state_dict(weights)
    inputs = {"latent": random("latent", 2, 4, 8, 12), "context": random("context", 2, 7, 32),
              "pooled": random("pooled", 2, 32), "timestep": torch.tensor([999.0, 250.5])}
    save_file(inputs | {"velocity": run(model, inputs)}, GOLDEN / "models/mmdit-blocks.safetensors",
              metadata=METADATA | {"config": json.dumps(config)})


def fp8_model():
    """The transformer mmdit-dual with the matrices of its blocks in 8-bit floats with scales."""
    with safe_open(GOLDEN / "models/mmdit-dual.safetensors", "pt") as file:
        config = json.loads(file.metadata()["config"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}
    weights = {key.removeprefix("model."): value.float() for key, value in tensors.items() if key.startswith("model.")}
    stored, layers = {}, {}
    for key, weight in weights.items():
        stored["model." + key] = weight.half()
        if weight.ndim == 2 and key.startswith("transformer_blocks."):
            scale = weight.abs().amax() / 448
            stored["model." + key] = (weight / scale).to(torch.float8_e4m3fn)
            stored["model." + key + "_scale"] = scale
            weights[key] = stored["model." + key].float() * scale
            layers["model." + key.removesuffix(".weight")] = {"format": "float8_e4m3fn"}
    model = SD3Transformer2DModel(**config).eval()
    model.load_state_dict(weights)
    inputs = {key: tensors[key] for key in ["latent", "context", "pooled", "timestep"]}
    save_file(stored | inputs | {"velocity": run(model, inputs)}, GOLDEN / "models/mmdit-fp8.safetensors", metadata=METADATA | {
        "config": json.dumps(config), "_quantization_metadata": json.dumps({"format_version": "1.0", "layers": layers})})


if __name__ == "__main__":
    blocks()
    fp8()
    gguf_model()
    fp8_model()
    for path in sorted(GOLDEN.glob("*/*blocks*")) + sorted(GOLDEN.glob("*/*fp8*")):
        print(path.name, path.stat().st_size, "bytes")
