"""Safetensors files of every dtype, written by the safetensors package: Tests/Golden/weights/*.safetensors.

    python tools/golden/weights.py           write both files again

`dtypes.safetensors` has one tensor for each dtype PyTorch can save; for those that are converted on reading, `expect.NAME`
holds PyTorch's own conversion to float32 or int64. The 8-bit floats run through all 256 bytes.
"""
from pathlib import Path

import safetensors
import torch
from safetensors.torch import save_file

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/weights"
FLOAT8 = ["float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu", "float8_e4m3fnuz", "float8_e5m2fnuz"]


def main():
    values = torch.tensor([[0.0, 1.5, -2.25], [65504.0, 6e-5, -1e-3]])
    whole = torch.tensor([0, 1, -2, 100])
    tensors = {name: values.to(getattr(torch, name)) for name in ["float16", "bfloat16", "float32", "float64"]}
    tensors |= {name: whole.to(getattr(torch, name)) for name in ["int8", "int16", "int32", "int64"]}
    tensors |= {name: whole.abs().to(getattr(torch, name)) for name in ["uint8", "uint16", "uint32", "uint64"]}
    tensors["bool"] = torch.tensor([True, False, True])
    tensors["scalar"] = torch.tensor(3.5)
    for name in FLOAT8:
        tensors[name] = torch.arange(256, dtype=torch.uint8).view(getattr(torch, name))
    expected = {f"expect.{name}": tensors[name].float() for name in FLOAT8}
    versions = f"torch {torch.__version__}, safetensors {safetensors.__version__}"
    metadata = {"script": "tools/golden/weights.py", "seed": "none", "versions": versions}
    OUTPUT.mkdir(parents=True, exist_ok=True)
    path = OUTPUT / "dtypes.safetensors"
    for name in list(expected):
        try:
            save_file({name: tensors[name.removeprefix("expect.")]}, path)
        except KeyError as error:
            print(f"the safetensors package cannot write {error}")
            del tensors[name.removeprefix("expect.")], expected[name]
    save_file(tensors | expected, path, metadata=metadata)
    print(path.name, path.stat().st_size, "bytes", sorted(tensors))


if __name__ == "__main__":
    main()
