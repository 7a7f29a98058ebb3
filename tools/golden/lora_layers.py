"""A linear layer and a convolution with adapters of every kind: Tests/Golden/lora/kinds.safetensors.

    python tools/golden/lora_layers.py

Each result is that of a weight which was merged here by the kind's formula, in float32. Random numbers depend on the
tensor's name alone. `KIND:KIND.ROLE` is a tensor of the adapter KIND, `y:KIND` what the layer with it gives for `x` or `image`.
"""
import zlib
from pathlib import Path

import torch
from safetensors.torch import save_file

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/lora/kinds.safetensors"
torch.set_num_threads(1)


def random(name, *shape):
    """Normal noise that depends on the name alone."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))


def kinds():
    """A linear layer, 12 to 8, and a convolution, 3 to 8, with adapters of every kind; `y` is from merged weights."""
    tensors = {"linear.weight": random("w", 8, 12), "linear.bias": random("b", 8), "conv.weight": random("k", 8, 3, 2, 2),
               "conv.bias": random("c", 8), "x": random("x", 2, 3, 12), "image": random("image", 1, 3, 4, 6)}
    weight, bias, strength = tensors["linear.weight"], tensors["linear.bias"], 0.75

    def new(kind, **shapes):
        made = {role: 0.7 * random(f"{kind}.{role}", *shape) for role, shape in shapes.items()}
        tensors.update({f"{kind}:{kind}.{role.replace('__', '.')}": value for role, value in made.items()})
        return made.values()

    def result(kind, new_weight, new_bias=bias):
        tensors[f"y:{kind}"] = torch.nn.functional.linear(tensors["x"], new_weight, new_bias)

    def alpha(kind, value):
        tensors[f"{kind}:{kind}.alpha"] = torch.tensor(value)

    a, b, c, d = new("loha", hada_w1_a=(8, 2), hada_w1_b=(2, 12), hada_w2_a=(8, 2), hada_w2_b=(2, 12))
    alpha("loha", 3.0)
    result("loha", weight + strength * 3 / 2 * (a @ b) * (c @ d))
    a, b, c, d = new("wide", hada_w1_a=(8, 5), hada_w1_b=(5, 12), hada_w2_a=(8, 5), hada_w2_b=(5, 12))
    result("wide", weight + strength * (a @ b) * (c @ d))
    a, b = new("lokr", lokr_w1=(2, 6), lokr_w2=(4, 2))
    alpha("lokr", 9.0)                  # counts only where a factor is a product
    result("lokr", weight + strength * torch.kron(a, b))
    a, b, c = new("lokr2", lokr_w1=(4, 2), lokr_w2_a=(2, 1), lokr_w2_b=(1, 6))
    alpha("lokr2", 0.5)
    result("lokr2", weight + strength * 0.5 / 1 * torch.kron(a, b @ c))
    a, b, c = new("lokr3", lokr_w1_a=(2, 1), lokr_w1_b=(1, 3), lokr_w2=(4, 4))
    alpha("lokr3", 2.0)
    result("lokr3", weight + strength * 2 / 1 * torch.kron(a @ b, c))
    a, b = new("full", diff=(8, 12), diff_b=(8,))
    result("full", weight + strength * a, bias + strength * b)
    a, = new("set", set_weight=(8, 12))
    result("set", a)

    # DoRA: rows or columns get the lengths in dora_scale; the strength is of the whole change
    for kind, axis, shape in (("rows", 1, (8, 1)), ("columns", 0, (1, 12))):
        up, down, magnitude = new(kind, lora_up__weight=(8, 2), lora_down__weight=(2, 12), dora_scale=shape)
        alpha(kind, 1.0)
        direction = weight + 1 / 2 * up @ down
        decomposed = magnitude * direction / direction.norm(dim=axis, keepdim=True)
        result(kind, weight + strength * (decomposed - weight))

    # Convolutions: the kernel's cells count as inputs
    for kind, shapes in (("conv", dict(lora_up__weight=(8, 2, 1, 1), lora_down__weight=(2, 3, 2, 2))),
                         ("convlokr", dict(lokr_w1=(2, 3), lokr_w2=(4, 1, 2, 2)))):
        a, b = new(kind, **shapes)
        if kind == "conv":
            delta = (a.flatten(1) @ b.flatten(1)).reshape(8, 3, 2, 2)
        else:
            delta = torch.kron(a[:, :, None, None], b)
        tensors[f"y:{kind}"] = torch.nn.functional.conv2d(
            tensors["image"], tensors["conv.weight"] + strength * delta, tensors["conv.bias"])
    return tensors


def main():
    tensors = {key: value.contiguous() for key, value in kinds().items()}
    save_file(tensors, OUTPUT, metadata={
        "script": "tools/golden/lora_layers.py", "seed": "crc32 of each tensor's name", "versions": f"torch {torch.__version__}"})
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
