"""Writes Tests/Golden/images: small PNG and JPEG files, and what must be read from them.

The PNGs are put together here, from seeded samples, for every color type, depth and interlacing; the pixels that must
come out are known from that, and Pillow is asked to agree with each (it reads 16-bit color in 8 bits, so there with
the high bytes). The JPEGs are Pillow's, and so are the pixels that must come out of them.

    python tools/golden/images.py            (needs pillow and numpy; libjpeg-turbo comes with pillow)

Seed 20. `expected.json` holds versions, and a record a file: size, channels, depth and pixels (hexadecimal, big endian)
or the embedded texts.
"""

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageOps, PngImagePlugin, features

SEED = 20
FOLDER = Path(__file__).resolve().parents[2] / "Tests" / "Golden" / "images"
GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
STORED = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGBA: 4}
NAMES = {GRAY: "gray", RGB: "rgb", PALETTE: "palette", GRAY_ALPHA: "gray-alpha", RGBA: "rgba"}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]

PROMPT = '{"3": {"class_type": "KSampler", "inputs": {"seed": 18446744073709551615, "text": "caf\\u00e9 \\ud83e\\udd8a: a, b"}}}'
WORKFLOW = '{"version": 0.4, "nodes": [{"id": 3, "type": "KSampler"}], "links": []}'


# PNG


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed(rows: np.ndarray, depth: int) -> list[bytes]:
    """Rows of samples [H, W * samples] as PNG stores them."""
    if depth == 16:
        return [row.astype(">u2").tobytes() for row in rows]
    if depth == 8:
        return [row.astype(np.uint8).tobytes() for row in rows]
    bits = [np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, -depth:].ravel() for row in rows]
    return [np.packbits(row).tobytes() for row in bits]


