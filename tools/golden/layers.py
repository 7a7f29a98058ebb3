"""Layers and resizing by PyTorch and Pillow in float32: Tests/Golden/nn/*.safetensors.

    python tools/golden/layers.py            write both files again

Resizing is ComfyUI's `common_upscale`: PyTorch's `interpolate` for four methods, Pillow over 8 bits for lanczos, and
`bislerp`, written here from its definition: between two cells the direction turns on the sphere, the length is mixed.
"""
import zlib
from pathlib import Path

import diffusers
import numpy as np
import PIL
import torch
import torch.nn.functional as F
from diffusers.models.embeddings import get_2d_sincos_pos_embed, get_timestep_embedding
from PIL import Image
from safetensors.torch import save_file

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/nn"
SIZES = [(9, 14), (4, 5), (7, 22)]        # from 7 x 11: larger, smaller, one side the same
torch.set_num_threads(1)


def random(name, *shape):
    """Normal noise that depends on the name alone."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))


def lanczos(x, height, width):
    """Truncated to 8 bits, resized by Pillow, back to 0...1."""
    pictures = []
    for picture in x:
        pixels = np.clip(255.0 * picture.permute(1, 2, 0).numpy(), 0, 255).astype(np.uint8)
        resized = Image.fromarray(pixels).resize((width, height), resample=Image.Resampling.LANCZOS)
        pictures.append(torch.from_numpy(np.asarray(resized).astype(np.float32) / 255).permute(2, 0, 1))
    return torch.stack(pictures)


def slerp(a, b, t):
    """Between two vectors, in double precision."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    length_a, length_b = np.linalg.norm(a), np.linalg.norm(b)
    unit_a, unit_b = (v / n if n > 0 else 0 * v for v, n in ((a, length_a), (b, length_b)))
    cosine = float(unit_a @ unit_b)
    if cosine > 1 - 1e-5:
        return a
    if cosine < 1e-5 - 1:
        return a * (1 - t) + b * t
    angle = np.arccos(cosine)
    direction = (np.sin((1 - t) * angle) * unit_a + np.sin(t * angle) * unit_b) / np.sin(angle)
    return direction * (length_a * (1 - t) + length_b * t)


def bislerp_axis(x, count):
    """Resamples the second axis of [C, N, M]."""
    old = x.shape[1]
    lines = []
    for i in range(count):
        center = min(max((i + 0.5) * old / count - 0.5, 0), old - 1)
        first = int(center)
        second = min(first + 1, old - 1)
        lines.append(np.stack([slerp(x[:, first, j], x[:, second, j], center - first) for j in range(x.shape[2])], axis=1))
    return np.stack(lines, axis=1)


def bislerp(x, height, width):
    """Columns, then rows."""
    pictures = []
    for picture in x.numpy():
        wide = bislerp_axis(picture.transpose(0, 2, 1), width).transpose(0, 2, 1)
        pictures.append(bislerp_axis(wide, height))
    return torch.from_numpy(np.stack(pictures)).float()


def crop(x, height, width):
    """The middle with the new aspect."""
    old_height, old_width = x.shape[-2:]
    old_aspect, new_aspect = old_width / old_height, width / height
    left = top = 0
    if old_aspect > new_aspect:
        left = round((old_width - old_width * (new_aspect / old_aspect)) / 2)
    elif old_aspect < new_aspect:
        top = round((old_height - old_height * (old_aspect / new_aspect)) / 2)
    return x[:, :, top:old_height - top, left:old_width - left]


def resize(x, height, width, method):
    """One method by ComfyUI's name."""
    if method == "lanczos":
        return lanczos(x, height, width)
    if method == "bislerp":
        return bislerp(x, height, width)
    return F.interpolate(x, size=(height, width), mode=method)


def write(name, tensors):
    """Writes a file with its origin."""
    versions = f"torch {torch.__version__}, diffusers {diffusers.__version__}, pillow {PIL.__version__}, numpy {np.__version__}"
    metadata = {"script": "tools/golden/layers.py", "seed": "crc32 of each tensor's name", "versions": versions}
    OUTPUT.mkdir(parents=True, exist_ok=True)
    save_file({key: value.float().contiguous() for key, value in tensors.items()}, OUTPUT / name, metadata=metadata)
    print(name, (OUTPUT / name).stat().st_size, "bytes")


def main():
    tensors = {"x": random("x", 2, 3, 7, 11)}
    tensors["x"][1, :, 2, 3] = 0                                   # a vector without direction
    tensors["x"][1, :, 2, 5] = -2 * tensors["x"][1, :, 2, 4]       # opposite directions
    pixels = (tensors["x"] * 0.3 + 0.5)
    for height, width in SIZES:
        for method in ["nearest", "nearest-exact", "bilinear", "area", "bicubic", "bislerp", "lanczos"]:
            source = pixels if method == "lanczos" else tensors["x"]
            tensors[f"{method}.{height}x{width}"] = resize(source, height, width, method)
            tensors[f"{method}.{height}x{width}.center"] = resize(crop(source, height, width), height, width, method)
    write("resize.safetensors", tensors | {"pixels": pixels})

    x = random("layer", 2, 5, 12)
    up, down = torch.nn.Linear(12, 48), torch.nn.Linear(48, 12)
    first, second = torch.nn.Linear(12, 20), torch.nn.Linear(20, 20)
    times = torch.tensor([0.0, 1.0, 250.5, 999.0])
    with torch.no_grad():
        for name, layer in {"up": up, "down": down, "first": first, "second": second}.items():
            layer.weight.copy_(random(f"{name}.weight", *layer.weight.shape) / layer.in_features ** 0.5)
            layer.bias.copy_(random(f"{name}.bias", *layer.bias.shape) * 0.1)
        write("layers.safetensors", {
            "x": x, "ff.net.0.proj.weight": up.weight, "ff.net.0.proj.bias": up.bias, "ff.net.2.weight": down.weight,
            "ff.net.2.bias": down.bias, "ff.y": down(F.gelu(up(x), approximate="tanh")),
            "embedder.linear_1.weight": first.weight, "embedder.linear_1.bias": first.bias,
            "embedder.linear_2.weight": second.weight, "embedder.linear_2.bias": second.bias,
            "embedder.y": second(F.silu(first(x[:, 0]))),
            "times": times, "sinusoids": get_timestep_embedding(times, 256, flip_sin_to_cos=True, downscale_freq_shift=0),
            "table": get_2d_sincos_pos_embed(24, (12, 12), base_size=8, output_type="pt")[None],
        })


if __name__ == "__main__":
    main()
