"""Whole sampling runs of every family by ComfyUI's own code: Tests/Golden/comfyui/runs-*.safetensors.

    python tools/golden/family_runs.py COMFYUI     write all files again

COMFYUI is a folder with ComfyUI's source, 618b803 (January 2026) or later; nothing of it is copied. Beside requirements.txt it needs einops and
comfy-kitchen. From prompts and a seed to the picture: model_base and supported_models say how a family is asked and what its noise levels
and latents are, common_ksampler's functions walk, and VAE decodes. The transformers are those of spellings.py (variant `float16`), of which FLUX.1 schnell and
FLUX.2 klein have no guidance and Fill a wider input; the autoencoders have 32 channels, their weights follow from names too.

A file has what the network was shown in each call (`calls`, [N, C, H, W], the first of a batch, without channels beside the latent) and the times that it
was told (`times`), the latent that the sampler gives (`end`) and the first 96 columns of its picture (`picture`, [1, H, W, 3], float16), and the run's inputs. The metadata `run` says
what nodes are told, and `tensors` and `autoencoder` list names and shapes in the files that a test shall write.
"""
import argparse
import importlib
import json
from pathlib import Path

import comfyui_models
import comfyui_runs
import torch
from models import random
from safetensors import safe_open
from safetensors.torch import save_file
from spellings import stored

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/comfyui"
# What a family is called in spellings.py and in ComfyUI, and its autoencoder.
FAMILIES = {
    "flux": ("flux", "Flux", "plain"), "schnell": ("flux", "FluxSchnell", "plain"), "fill": ("flux", "FluxInpaint", "plain"),
    "klein": ("flux2", "Flux2", "packed"), "z-image": ("z-image", "ZImage", "plain"), "chroma": ("chroma", "Chroma", "plain"),
    "pixart": ("pixart", "PixArtSigma", "quant"), "sd3": ("sd3", "SD3", "plain"),
}
# Each run: its family, and what its nodes are told where that is not what they have by themselves.
RUNS = {
    "flux-dev": dict(family="flux", guidance=2.5),
    "flux-image": dict(family="flux", denoise=0.6),
    "schnell": dict(family="schnell"),
    "kontext": dict(family="flux", guidance=2.5, references=[(4, 6)]),
    "fill": dict(family="fill", guidance=30.0, inpaints=True),
    "fill-nothing": dict(family="fill", guidance=30.0),
    "fill-masked": dict(family="fill", guidance=30.0, denoise=1.0, masked=True),
    "klein": dict(family="klein", schedule="Flux2Scheduler", references=[(2, 3), (4, 1)]),
    "klein-simple": dict(family="klein"),
    "z-image": dict(family="z-image", cfg=4.0, negative=3),
    "z-image-turbo": dict(family="z-image"),
    "chroma": dict(family="chroma", cfg=3.5, negative=7),
    "pixart": dict(family="pixart", cfg=4.5, negative=5, size=(4, 64)),
    "sd3": dict(family="sd3", cfg=4.0, negative=5),
}
SEED = 7


def weights_of(family):
    """The configuration and the original weights of a family's model, and the inputs that spellings.py has for it."""
    config, weights, inputs = comfyui_models.spelled(FAMILIES[family][0])
    if family in ("schnell", "klein"):
        weights = {key: value for key, value in weights.items() if not key.startswith("guidance_in.")}
    if family == "fill":
        # The latent's channels, as many of the picture, and 64 of the mask.
        shape = [weights["img_in.weight"].shape[0], 4 * (4 + 4 + 64)]
        weights["img_in.weight"] = stored("img_in.weight", "F16", shape)
    return config, weights, inputs


