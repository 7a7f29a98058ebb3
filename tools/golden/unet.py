"""Tiny U-Nets of Stable Diffusion's kind with random weights, run by diffusers in float32: Tests/Golden/models/unet*.safetensors.

    python tools/golden/unet.py [COMFYUI]      write both files again

Files are as those of families.py; the table of original names is checked against diffusers' own converter of original files. Beside
what the whole network gives are the results of each level's blocks, under their names, and those for a latent of odd sides.

unet-lotus     as Stable Diffusion 2: projections are matrices, heads differ by level; it is told Lotus' task
unet-plain     as Stable Diffusion 1: projections are convolutions, every level has two heads; two residual blocks a level

With COMFYUI, a folder with ComfyUI's source of January 2026, the file of Lotus gets `comfyui`: one step of ComfyUI's own U-Net with its
model sampling and Euler's sampler, from the latent without noise at a first sigma of 10000.
"""
import math
import sys
from pathlib import Path

import diffusers
import torch
from diffusers.loaders import single_file_utils
from families import Table, original, write
from models import fill, random

RESIDUAL = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
            "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}


def unet_table(config, keys):
    """The original's keys, each with the key here, of a model with these."""
    table, layers = Table(), config["layers_per_block"]
    attends = [kind.startswith("CrossAttn") for kind in config["up_block_types"]]
    outer = {"conv_in": "input_blocks.0.0", "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
             "class_embedding.linear_1": "label_emb.0.0", "class_embedding.linear_2": "label_emb.0.2", "conv_norm_out": "out.0",
             "conv_out": "out.2"}
    folders = {"mid_block.resnets.0": "middle_block.0", "mid_block.attentions.0": "middle_block.1", "mid_block.resnets.1": "middle_block.2"}
    for level in range(len(attends)):
        first = level * (layers + 1)
        for i in range(layers + 1):
            for part, number in (("resnets", 0), ("attentions", 1)):
                folders[f"down_blocks.{level}.{part}.{i}"] = f"input_blocks.{first + i + 1}.{number}"
                folders[f"up_blocks.{level}.{part}.{i}"] = f"output_blocks.{first + i}.{number}"
        folders[f"down_blocks.{level}.downsamplers.0.conv"] = f"input_blocks.{first + layers + 1}.0.op"
        folders[f"up_blocks.{level}.upsamplers.0.conv"] = f"output_blocks.{first + layers}.{2 if attends[level] else 1}.conv"
    for key in keys:
        layer, _, parameter = key.rpartition(".")
        if layer in outer:
            table[f"{outer[layer]}.{parameter}"] = ([key], False)
            continue
        folder = next(f for f in folders if key.startswith(f + "."))
        inner = layer[len(folder) + 1:]
        inner = RESIDUAL[inner] if ".resnets." in folder else inner
        table[".".join(filter(None, (folders[folder], inner, parameter)))] = ([key], False)
    return table


def check(model, table):
    """Fails where diffusers' converter does not make the model's weights of the original ones."""
    weights = {"model.diffusion_model." + key: value for key, value in original(model, table).items()}
    made = single_file_utils.convert_ldm_unet_checkpoint(weights, dict(model.config))
    state = model.state_dict()
    assert set(made) == set(state), set(made) ^ set(state)
    for key, value in made.items():
        assert torch.equal(value, state[key]), key


def task():
    """Lotus' task: what the picture is annotated with."""
    return torch.tensor([[math.sin(1), math.sin(0), math.cos(1), math.cos(0)]])


