"""What ComfyUI's ImageQuantize computes, by Pillow: Tests/Golden/nodes/quantize.safetensors.

    python tools/golden/quantize.py

A key is ImageQuantize.SOURCE.COLORS.DITHER; the sources have bare names. `many` is a picture of more than 65536 colors,
which Pillow counts with fewer bits; it is made again by the test from its formula, and its key holds only which colors
are left, each with how often it is there. The references are equal to what the node of a ComfyUI
of October 2025 gives.
"""
import math
from pathlib import Path

import numpy as np
import PIL
import torch
from PIL import Image
from safetensors.torch import save_file

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/nodes/quantize.safetensors"
DITHERS = ("none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16")


def shades():
    """Two pictures of 20 x 18: soft shades, and noise over them."""
    y, x = torch.meshgrid(torch.arange(18.0), torch.arange(20.0), indexing="ij")
    soft = torch.stack([x / 19, y / 17, (x * y) % 31 / 30], -1)
    noise = torch.rand(18, 20, 3, generator=torch.Generator().manual_seed(18))
    return torch.stack([soft, 0.6 * soft + 0.4 * noise])


def flat():
    """A picture of three colors."""
    picture = torch.zeros(1, 9, 8, 3)
    picture[:, 2:6] = 0.8
    picture[:, 6:, 3:] = torch.tensor([0.04, 0.2, 0.35])
    return picture


def many():
    """300 rows of 600 pixels with more than 65536 colors: bytes of a hash of their place."""
    numbers = np.arange(300 * 600 * 3, dtype=np.uint64) * 2654435761 % 2 ** 32
    numbers = (numbers ^ numbers >> 15) * 2246822519 % 2 ** 32
    return (numbers >> 24).astype(np.uint8).reshape(300, 600, 3)


def bayer(side):
    """Limits between -1/2 and 1/2, by halving."""
    if side == 1:
        return np.zeros((1, 1), np.float32)
    smaller = bayer(side // 2) * side ** 2
    return np.block([[smaller - 1.5, smaller + 0.5], [smaller + 1.5, smaller - 0.5]]).astype(np.float32) / side ** 2


def quantized(picture, colors, dither):
    """[H, W, 3] in 0...1."""
    image = Image.fromarray((picture * 255).to(torch.uint8).numpy())
    palette = image.quantize(colors=colors)
    if dither.startswith("bayer"):
        side = int(dither.split("-")[1])
        limits = np.float32(512 / (len(palette.getpalette()) // 3)) * bayer(side) + np.float32(0.5)
        height, width = picture.shape[:2]
        tiles = np.tile(limits, (math.ceil(height / side), math.ceil(width / side)))[:height, :width, None]
        image = Image.fromarray((np.asarray(image).astype(np.float32) + tiles).clip(0, 255).astype(np.uint8))
    diffused = dither == "floyd-steinberg"
    drawn = image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG if diffused else Image.Dither.NONE)
    return torch.from_numpy(np.asarray(drawn.convert("RGB")).astype(np.float32) / 255)


def cases():
    """Everything that is stored, by name."""
    sources = {"shades": shades(), "flat": flat()}
    yield from sources.items()
    for source, colors in (("shades", 5), ("shades", 200), ("flat", 16)):
        for dither in DITHERS if colors == 5 else DITHERS[:3]:
            yield (f"ImageQuantize.{source}.{colors}.{dither}",
                   torch.stack([quantized(p, colors, dither) for p in sources[source]]))
    image = Image.fromarray(many())
    drawn = image.quantize(palette=image.quantize(colors=64), dither=Image.Dither.NONE).convert("RGB")
    values, counts = np.unique(np.asarray(drawn).reshape(-1, 3), axis=0, return_counts=True)
    yield "many.64", torch.from_numpy(np.column_stack([values, counts]).astype(np.float32))


def main():
    tensors = {name: value.float().contiguous().clone() for name, value in cases()}
    colors = len(np.unique(many().reshape(-1, 3), axis=0))
    assert colors > 65536, colors
    save_file(tensors, OUTPUT, metadata={
        "script": "tools/golden/quantize.py", "versions": f"torch {torch.__version__}, pillow {PIL.__version__}"})
    print(OUTPUT.name, OUTPUT.stat().st_size, "bytes,", colors, "colors in many")


if __name__ == "__main__":
    main()
