"""Keys and shapes of a models folder for ComfyUI's templates, of tiny models: Tests/Golden/families/tiny_models.json.

    python tools/golden/tiny_models.py

For each file: how its matrices are stored, and its tensors as patterns (true_sizes.py). Tests fill them with random weights, under
the file names that the templates ask for. Diffusion models, checkpoints and autoencoders are in the spelling of the original
implementations; the tables are those of families.py, which checks them against diffusers' converters.
"""
import json
from pathlib import Path

import diffusers
import torch
from controlnet import stability
from families import flux_table, sd3_table, vae_table, z_image_table
from transformers import (CLIPTextConfig, CLIPTextModel, Qwen3Config, Qwen3Model, SiglipVisionConfig, SiglipVisionModel, T5Config,
                          T5EncoderModel)
from true_sizes import compact, patterns
from unet import unet_table

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "Tests/Golden/families/tiny_models.json"
TOKENIZERS = ROOT / "Tests/Golden/tokenizers"


def original(model, table):
    """Shapes by the original's keys."""
    own = {key: list(value.shape) for key, value in model.state_dict().items()}
    rows = table(dict(model.config))
    return {key: [sum(own[part][0] for part in parts), *own[parts[0]][1:]] if own[parts[0]] else []
            for key, (parts, _) in rows.items() if parts[0] in own}


def flux(**options):
    model = diffusers.FluxTransformer2DModel(
        **(dict(in_channels=64, out_channels=64, num_layers=2, num_single_layers=2, attention_head_dim=32,
                num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=768, axes_dims_rope=(4, 14, 14),
                guidance_embeds=True) | options))
    return original(model, flux_table)


def flux2(context):
    model = diffusers.Flux2Transformer2DModel(
        in_channels=128, num_layers=2, num_single_layers=2, attention_head_dim=32, num_attention_heads=2,
        joint_attention_dim=context, axes_dims_rope=(8, 8, 8, 8), guidance_embeds=False)
    return original(model, lambda c: flux_table(c, is_second=True))


def chroma():
    model = diffusers.ChromaTransformer2DModel(
        num_layers=2, num_single_layers=2, attention_head_dim=32, num_attention_heads=2, joint_attention_dim=32,
        axes_dims_rope=(4, 14, 14), approximator_hidden_dim=32, approximator_layers=2)
    return original(model, lambda c: flux_table(c, is_chroma=True))


def z_image():
    model = diffusers.ZImageTransformer2DModel(
        dim=64, n_layers=2, n_refiner_layers=1, n_heads=2, n_kv_heads=2, cap_feat_dim=64, axes_dims=[8, 12, 12],
        axes_lens=[64, 64, 64])
    model.t_embedder = type(model.t_embedder)(64, mid_size=32)
    return original(model, z_image_table)


def z_image_control():
    """Version 1, as published: the transformer's blocks, in diffusers' spelling, with what stands before and after them."""
    model = diffusers.ZImageTransformer2DModel(
        dim=64, n_layers=2, n_refiner_layers=1, n_heads=2, n_kv_heads=2, cap_feat_dim=64, axes_dims=[8, 12, 12], axes_lens=[64, 64, 64])
    own = state(model)
    shapes = {"control_all_x_embedder.2-1." + key: own["all_x_embedder.2-1." + key] for key in ("weight", "bias")}
    shapes |= {key.replace("noise_refiner.", "control_noise_refiner."): shape for key, shape in own.items() if key.startswith("noise_refiner.")}
    shapes |= {"control_" + key: shape for key, shape in own.items() if key.startswith("layers.")}
    for name in ("0.before_proj", "0.after_proj", "1.after_proj"):
        shapes |= {f"control_layers.{name}.weight": [64, 64], f"control_layers.{name}.bias": [64]}
    return shapes


def sd3():
    model = diffusers.SD3Transformer2DModel(
        num_layers=2, attention_head_dim=32, num_attention_heads=2, joint_attention_dim=768, caption_projection_dim=64,
        pooled_projection_dim=2048, pos_embed_max_size=64, qk_norm="rms_norm")
    return original(model, sd3_table)


