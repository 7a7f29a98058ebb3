#!/usr/bin/env python3
"""An autoencoder of the proportions of published ones: Tests/Golden/models/vae-file.safetensors.

    python tools/golden/autoencoder_file.py

Norms have groups of 32, as a file that comes without configuration must have; the weights follow from their names in diffusers'
spelling, as those of spellings.py. `mean` is what AutoencoderKL of diffusers gives for `image`, `decoded` for `latent`; the metadata
has the names and shapes, and how the original spelling calls each tensor.
"""
import json
import re
from pathlib import Path

import diffusers
import torch
from safetensors.torch import save_file
from spellings import stored

PATH = Path(__file__).resolve().parents[2] / "Tests/Golden/models/vae-file.safetensors"
CONFIG = dict(in_channels=3, out_channels=3, down_block_types=["DownEncoderBlock2D"] * 2, up_block_types=["UpDecoderBlock2D"] * 2,
              block_out_channels=[32, 64], layers_per_block=1, latent_channels=16, norm_num_groups=32, use_quant_conv=False,
              use_post_quant_conv=False, mid_block_add_attention=True)
# As the original code names the parts; the decoder's levels count from the largest picture.
ORIGINAL = [(r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2"), (r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample"),
            (r"up_blocks\.(\d)\.resnets\.(\d)", lambda m: f"up.{1 - int(m[1])}.block.{m[2]}"),
            (r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{1 - int(m[1])}.upsample"),
            (r"mid_block\.resnets\.0", "mid.block_1"), (r"mid_block\.resnets\.1", "mid.block_2"),
            (r"mid_block\.attentions\.0\.group_norm", "mid.attn_1.norm"), (r"mid_block\.attentions\.0\.to_([qkv])", r"mid.attn_1.\1"),
            (r"mid_block\.attentions\.0\.to_out\.0", "mid.attn_1.proj_out"), (r"conv_shortcut", "nin_shortcut"), (r"conv_norm_out", "norm_out")]


def original(name, shape):
    """The name and shape in the original spelling, where the layers of attention are convolutions."""
    for pattern, replacement in ORIGINAL:
        name = re.sub(pattern, replacement, name)
    return name, shape + [1, 1] if "attn_1" in name and len(shape) == 2 else shape


@torch.no_grad()
def main():
    model = diffusers.AutoencoderKL(**CONFIG).eval()
    shapes = {name: list(weight.shape) for name, weight in model.state_dict().items()}
    model.load_state_dict({name: stored(name, "F32", shape) for name, shape in shapes.items()})
    rng = torch.Generator().manual_seed(3)
    image, latent = torch.rand((1, 3, 12, 16), generator=rng) * 2 - 1, torch.randn((1, 16, 6, 8), generator=rng)
    tensors = {"image": image, "latent": latent, "mean": model.encode(image).latent_dist.mean, "decoded": model.decode(latent).sample}
    rows = [[name, shape, *original(name, shape)] for name, shape in shapes.items()]
    save_file(tensors, PATH, metadata={"script": "tools/golden/autoencoder_file.py", "seed": "3", "tensors": json.dumps(rows, separators=(",", ":")),
                                       "versions": f"torch {torch.__version__}, diffusers {diffusers.__version__}"})
    PATH.chmod(0o644)
    print({name: (list(value.shape), f"{value.std().item():.3f}") for name, value in tensors.items()})


if __name__ == "__main__":
    main()