def network(family, config, weights):
    """The model of ComfyUI's model code, as comfyui_models.py makes it."""
    operations = comfyui_models.operations()
    sizes = comfyui_models.flux_sizes(config) if "num_single_layers" in config else {}
    if family in ("flux", "schnell", "fill"):
        from comfy.ldm.flux.model import Flux
        model = Flux(in_channels=weights["img_in.weight"].shape[1] // 4, out_channels=4, vec_in_dim=config["pooled_projection_dim"], patch_size=2,
                     guidance_embed=family != "schnell", txt_ids_dims=[], **sizes, **operations)
    elif family == "klein":
        tiny = comfyui_models.resized("comfy.ldm.flux.model", ("256", str(config["timestep_guidance_channels"])))
        sizes |= dict(axes_dim=config["axes_dims_rope"], theta=config["rope_theta"], mlp_ratio=config["mlp_ratio"], qkv_bias=False)
        model = tiny.Flux(in_channels=16, out_channels=16, vec_in_dim=None, patch_size=1, guidance_embed=False, txt_ids_dims=[3],
                          global_modulation=True, mlp_silu_act=True, ops_bias=False, default_ref_method="index", ref_index_scale=10.0,
                          **sizes, **operations)
    elif family == "z-image":
        tiny = comfyui_models.resized("comfy.ldm.lumina.model", ("min(dim, 1024)", str(weights["t_embedder.mlp.0.weight"].shape[0])),
                                      ("output_size=256", f"output_size={min(config['dim'], 256)}"))
        names = ("in_channels", "dim", "n_layers", "n_refiner_layers", "n_heads", "n_kv_heads", "norm_eps", "qk_norm", "cap_feat_dim",
                 "rope_theta", "axes_dims", "axes_lens")
        model = tiny.NextDiT(patch_size=2, ffn_dim_multiplier=8 / 3, z_image_modulation=True, time_scale=config["t_scale"],
                             pad_tokens_multiple=32, **{name: config[name] for name in names}, **operations)
    elif family == "chroma":
        count = 3 * config["num_single_layers"] + 12 * config["num_layers"] + 2
        tiny = comfyui_models.resized("comfy.ldm.chroma.model", ("344", str(count)))
        model = tiny.Chroma(in_channels=16, out_channels=16, patch_size=2, in_dim=config["approximator_num_channels"],
                            hidden_dim=config["approximator_hidden_dim"], out_dim=sizes["hidden_size"], n_layers=config["approximator_layers"],
                            txt_ids_dims=[], vec_in_dim=None, **sizes, **operations)
    elif family == "pixart":
        from comfy.ldm.pixart.pixartms import PixArtMS
        model = PixArtMS(in_channels=4, hidden_size=config["num_attention_heads"] * config["attention_head_dim"], depth=config["num_layers"],
                         num_heads=config["num_attention_heads"], caption_channels=config["caption_channels"], micro_condition=False,
                         model_max_length=300, **operations)
        return comfyui_models.loaded(model, weights, missing=["y_embedder.y_embedding"])
    else:
        from comfy.ldm.modules.diffusionmodules.mmdit import OpenAISignatureMMDITWrapper
        embedder = {"target": "torch.nn.Linear",
                    "params": {"in_features": config["joint_attention_dim"], "out_features": config["caption_projection_dim"]}}
        model = OpenAISignatureMMDITWrapper(
            input_size=None, in_channels=4, depth=config["num_attention_heads"], num_blocks=config["num_layers"], qk_norm="rms",
            x_block_self_attn_layers=config["dual_attention_layers"], adm_in_channels=config["pooled_projection_dim"],
            context_embedder_config=embedder, pos_embed_max_size=config["pos_embed_max_size"], num_patches=config["pos_embed_max_size"] ** 2,
            **operations)
    return comfyui_models.loaded(model, weights)


def patcher(family, model, channels):
    """The model as a loader of ComfyUI gives it: the family's own class, noise levels and latents around the network."""
    from comfy import supported_models
    from comfy.model_patcher import ModelPatcher
    settings = getattr(supported_models, FAMILIES[family][1])(
        {"disable_unet_model_creation": True, "in_channels": channels, "out_channels": channels, "dtype": torch.float32, "adm_in_channels": 1})
    whole = settings.get_model({}, device="cpu")
    whole.diffusion_model = model
    whole.latent_format.latent_channels = channels
    return ModelPatcher(whole, load_device=torch.device("cpu"), offload_device=torch.device("cpu"))


def autoencoder(kind, width=32):
    """A tiny autoencoder in ComfyUI's class, and the names and shapes of its file."""
    from comfy.ldm.models.autoencoder import AutoencoderKL, AutoencodingEngine
    tiny = comfyui_models.resized("comfy.sd", ("'ch': 128, 'ch_mult': [1, 2, 4, 4], 'num_res_blocks': 2",
                                               f"'ch': {width}, 'ch_mult': [1, 1, 1, 1], 'num_res_blocks': 1"))
    sizes = {"double_z": True, "z_channels": 4, "resolution": 256, "in_channels": 3, "out_ch": 3, "ch": width, "ch_mult": [1, 1, 1, 1], "num_res_blocks": 1,
             "attn_resolutions": [], "dropout": 0.0, "batch_norm_latent": kind == "packed"}
    part = "comfy.ldm.modules.diffusionmodules.model."
    if kind == "plain":
        regularizer = {"target": "comfy.ldm.models.autoencoder.DiagonalGaussianRegularizer"}
        made = AutoencodingEngine(encoder_config={"target": part + "Encoder", "params": sizes}, regularizer_config=regularizer,
                                  decoder_config={"target": part + "Decoder", "params": sizes})
    else:
        made = AutoencoderKL(ddconfig=sizes, embed_dim=4)
    shapes = {key: list(value.shape) for key, value in made.state_dict().items() if value.is_floating_point()}
    return tiny.VAE(sd={key: stored(key, "F16", shape) for key, shape in shapes.items()}, dtype=torch.float32), shapes