def sd3_control():
    model = diffusers.SD3ControlNetModel(
        num_layers=1, attention_head_dim=64, num_attention_heads=1, joint_attention_dim=None, pooled_projection_dim=2048,
        pos_embed_max_size=None, pos_embed_type=None, use_pos_embed=False, force_zeros_for_pooled_projection=False)
    return stability(state(model)) | {"control_type": [1]}


def lotus():
    model = diffusers.UNet2DConditionModel(
        block_out_channels=(64, 128), layers_per_block=1, attention_head_dim=(1, 2), cross_attention_dim=1024,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        use_linear_projection=True, class_embed_type="projection", projection_class_embeddings_input_dim=4)
    return original(model, lambda c: unet_table(c, model.state_dict()))


def autoencoder(is_second=False, decoder=(32, 32, 32, 32), channels=16):
    levels = dict(down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
                  block_out_channels=[32] * 4, layers_per_block=1)
    if is_second:
        model = diffusers.AutoencoderKLFlux2(**levels, latent_channels=32, decoder_block_out_channels=decoder)
    else:
        model = diffusers.AutoencoderKL(**levels, latent_channels=channels, use_quant_conv=channels == 4, use_post_quant_conv=channels == 4)
    shapes = original(model, vae_table)
    shapes.pop("bn.num_batches_tracked", None)
    return shapes


def state(model):
    return {key: list(value.shape) for key, value in model.state_dict().items() if not key.endswith("position_ids")}


def t5(width):
    vocabulary = len(json.loads((TOKENIZERS / "qwen-t5/t5.json").read_text())["model"]["vocab"]) + 128
    model = T5EncoderModel(T5Config(vocab_size=vocabulary, d_model=width, d_kv=64, d_ff=64, num_layers=2, num_heads=2,
                                    feed_forward_proj="gated-gelu", tie_word_embeddings=False))
    return {key: shape for key, shape in state(model).items() if key != "encoder.embed_tokens.weight"}


def clip():
    vocabulary = max(json.loads((TOKENIZERS / "clip-l/vocab.json").read_text()).values()) + 1
    model = CLIPTextModel(CLIPTextConfig(vocab_size=vocabulary, hidden_size=768, intermediate_size=64, num_hidden_layers=2,
                                         num_attention_heads=12, max_position_embeddings=77))
    return {key if key.startswith("text_model.") else "text_model." + key: shape for key, shape in state(model).items()}


def siglip():
    model = SiglipVisionModel(SiglipVisionConfig(hidden_size=128, intermediate_size=96, num_hidden_layers=2, num_attention_heads=2,
                                                 image_size=32, patch_size=8, hidden_act="gelu_pytorch_tanh"))
    return {key if key.startswith("vision_model.") else "vision_model." + key: shape for key, shape in state(model).items()}


def redux():
    """Between SigLIP's states and T5's tokens of the tiny models."""
    return {"redux_up.weight": [96, 128], "redux_up.bias": [96], "redux_down.weight": [32, 96], "redux_down.bias": [32]}


def qwen3(width):
    vocabulary = json.loads((TOKENIZERS / "qwen-t5/qwen.json").read_text())
    count = max(max(vocabulary["model"]["vocab"].values()), max(t["id"] for t in vocabulary["added_tokens"])) + 1
    model = Qwen3Model(Qwen3Config(vocab_size=count, hidden_size=width, intermediate_size=width, num_hidden_layers=28,
                                   num_attention_heads=4, num_key_value_heads=2, head_dim=16, tie_word_embeddings=True))
    return {"model." + key: shape for key, shape in state(model).items()}


def esrgan():
    """One block, two doublings, in Real-ESRGAN's spelling."""
    layers = {"conv_first": (16, 3), "conv_body": (16, 16), "conv_up1": (16, 16), "conv_up2": (16, 16), "conv_hr": (16, 16), "conv_last": (3, 16)}
    for dense in (1, 2, 3):
        layers |= {f"body.0.rdb{dense}.conv{index + 1}": (16 if index == 4 else 8, 16 + 8 * index) for index in range(5)}
    return {key: shape for name, (output, width) in layers.items()
            for key, shape in ((name + ".weight", [output, width, 3, 3]), (name + ".bias", [output]))}


def together(**parts):
    """Models of one file, each with its prefix."""
    return {prefix + key: shape for prefix, shapes in parts.values() for key, shape in shapes.items()}


