"""A models folder with files of true size and random weights, made on the spot: what a step costs does not depend on the values.

    python Benchmarks/true_size.py DIR              Z-Image-Turbo in int8 with ConvRot, Qwen3-4B, FLUX.1's autoencoder
    diorama render Benchmarks/graphs/z-image-turbo.json --models DIR --output out.png

About 14 GB are written. Names and shapes are those of Tests/Golden/families and of diffusers' AutoencoderKL; tokenizers are the small
ones of the goldens.
"""
import argparse
import json
import shutil
import struct
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "Tests/Golden"
PIECE = 1 << 24


def unfolded(patterns):
    """Keys and shapes of patterns in which `*` stands for numbers."""
    for pattern, entries in patterns.items():
        for shape, numbers in entries:
            listed = numbers[0] if isinstance(numbers[0], list) else range(numbers[0], numbers[1] + 1)
            for number in listed:
                yield pattern.replace("*", str(number)), shape


def random_bytes(kind, count, scale, generator):
    """`count` random values as they are stored."""
    if kind == "I8":
        return generator.integers(-127, 128, count, dtype=np.int8).tobytes()
    values = (generator.random(count, dtype=np.float32) * 2 - 1) * np.float32(scale)
    if kind == "BF16":
        return (values.view(np.uint32) >> 16).astype(np.uint16).tobytes()
    return values.tobytes()


def write(path, tensors):
    """A safetensors file of (key, kind, shape, scale, center or bytes)."""
    sizes = {"I8": 1, "U8": 1, "BF16": 2, "F32": 4}
    header, end = {}, 0
    for key, kind, shape, _, _ in tensors:
        size = int(np.prod(shape, dtype=np.int64)) * sizes[kind]
        header[key] = {"dtype": kind, "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(1)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, kind, shape, scale, content in tensors:
            if isinstance(content, bytes):
                file.write(content)
                continue
            left = int(np.prod(shape, dtype=np.int64))
            if content is not None:
                file.write(np.full(left, content, np.float32).view(np.uint32).__rshift__(16).astype(np.uint16).tobytes()
                           if kind == "BF16" else np.full(left, content, np.float32).tobytes())
                continue
            while left:
                count = min(left, PIECE)
                file.write(random_bytes(kind, count, scale, generator))
                left -= count
    print(f"{path.name}: {path.stat().st_size / 1e9:.2f} GB")


def floats(shapes, kind):
    for key, shape in shapes:
        inputs = int(np.prod(shape[1:], dtype=np.int64)) if len(shape) > 1 else 1
        is_norm = len(shape) == 1 and "norm" in key and not key.endswith("bias")
        yield key, kind, shape, (3 / inputs) ** 0.5 if len(shape) > 1 else 0.05, 1.0 if is_norm else None


def int8_convrot(shapes):
    """As ComfyUI's files: the blocks' matrices in int8, all else in bf16."""
    text = json.dumps({"format": "int8_tensorwise", "convrot": True, "convrot_groupsize": 256}).encode()
    for row in floats(shapes, "BF16"):
        key, _, shape, _, _ = row
        if len(shape) != 2 or not key.startswith(("layers.", "noise_refiner.", "context_refiner.")) or "adaLN" in key:
            yield row
            continue
        yield key, "I8", shape, 0, None
        scales = np.full(shape[0], 1 / (74 * shape[1] ** 0.5), np.float32)
        yield key + "_scale", "F32", [shape[0], 1], 0, scales.tobytes()
        yield key.removesuffix("weight") + "comfy_quant", "U8", [len(text)], 0, text


def autoencoder():
    """FLUX.1's, in diffusers' names."""
    import torch
    from diffusers import AutoencoderKL

    with torch.device("meta"):
        model = AutoencoderKL(down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
                              block_out_channels=[128, 256, 512, 512], layers_per_block=2, latent_channels=16,
                              use_quant_conv=False, use_post_quant_conv=False)
    return [(key, list(value.shape)) for key, value in model.state_dict().items()]


def encoder(name):
    tensors = json.loads((GOLDEN / "models/encoder-shapes.json").read_text())["encoders"][name]
    for pattern, shape in tensors["tensors"].items():
        for number in range(tensors["layers"] if "*" in pattern else 1):
            yield pattern.replace("*", str(number)), shape


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    sizes = json.loads((GOLDEN / "families/true_sizes.json").read_text())["models"]
    z_image = list(unfolded(sizes["Z-Image"]["original"]))
    write(folder / "diffusion_models/z_image_turbo_int8_convrot.safetensors", list(int8_convrot(z_image)))
    write(folder / "text_encoders/qwen_3_4b.safetensors", list(floats(encoder("Qwen3-4B"), "BF16")))
    write(folder / "vae/ae.safetensors", list(floats(autoencoder(), "BF16")))
    for kind, golden, name in (("qwen3", "qwen-t5/qwen.json", "tokenizer.json"),):
        target = folder / "tokenizers" / kind / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(GOLDEN / "tokenizers" / golden, target)


if __name__ == "__main__":
    main()