def sampled(name, options):
    import comfy.sample
    import comfy.samplers
    import nodes
    family = options["family"]
    config, weights, inputs = weights_of(family)
    channels = inputs["latent"].shape[1]
    model = patcher(family, network(family, config, weights), channels)
    vae, files = autoencoder(FAMILIES[family][2])
    height, width = options.get("size", inputs["latent"].shape[2:])
    tensors = {"context": inputs["context"]}

    def prompt(tokens, said):
        return [[tokens, {"pooled_output": inputs.get("pooled"), **said}]]

    said = {"guidance": options["guidance"]} if "guidance" in options else {}
    if "references" in options:
        pictures = [random(f"{name} {i}", 1, channels, *size) for i, size in enumerate(options["references"])]
        tensors |= {f"reference.{i}": picture for i, picture in enumerate(pictures)}
        said["reference_latents"] = pictures
    positive, negative = prompt(inputs["context"], said), prompt(inputs["context"], said)
    if "negative" in options:
        tensors["negative"] = random("negative", 1, options["negative"], inputs["context"].shape[2])
        negative = prompt(tensors["negative"], {})
    if "pooled" in inputs:
        tensors["pooled"] = inputs["pooled"]

    latent, mask = torch.zeros(1, channels, height, width), None
    if "denoise" in options:
        latent = tensors["latent"] = random("image", 1, channels, height, width)
    if "masked" in options:
        mask = tensors["mask"] = (random("mask", 1, height * 2, width * 2) > 0).float() * 0.75
    if "inpaints" in options:
        # Pixels are squares of 8, so that the file is small; the mask is smaller than the picture.
        tensors["squares"] = random("squares", 1, height, width, 3).sigmoid()
        tensors["mask"] = (random("mask", 1, height * 2, width * 2) > 0).float() * 0.75
        pixels = tensors["squares"].repeat_interleave(8, 1).repeat_interleave(8, 2)
        positive, negative, out = nodes.InpaintModelConditioning().encode(positive, negative, pixels, vae, tensors["mask"], True)
        latent, mask = out["samples"], out["noise_mask"]
        tensors["latent"] = latent

    calls = []
    model.model.diffusion_model.register_forward_pre_hook(lambda module, given: calls.append((given[0][:1, :channels], given[1][:1])))
    noise = comfy.sample.prepare_noise(latent, SEED)
    steps, cfg = options.get("steps", 4), options.get("cfg", 1.0)
    common = dict(latent_image=latent, noise_mask=mask, seed=SEED, disable_pbar=True)
    if "schedule" in options:
        from comfy_extras import nodes_flux
        sigmas = nodes_flux.Flux2Scheduler.execute(steps, 16 * width, 16 * height)[0]
        end = comfy.sample.sample_custom(model, noise, cfg, comfy.samplers.sampler_object("euler"), sigmas, positive, negative, **common)
    else:
        end = comfy.sample.sample(model, noise, steps, cfg, "euler", "simple", positive, negative, denoise=options.get("denoise", 1.0), **common)
    once = [call for i, call in enumerate(calls) if i == 0 or not torch.equal(call[1], calls[i - 1][1])]
    assert len(once) == steps, (name, len(calls))
    picture = vae.decode(end)
    tensors |= {"calls": torch.cat([latent for latent, _ in once]), "times": torch.cat([time for _, time in once]), "end": end,
                "picture": picture[:, :, :96].half()}
    inside = ((picture > 0) & (picture < 1)).float().mean().item()
    print(f"{name:14} times {[round(t, 4) for t in tensors['times'].tolist()]} end {end.std().item():.3f} picture {picture.std().item():.3f}, "
          f"{inside:.0%} inside")
    save_file({key: value.clone().contiguous() for key, value in tensors.items()}, OUTPUT / f"runs-{name}.safetensors", metadata={
        "script": "tools/golden/family_runs.py", "versions": f"torch {torch.__version__}",
        "run": json.dumps(dict(options, model=FAMILIES[family][0], seed=SEED, steps=steps, cfg=cfg)),
        "tensors": json.dumps({key: list(value.shape) for key, value in weights.items()}, separators=(",", ":")),
        "autoencoder": json.dumps(files, separators=(",", ":"))})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("comfyui", type=Path)
    comfyui_runs.prepare(parser.parse_args().comfyui.resolve(), using={"einops", "comfy_kitchen"})
    for name, options in RUNS.items():
        sampled(name, options)


if __name__ == "__main__":
    main()
