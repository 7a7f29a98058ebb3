"""Transformers of every family in every spelling and precision, run by diffusers: Tests/Golden/spellings/*.safetensors.

    python tools/golden/spellings.py            write every file again

No weights are stored: the bytes of each tensor of a file follow from its name, its type and its shape (`noise`, `stored`), in whatever
type the file has it, so that a test writes the same file. What the bytes stand for is said by gguf-py and PyTorch; the reference ran
in float32 with that. A file has, for each `variant` of its metadata, what diffusers gives; for the variant `float32` also the states
after each block. The metadata `tensors` lists names and shapes in diffusers' spelling and the original one; a variant has the type of each.
"""
import json
import os
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import diffusers
import families
import gguf
import numpy
import torch
from diffusers.models.transformers.transformer_z_image import TimestepEmbedder
from families import grid, packed, unpacked
from gguf import GGMLQuantizationType as Type
from models import random
from safetensors.torch import save_file

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/spellings"
torch.set_num_threads(1)
torch.set_grad_enabled(False)

# Floats: bits of the exponent and of the mantissa, the exponent's zero, PyTorch's type.
FLOATS = {"F32": (8, 23, 127, torch.float32), "F16": (5, 10, 15, torch.float16), "BF16": (8, 7, 127, torch.bfloat16),
          "F8_E4M3": (4, 3, 7, torch.float8_e4m3fn), "F8_E5M2": (5, 2, 15, torch.float8_e5m2)}
# Types with scales: the element's, whether each row has its own, inputs that are rotated together.
SCALED = {"F8_E4M3 scaled": ("F8_E4M3", False, 0), "F8_E5M2 scaled": ("F8_E5M2", True, 0), "I8 scaled": ("I8", True, 0),
          "I8 rotated": ("I8", True, 16)}
# Where blocks have halves, and how much smaller than weights these are, as exponents of 2.
BLOCKS = {"Q4_0": {0: 3}, "Q4_1": {0: 3, 2: 1}, "Q5_0": {0: 4}, "Q5_1": {0: 4, 2: 1}, "Q8_0": {0: 6}, "IQ4_NL": {0: 7}, "Q2_K": {80: 6, 82: 4},
          "Q3_K": {108: 6}, "Q4_K": {0: 9, 2: 6}, "Q5_K": {0: 10, 2: 6}, "Q6_K": {208: 11}, "IQ4_XS": {0: 11}}


def noise(name, count):
    """SplitMix64, seeded by the FNV-1a of a name."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    z = numpy.uint64(seed) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return z ^ (z >> numpy.uint64(31))


def floats(name, count, kind, exponent, spread=4, signed=True):
    """Bits of floats of `spread` exponents up to `exponent`: the lowest bit the sign, two more the exponent, the highest the mantissa."""
    exponents, mantissa, zero, _ = FLOATS[kind]
    z = noise(name, count)
    sign = (z & numpy.uint64(1)) if signed else numpy.zeros(count, numpy.uint64)
    lower = (z >> numpy.uint64(1)) & numpy.uint64(spread - 1)
    field = numpy.maximum(zero + exponent - lower.astype(numpy.int64), 0).astype(numpy.uint64)
    bits = sign << numpy.uint64(exponents + mantissa) | field << numpy.uint64(mantissa) | z >> numpy.uint64(64 - mantissa)
    return bits.astype(f"<u{(exponents + mantissa + 1) // 8}")


def value(bits, kind):
    """The floats of bits, as float32."""
    return torch.from_numpy(bits.copy()).view(FLOATS[kind][3]).float()


def hadamard(group):
    """The symmetric matrix by which ComfyUI's int8_tensorwise rotates groups of inputs."""
    four = torch.tensor([[1.0, 1, 1, -1], [1, 1, -1, 1], [1, -1, 1, 1], [-1, 1, 1, 1]])
    matrix = torch.ones(1, 1)
    while len(matrix) < group:
        matrix = torch.kron(matrix, four)
    return matrix / group**0.5


