"""A models folder with files of true size and random weights, made on the spot: what a step costs does not depend on the values.

    python Benchmarks/true_size.py DIR z-image      Z-Image-Turbo in int8 with ConvRot, Qwen3-4B, FLUX.1's autoencoder
    diorama render Benchmarks/graphs/z-image-turbo.json --models DIR --output out.png
    python Benchmarks/true_size.py DIR flux         FLUX.1-schnell in Q4_K (GGUF), T5-XXL in fp8, CLIP-L, the autoencoder
    diorama render Benchmarks/graphs/flux-schnell.json --models DIR --output out.png
    python Benchmarks/true_size.py DIR tiny         tiny models under all the names that ComfyUI's templates of the known families ask for
    diorama render Tests/Golden/workflows/ui/flux_schnell.json --models DIR --output out.png

About 15 and 13 GB are written. Names and shapes are those of Tests/Golden/families and of diffusers' AutoencoderKL; tokenizers are the small
ones of the goldens.
"""
import argparse
import json
import shutil
import struct
from pathlib import Path

import numpy as np

from random_weights import RandomValues, floats, write

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


def is_matrix_of_a_block(key, shape):
    in_a_block = any(part in key for part in ("block", "layers.", "refiner."))
    return len(shape) == 2 and in_a_block and key.endswith(".weight") and shape[1] % 16 == 0 \
        and "relative" not in key and "adaLN" not in key


def stored(shapes, kind):
    """Tensors as ComfyUI's files have them: the blocks' matrices in `kind`, all else in bf16, or in f32 where that is the kind."""
    for row in floats(shapes, "F32" if kind == "f32" else "BF16"):
        key, _, shape, _, _ = row
        if kind in ("f32", "f16", "bf16") or not is_matrix_of_a_block(key, shape):
            yield row
            continue
        layer = key.removesuffix(".weight")
        if kind == "int8_convrot":
            group = next(size for size in (256, 64, 16) if shape[1] % size == 0)
            text = json.dumps({"format": "int8_tensorwise", "convrot": True, "convrot_groupsize": group}).encode()
            scales = np.full(shape[0], 1 / (74 * shape[1] ** 0.5), np.float32)
            yield key, "I8", shape, 0, None
            yield key + "_scale", "F32", [shape[0], 1], 0, scales.tobytes()
            yield layer + ".comfy_quant", "U8", [len(text)], 0, text
            continue
        yield key, "F8_E4M3", shape, 0, None
        scale = np.float32(0.7 / shape[1] ** 0.5).tobytes()
        if kind == "scaled_fp8":
            yield layer + ".scale_weight", "F32", [], 0, scale
        if kind == "comfy_fp8":
            text = b'{"format": "float8_e4m3fn"}'
            yield key + "_scale", "F32", [], 0, scale
            yield layer + ".comfy_quant", "U8", [len(text)], 0, text
    if kind == "scaled_fp8":
        yield "scaled_fp8", "F8_E4M3", [0], 0, b""


def write_q4_k_blocks(file, count, step, generator):
    """Random blocks of Q4_K whose values are around zero."""
    while count:
        part = min(count, PIECE // 256)
        blocks = generator.integers(0, 256, (part, 144), dtype=np.uint8)
        blocks[:, 0:2] = np.frombuffer(np.float16(step).tobytes(), np.uint8)
        blocks[:, 2:4] = np.frombuffer(np.float16(7.5 * step).tobytes(), np.uint8)
        file.write(blocks.data)
        count -= part


def write_q4_k(path, architecture, shapes):
    """A GGUF file: the blocks' matrices in Q4_K, all else in f32."""
    rows, infos, end = [], b"", 0
    for key, shape in shapes:
        in_blocks = len(shape) == 2 and key.startswith(("double_blocks.", "single_blocks.")) and shape[1] % 256 == 0
        count = int(np.prod(shape, dtype=np.int64))
        size = count // 256 * 144 if in_blocks else 4 * count
        name = key.encode()
        infos += struct.pack("<Q", len(name)) + name + struct.pack("<I", len(shape))
        infos += b"".join(struct.pack("<Q", extent) for extent in reversed(shape))
        infos += struct.pack("<IQ", 12 if in_blocks else 0, end)
        rows.append((key, shape, count, size, in_blocks))
        end += -(-size // 32) * 32
    text, value = b"general.architecture", architecture.encode()
    header = b"GGUF" + struct.pack("<IQQ", 3, len(rows), 1)
    header += struct.pack("<Q", len(text)) + text + struct.pack("<IQ", 8, len(value)) + value + infos
    path.parent.mkdir(parents=True, exist_ok=True)
    generator, values = np.random.default_rng(1), RandomValues()
    with open(path, "wb") as file:
        file.write(header + b"\0" * (-len(header) % 32))
        for key, shape, count, size, in_blocks in rows:
            if in_blocks:
                write_q4_k_blocks(file, count // 256, 1 / (150 * shape[-1] ** 0.5), generator)
            elif key.endswith(".scale"):
                file.write(np.ones(count, np.float32).data)
            else:
                values.write(file, "F32", count, (3 / shape[-1]) ** 0.5 if len(shape) > 1 else 0.05)
            file.write(b"\0" * (-size % 32))
    print(f"{path.name}: {path.stat().st_size / 1e9:.2f} GB")


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
    parser.add_argument("model", choices=["z-image", "flux", "tiny"])
    arguments = parser.parse_args()
    folder = arguments.folder
    sizes = json.loads((GOLDEN / "families/true_sizes.json").read_text())["models"]
    vocabularies = [("qwen3", "qwen-t5/qwen.json", "tokenizer.json"), ("t5", "qwen-t5/t5.json", "tokenizer.json"),
                    ("clip", "clip-l/vocab.json", "vocab.json"), ("clip", "clip-l/merges.txt", "merges.txt")]
    if arguments.model != "tiny":
        write(folder / "vae/ae.safetensors", list(floats(autoencoder(), "BF16")))
    if arguments.model == "tiny":
        files = json.loads((GOLDEN / "families/tiny_models.json").read_text())["files"]
        for name, file in files.items():
            write(folder / name, list(stored(unfolded(file["tensors"]), file["stored"])))
    elif arguments.model == "z-image":
        z_image = list(unfolded(sizes["Z-Image"]["original"]))
        write(folder / "diffusion_models/z_image_turbo_int8_convrot.safetensors", list(stored(z_image, "int8_convrot")))
        write(folder / "text_encoders/qwen_3_4b.safetensors", list(floats(encoder("Qwen3-4B"), "BF16")))
    else:
        write_q4_k(folder / "diffusion_models/flux1-schnell-Q4_K.gguf", "flux", list(unfolded(sizes["FLUX.1-schnell"]["original"])))
        write(folder / "text_encoders/t5xxl_fp8_e4m3fn_scaled.safetensors", list(stored(encoder("T5-XXL"), "scaled_fp8")))
        write(folder / "text_encoders/clip_l.safetensors", list(floats(encoder("CLIP-L"), "BF16")))
    for kind, golden, name in vocabularies:
        target = folder / "tokenizers" / kind / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(GOLDEN / "tokenizers" / golden, target)


if __name__ == "__main__":
    main()