def main():
    torch.set_default_device("meta")
    ae, t5xxl, clip_l = autoencoder(), t5(32), clip()
    diffusion, encoder = "diffusion_models/", "text_encoders/"
    everything = ("model.diffusion_model.", "first_stage_model.", "text_encoders.clip_l.transformer.", "text_encoders.t5xxl.transformer.")
    schnell = flux(guidance_embeds=False)
    files = {
        diffusion + "flux1-dev.safetensors": ("bf16", flux()),
        diffusion + "flux1-dev-fp8.safetensors": ("fp8", flux()),
        diffusion + "flux1-schnell.safetensors": ("bf16", schnell),
        diffusion + "flux1-krea-dev_fp8_scaled.safetensors": ("scaled_fp8", flux()),
        diffusion + "flux1-fill-dev.safetensors": ("bf16", flux(in_channels=384)),
        diffusion + "flux1-canny-dev.safetensors": ("bf16", flux(in_channels=128)),
        diffusion + "flux.1-fill-dev-OneReward-transformer_fp8.safetensors": ("fp8", flux(in_channels=384)),
        diffusion + "flux-2-klein-base-4b.safetensors": ("bf16", flux2(3 * 64)),
        diffusion + "flux-2-klein-base-4b-fp8.safetensors": ("comfy_fp8", flux2(3 * 64)),
        diffusion + "flux-2-klein-base-9b-fp8.safetensors": ("comfy_fp8", flux2(3 * 96)),
        diffusion + "Chroma1-HD-fp8mixed.safetensors": ("comfy_fp8", chroma()),
        diffusion + "z_image_turbo_bf16.safetensors": ("bf16", z_image()),
        diffusion + "z_image_bf16.safetensors": ("bf16", z_image()),
        diffusion + "z_image_turbo_int8_convrot.safetensors": ("int8_convrot", z_image()),
        diffusion + "lotus-depth-d-v1-1.safetensors": ("f16", lotus()),
        encoder + "clip_l.safetensors": ("f16", clip_l),
        encoder + "t5xxl_fp16.safetensors": ("f16", t5xxl),
        encoder + "t5xxl_fp8_e4m3fn_scaled.safetensors": ("scaled_fp8", t5xxl),
        encoder + "qwen_3_4b.safetensors": ("bf16", qwen3(64)),
        encoder + "qwen_3_4b_fp8_mixed.safetensors": ("comfy_fp8", qwen3(64)),
        encoder + "qwen_3_8b_fp8mixed.safetensors": ("comfy_fp8", qwen3(96)),
        "clip_vision/sigclip_vision_patch14_384.safetensors": ("f16", siglip()),
        "style_models/flux1-redux-dev.safetensors": ("bf16", redux()),
        "upscale_models/RealESRGAN_x4plus.safetensors": ("f32", esrgan()),
        "vae/ae.safetensors": ("f32", ae),
        "vae/vae-ft-mse-840000-ema-pruned.safetensors": ("f32", autoencoder(channels=4)),
        "vae/flux2-vae.safetensors": ("f32", autoencoder(True)),
        "vae/full_encoder_small_decoder.safetensors": ("f32", autoencoder(True, (32, 32, 64, 64))),
        "checkpoints/flux1-schnell-fp8.safetensors": (
            "fp8", together(a=(everything[0], schnell), b=(everything[1], ae), c=(everything[2], clip_l), d=(everything[3], t5xxl))),
        "checkpoints/sd3.5_large_fp8_scaled.safetensors": (
            "scaled_fp8", together(a=(everything[0], sd3()), b=(everything[1], ae), c=(everything[2], clip_l), d=(everything[3], t5(768)))),
        "controlnet/sd3.5_large_controlnet_canny.safetensors": ("f16", sd3_control()),
        "model_patches/Z-Image-Turbo-Fun-Controlnet-Union.safetensors": ("bf16", z_image_control()),
    }
    written = {name: {"stored": stored, "tensors": compact(patterns(shapes))} for name, (stored, shapes) in files.items()}
    OUTPUT.write_text(json.dumps({"script": "tools/golden/tiny_models.py", "files": written}, separators=(",", ":")) + "\n")
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
