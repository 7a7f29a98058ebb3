"""What ComfyUI's image nodes compute, by PyTorch, SciPy and Pillow: Tests/Golden/nodes/image_nodes.safetensors.

    python tools/golden/image_nodes.py

Each reference is written here from what the node is to do; none is ComfyUI's code. Where a ComfyUI of October 2025 has
the node they were compared with its own functions, and agreed. Later versions differ in some nodes, and are followed
here: alpha stays in ImageBlend, Morphology takes the largest value of a window. An even window of Morphology keeps the
size here, where ComfyUI's grows by a row and a column. Edges are those of kornia 0.9's `canny`, colors those of its
`rgb_to_ycbcr` and the exact inverse.

A key is the node's class, then what is special about the case; the sources have bare names.
"""
import math
import zlib
from pathlib import Path

import numpy as np
import PIL
import scipy
import scipy.ndimage
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/nodes/image_nodes.safetensors"
torch.set_num_threads(1)


def uniform(name, *shape):
    """Numbers in 0...1 that depend on the name alone."""
    return torch.rand(*shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))


def planes(x):
    """[B, H, W, C] to [B, C, H, W]."""
    return x.movedim(-1, 1)


def pixels(x):
    """[B, C, H, W] to [B, H, W, C]."""
    return x.movedim(1, -1)


def to_pillow(picture):
    """[H, W, C] in 0...1, cut to 8 bits."""
    return Image.fromarray(np.clip(255.0 * picture.numpy(), 0, 255).astype(np.uint8))


def from_pillow(image):
    """[H, W, C] in 0...1."""
    return torch.from_numpy(np.asarray(image).astype(np.float32) / 255)


def lanczos(x, height, width):
    """Pictures resized by Pillow, which multiplies colors by alpha first."""
    return torch.stack([from_pillow(to_pillow(p).resize((width, height), Image.Resampling.LANCZOS)) for p in x])


def bicubic(x, height, width):
    """Pictures stretched over the middle that has the new aspect."""
    old_height, old_width = x.shape[1:3]
    left = top = 0
    if old_width / old_height > width / height:
        left = round((old_width - old_width * ((width / height) / (old_width / old_height))) / 2)
    else:
        top = round((old_height - old_height * ((old_width / old_height) / (width / height))) / 2)
    cut = x[:, top:old_height - top, left:old_width - left]
    return pixels(F.interpolate(planes(cut), size=(height, width), mode="bicubic"))


# Filters


def gaussian(radius, sigma):
    """A window over -1...1 that adds up to 1."""
    x = torch.linspace(-1, 1, 2 * radius + 1)
    window = torch.exp(-(x[:, None] ** 2 + x[None] ** 2) / (2 * sigma * sigma))
    return window / window.sum()


def blur(image, radius, sigma):
    """Each channel by itself, edges mirrored."""
    x = F.pad(planes(image), [radius] * 4, "reflect")
    kernel = gaussian(radius, sigma).expand(x.shape[1], 1, -1, -1)
    return pixels(F.conv2d(x, kernel, groups=x.shape[1]))


def sharpen(image, radius, sigma, alpha):
    """Ten times alpha of what a blur takes away is added."""
    kernel = gaussian(radius, sigma) * (-10 * alpha)
    kernel[radius, radius] += 1 - kernel.sum()
    x = F.pad(planes(image), [radius] * 4, "reflect")
    return pixels(F.conv2d(x, kernel.expand(x.shape[1], 1, -1, -1), groups=x.shape[1])).clamp(0, 1)


def blend(a, b, factor, mode):
    """Pegtop's and Photoshop's formulas by ComfyUI's names."""
    low = ((16 * a - 12) * a + 4) * a
    mixed = {
        "normal": b, "multiply": a * b, "screen": 1 - (1 - a) * (1 - b), "difference": a - b,
        "overlay": torch.where(a <= 0.5, 2 * a * b, 1 - 2 * (1 - a) * (1 - b)),
        "soft_light": torch.where(b <= 0.5, a - (1 - 2 * b) * a * (1 - a),
                                  a + (2 * b - 1) * (torch.where(a <= 0.25, low, a.sqrt()) - a)),
    }[mode]
    return (a * (1 - factor) + mixed * factor).clamp(0, 1)