def filtered(rows: list[bytes], step: int, rng: np.random.Generator) -> bytes:
    """Rows with a filter each, drawn at random, so that all five are met."""
    out = bytearray()
    above = bytes(len(rows[0]))
    for row in rows:
        kind = int(rng.integers(5))
        out.append(kind)
        for i, value in enumerate(row):
            left = row[i - step] if i >= step else 0
            corner = above[i - step] if i >= step else 0
            up = above[i]
            p = left + up - corner
            paeth = min((abs(p - left), 0, left), (abs(p - up), 1, up), (abs(p - corner), 2, corner))[2]
            out.append((value - [0, left, up, (left + up) // 2, paeth][kind]) % 256)
        above = row
    return bytes(out)


def png(samples: np.ndarray, color: int, depth: int, interlaced: bool, rng, before: bytes = b"") -> bytes:
    """A PNG of stored samples [H, W, samples]; `before` are chunks between IHDR and IDAT."""
    height, width, count = samples.shape
    step = max(1, count * depth // 8)
    body = b""
    for x, y, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        part = samples[y::dy, x::dx]
        if part.size:
            body += filtered(packed(part.reshape(part.shape[0], -1), depth), step, rng)
    data = zlib.compress(body, 9)
    half = len(data) // 2
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before
        + chunk(b"IDAT", data[:half]) + chunk(b"IDAT", data[half:]) + chunk(b"IEND", b"")
    )


def widened(samples: np.ndarray, depth: int) -> np.ndarray:
    return samples.astype(np.uint16) if depth == 16 else (samples * (255 // (2**depth - 1))).astype(np.uint8)


def pngs(rng: np.random.Generator):
    """Every (color type, depth, interlacing, transparency) with the pixels that must be read, [H, W, channels]."""
    depths = {GRAY: [1, 2, 4, 8, 16], RGB: [8, 16], PALETTE: [1, 2, 4, 8], GRAY_ALPHA: [8, 16], RGBA: [8, 16]}
    for color, depth in [(color, depth) for color, all_depths in depths.items() for depth in all_depths]:
        for interlaced in [False, True]:
            for transparent in [False, True] if color in (GRAY, RGB, PALETTE) else [False]:
                samples = rng.integers(0, 2**depth, (9, 11, STORED[color]))
                opaque = widened(np.full((9, 11, 1), 2**depth - 1), depth)
                before = b""
                if color == PALETTE:
                    table = rng.integers(0, 256, (2**depth, 3)).astype(np.uint8)
                    before += chunk(b"PLTE", table.tobytes())
                    pixels = table[samples[..., 0]]
                    if transparent:
                        alphas = rng.integers(0, 256, max(1, 2**depth - 1)).astype(np.uint8)
                        before += chunk(b"tRNS", alphas.tobytes())
                        alphas = np.append(alphas, np.full(2**depth - len(alphas), 255, np.uint8))
                        pixels = np.dstack([pixels, alphas[samples[..., 0]]])
                else:
                    pixels = widened(samples, depth)
                    if transparent:
                        key = samples[4, 5]
                        before += chunk(b"tRNS", key.astype(">u2").tobytes())
                        hidden = (samples == key).all(axis=2, keepdims=True)
                        pixels = np.dstack([pixels, np.where(hidden, 0, opaque).astype(pixels.dtype)])
                name = f"{NAMES[color]}-{depth}{'-trns' if transparent else ''}{'-interlaced' if interlaced else ''}.png"
                yield name, png(samples, color, depth, interlaced, rng, before), pixels


def agree(data: bytes, pixels: np.ndarray) -> None:
    """Pillow reads the same pixels."""
    image = Image.open(io.BytesIO(data))
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[pixels.shape[2]]
    if pixels.dtype == np.uint16:
        if image.mode == "I;16":
            assert (np.asarray(image) == pixels[..., 0]).all()
            return
        colors = pixels.shape[2] if "transparency" not in image.info else pixels.shape[2] - 1
        read = np.asarray(image.convert({1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[colors]))
        assert (read.reshape(*read.shape[:2], -1) == pixels[..., :colors] >> 8).all()
        return
    if mode == "LA" and image.mode == "1":
        image = image.convert("L")  # Pillow loses the transparency of 1-bit gray
        pixels = pixels[..., :1]
        mode = "L"
    if image.mode == "L" and isinstance(image.info.get("transparency"), int):
        # Pillow compares the widened gray with the key as it is stored; widen the key
        depth = data[24]
        image.info["transparency"] *= 255 // (2**depth - 1)
    read = np.asarray(image.convert(mode))
    assert (read.reshape(*read.shape[:2], -1) == pixels).all(), image


# JPEG


def scene(width: int, height: int) -> np.ndarray:
    """A smooth picture with an edge, [H, W, 3]."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [128 + 100 * np.sin(x / 7 + y / 11), 255 * x / width, np.where(x + y > 30, 220, 40) - y]
    return np.clip(np.stack(planes, axis=2), 0, 255).astype(np.uint8)


def jpegs():
    """Files of every kind that is read, made by Pillow."""
    picture = Image.fromarray(scene(37, 29))

    def saved(image: Image.Image, **options) -> bytes:
        file = io.BytesIO()
        image.save(file, "JPEG", **({"quality": 90} | options))
        return file.getvalue()

    cmyk = saved(picture.convert("CMYK"))
    adobe = cmyk.index(b"Adobe")
    yield "gray.jpg", saved(picture.convert("L"))
    yield "444.jpg", saved(picture, subsampling="4:4:4")
    yield "422.jpg", saved(picture, subsampling="4:2:2")
    yield "420.jpg", saved(picture, subsampling="4:2:0")
    yield "quality-30.jpg", saved(picture, subsampling="4:2:0", quality=30, optimize=True)
    yield "progressive.jpg", saved(picture, progressive=True)
    yield "restarts.jpg", saved(picture, restart_marker_blocks=2)
    yield "rgb.jpg", saved(picture, keep_rgb=True)
    yield "cmyk.jpg", cmyk
    yield "ycck.jpg", cmyk[: adobe + 11] + b"\x02" + cmyk[adobe + 12 :]
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"orientation-{orientation}.jpg", saved(Image.fromarray(scene(19, 13)), exif=exif)


# Text


def texts():
    """Files with embedded texts, and the entries that must be read."""
    picture = Image.fromarray(scene(8, 8))

    info = PngImagePlugin.PngInfo()
    info.add_text("prompt", PROMPT)
    info.add_text("workflow", WORKFLOW, zip=True)
    info.add_text("parameters", "café, 24 °C")
    info.add_itxt("Title", "狐 🦊", "ja", "題")
    info.add_itxt("Description", "雪の中の狐 " * 20, zip=True)
    file = io.BytesIO()
    picture.save(file, "PNG", pnginfo=info)
    entries = [["prompt", PROMPT], ["workflow", WORKFLOW], ["parameters", "café, 24 °C"], ["Title", "狐 🦊"]]
    yield "texts.png", file.getvalue(), entries + [["Description", "雪の中の狐 " * 20]]

    def jpeg(fill) -> bytes:
        exif = Image.Exif()
        fill(exif)
        file = io.BytesIO()
        picture.save(file, "JPEG", exif=exif)
        return file.getvalue()

    def comfy(exif):
        exif[0x0110] = "prompt:" + PROMPT
        exif[0x010F] = "workflow:" + WORKFLOW
        exif[0x010E] = "extra:1"

    def comment(data: bytes):
        return lambda exif: exif.get_ifd(0x8769).__setitem__(0x9286, data)

    both = '{"prompt": ' + PROMPT + ', "workflow": ' + WORKFLOW + "}"
    yield "make-model.jpg", jpeg(comfy), [["prompt", PROMPT], ["workflow", WORKFLOW], ["extra", "1"]]
    yield "comment-ascii.jpg", jpeg(comment(b"ASCII\0\0\0" + both.encode())), [["prompt", PROMPT], ["workflow", WORKFLOW]]
    parameters = "a fox, 狐\nSteps: 20, Sampler: Euler"
    yield "comment-utf16.jpg", jpeg(comment(b"UNICODE\0" + parameters.encode("utf-16-be"))), [["parameters", parameters]]


def bombs(rng: np.random.Generator):
    """Small files that inflate to megabytes."""
    zeros = zlib.compress(bytes(8 << 20), 9)
    small = png(rng.integers(0, 256, (2, 2, 3)), RGB, 8, False, rng, chunk(b"zTXt", b"prompt\0\0" + zeros))
    yield "ztxt-bomb.png", small
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, RGB, 0, 0, 0))
    yield "idat-bomb.png", b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zeros) + chunk(b"IEND", b"")


def main() -> None:
    rng = np.random.default_rng(SEED)
    FOLDER.mkdir(parents=True, exist_ok=True)
    pictures, embedded = {}, {}

    def record(name: str, data: bytes, pixels: np.ndarray) -> None:
        (FOLDER / name).write_bytes(data)
        pixels = pixels.reshape(*pixels.shape[:2], -1)
        height, width, channels = pixels.shape
        depth = pixels.dtype.itemsize * 8
        raw = pixels.astype(pixels.dtype.newbyteorder(">")).tobytes().hex()
        pictures[name] = {"width": width, "height": height, "channels": channels, "depth": depth, "pixels": raw}

    for name, data, pixels in pngs(rng):
        agree(data, pixels)
        record(name, data, pixels)
    for name, data in jpegs():
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        record(name, data, np.asarray(image if image.mode == "L" else image.convert("RGB")))
    record("scene.png", png(scene(37, 29), RGB, 8, False, rng), scene(37, 29))
    for name, data, entries in texts():
        (FOLDER / name).write_bytes(data)
        embedded[name] = entries
    for name, data in bombs(rng):
        (FOLDER / name).write_bytes(data)

    about = {
        "script": "tools/golden/images.py", "seed": SEED, "pillow": PIL.__version__, "numpy": np.__version__,
        "libjpeg-turbo": features.version("libjpeg_turbo"), "zlib": features.version("zlib"),
    }
    text = json.dumps({"about": about, "pictures": pictures, "texts": embedded}, indent=1)
    (FOLDER / "expected.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
