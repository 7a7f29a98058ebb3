"""Colors of latents as ComfyUI previews them: Tests/Golden/nodes/latent_previews.safetensors.

    python tools/golden/latent_previews.py COMFYUI       COMFYUI is a checkout of ComfyUI

`NAME.latent` is random, `NAME.picture` what ComfyUI's own `Latent2RGBPreviewer` gives for the latent format of that name.
"""
import argparse
import sys
import zlib
from pathlib import Path

import torch
from safetensors.torch import save_file

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/nodes/latent_previews.safetensors"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("comfyui", type=Path)
    sys.path.insert(0, str(parser.parse_args().comfyui))
    import numpy
    from comfy.cli_args import args

    args.cpu = True
    from comfy import latent_formats
    from latent_preview import Latent2RGBPreviewer

    tensors = {}
    for name in ["SD15", "SDXL", "SD3", "Flux", "Flux2"]:
        if not hasattr(latent_formats, name):
            print(f"this ComfyUI has no {name}")
            continue
        format = getattr(latent_formats, name)()
        source = torch.Generator().manual_seed(zlib.crc32(name.encode()))
        latent = torch.randn(1, format.latent_channels, 5, 7, generator=source)
        reshape = getattr(format, "latent_rgb_factors_reshape", None)
        previewer = Latent2RGBPreviewer(format.latent_rgb_factors, format.latent_rgb_factors_bias, *([reshape] if reshape else []))
        picture = numpy.array(previewer.decode_latent_to_preview(latent))
        tensors |= {f"{name}.latent": latent, f"{name}.picture": torch.from_numpy(picture)}
    save_file(tensors, OUTPUT, metadata={"script": "tools/golden/latent_previews.py", "seed": "crc32 of each name",
                                         "versions": f"torch {torch.__version__}, ComfyUI's latent_preview.py"})
    print(OUTPUT.name, OUTPUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
