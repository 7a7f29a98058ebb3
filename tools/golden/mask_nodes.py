"""What ComfyUI's nodes on masks compute, by PyTorch and SciPy: Tests/Golden/nodes/mask_nodes.safetensors.

    python tools/golden/mask_nodes.py

Each reference is written here from what the node is to do; none is ComfyUI's code. They were compared with the
functions of a ComfyUI of October 2025, and agreed, but for what later versions changed, which is followed here: a
missing alpha is opaque in the source, and FeatherMask feathers right and below as it does left and above.

A key is the node's class, then what is special about the case; the sources have bare names.
"""
import zlib
from pathlib import Path

import numpy as np
import scipy
import scipy.ndimage
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/nodes/mask_nodes.safetensors"
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


def bilinear(mask, height, width):
    """Masks [B, H, W] stretched."""
    return F.interpolate(mask[:, None], size=(height, width), mode="bilinear")[:, 0]


# Compositing


def composite(destination, source, x, y, resize, mask):
    """A picture laid over another, where the mask says how opaque it is."""
    result = destination.clone()
    height, width = destination.shape[1:3]
    if resize:
        source = pixels(F.interpolate(planes(source), size=(height, width), mode="bilinear"))
    count = destination.shape[0]
    source = torch.stack([source[i % len(source)] for i in range(count)])
    opacity = torch.ones(source.shape[:3]) if mask is None else bilinear(mask, *source.shape[1:3])
    opacity = torch.stack([opacity[i % len(opacity)] for i in range(count)])[..., None]
    seen = (slice(None), slice(0, max(height - y, 0)), slice(0, max(width - x, 0)))
    place = (slice(None), slice(y, y + source.shape[1]), slice(x, x + source.shape[2]))
    result[place] = opacity[seen] * source[seen] + (1 - opacity[seen]) * result[place]
    return result


def porter_duff(source, source_mask, destination, destination_mask, mode):
    """The operators of Porter and Duff, and blends, over colors that alpha multiplied."""
    sa, da = 1 - source_mask[..., None], 1 - destination_mask[..., None]
    s, d = source * sa, destination * da
    zero, union = torch.zeros_like(d), sa + da - sa * da
    color, alpha = {
        "ADD": ((s + d).clamp(0, 1), (sa + da).clamp(0, 1)), "CLEAR": (zero, zero[..., :1]),
        "DARKEN": ((1 - da) * s + (1 - sa) * d + torch.minimum(s, d), union),
        "LIGHTEN": ((1 - da) * s + (1 - sa) * d + torch.maximum(s, d), union),
        "DST": (d, da), "SRC": (s, sa), "DST_ATOP": (sa * d + (1 - da) * s, sa), "SRC_ATOP": (da * s + (1 - sa) * d, da),
        "DST_IN": (d * sa, sa * da), "SRC_IN": (s * da, sa * da),
        "DST_OUT": ((1 - sa) * d, (1 - sa) * da), "SRC_OUT": ((1 - da) * s, (1 - da) * sa),
        "DST_OVER": (d + (1 - da) * s, da + (1 - da) * sa), "SRC_OVER": (s + (1 - sa) * d, sa + (1 - sa) * da),
        "MULTIPLY": (s * d, sa * da), "SCREEN": (s + d - s * d, union),
        "OVERLAY": (torch.where(2 * d < da, 2 * s * d, sa * da - 2 * (da - s) * (sa - d)), union),
        "XOR": ((1 - da) * s + (1 - sa) * d, (1 - da) * sa + (1 - sa) * da),
    }[mode]
    color = torch.where(alpha > 1e-5, color / alpha, zero).clamp(0, 1)
    return color, 1 - alpha[..., 0]


# Masks


def mask_composite(destination, source, x, y, operation):
    """One mask worked into another at a place."""
    result = destination.clone()
    d = result[:, y:y + source.shape[1], x:x + source.shape[2]]
    s = source[:, :d.shape[1], :d.shape[2]]
    d_on, s_on = d.round() != 0, s.round() != 0
    d[:] = {"multiply": d * s, "add": d + s, "subtract": d - s, "and": (d_on & s_on).float(),
            "or": (d_on | s_on).float(), "xor": (d_on ^ s_on).float()}[operation]
    return result.clamp(0, 1)


