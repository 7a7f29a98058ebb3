"""torch's processor generator: Tests/Golden/randn.safetensors.

    python tools/golden/randn.py

For every seed, element type and size: all bits where there are few, and the FNV-1a hash of all bits where there are many
(as two 32-bit halves; see `hash_bits`). A `sequence` is drawn from one generator, call after call. torch must run its AVX2
kernels; Diorama gives these bits on every machine.
"""
from pathlib import Path

import torch
from safetensors.torch import save_file

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/randn.safetensors"
SEEDS = [0, 1, 2**32 + 5, 2**64 - 1]
SMALL = [1, 2, 5, 15, 16, 17, 31, 33, 100]
LARGE = [1_000, 4_099, 16_384, 65_537, 100_000]
SEQUENCE = [3, 2, 16, 1, 40, 5, 4, 17]
TYPES = {"f32": torch.float32, "f64": torch.float64, "f16": torch.float16, "bf16": torch.bfloat16}
INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


def hash_bits(values):
    """FNV-1a, 64 bits, over the elements' bits as unsigned integers, low byte first."""
    state = 0xCBF29CE484222325
    for byte in values.view(torch.uint8).tolist():
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return torch.tensor([state >> 32, state & 0xFFFFFFFF])


def bits(values):
    """The elements' bits as integers of their width; 16-bit ones widened, as safetensors readers know them all."""
    integers = values.view(INTEGERS[values.element_size()])
    return integers.to(torch.int32) if values.element_size() == 2 else integers


if __name__ == "__main__":
    assert torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512"), "needs a machine with AVX2"
    tensors = {}
    for seed in SEEDS:
        def generator():
            return torch.Generator().manual_seed(seed)

        for kind, dtype in TYPES.items():
            for size in SMALL:
                tensors[f"{seed}.{kind}.{size}"] = bits(torch.randn(size, generator=generator(), dtype=dtype)).clone()
            for size in LARGE:
                tensors[f"{seed}.{kind}.{size}"] = hash_bits(torch.randn(size, generator=generator(), dtype=dtype))
            one = generator()
            for position, size in enumerate(SEQUENCE):
                tensors[f"{seed}.{kind}.sequence.{position}"] = bits(torch.randn(size, generator=one, dtype=dtype)).clone()
        tensors[f"{seed}.rand"] = bits(torch.rand(33, generator=generator())).clone()
    metadata = {"script": "tools/golden/randn.py", "seed": ", ".join(map(str, SEEDS)), "versions": f"torch {torch.__version__}"}
    save_file(tensors, OUTPUT, metadata)
    print(f"{OUTPUT}: {len(tensors)} tensors, {OUTPUT.stat().st_size} bytes")