def morphology(image, operation, size):
    """Extremes of a square window; of an even one the middle is the pixel after it."""
    def dilate(x):
        return F.max_pool2d(x, size, stride=1, padding=size // 2)[..., :x.shape[-2], :x.shape[-1]]

    def erode(x):
        return -dilate(-x)

    x = planes(image)
    return pixels({
        "erode": erode(x), "dilate": dilate(x), "open": dilate(erode(x)), "close": erode(dilate(x)),
        "gradient": dilate(x) - erode(x), "top_hat": x - dilate(erode(x)), "bottom_hat": erode(dilate(x)) - x,
    }[operation])


def canny(image, low, high):
    """Blur, Sobel's gradient, the ridge of its length, and weak ridges only where they touch strong ones."""
    x = planes(image)
    gray = 0.299 * x[:, 0:1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:3]
    window = torch.exp(-torch.arange(-2.0, 3.0) ** 2 / 2)
    window = window / window.sum()
    gray = F.conv2d(F.pad(gray, [2] * 4, "reflect"), (window[:, None] * window[None])[None, None])
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    gradient = F.conv2d(F.pad(gray, [1] * 4, "replicate"), torch.stack([sobel, sobel.T])[:, None])
    length = torch.sqrt(F.pad((gradient ** 2).sum(1), [1] * 4) + 1e-6)
    direction = (torch.atan2(gradient[:, 1], gradient[:, 0]) * 4 / math.pi).round().long() % 8
    steps = [(0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)]
    height, width = direction.shape[-2:]
    strength = torch.zeros_like(gray[:, 0])
    for b in range(strength.shape[0]):
        for i in range(height):
            for j in range(width):
                here = length[b, i + 1, j + 1]
                ridge = True
                for way in (int(direction[b, i, j]), (int(direction[b, i, j]) + 4) % 8):
                    there = length[b, i + 1 + steps[way][0], j + 1 + steps[way][1]]
                    ridge = ridge and bool(here > there or (way in (0, 2) and here == there))
                strength[b, i, j] = here if ridge else 0
    edges = []
    for plane in strength.numpy():
        parts, _ = scipy.ndimage.label(plane > low, structure=np.ones((3, 3)))
        edges.append(np.isin(parts, np.unique(parts[plane > high])) & (parts > 0))
    return torch.from_numpy(np.stack(edges)).float()[..., None].expand(-1, -1, -1, 3)


# Joining


def outpaint(image, left, top, right, bottom, feathering):
    """Gray around a picture, and a mask of what is new, which fades out over the picture's edges."""
    height, width = image.shape[1:3]
    padded = F.pad(image, (0, 0, left, right, top, bottom), value=0.5)
    fade = torch.zeros(height, width)
    if 0 < feathering and 2 * feathering < min(height, width):
        for i in range(height):
            for j in range(width):
                distances = [d for d, side in ((i, top), (height - i, bottom), (j, left), (width - j, right)) if side]
                fade[i, j] = max(1 - min(distances, default=feathering) / feathering, 0) ** 2
    mask = torch.ones(1, *padded.shape[1:3])
    mask[0, top:top + height, left:left + width] = fade
    return padded, mask


def stitch(a, b, direction, match, spacing, color):
    """Two pictures in a row or a column."""
    along, across = (2, 1) if direction in ("left", "right") else (1, 2)
    count = max(len(a), len(b))
    a, b = (x[[min(i, len(x) - 1) for i in range(count)]] for x in (a, b))
    rgb = {"white": (1, 1, 1), "black": (0, 0, 0), "red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}[color]
    if match:
        aspect = b.shape[2] / b.shape[1]
        size = (a.shape[1], int(a.shape[1] * aspect)) if along == 2 else (int(a.shape[2] / aspect), a.shape[2])
        b = lanczos(b, *size)
    side = max(a.shape[across], b.shape[across])
    channels = max(a.shape[3], b.shape[3])
    parts = []
    for x in (a, b):
        missing = side - x.shape[across]
        edges = [0, 0, 0, 0] + [missing // 2, missing - missing // 2] if across == 1 else [0, 0, missing // 2, missing - missing // 2]
        x = F.pad(x, edges, value=1.0 if color == "white" else 0.0)
        parts.append(F.pad(x, (0, channels - x.shape[3]), value=1.0))
    if spacing:
        shape = list(parts[0].shape)
        shape[along] = spacing + spacing % 2
        parts.insert(1, torch.tensor([float(v) for v in rgb] + [1.0] * (channels - 3)).expand(shape))
    return torch.cat(parts[::-1] if direction in ("left", "up") else parts, dim=along)


def scene():
    """A picture with smooth shades, a disc and a bar: [1, 24, 32, 3]."""
    y, x = torch.meshgrid(torch.arange(24.0), torch.arange(32.0), indexing="ij")
    disc = torch.sigmoid(7 - torch.hypot(x - 11.3, y - 10.7))
    bar = torch.sigmoid(3 * (x - 23.4)) * 0.7
    shade = 0.2 + 0.1 * torch.sin(x / 3.1 + y / 4.7)
    return torch.stack([disc + shade, bar + shade, 0.5 * disc + 0.5 * bar], dim=-1).clamp(0, 1)[None]


def cases():
    """Everything that is stored, by name."""
    rgb, other = uniform("rgb", 2, 5, 7, 3), uniform("other", 2, 4, 9, 3)
    same, one, rgba = uniform("same", 2, 5, 7, 3), uniform("one", 1, 3, 4, 3), uniform("rgba", 2, 5, 7, 4)
    edges = scene()
    yield from {"rgb": rgb, "other": other, "same": same, "one": one, "rgba": rgba, "scene": edges}.items()

    for way, axis in (("x-axis: vertically", 1), ("y-axis: horizontally", 2)):
        yield f"ImageFlip.{way}", torch.flip(rgb, [axis])
    for turns, name in enumerate(["none", "90 degrees", "180 degrees", "270 degrees"]):
        yield f"ImageRotate.{name}", torch.from_numpy(np.rot90(rgb.numpy(), -turns, axes=(1, 2)).copy())
    for width, height in ((4, 3), (512, 2)):
        left, top = max(0, (7 - width) // 2), max(0, (5 - height) // 2)
        box = (left, top, min(7, left + width), min(5, top + height))
        yield f"CenterCropImages.{width}x{height}", torch.stack([from_pillow(to_pillow(p).crop(box)) for p in rgb])
    for sides in ((3, 2, 0, 5, 2), (1, 1, 1, 1, 1), (2, 0, 0, 0, 40), (0, 0, 0, 0, 2)):
        name = "ImagePadForOutpaint." + ",".join(map(str, sides))
        yield name, outpaint(rgb, *sides)[0]
        yield name + ".mask", outpaint(rgb, *sides)[1]
    yield "lanczos.9x4", lanczos(rgba, 9, 4)
    yield "lanczos.5x7", lanczos(rgba, 5, 7)
    for arguments in (("right", True, 0, "white"), ("down", True, 3, "green"), ("left", False, 4, "red"),
                      ("up", False, 1, "white")):
        yield "ImageStitch." + ",".join(map(str, arguments)), stitch(rgb, other, *arguments)
        yield "ImageStitch.rgba," + ",".join(map(str, arguments)), stitch(one, rgba, *arguments)

    for radius, sigma in ((1, 1.0), (3, 0.3), (4, 10.0)):
        yield f"ImageBlur.{radius},{sigma}", blur(rgb, radius, sigma)
        yield f"ImageSharpen.{radius},{sigma}", sharpen(rgb, radius, sigma, 0.3)
    for mode in ("normal", "multiply", "screen", "overlay", "soft_light", "difference"):
        yield f"ImageBlend.{mode}", blend(rgb, same, 0.6, mode)
    yield "ImageBlend.sizes", blend(rgb, bicubic(other, 5, 7), 0.5, "normal")
    yield "ImageBlend.one", blend(rgb, bicubic(one, 5, 7), 0.5, "screen")
    alpha = blend(rgba, F.pad(same, (0, 1), value=1.0), 0.5, "multiply")
    alpha[..., 3] = rgba[..., 3]
    yield "ImageBlend.alpha", alpha
    noise = torch.randn(rgb.shape, generator=torch.Generator().manual_seed(2 ** 40 + 7))
    yield "ImageAddNoise", (rgb + 0.25 * noise).clamp(0, 1)
    for operation in ("erode", "dilate", "open", "close", "gradient", "top_hat", "bottom_hat"):
        for size in (3, 4):
            yield f"Morphology.{operation}.{size}", morphology(one, operation, size)
    yield "Morphology.dilate.999", one.amax(dim=(1, 2), keepdim=True).expand_as(one)
    for low, high in ((0.4, 0.8), (0.05, 0.3)):
        yield f"Canny.{low},{high}", canny(edges, low, high)

    r, g, b = rgb.unbind(-1)
    luma = 0.299 * r + 0.587 * g + 0.114 * b
    for name, value in (("Y", luma), ("U", (b - luma) * 0.564 + 0.5), ("V", (r - luma) * 0.713 + 0.5)):
        yield f"ImageRGBToYUV.{name}", value[..., None].expand(-1, -1, -1, 3)
    y, u, v = rgb.mean(-1), same.mean(-1) - 0.5, rgba[..., :3].mean(-1) - 0.5
    green = y - 0.299 / 0.587 / 0.713 * v - 0.114 / 0.587 / 0.564 * u
    yield "ImageYUVToRGB", torch.stack([y + v / 0.713, green, y + u / 0.564], -1).clamp(0, 1)
    yield "NormalizeImages", (rgb - 0.4) / 0.2
    yield "AdjustBrightness", (rgb * 1.7).clamp(0, 1)
    yield "AdjustContrast", ((rgb - 0.5) * 1.7 + 0.5).clamp(0, 1)



def main():
    versions = f"torch {torch.__version__}, pillow {PIL.__version__}, scipy {scipy.__version__}, numpy {np.__version__}"
    metadata = {"script": "tools/golden/image_nodes.py", "seed": "crc32 of each source's name", "versions": versions}
    tensors = {name: value.float().contiguous().clone() for name, value in cases()}
    save_file(tensors, OUTPUT, metadata=metadata)
    print(OUTPUT.name, OUTPUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