def comfyui_step(model, table, config, latent, context):
    """What SamplerCustomAdvanced gives for the one step of the template, by ComfyUI's own parts."""
    import comfy.model_base
    import comfy.model_sampling
    import comfy.ops
    from comfy.k_diffusion.sampling import sample_euler
    from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel
    levels = len(config["block_out_channels"])
    first = config["block_out_channels"][0]
    attends = [int(kind.startswith("CrossAttn")) for kind in config["down_block_types"]]
    layers = config["layers_per_block"]
    # The tiny model has fewer groups of channels than ComfyUI's constant.
    operations = comfy.ops.disable_weight_init
    true = operations.GroupNorm

    class GroupNorm(true):
        def __init__(self, num_groups, *rest, **options):
            super().__init__(config["norm_num_groups"], *rest, **options)

    class Tiny(operations):
        pass

    Tiny.GroupNorm = GroupNorm
    unet = UNetModel(
        image_size=32, in_channels=4, out_channels=4, model_channels=first, num_res_blocks=[layers] * levels,
        channel_mult=[c // first for c in config["block_out_channels"]], num_head_channels=8, num_heads=-1, use_spatial_transformer=True,
        transformer_depth=[a for a in attends for _ in range(layers)], transformer_depth_output=[a for a in attends for _ in range(layers + 1)],
        transformer_depth_middle=1, context_dim=config["cross_attention_dim"], use_linear_in_transformer=True, num_classes="sequential",
        adm_in_channels=4, operations=Tiny, dtype=torch.float32, device="cpu")
    unet.load_state_dict(original(model, table))
    unet.float().eval()

    class Sampling(comfy.model_sampling.ModelSamplingDiscrete, comfy.model_sampling.IMG_TO_IMG):
        pass

    sampling = Sampling()

    def denoised(x, sigma, **_):
        shown = sampling.calculate_input(sigma, x)
        output = unet(shown, sampling.timestep(sigma).float(), context=context, y=task())
        return sampling.calculate_denoised(sigma, output, x)

    noisy = sampling.noise_scaling(torch.tensor(10000.0), torch.zeros_like(latent), latent, True)
    return sample_euler(denoised, noisy, torch.tensor([10000.0, 0.0]), disable=True)


def unet(name, comfyui=False, **options):
    config = dict(in_channels=4, out_channels=4, norm_num_groups=4, cross_attention_dim=12,
                  down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
                  up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"), **options)
    model = fill(diffusers.UNet2DConditionModel(**config))
    told = dict(class_labels=task().repeat(2, 1)) if "class_embed_type" in config else {}
    latent, context = random("latent", 2, 4, 8, 12), random("context", 2, 2, 12)
    tensors = {"latent": latent, "context": context, "timestep": torch.tensor([999.0, 12.0])}
    hooks = []

    def keep(key):
        def hook(module, arguments, output):
            tensors[key] = output[0] if isinstance(output, tuple) else output
        return hook

    for key, module in model.named_modules():
        if key == "mid_block" or key.startswith(("down_blocks.", "up_blocks.")) and key.count(".") == 1:
            hooks.append(module.register_forward_hook(keep(key)))
    tensors["output"] = model(latent, tensors["timestep"], context, **told).sample
    for hook in hooks:
        hook.remove()
    tensors["odd"] = model(latent[..., :7, :9], tensors["timestep"], context, **told).sample
    table = unet_table(config, model.state_dict())
    check(model, table)
    if comfyui:
        tensors["comfyui"] = comfyui_step(model, table, config, latent[:1], context[:1])
    write(name, model, config, tensors, table, script="tools/golden/unet.py")


def main():
    if len(sys.argv) > 1:
        import comfyui_runs
        comfyui_runs.prepare(Path(sys.argv[1]).resolve(), using={"einops", "comfy_kitchen"})
    unet("unet-lotus", comfyui=len(sys.argv) > 1, block_out_channels=(8, 16, 16), layers_per_block=1, attention_head_dim=(1, 2, 2),
         use_linear_projection=True, class_embed_type="projection", projection_class_embeddings_input_dim=4)
    unet("unet-plain", block_out_channels=(8, 8, 16), layers_per_block=2, attention_head_dim=2)


if __name__ == "__main__":
    main()
