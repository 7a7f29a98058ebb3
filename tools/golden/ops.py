"""Every op of the tensor runtime, run by PyTorch on small odd shapes: Tests/Golden/ops.safetensors.

    python tools/golden/ops.py

Each case has its operands and its result under one prefix, as `linear.rows9.x`. Operands are float32 (or the type the
case is about) and depend on their name alone; results are computed in float64 from the same values and rounded to
float32 once, except where a case is about special values, which are computed in float32.
"""
import zlib
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/ops.safetensors"
tensors = {}
torch.set_num_threads(1)


def random(name, *shape, scale=1.0):
    """Normal noise that depends on the name alone."""
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))


def wide(value):
    return value.double() if isinstance(value, torch.Tensor) and value.is_floating_point() else value


def case(prefix, function, **operands):
    """Stores operands, and the result of `function` on them in float64 as `y`."""
    result = function(*map(wide, operands.values()))
    for name, value in operands.items():
        tensors[f"{prefix}.{name}"] = value.contiguous().clone()
    if result.is_floating_point():
        result = result.float()
    tensors[f"{prefix}.y"] = result.contiguous().clone()


def elementwise():
    x = torch.cat([random("elementwise", 77, scale=3), torch.linspace(-12, 12, 53), torch.tensor([0.0, -0.0, 1e-6, -1e-30])])
    special = torch.tensor([float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 100.0, -100.0, 1e30, -1e30, 88.8, -104.0])
    functions = {
        "negate": torch.neg, "exp": torch.exp, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "sin": torch.sin, "cos": torch.cos,
        "abs": torch.abs, "silu": F.silu, "quickGELU": lambda x: x * torch.sigmoid(1.702 * x), "relu": F.relu, "gelu": F.gelu,
        "geluTanh": lambda x: F.gelu(x, approximate="tanh"), "log": torch.log, "sqrt": torch.sqrt, "rsqrt": torch.rsqrt,
    }
    for name, function in functions.items():
        positive = name in ("log", "sqrt", "rsqrt")
        case(f"unary.{name}", function, x=(x.abs() + 1e-3 if positive else x))
        tensors[f"special.{name}.x"] = special.clone()
        tensors[f"special.{name}.y"] = function(special)
    case("clamp", lambda x: x.clamp(-0.5, 0.75), x=random("clamp", 5, 7))
    shapes = {
        "same": ((3, 5), (3, 5)), "row": ((2, 3, 5), (5,)), "column": ((2, 3, 5), (3, 1)), "outer": ((7, 1), (1, 9)),
        "channel": ((2, 3, 4, 5), (1, 3, 1, 1)), "left": ((5,), (2, 3, 5)), "middle": ((2, 1, 4), (2, 3, 4)), "scalar": ((2, 3), ()),
    }
    operations = {"add": torch.add, "subtract": torch.sub, "multiply": torch.mul, "divide": torch.div}
    for shape, (left, right) in shapes.items():
        for name, operation in operations.items():
            a, b = random(f"{shape}.a", *left), random(f"{shape}.b", *right)
            case(f"binary.{name}.{shape}", lambda a, b: operation(a, b), a=a, b=b)
    case("gatedAdd", lambda x, gate, branch: x + gate * branch, x=random("ga.x", 2, 5, 19), gate=random("ga.g", 2, 1, 19),
         branch=random("ga.y", 2, 5, 19))


def rows():
    x = random("reduce", 3, 37, 5)
    for axis in (0, 1, 2):
        for name in ("sum", "mean", "amax", "amin", "argmax"):
            case(f"{name}.{axis}", lambda x: getattr(x, name)(dim=axis), x=x)
    case("softmax.last", lambda x: x.softmax(-1), x=random("softmax", 4, 41, scale=8))
    case("softmax.first", lambda x: x.softmax(0), x=random("softmax0", 5, 3, 7, scale=4))
    for width in (1, 7, 19, 192):
        x = random(f"norm.{width}", 3, width) + 2
        weight, bias = random(f"weight.{width}", width), random(f"bias.{width}", width)
        if width > 1:
            case(f"layerNorm.{width}", lambda x, weight, bias: F.layer_norm(x, (width,), weight, bias, 1e-6), x=x, weight=weight, bias=bias)
            case(f"layerNorm.{width}.plain", lambda x: F.layer_norm(x, (width,), eps=1e-6), x=x)
        case(f"rmsNorm.{width}", lambda x, weight: F.rms_norm(x, (width,), weight, 1e-6), x=x, weight=weight)
    case("modulatedLayerNorm", lambda x, scale, shift: F.layer_norm(x, (23,), eps=1e-6) * (1 + scale) + shift,
         x=random("mod.x", 2, 5, 23), scale=random("mod.scale", 2, 1, 23), shift=random("mod.shift", 2, 1, 23))
    for name, shape, groups in (("square", (2, 6, 5, 7), 3), ("wide", (1, 8, 9, 33), 2), ("single", (1, 4, 1, 3), 4)):
        channels = shape[1]
        case(f"groupNorm.{name}", lambda x, weight, bias: F.group_norm(x, groups, weight, bias, 1e-6),
             x=random(f"gn.{name}", *shape) * 3 + 5, weight=random(f"gn.w.{name}", channels), bias=random(f"gn.b.{name}", channels))


