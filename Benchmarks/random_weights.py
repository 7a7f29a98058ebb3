"""Files of weights with random values, written as fast as the disk takes them."""
import json
import os
import struct

import numpy as np

# A prime, so that no two rows of a matrix are alike although the values of a file are one block again and again.
BLOCK = 1_048_573
SIZES = {"I8": 1, "U8": 1, "F8_E4M3": 1, "BF16": 2, "F32": 4}


def as_stored(kind, values):
    """f32 values as they are stored: BF16 or F32."""
    if kind == "BF16":
        return (values.view(np.uint32) >> 16).astype(np.uint16)
    return values


class RandomValues:
    """Random values as they are stored: one block of each kind and scale is drawn and read from where it was left."""

    def __init__(self, seed=1):
        self.generator, self.blocks, self.place = np.random.default_rng(seed), {}, 0
        self.uniform = self.generator.random(BLOCK, dtype=np.float32) * 2 - 1

    def block(self, kind, scale):
        """`BLOCK` values: uniform in -scale...scale, bytes without a scale."""
        if (kind, scale) not in self.blocks:
            if kind == "I8":
                values = self.generator.integers(-127, 128, BLOCK, dtype=np.int8)
            elif kind == "F8_E4M3":
                bits = self.generator.integers(0, 256, BLOCK, dtype=np.uint8)
                values = (bits & 0x87 | (bits >> 3 & 3) + 5 << 3).astype(np.uint8)
            else:
                values = as_stored(kind, self.uniform * np.float32(scale))
            self.blocks[kind, scale] = values
        return self.blocks[kind, scale]

    def write(self, file, kind, count, scale):
        """Writes `count` values."""
        block = self.block(kind, scale)
        while count:
            piece = block[self.place:self.place + count]
            file.write(piece.data)
            count -= len(piece)
            self.place = (self.place + len(piece)) % BLOCK


def floats(shapes, kind):
    """Tensors of `shapes` with values that keep the size of what passes through: rows for `write`."""
    for key, shape in shapes:
        inputs = int(np.prod(shape[1:], dtype=np.int64)) if len(shape) > 1 else 1
        is_norm = len(shape) == 1 and "norm" in key and not key.endswith("bias") or key.endswith("running_var")
        yield key, kind, shape, (3 / inputs) ** 0.5 if len(shape) > 1 else 0.05, 1.0 if is_norm else None


def write(path, tensors):
    """A safetensors file of rows (key, kind, shape, scale, center or bytes): bytes as they are, a center everywhere, else random."""
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for key, kind, shape, _, _ in tensors:
        size = int(np.prod(shape, dtype=np.int64)) * SIZES[kind]
        header[key] = {"dtype": kind, "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    random = RandomValues()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, kind, shape, scale, content in tensors:
            count = int(np.prod(shape, dtype=np.int64))
            if isinstance(content, bytes):
                file.write(content)
            elif content is not None:
                file.write(as_stored(kind, np.full(count, content, np.float32)).data)
            else:
                random.write(file, kind, count, scale)
        # What the system still writes while something is measured would be measured too.
        file.flush()
        os.fsync(file.fileno())
    print(f"{path.name}: {path.stat().st_size / 1e9:.2f} GB")
