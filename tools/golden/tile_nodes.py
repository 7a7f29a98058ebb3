"""What nodes that lay out, cut and join pictures give, by PyTorch and Pillow: Tests/Golden/nodes/tiles.safetensors.

    python tools/golden/tile_nodes.py

Written from what the nodes are to do. The source has H rows, W columns and C channels with the values
((7 x + 13 y + 29 c) mod 101) / 101, in a second picture of a batch from 1 downwards. Of every result each 47th value is
kept, from the first on; "shape" and the name of the case tell the rest.
"""
import math
from pathlib import Path

import numpy as np
import PIL
import torch
from PIL import Image
from safetensors.torch import save_file

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/nodes/tiles.safetensors"


def source(height, width, channels):
    """Two pictures."""
    y, x, c = torch.meshgrid(torch.arange(height), torch.arange(width), torch.arange(channels), indexing="ij")
    picture = ((7 * x + 13 * y + 29 * c) % 101).float() / 101
    return torch.stack([picture, 1 - picture])


def spans(side, tile, overlap):
    """Tiles along one side: at equal steps, the last moved back to the end."""
    step, start, found = round(max(tile / 4, tile - overlap)), 0, []
    while True:
        end = min(start + tile, side)
        found.append((max(0, end - tile), end))
        if end == side:
            return found
        start += step


def tiles(image, width, height, overlap):
    """Rows of tiles."""
    for top, bottom in spans(image.shape[1], height, overlap):
        for left, right in spans(image.shape[2], width, overlap):
            yield image[:, top:bottom, left:right]


def wave(count):
    """Half a sine, nowhere 0."""
    return torch.sin(math.pi * torch.linspace(0, 1, count)).clamp(min=1e-5)


def merged(parts, width, height, overlap):
    """The mean of what tiles say of a pixel, weighted by a wave each way; flat weights where tiles do not overlap."""
    count, tile_height, tile_width, channels = parts[0].shape
    total, weights = torch.zeros(count, height, width, channels), torch.zeros(1, height, width, 1)
    window = torch.ones(tile_height, tile_width)
    if overlap > 0:
        window = wave(tile_height)[:, None] * wave(tile_width)[None]
    places = [(y, x) for y in spans(height, tile_height, overlap) for x in spans(width, tile_width, overlap)]
    for ((top, bottom), (left, right)), part in zip(places, parts):
        rows, columns = min(bottom - top, part.shape[1]), min(right - left, part.shape[2])
        here = window[None, :rows, :columns, None]
        total[:, top:top + rows, left:left + columns] += part[:, :rows, :columns] * here
        weights[:, top:top + rows, left:left + columns] += here
    return total / torch.where(weights == 0, 1.0, weights)


def grid(pictures, columns, width, height, padding):
    """Pictures of one size on black."""
    rows = math.ceil(len(pictures) / columns)
    canvas = Image.new("RGB", (columns * (width + padding) - padding, rows * (height + padding) - padding))
    for place, picture in enumerate(pictures):
        cell = Image.fromarray((picture.numpy() * 255).clip(0, 255).astype(np.uint8))
        cell = cell.resize((width, height), Image.Resampling.LANCZOS)
        canvas.paste(cell, (place % columns * (width + padding), place // columns * (height + padding)))
    return torch.from_numpy(np.array(canvas).astype(np.float32) / 255)[None]


def cases():
    """Names and results."""
    image = source(70, 150, 3)
    for width, height, overlap in [(64, 64, 16), (100, 64, 0), (64, 80, 4096)]:
        parts = list(tiles(image, width, height, overlap))
        name = f"{width}x{height},{overlap}"
        yield f"split.{name}", torch.cat([part.flatten() for part in parts]), torch.tensor(
            [[part.shape[1], part.shape[2]] for part in parts])
        for wide, high, shared in [(150, 70, overlap), (170, 90, 0), (128, 64, 30)]:
            yield f"merge.{name}.{wide}x{high},{shared}", merged(parts, wide, high, shared), None
    for channels in (3, 4):
        pictures = list(source(9, 11, channels)) + list(source(40, 33, channels))
        yield f"grid.{channels}.2,32x33,3", grid(pictures[:2], 2, 32, 33, 3), None
        yield f"grid.{channels}.3,33x40,0", grid(pictures, 3, 33, 40, 0), None
        yield f"grid.{channels}.1,32x40,50", grid(pictures[2:], 1, 32, 40, 50), None


def main():
    """Write the file."""
    tensors = {}
    for name, value, sizes in cases():
        tensors[name] = value.flatten()[::47].clone()
        tensors[name + ".shape"] = (torch.tensor(value.shape) if sizes is None else sizes.flatten()).float()
    versions = f"torch {torch.__version__}, pillow {PIL.__version__}, numpy {np.__version__}"
    save_file(tensors, OUTPUT, metadata={"script": "tools/golden/tile_nodes.py", "versions": versions})
    print(OUTPUT.name, OUTPUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