def products():
    for name, a, b in (("plain", (3, 5), (5, 7)), ("tall", (37, 19), (19, 3)), ("batch", (2, 3, 5, 4), (2, 3, 4, 6)),
                       ("broadcast", (2, 1, 5, 4), (3, 4, 6)), ("deep", (2, 301), (301, 5)), ("wide", (1, 2), (2, 65))):
        case(f"matmul.{name}", torch.matmul, a=random(f"mm.a.{name}", *a), b=random(f"mm.b.{name}", *b))
    for kind, dtype in (("f32", torch.float32), ("f16", torch.float16), ("bf16", torch.bfloat16)):
        for rows, inputs, outputs in ((1, 33, 21), (3, 192, 5), (9, 7, 17), (31, 65, 49)):
            name = f"linear.{kind}.{rows}"
            case(name, lambda x, weight, bias: F.linear(x, weight, bias), x=random(f"{name}.x", rows, inputs),
                 weight=random(f"{name}.w", outputs, inputs).to(dtype), bias=random(f"{name}.b", outputs).to(dtype))
    table = random("table", 11, 9)
    ids = torch.tensor([[0, 10, 3], [3, 7, 1]])
    for kind, dtype in (("f32", torch.float32), ("f16", torch.float16), ("bf16", torch.bfloat16)):
        case(f"embedding.{kind}", lambda ids, table: F.embedding(ids, table), ids=ids, table=table.to(dtype))


def attend(q, k, v, scale=None, causal=False, bias=None):
    """PyTorch's attention on token-major operands."""
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v, attn_mask=bias, is_causal=causal, scale=scale, enable_gqa=True).transpose(1, 2)


def attention():
    def operands(name, batch, queries, keys, heads, key_heads, dim):
        return {"q": random(f"{name}.q", batch, queries, heads, dim), "k": random(f"{name}.k", batch, keys, key_heads, dim),
                "v": random(f"{name}.v", batch, keys, key_heads, dim)}

    case("attention.plain", attend, **operands("plain", 2, 5, 7, 3, 3, 8))
    case("attention.odd", attend, **operands("odd", 1, 13, 37, 2, 2, 19))
    case("attention.one", attend, **operands("one", 1, 1, 1, 1, 1, 4))
    case("attention.grouped", attend, **operands("grouped", 1, 6, 9, 4, 2, 8))
    case("attention.scale", lambda q, k, v: attend(q, k, v, scale=0.3), **operands("scale", 1, 4, 4, 1, 1, 6))
    case("attention.causal", lambda q, k, v: attend(q, k, v, causal=True), **operands("causal", 1, 21, 21, 2, 2, 8))
    bias = random("keyBias", 2, 7)
    case("attention.keyBias", lambda q, k, v, keyBias: attend(q, k, v, bias=keyBias[:, None, None, :]), **operands("kb", 2, 5, 7, 3, 3, 8), keyBias=bias)
    mask = random("mask", 2, 1, 5, 7)
    mask[0, 0, 2, 3:] = -float("inf")
    case("attention.mask", lambda q, k, v, mask: attend(q, k, v, bias=mask), **operands("mask", 2, 5, 7, 3, 3, 8), mask=mask)
    hidden = torch.zeros(5, 7)
    hidden[1] = -float("inf")
    case("attention.hidden", lambda q, k, v, mask: attend(q, k, v, bias=mask), **operands("hidden", 1, 5, 7, 2, 2, 8), mask=hidden)

    x, angle = random("rope", 2, 5, 3, 8), random("angle", 5, 4, scale=2)

    def interleaved(x, cos, sin):
        pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
        return torch.view_as_real(pairs * torch.complex(cos, sin)[:, None, :]).flatten(-2)

    def half(x, cos, sin):
        turned = torch.cat([-x[..., 4:], x[..., :4]], -1)
        return x * torch.cat([cos, cos], -1)[:, None, :] + turned * torch.cat([sin, sin], -1)[:, None, :]

    case("rope.interleaved", interleaved, x=x, cos=angle.cos(), sin=angle.sin())
    case("rope.half", half, x=x, cos=angle.cos(), sin=angle.sin())


def convolution():
    cases = {  # x, weight, stride, padding
        "same": ((2, 3, 9, 11), (5, 3, 3, 3), 1, 1), "point": ((2, 6, 5, 7), (4, 6, 1, 1), 1, 0), "patch": ((1, 4, 8, 6), (9, 4, 2, 2), 2, 0),
        "down": ((1, 3, 11, 8), (4, 3, 3, 3), 2, 1), "valid": ((1, 2, 6, 5), (3, 2, 3, 2), 1, 0), "groups": ((1, 6, 7, 5), (4, 3, 3, 3), 1, 1),
        "depthwise": ((1, 5, 6, 6), (5, 1, 3, 3), 1, 1), "large": ((1, 2, 5, 5), (2, 2, 5, 5), 1, 4), "wide": ((1, 31, 4, 40), (19, 31, 3, 3), 1, 1),
    }
    for name, (x, weight, stride, padding) in cases.items():
        case(f"conv2d.{name}", lambda x, weight, bias: F.conv2d(x, weight, bias, stride, padding, groups=x.shape[1] // weight.shape[1]),
             x=random(f"conv.x.{name}", *x), weight=random(f"conv.w.{name}", *weight), bias=random(f"conv.b.{name}", weight[0]))
    case("conv2d.f16", lambda x, weight: F.conv2d(x, weight, padding=1), x=random("conv.x.f16", 1, 3, 6, 7), weight=random("conv.w.f16", 4, 3, 3, 3).half())
    case("upsampleNearest", lambda x: F.interpolate(x, scale_factor=3, mode="nearest"), x=random("upsample", 1, 2, 3, 5))


if __name__ == "__main__":
    for family in (elementwise, rows, products, attention, convolution):
        family()
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"script": "tools/golden/ops.py", "seed": "crc32 of each operand's name", "versions": f"torch {torch.__version__}"}
    save_file(tensors, OUTPUT, metadata)
    print(f"{OUTPUT}: {len(tensors)} tensors, {OUTPUT.stat().st_size} bytes")
