"""What ComfyUI's own code gives for FLUX.1's models for control and adapters that make them: Tests/Golden/comfyui/flux_control.safetensors.

    python tools/golden/flux_control.py COMFYUI

COMFYUI is a folder with ComfyUI's source, as for comfyui_models.py. The model is `flux` of spellings.py with an `img_in` of twice as many inputs
(`wide.*`), and, as another one, itself with an adapter (`bfl.*`, as Black Forest Labs have those for Canny and Depth) that widens `img_in`,
changes a weight and a bias and replaces a norm: read, converted and added to the weights by ComfyUI. `shown.*` is what ComfyUI's FLUX.1 makes of a
picture and a mask beside a prompt.
"""
import argparse
from pathlib import Path
from types import SimpleNamespace

import comfyui_runs
import torch
from comfyui_models import GOLDEN, flux_sizes, loaded, operations, spelled
from models import random
from safetensors.torch import save_file


def model(config, weights, inputs):
    from comfy.ldm.flux.model import Flux
    return loaded(Flux(in_channels=inputs, out_channels=4, vec_in_dim=config["pooled_projection_dim"], patch_size=2, guidance_embed=True,
                       txt_ids_dims=[], **flux_sizes(config), **operations()), weights)


def control(tensors):
    config, weights, inputs = spelled("flux")
    width = weights["img_in.weight"].shape[0]
    picture = random("control.picture", *inputs["latent"].shape)
    tensors["picture"] = picture

    def run(network):
        return network(torch.cat([inputs["latent"], picture], 1), torch.tensor([0.75]), inputs["context"], y=inputs["pooled"],
                       guidance=torch.full([1], 2.5))

    wide = random("img_in", width, 32).half().float() / 32 ** 0.5
    wide = wide.half().float()
    tensors["wide.img_in"] = wide
    tensors["wide.velocity"] = run(model(config, weights | {"img_in.weight": wide}, 8))

    import comfy.lora
    import comfy.lora_convert
    qkv = "double_blocks.0.img_attn.qkv"
    lora = {
        "img_in.lora_A.weight": random("a", 3, 32), "img_in.lora_B.weight": 0.3 * random("b", width, 3), "img_in.lora_B.bias": 0.1 * random("c", width),
        qkv + ".lora_A.weight": random("d", 2, width), qkv + ".lora_B.weight": 0.1 * random("e", 3 * width, 2), qkv + ".lora_B.bias": 0.1 * random("f", 3 * width),
        "double_blocks.1.txt_attn.norm.query_norm.scale": 1 + 0.1 * random("g", *weights["double_blocks.1.txt_attn.norm.query_norm.scale"].shape),
        "single_blocks.0.norm.key_norm.scale": 1 + 0.1 * random("h", *weights["single_blocks.0.norm.key_norm.scale"].shape),
    }
    tensors |= {"bfl." + key: value for key, value in lora.items()}
    converted = comfy.lora_convert.convert_lora(lora)
    tensors |= {"comfy." + key: value for key, value in converted.items()}
    holder = SimpleNamespace(state_dict=lambda: {"diffusion_model." + key: value for key, value in weights.items()})
    keys = {}
    for key in holder.state_dict():
        if key.endswith(".weight"):
            keys[key.removesuffix(".weight")] = key
        else:
            keys[key] = key
    for strength in (1.0, 0.6):
        patches = comfy.lora.load_lora(converted, keys)
        adapted = dict(weights)
        for key, patch in patches.items():
            name = key.removeprefix("diffusion_model.")
            adapted[name] = comfy.lora.calculate_weight([(strength, patch, 1.0, None, None)], weights[name].clone().float(), key)
        changed = {name for name in weights if adapted[name] is not weights[name]}
        assert changed == {"img_in.weight", "img_in.bias", qkv + ".weight", qkv + ".bias", "double_blocks.1.txt_attn.norm.query_norm.scale",
                           "single_blocks.0.norm.key_norm.scale"}, changed
        tensors[f"bfl.velocity.{strength}"] = run(model(config, adapted, 8))
    return tensors


def shown(tensors):
    from comfy.model_base import Flux
    picture, mask = random("shown.picture", 1, 16, 9, 6), torch.rand(1, 1, 50, 44, generator=torch.Generator().manual_seed(3))
    noise = torch.zeros(1, 16, 6, 8)
    tensors |= {"shown.picture": picture, "shown.mask": mask}
    for name, channels in (("control", 32), ("fill", 96)):
        me = SimpleNamespace(diffusion_model=SimpleNamespace(img_in=SimpleNamespace(weight=torch.zeros(1, channels * 4)), patch_size=2),
                             model_config=SimpleNamespace(unet_config={"out_channels": 16}), process_latent_in=lambda x: x)
        tensors[f"shown.{name}"] = Flux.concat_cond(me, noise=noise, device="cpu", concat_latent_image=picture, concat_mask=mask)
        tensors[f"shown.{name}.alone"] = Flux.concat_cond(me, noise=noise, device="cpu", concat_latent_image=picture)
    return tensors


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("comfyui", type=Path)
    comfyui_runs.prepare(parser.parse_args().comfyui.resolve(), using={"einops", "comfy_kitchen"})
    tensors = shown(control({}))
    path = GOLDEN / "comfyui/flux_control.safetensors"
    save_file({key: value.clone().contiguous() for key, value in tensors.items()}, path,
              metadata={"script": "tools/golden/flux_control.py", "versions": f"torch {torch.__version__}"})
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
