"""Weights with scales for groups of elements, as ComfyUI writes them: nvfp4 and mxfp8.

    pip install comfy-kitchen
    python tools/golden/microscaling.py      write all files again

Files are packed by comfy-kitchen, the package that ComfyUI itself packs them with. What they stand for is computed here by the OCP
Microscaling Formats specification and NVIDIA's definition of NVFP4, in double precision, and compared with what the package unpacks.

`weights/microscaled.safetensors` has layers of both kinds and their values; `models/mmdit-microscaled.safetensors` is the transformer
mmdit-dual with the matrices of its blocks in both, and what diffusers computes with their values in float32.
"""
import json
import os
import zlib
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import diffusers
import torch
from comfy_kitchen.tensor import TensorCoreMXFP8Layout, TensorCoreNVFP4Layout
from diffusers import SD3Transformer2DModel
from safetensors import safe_open
from safetensors.torch import save_file

GOLDEN = Path(__file__).resolve().parents[2] / "Tests/Golden"
METADATA = {"script": "tools/golden/microscaling.py", "seed": "crc32 of each tensor's name",
            "versions": f"torch {torch.__version__}, comfy-kitchen {version('comfy-kitchen')}, diffusers {diffusers.__version__}"}
E2M1 = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], dtype=torch.float64)
torch.set_num_threads(1)
torch.set_grad_enabled(False)


def generator(name):
    return torch.Generator().manual_seed(zlib.crc32(name.encode()))


def random(name, *shape):
    """Normal noise that depends on the name alone."""
    return torch.randn(*shape, generator=generator(name))


def random_bytes(name, *shape):
    return torch.randint(0, 256, shape, generator=generator(name), dtype=torch.uint8)


def untiled(scales, rows, groups):
    """[rows, groups] of the bytes of tiles of 128 x 4."""
    flat = scales.view(torch.uint8).flatten()
    across = -(-groups // 4)
    result = torch.empty(rows, groups, dtype=torch.uint8)
    for row in range(rows):
        for group in range(groups):
            tile = row // 128 * across + group // 4
            result[row, group] = flat[tile * 512 + row % 32 * 16 + row % 128 // 32 * 4 + group % 4]
    return result


def nvfp4_values(packed, block_scales, scale):
    high, low = E2M1[(packed >> 4).long()], E2M1[(packed & 15).long()]
    elements = torch.stack([high, low], -1).flatten(1)
    groups = untiled(block_scales, len(packed), elements.shape[1] // 16).view(torch.float8_e4m3fn).double()
    # A product of three and five bits is exact in float32, and then rounded once.
    return (elements * groups.repeat_interleave(16, 1) * scale.double()).float()


def mxfp8_values(stored, block_scales):
    exponents = untiled(block_scales, len(stored), stored.shape[1] // 32)
    groups = torch.where(exponents == 255, torch.nan, torch.exp2(exponents.double() - 127))
    return (stored.double() * groups.repeat_interleave(32, 1)).float()


def text(layout):
    return torch.tensor(list(json.dumps(layout).encode()), dtype=torch.uint8)


def nvfp4(name, weight):
    """The tensors of a layer, and its values, without what fills up the last groups."""
    packed, params = TensorCoreNVFP4Layout.quantize(weight)
    values = nvfp4_values(packed, params.block_scale, params.scale)
    theirs = TensorCoreNVFP4Layout.dequantize(packed, params).float()
    assert (values - theirs).norm() < 5e-3 * values.norm(), name
    rows, columns = weight.shape
    return {f"{name}.weight": packed, f"{name}.weight_scale": params.block_scale, f"{name}.weight_scale_2": params.scale}, \
        values[:rows, :columns].contiguous()


def mxfp8(name, weight):
    stored, params = TensorCoreMXFP8Layout.quantize(weight)
    values = mxfp8_values(stored, params.scale)
    assert torch.equal(values, TensorCoreMXFP8Layout.dequantize(stored, params).float()), name
    rows, columns = weight.shape
    return {f"{name}.weight": stored, f"{name}.weight_scale": params.scale}, values[:rows, :columns].contiguous()


def layers():
    """Layers of whole and of filled groups, in several tiles, and layers of any bits."""
    tensors, expected, layouts = {}, {}, {}
    for pack, name, shape in [(nvfp4, "four", (144, 80)), (nvfp4, "four.padded", (20, 40)), (mxfp8, "eight", (160, 160)),
                              (mxfp8, "eight.padded", (40, 48))]:
        stored, values = pack(name, random(name, *shape))
        tensors |= stored
        # Rows of the first and of the second tile; the products have them all.
        expected[name] = values[-20:].bfloat16() if pack is mxfp8 else values[-20:].contiguous()
        layouts[name] = {"format": pack.__name__}
        expected[f"{name}.x"] = random(f"{name}.x", 5, shape[1])
        expected[f"{name}.y"] = expected[f"{name}.x"] @ values.T
    # Scales as older files have them, without a type of their own.
    tensors["eight.weight_scale"] = tensors["eight.weight_scale"].view(torch.uint8)
    bits = {"four.bits.weight": random_bytes("four.bits", 32, 32), "four.bits.weight_scale":
            random_bytes("four.bits.scales", 128, 4).view(torch.float8_e4m3fn), "four.bits.weight_scale_2": torch.tensor(0.0625)}
    expected["four.bits"] = nvfp4_values(*bits.values())
    tensors |= bits
    bits = {"eight.bits.weight": random_bytes("eight.bits", 32, 64).view(torch.float8_e4m3fn),
            "eight.bits.weight_scale": random_bytes("eight.bits.scales", 128, 4).view(torch.float8_e8m0fnu)}
    expected["eight.bits"] = mxfp8_values(*bits.values())
    tensors |= bits
    layouts |= {"four.bits": {"format": "nvfp4"}, "eight.bits": {"format": "mxfp8"}}
    tensors |= {f"{name}.comfy_quant": text(layout) for name, layout in layouts.items()}
    save_file(tensors | {f"expect.{name}": value for name, value in expected.items()}, GOLDEN / "weights/microscaled.safetensors",
              metadata=METADATA)


def model():
    with safe_open(GOLDEN / "models/mmdit-dual.safetensors", "pt") as file:
        config = json.loads(file.metadata()["config"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}
    weights = {key.removeprefix("model."): value.float() for key, value in tensors.items() if key.startswith("model.")}
    stored, layouts = {}, {}
    for key, weight in weights.items():
        stored["model." + key] = weight.half()
        if weight.ndim == 2 and key.startswith("transformer_blocks."):
            # Later layers in four bits, as files mix them.
            pack = nvfp4 if key.startswith("transformer_blocks.1.") else mxfp8
            layer = "model." + key.removesuffix(".weight")
            packed, weights[key] = pack(layer, weight)
            stored |= packed
            layouts[layer] = {"format": pack.__name__}
    network = SD3Transformer2DModel(**config).eval()
    network.load_state_dict(weights)
    inputs = {key: tensors[key] for key in ["latent", "context", "pooled", "timestep"]}
    velocity = network(inputs["latent"], encoder_hidden_states=inputs["context"], pooled_projections=inputs["pooled"],
                       timestep=inputs["timestep"]).sample
    save_file(stored | inputs | {"velocity": velocity}, GOLDEN / "models/mmdit-microscaled.safetensors", metadata=METADATA | {
        "config": json.dumps(config), "_quantization_metadata": json.dumps({"format_version": "1.0", "layers": layouts})})


if __name__ == "__main__":
    layers()
    model()
