"""What ComfyUI takes models of true size for: Tests/Golden/comfyui/families.json.

    python tools/golden/family_settings.py COMFYUI

COMFYUI is a folder with ComfyUI's source, 618b803 (January 2026) or later. For each model of true_sizes.json, told by keys and shapes as ComfyUI does
(model_detection): how its noise is measured (`sampling`) and how its latents are scaled (`latent`). For the autoencoders of Stable Diffusion XL, FLUX.1 and
FLUX.2: keys and shapes, as patterns (true_sizes.py), and what ComfyUI's configuration of them says. For tiny autoencoders: the scales of the latents that
each previews.
"""
import argparse
import json
from pathlib import Path

import comfyui_runs
import torch
from true_sizes import compact, patterns

GOLDEN = Path(__file__).resolve().parents[2] / "Tests/Golden"


def unfolded(rows):
    """Keys and empty tensors of a model's patterns."""
    state = {}
    for pattern, entries in rows.items():
        for shape, numbers in entries:
            for number in numbers[0] if isinstance(numbers[0], list) else range(numbers[0], numbers[1] + 1):
                state[pattern.replace("*", str(number))] = torch.empty(shape, device="meta")
    return state


def scales(latent):
    return {"scale": latent.scale_factor, "shift": getattr(latent, "shift_factor", 0.0), "channels": latent.latent_channels}


def diffusion(rows):
    from comfy import model_base, model_detection
    settings = model_detection.model_config_from_unet(unfolded(rows), "")
    settings.unet_config["disable_unet_model_creation"] = True
    model = settings.get_model({}, device="cpu")
    sampling = {"kind": model.model_type.name}
    if model.model_type == model_base.ModelType.EPS:
        sampling |= {key: settings.sampling_settings[key] for key in ("linear_start", "linear_end", "beta_schedule")}
    elif model.model_type == model_base.ModelType.IMG_TO_IMG:
        # ModelSamplingDiscrete's own.
        sampling |= {"linear_start": 0.00085, "linear_end": 0.012, "beta_schedule": "linear"} | settings.sampling_settings
    else:
        sampling |= {"shift": model.model_sampling.shift, "multiplier": getattr(model.model_sampling, "multiplier", 1.0)}
    return {"class": type(settings).__name__, "sampling": sampling, "latent": scales(model.latent_format)}


def autoencoder(channels, quantises, packs):
    from comfy.ldm.models.autoencoder import AutoencoderKL, AutoencodingEngine
    # What comfy/sd.py has for files without other marks.
    sizes = {"double_z": True, "z_channels": channels, "resolution": 256, "in_channels": 3, "out_ch": 3, "ch": 128, "ch_mult": [1, 2, 4, 4], "num_res_blocks": 2,
             "attn_resolutions": [], "dropout": 0.0, "batch_norm_latent": packs}
    part = "comfy.ldm.modules.diffusionmodules.model."
    with torch.device("meta"):
        if quantises:
            made = AutoencoderKL(ddconfig=sizes, embed_dim=channels)
        else:
            made = AutoencodingEngine(
                encoder_config={"target": part + "Encoder", "params": sizes}, decoder_config={"target": part + "Decoder", "params": sizes},
                regularizer_config={"target": "comfy.ldm.models.autoencoder.DiagonalGaussianRegularizer"})
    shapes = {key: list(value.shape) for key, value in made.state_dict().items()}
    return {"channels": 4 * channels if packs else channels, "factor": 16 if packs else 8, "levels": [128 * n for n in sizes["ch_mult"]],
            "layers": sizes["num_res_blocks"], "quantises": quantises, "tensors": compact(patterns(shapes))}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("comfyui", type=Path)
    comfyui_runs.prepare(parser.parse_args().comfyui.resolve(), using={"einops", "comfy_kitchen"})
    from comfy import latent_formats
    models = json.loads((GOLDEN / "families/true_sizes.json").read_text())["models"]
    formats = [latent_formats.SD15(), latent_formats.SDXL(), latent_formats.SD3(), latent_formats.Flux()]
    found = {
        "script": "tools/golden/family_settings.py", "models": {name: diffusion(model["original"]) for name, model in models.items()},
        "autoencoders": {"sdxl_vae": autoencoder(4, True, False), "ae": autoencoder(16, False, False), "flux2-vae": autoencoder(32, True, True)},
        # FLUX.2's latents are not scaled, and its tiny autoencoder is newer than that source.
        "tiny": {latent.taesd_decoder_name.removesuffix("_decoder"): scales(latent) for latent in formats} | {"taef2": scales(latent_formats.Flux2())},
    }
    path = GOLDEN / "comfyui/families.json"
    path.write_text(json.dumps(found, separators=(",", ":")) + "\n")
    for name, model in found["models"].items():
        print(f"{name:16} {model['class']:12} {model['sampling']} {model['latent']}")
    print(found["tiny"], f"{path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