def size(shape):
    """The exponent of the largest weights, so that a layer keeps the size of what it is given."""
    inputs = int(numpy.prod(shape[1:]))
    return -((inputs - 1).bit_length() // 2)


def stored(name, kind, shape):
    """What the tensor `name` of a file stands for, float32."""
    count = int(numpy.prod(shape))
    if kind in BLOCKS:
        length, bytes_each = gguf.GGML_QUANT_SIZES[Type[kind]]
        total = count // length * bytes_each
        blocks = noise(name, -(-total // 8)).view(numpy.uint8)[:total].reshape(-1, bytes_each).copy()
        for at, smaller in BLOCKS[kind].items():
            halves = floats(f"{name}.{at}", len(blocks), "F16", size(shape) - smaller)
            blocks[:, at : at + 2] = halves.view(numpy.uint8).reshape(-1, 2)
        rows = blocks.reshape(shape[0], -1)
        return torch.from_numpy(gguf.dequantize(rows, Type[kind]).copy()).reshape(shape)
    if kind in SCALED:
        element, per_row, group = SCALED[kind]
        if element == "I8":
            largest, bits = 7, noise(name, -(-count // 8)).view(numpy.int8)[:count]
            weight = torch.from_numpy(bits.copy()).float().reshape(shape)
        else:
            largest = 8
            weight = value(floats(name, count, element, largest - 1), element).reshape(shape)
        scale = value(scales(name, shape, per_row, largest), "F32")
        weight = weight * scale.reshape([-1] + [1] * (len(shape) - 1))
        return (weight.reshape(-1, group) @ hadamard(group)).reshape(shape) if group else weight
    if len(shape) == 1 and name.endswith(("weight", "scale", "running_var")):
        return value(floats(name, count, kind, 0, spread=1, signed=False), kind).reshape(shape)
    return value(floats(name, count, kind, -4 if len(shape) == 1 else size(shape)), kind).reshape(shape)


def scales(name, shape, per_row, largest):
    """Bits of what the elements of a tensor, of an exponent of `largest` or so, are multiplied with."""
    return floats(f"{name}_scale", shape[0] if per_row else 1, "F32", size(shape) - largest, spread=1, signed=False)


# A variant: spelling, container, prefix, how scales are named, and the types of matrices, tables and the rest.
VARIANTS = {
    "float32": ("diffusers", "safetensors", "", "", ["F32"], "F32", "F32"),
    "float16": ("original", "safetensors", "", "", ["F16"], "F16", "F16"),
    "bfloat16": ("original", "safetensors", "model.diffusion_model.", "", ["BF16"], "BF16", "BF16"),
    "bfloat16 diffusers": ("diffusers", "safetensors", "", "", ["BF16"], "BF16", "F32"),
    "gguf float": ("diffusers", "gguf", "", "", ["F16", "BF16"], "F16", "F32"),
    "gguf Q8_0": ("original", "gguf", "", "", ["Q8_0"], "F16", "F32"),
    "gguf 32": ("original", "gguf", "", "", ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "IQ4_NL", "Q8_0"], "BF16", "F32"),
    "gguf Q4_0 diffusers": ("diffusers", "gguf", "", "", ["Q4_0"], "F16", "F32"),
    "fp8": ("original", "safetensors", "", "", ["F8_E4M3"], "F8_E4M3", "F8_E4M3"),
    "fp8 e5m2": ("diffusers", "safetensors", "", "", ["F8_E5M2"], "F16", "F16"),
    "scaled_fp8": ("original", "safetensors", "model.diffusion_model.", "scaled_fp8", ["F8_E4M3 scaled"], "F16", "F16"),
    "comfy_quant": ("original", "safetensors", "", "comfy_quant", ["F8_E4M3 scaled", "F8_E5M2 scaled"], "BF16", "BF16"),
    "fp8 metadata": ("diffusers", "safetensors", "transformer.", "metadata", ["F8_E4M3 scaled"], "BF16", "F32"),
    "int8": ("original", "safetensors", "", "comfy_quant", ["I8 scaled"], "BF16", "BF16"),
    "int8 convrot": ("original", "safetensors", "model.diffusion_model.", "metadata", ["I8 rotated"], "BF16", "BF16"),
    "int8 diffusers": ("diffusers", "safetensors", "", "comfy_quant", ["I8 rotated"], "F16", "F32"),
    "mixed": ("original", "safetensors", "", "comfy_quant",
              ["BF16", "F8_E4M3 scaled", "I8 rotated", "F8_E5M2", "F32", "I8 scaled", "F16"], "F32", "BF16"),
}
WIDE = {"gguf K": ("original", "gguf", "", "", ["Q4_K", "Q6_K", "Q5_K", "Q3_K", "Q2_K", "IQ4_XS"], "F16", "F32"),
        "gguf K diffusers": ("diffusers", "gguf", "", "", ["Q4_K", "Q5_K"], "BF16", "F32")}


def kind_of(name, shape, turn, matrices, tables, rest):
    """The type of a tensor; a matrix whose rows are no whole blocks is Q8_0, or as tables are."""
    if len(shape) == 1:
        return rest
    kind = matrices[turn % len(matrices)]
    is_layer = name.endswith(".weight") and len(shape) == 2
    if kind in BLOCKS:
        for tried in (kind, "Q8_0"):
            if is_layer and shape[-1] % gguf.GGML_QUANT_SIZES[Type[tried]][0] == 0:
                return tried
        return tables
    if kind in SCALED and (not is_layer or shape[-1] % 16):
        return tables
    return kind if is_layer else tables


def original(model, table, skipped=()):
    """Names and shapes of the original file, and how to make a state of diffusers' names of its tensors."""
    state = model.state_dict()
    shapes = {}
    for key, (parts, _) in table.items():
        whole = list(state[parts[0]].shape)
        whole[0] = sum(state[part].shape[0] for part in parts) if len(parts) > 1 else whole[0]
        shapes[key] = whole

    def back(weights):
        made = {}
        for key, (parts, swap) in table.items():
            whole = torch.cat(weights[key].chunk(2)[::-1]) if swap else weights[key]
            sizes = [state[part].shape[0] for part in parts] if len(parts) > 1 else [len(whole)]
            made |= dict(zip(parts, whole.split(sizes)))
        return made

    return shapes, back


def write(name, model, config, table, inputs, run, variants, blocks=()):
    """Runs every variant of a family; `blocks` are names of modules with those whose states are kept for the variant float32."""
    own = {key: list(value.shape) for key, value in model.state_dict().items()}
    first, back = original(model, table)
    fixed = {key: value.clone() for key, value in model.state_dict().items() if key not in {p for parts, _ in table.values() for p in parts}}
    own = {key: shape for key, shape in own.items() if key not in fixed}
    lists = {"diffusers": own, "original": first}
    tensors, about = dict(inputs), {}
    for variant, (spelling, container, prefix, marks, *kinds) in variants.items():
        shapes = lists[spelling]
        types, turn = [], 0
        for key, shape in shapes.items():
            types.append(kind_of(key, shape, turn, *kinds))
            turn += len(shape) > 1
        weights = {key: stored(prefix + key, kind, shape) for (key, shape), kind in zip(shapes.items(), types)}
        for key, weight in weights.items():
            assert weight.isfinite().all(), (name, variant, key)
        model.load_state_dict((weights if spelling == "diffusers" else back(weights)) | fixed)
        hooks = []
        if variant == "float32":
            for part in blocks:
                hooks += [module.register_forward_hook(keep(tensors, f"{part}.{i}")) for i, module in enumerate(model.get_submodule(part))]
        tensors[variant] = run(model)
        for hook in hooks:
            hook.remove()
        used = sorted(set(types))
        about[variant] = {"spelling": spelling, "container": container, "prefix": prefix, "marks": marks, "types": used,
                          "tensors": "".join(chr(97 + used.index(kind)) for kind in types)}
        spread = tensors[variant].std().item()
        print(f"{name:14} {variant:20} {spread:8.3f}", used)
        assert 1e-3 < spread < 1e3
    OUTPUT.mkdir(exist_ok=True)
    save_file({key: value.clone().contiguous() for key, value in tensors.items()}, OUTPUT / f"{name}.safetensors", metadata={
        "script": "tools/golden/spellings.py", "versions": f"torch {torch.__version__}, diffusers {diffusers.__version__}",
        "tensors": json.dumps({key: list(shapes.items()) for key, shapes in lists.items()}, separators=(",", ":")),
        "variants": json.dumps(about, separators=(",", ":")), "config": json.dumps(config)})


def keep(tensors, name):
    """A hook that keeps what a block gives: one sequence, or the text's and the image's."""
    def hook(module, inputs, output):
        if isinstance(output, tuple):
            text, image = output
            tensors[f"{name}.image"] = image
            if text is not None:
                tensors[f"{name}.context"] = text
        else:
            tensors[f"{name}.image"] = output
    return hook


def inputs_of(channels, height, width, tokens, features, pooled=0):
    tensors = {"latent": random("latent", 1, channels, height, width), "context": random("context", 1, tokens, features),
               "timestep": torch.tensor([0.75])}
    return tensors | ({"pooled": random("pooled", 1, pooled)} if pooled else {})


def flux(name, variants, heads, layers=2):
    width = 32 * heads
    config = dict(patch_size=1, in_channels=16, num_layers=layers, num_single_layers=layers, attention_head_dim=32, num_attention_heads=heads,
                  joint_attention_dim=width, pooled_projection_dim=32, guidance_embeds=True, axes_dims_rope=(4, 14, 14))
    model = diffusers.FluxTransformer2DModel(**config).eval()
    inputs = inputs_of(4, 6, 8, 5, width, pooled=32)

    def run(model):
        out = model(packed(inputs["latent"]), encoder_hidden_states=inputs["context"], pooled_projections=inputs["pooled"],
                    timestep=inputs["timestep"], guidance=torch.full([1], 2.5), img_ids=grid(3, 4), txt_ids=torch.zeros(5, 3)).sample
        return unpacked(out, 6, 8)

    write(name, model, config, families.flux_table(config), inputs, run, variants, ["transformer_blocks", "single_transformer_blocks"])


def flux2(name, variants, heads, layers=2):
    width = 32 * heads
    config = dict(patch_size=1, in_channels=16, num_layers=layers, num_single_layers=layers, attention_head_dim=32, num_attention_heads=heads,
                  joint_attention_dim=width, timestep_guidance_channels=32, mlp_ratio=3.0, axes_dims_rope=(8, 8, 8, 8), rope_theta=2000,
                  guidance_embeds=True)
    model = diffusers.Flux2Transformer2DModel(**config).eval()
    inputs = inputs_of(16, 3, 5, 4, width)
    text = torch.zeros(4, 4)
    text[:, 3] = torch.arange(4)

    def run(model):
        out = model(inputs["latent"].flatten(2).transpose(1, 2), encoder_hidden_states=inputs["context"], timestep=inputs["timestep"],
                    guidance=torch.full([1], 2.5), img_ids=grid(3, 5, axes=4), txt_ids=text).sample
        return out.transpose(1, 2).reshape(inputs["latent"].shape)

    write(name, model, config, families.flux_table(config, is_second=True), inputs, run, variants,
          ["transformer_blocks", "single_transformer_blocks"])


def chroma(name, variants, heads, layers=2):
    width = 32 * heads
    config = dict(patch_size=1, in_channels=16, num_layers=layers, num_single_layers=layers, attention_head_dim=32, num_attention_heads=heads,
                  joint_attention_dim=width, axes_dims_rope=(4, 14, 14), approximator_num_channels=64, approximator_hidden_dim=width,
                  approximator_layers=2)
    model = diffusers.ChromaTransformer2DModel(**config).eval()
    inputs = inputs_of(4, 6, 8, 5, width)

    def run(model):
        out = model(packed(inputs["latent"]), encoder_hidden_states=inputs["context"], timestep=inputs["timestep"], img_ids=grid(3, 4),
                    txt_ids=torch.zeros(5, 3)).sample
        return unpacked(out, 6, 8)

    write(name, model, config, families.flux_table(config, is_chroma=True), inputs, run, variants,
          ["transformer_blocks", "single_transformer_blocks"])


def z_image(name, variants, heads):
    width = 32 * heads
    config = dict(all_patch_size=(2,), all_f_patch_size=(1,), in_channels=4, dim=width, n_layers=2, n_refiner_layers=1, n_heads=heads,
                  n_kv_heads=heads, norm_eps=1e-5, qk_norm=True, cap_feat_dim=64, rope_theta=256.0, t_scale=1000.0, axes_dims=[8, 12, 12],
                  axes_lens=[64, 32, 32])
    model = diffusers.ZImageTransformer2DModel(**config).eval()
    model.t_embedder = TimestepEmbedder(min(width, 256), mid_size=64)
    inputs = inputs_of(4, 6, 8, 5, 64)

    def run(model):
        out = model([inputs["latent"][0][:, None]], 1 - inputs["timestep"], [inputs["context"][0]], return_dict=False)[0]
        return -out[0][:, 0][None]

    write(name, model, config, families.z_image_table(config), inputs, run, variants, ["noise_refiner", "context_refiner", "layers"])


def pixart(name, variants, heads, head):
    config = dict(num_attention_heads=heads, attention_head_dim=head, in_channels=4, out_channels=8, num_layers=2,
                  cross_attention_dim=heads * head, caption_channels=64, sample_size=128, patch_size=2, attention_bias=True,
                  norm_type="ada_norm_single", norm_elementwise_affine=False, norm_eps=1e-6, use_additional_conditions=False)
    model = diffusers.PixArtTransformer2DModel(**config).eval()
    inputs = inputs_of(4, 6, 8, 5, 64) | {"timestep": torch.tensor([750.0])}

    def run(model):
        out = model(inputs["latent"], encoder_hidden_states=inputs["context"], timestep=inputs["timestep"],
                    added_cond_kwargs={"resolution": None, "aspect_ratio": None}).sample
        return out[:, :4]

    write(name, model, config, families.pixart_table(config), inputs, run, variants, ["transformer_blocks"])


def sd3(name, variants, heads):
    width = 64 * heads
    config = dict(sample_size=16, patch_size=2, in_channels=4, out_channels=4, attention_head_dim=64, num_attention_heads=heads,
                  joint_attention_dim=width, caption_projection_dim=width, pooled_projection_dim=64, pos_embed_max_size=8, num_layers=3,
                  dual_attention_layers=(0,), qk_norm="rms_norm")
    model = diffusers.SD3Transformer2DModel(**config).eval()
    inputs = inputs_of(4, 6, 8, 5, width, pooled=64) | {"timestep": torch.tensor([750.0])}

    def run(model):
        return model(inputs["latent"], encoder_hidden_states=inputs["context"], pooled_projections=inputs["pooled"],
                     timestep=inputs["timestep"]).sample

    write(name, model, config, families.sd3_table(config), inputs, run, variants, ["transformer_blocks"])


def main():
    flux("flux", VARIANTS, 2)
    flux("flux-wide", WIDE, 8, layers=1)
    flux2("flux2", VARIANTS, 2)
    flux2("flux2-wide", WIDE, 8, layers=1)
    chroma("chroma", VARIANTS, 2)
    chroma("chroma-wide", WIDE, 8, layers=1)
    z_image("z-image", VARIANTS, 3)
    z_image("z-image-wide", WIDE, 12)
    pixart("pixart", VARIANTS, 16, 4)
    pixart("pixart-wide", WIDE, 16, 16)
    sd3("sd3", VARIANTS, 1)
    sd3("sd3-wide", WIDE, 4)


if __name__ == "__main__":
    main()
