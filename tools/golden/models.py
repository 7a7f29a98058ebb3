"""Tiny models with random weights, run by diffusers and transformers in float32: Tests/Golden/models/*.safetensors.

    python tools/golden/models.py            write every file again

A file holds the model's weights under `model.` (float16, so that the files stay small; the reference ran with these same
values in float32), inputs and outputs beside them, and the model's configuration in the metadata. Weights depend on
nothing but the tensor's name and shape, and are never zero: no gate or bias hides a mistake.
"""
import json
import os
import zlib
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import diffusers
import torch
import transformers
from diffusers import AutoencoderKL, AutoencoderTiny, SD3Transformer2DModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/models"
torch.set_num_threads(1)
torch.set_grad_enabled(False)


def random(name, *shape):
    """Normal noise that depends on the name alone."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))


def fill(model):
    """Overwrites all weights: norms near 1, biases near 0, matrices scaled by their fan-in; all rounded to float16."""
    for name, weight in model.state_dict().items():
        if not weight.is_floating_point() or name == "pos_embed.pos_embed":
            continue
        noise = random(name, *weight.shape)
        if weight.ndim > 1:
            noise = noise / weight[0].numel() ** 0.5
        else:
            is_norm = "norm" in name and not name.endswith("bias")
            noise = 0.1 * noise + (1 if is_norm else 0)
        weight.copy_(noise)
    for weight in model.state_dict().values():
        if weight.is_floating_point():
            weight.copy_(weight.half().float())
    return model.eval()


def save(name, model, config, tensors, drop_prefix=""):
    """Writes the weights of `model` and the named tensors."""
    weights = {
        "model." + key.removeprefix(drop_prefix): value.half() if value.is_floating_point() else value
        for key, value in model.state_dict().items()
        if not key.endswith("position_ids")
    }
    metadata = {
        "script": "tools/golden/models.py", "seed": "crc32 of each tensor's name", "config": json.dumps(config),
        "versions": f"torch {torch.__version__}, diffusers {diffusers.__version__}, transformers {transformers.__version__}",
    }
    tensors = {key: value.clone().contiguous() for key, value in (weights | tensors).items()}
    path = OUTPUT / f"{name}.safetensors"
    save_file(tensors, path, metadata=metadata)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def clip(name, drop_prefix="", **options):
    """A CLIP text encoder with projection over three prompts of ids."""
    config = dict(vocab_size=40, hidden_size=16, intermediate_size=32, projection_dim=12, num_hidden_layers=3,
                  num_attention_heads=2, max_position_embeddings=12, bos_token_id=38, **options)
    model = fill(CLIPTextModelWithProjection(CLIPTextConfig(**config)))
    ids = torch.tensor([[38, 5, 6, 7, 39, 39, 39, 39, 39, 39, 39, 39], [38, 39, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                        [38, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 39]])
    output = model(ids, output_hidden_states=True)
    hidden = {f"hidden.{i}": state for i, state in enumerate(output.hidden_states)}
    save(name, model, config, {"ids": ids, "last": output.last_hidden_state, "projected": output.text_embeds} | hidden,
         drop_prefix)


def mmdit(name, **options):
    """An SD3 transformer; the last five text tokens are zero, as where T5 is missing."""
    config = dict(sample_size=16, patch_size=2, in_channels=4, out_channels=4, attention_head_dim=8,
                  num_attention_heads=2, joint_attention_dim=20, caption_projection_dim=16, pooled_projection_dim=12,
                  pos_embed_max_size=12, **options)
    model = fill(SD3Transformer2DModel(**config))
    context = random("context", 2, 9, 20)
    context[:, 4:] = 0
    inputs = {"latent": random("latent", 2, 4, 12, 16), "context": context, "pooled": random("pooled", 2, 12),
              "timestep": torch.tensor([999.0, 250.5])}
    seen = {}

    def watch(module, positional, named, output):
        seen["block.image"] = named["hidden_states"]
        seen["block.context"] = named["encoder_hidden_states"]
        seen["block.time"] = named["temb"]
        seen["block.context_out"], seen["block.image_out"] = output

    model.transformer_blocks[0].register_forward_hook(watch, with_kwargs=True)
    model.pos_embed.register_forward_hook(lambda module, positional, output: seen.update({"patches": output}))
    velocity = model(inputs["latent"], encoder_hidden_states=context, pooled_projections=inputs["pooled"],
                     timestep=inputs["timestep"]).sample
    save(name, model, config, inputs | {"velocity": velocity} | seen)


def vae(name, height, width, **options):
    """An autoencoder: one picture and its latent, and back."""
    levels = len(options["block_out_channels"])
    config = dict(in_channels=3, out_channels=3, down_block_types=["DownEncoderBlock2D"] * levels,
                  up_block_types=["UpDecoderBlock2D"] * levels, latent_channels=4, norm_num_groups=4, sample_size=32,
                  act_fn="silu", **options)
    model = fill(AutoencoderKL(**config))
    image = random("image", 2, 3, height, width).clamp(-1, 1)
    posterior = model.encode(image).latent_dist
    latent = random("latent", 2, 4, height >> (levels - 1), width >> (levels - 1))
    tensors = {"image": image, "mean": posterior.mean, "logvar": posterior.logvar, "latent": latent,
               "decoded": model.decode(latent).sample}
    if options["mid_block_add_attention"]:
        features = random("features", 2, options["block_out_channels"][-1], 6, 5)
        tensors |= {"mid.in": features, "mid.attention": model.decoder.mid_block.attentions[0](features),
                    "mid.out": model.decoder.mid_block(features)}
    save(name, model, config, tensors)


class Pooled(torch.nn.Module):
    """A block of FLUX.2's tiny autoencoder (TAEF2): what looks at the whole picture stands before diffusers' block."""

    def __init__(self, block, width):
        super().__init__()
        self.conv, self.fuse = block.conv, block.fuse
        self.pool = torch.nn.Sequential(torch.nn.Conv2d(width, 4 * width, 1, bias=False), torch.nn.GroupNorm(4, 4 * width),
                                        torch.nn.ReLU(), torch.nn.Conv2d(4 * width, width, 1, bias=False))

    def forward(self, x):
        x = x + self.pool(x)
        return self.fuse(self.conv(x) + x)


def tiny_vae(name, channels, width, pools=False):
    """A tiny autoencoder with as many blocks as the published ones: pictures and their latents, and back."""
    config = dict(latent_channels=channels, encoder_block_out_channels=[width] * 4, decoder_block_out_channels=[width] * 4)
    model = AutoencoderTiny(**config)
    if pools:
        for layers, numbers in [(model.encoder.layers, range(11, 14)), (model.decoder.layers, range(2, 5))]:
            for index in numbers:
                layers[index] = Pooled(layers[index], width)
    fill(model)
    image = random("image", 1, 3, 32, 48).clamp(-1, 1)
    latent = 2 * random("latent", 1, channels, 3, 4)
    # diffusers clamps what it decodes into -1...1 by half precision only; here nothing is.
    save(name, model, config, {"image": image, "encoded": model.encode(image).latents, "latent": latent,
                               "decoded": model.decode(latent).sample})


def main():
    OUTPUT.mkdir(parents=True, exist_ok=True)
    # eos_token_id 2 marks configurations of before transformers' PR 24773: the pooled token is the one of the largest id.
    clip("clip-quick-gelu", hidden_act="quick_gelu", eos_token_id=2, pad_token_id=1)
    clip("clip-gelu", drop_prefix="text_model.", hidden_act="gelu", eos_token_id=39, pad_token_id=0)
    mmdit("mmdit-dual", num_layers=3, dual_attention_layers=[0, 1], qk_norm="rms_norm")
    mmdit("mmdit-plain", num_layers=2, dual_attention_layers=[], qk_norm=None)
    vae("vae-quant", 16, 24, block_out_channels=[8, 16], layers_per_block=1, use_quant_conv=True,
        use_post_quant_conv=True, mid_block_add_attention=True, scaling_factor=0.18215, shift_factor=None)
    vae("vae-plain", 24, 16, block_out_channels=[8, 8, 12], layers_per_block=2, use_quant_conv=False,
        use_post_quant_conv=False, mid_block_add_attention=False, scaling_factor=1.5305, shift_factor=0.0609)
    tiny_vae("vae-tiny", 4, 6)
    tiny_vae("vae-tiny-pooled", 32, 4, pools=True)


if __name__ == "__main__":
    main()