def feather(mask, left, top, right, bottom):
    """Multiplied by a ramp from each edge."""
    result = mask.clone()
    for axis, count, from_end in ((2, left, False), (2, right, True), (1, top, False), (1, bottom, True)):
        count = min(count, result.shape[axis])
        for i in range(count):
            result.select(axis, -(i + 1) if from_end else i).mul_((i + 1) / count)
    return result


def grow(mask, expand, tapered):
    """Grown or shrunk by single pixels, by a cross or a square."""
    shape = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]]) if tapered else np.ones((3, 3))
    step = scipy.ndimage.grey_erosion if expand < 0 else scipy.ndimage.grey_dilation
    result = []
    for plane in mask.numpy():
        for _ in range(abs(expand)):
            plane = step(plane, footprint=shape)
        result.append(torch.from_numpy(plane))
    return torch.stack(result)


def cases():
    """Everything that is stored, by name."""
    rgb, other = uniform("rgb", 2, 5, 7, 3), uniform("other", 2, 4, 9, 3)
    same, one, rgba = uniform("same", 2, 5, 7, 3), uniform("one", 1, 3, 4, 3), uniform("rgba", 2, 5, 7, 4)
    mask, small, soft = uniform("mask", 2, 5, 7), uniform("small", 1, 3, 4), uniform("soft", 2, 5, 7)
    yield from {"rgb": rgb, "other": other, "same": same, "one": one, "rgba": rgba, "mask": mask, "small": small,
                "soft": soft}.items()

    yield "ImageCompositeMasked.plain", composite(rgb, one, 2, 1, False, None)
    yield "ImageCompositeMasked.mask", composite(rgb, other, 3, 2, False, mask)
    yield "ImageCompositeMasked.resized", composite(rgb, one, 1, 0, True, small)
    yield "ImageCompositeMasked.outside", composite(rgb, one, 7, 16384, False, None)
    yield "ImageCompositeMasked.rgb over rgba", composite(rgba, F.pad(same, (0, 1), value=1.0), 0, 0, False, small)
    yield "ImageCompositeMasked.rgba over rgb", composite(rgb, rgba[..., :3], 0, 0, False, mask)
    yield "JoinImageWithAlpha", torch.cat([rgb[:1], 1 - bilinear(small, 5, 7)[..., None]], -1)
    for mode in ("ADD CLEAR DARKEN DST DST_ATOP DST_IN DST_OUT DST_OVER LIGHTEN MULTIPLY OVERLAY SCREEN SRC SRC_ATOP SRC_IN "
                 "SRC_OUT SRC_OVER XOR").split():
        color, cover = porter_duff(rgb[:1], mask[:1], same[:1], soft[:1], mode)
        yield f"PorterDuffImageComposite.{mode}", color
        yield f"PorterDuffImageComposite.{mode}.mask", cover
    scaled = bicubic(small[..., None], 5, 7)[..., 0]
    color, cover = porter_duff(bicubic(other[:1], 5, 7), scaled, rgb[:1], scaled, "SRC_OVER")
    yield "PorterDuffImageComposite.sizes", color
    yield "PorterDuffImageComposite.sizes.mask", cover

    for operation in ("multiply", "add", "subtract", "and", "or", "xor"):
        yield f"MaskComposite.{operation}", mask_composite(mask, small, 2, 3, operation)
    yield "MaskComposite.same", mask_composite(mask, soft, 0, 0, "xor")
    for sides in ((3, 2, 0, 4), (100, 0, 5, 1), (0, 0, 0, 0)):
        yield "FeatherMask." + ",".join(map(str, sides)), feather(mask, *sides)
    for expand, tapered in ((2, True), (2, False), (-1, True), (-2, False), (100, True), (0, False)):
        yield f"GrowMask.{expand},{tapered}", grow(mask, expand, tapered)
    yield "ThresholdMask", (mask > 0.7).float()


def main():
    versions = f"torch {torch.__version__}, scipy {scipy.__version__}, numpy {np.__version__}"
    metadata = {"script": "tools/golden/mask_nodes.py", "seed": "crc32 of each source's name", "versions": versions}
    tensors = {name: value.float().contiguous().clone() for name, value in cases()}
    save_file(tensors, OUTPUT, metadata=metadata)
    print(OUTPUT.name, OUTPUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
