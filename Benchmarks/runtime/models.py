"""Models of random weights and true size, in diffusers' and transformers' folders; no parameter is initialised by PyTorch.

    python Benchmarks/runtime/models.py FOLDER sd3-medium [--layers N]

runs in a process of its own, because a child's peak memory begins at what its parent holds when it is started.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

# Stable Diffusion 3.5 medium.
SD3_MEDIUM = dict(
    sample_size=128, patch_size=2, in_channels=16, out_channels=16, num_layers=24, attention_head_dim=64,
    num_attention_heads=24, joint_attention_dim=4096, caption_projection_dim=1536, pooled_projection_dim=2048,
    pos_embed_max_size=384, qk_norm="rms_norm", dual_attention_layers=tuple(range(13)))
# Z-Image: two refining layers for the image and two for the text before the 30 main ones. Without axes_lens, positions end at 1,024.
Z_IMAGE = dict(n_layers=30, axes_lens=[1536, 512, 512])
# FLUX.1-schnell with one block of each kind: peers.py asks each as often as the whole model, of 24 GB, has it.
FLUX = dict(num_layers=1, num_single_layers=1)
# The autoencoder of Stable Diffusion 3 and FLUX.
VAE = dict(
    in_channels=3, out_channels=3, latent_channels=16, block_out_channels=(128, 256, 512, 512), layers_per_block=2,
    down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, norm_num_groups=32,
    use_quant_conv=False, use_post_quant_conv=False, scaling_factor=1.5305, shift_factor=0.0609)
# The encoder of T5 1.1 XXL, which Stable Diffusion 3 and FLUX read prompts with.
T5_XXL = dict(
    vocab_size=32128, d_model=4096, d_kv=64, d_ff=10240, num_layers=24, num_heads=64, feed_forward_proj="gated-gelu",
    tie_word_embeddings=False, is_encoder_decoder=False, use_cache=False)
KINDS = ["sd3-medium", "z-image", "flux", "vae", "t5-xxl"]


def ensure(folder, kind, layers=None):
    """Makes a model where there is none, in a process of its own; `layers` in place of all."""
    made = folder / "made.json"
    if not made.exists() or json.loads(made.read_text()) != dict(kind=kind, layers=layers):
        command = [sys.executable, __file__, str(folder), kind]
        subprocess.run(command + (["--layers", str(layers)] if layers else []), check=True, stdout=sys.stderr)
    return folder


def outline(kind, layers):
    """A model without values, and the name that its file has."""
    import torch
    import diffusers
    import transformers

    with torch.device("meta"):
        if kind == "sd3-medium":
            config = dict(SD3_MEDIUM)
            if layers:
                # About as many blocks with a second attention as the whole model has.
                config |= dict(num_layers=layers, dual_attention_layers=tuple(range(-(-layers * 13 // 24))))
            return diffusers.SD3Transformer2DModel(**config), "diffusion_pytorch_model"
        if kind == "z-image":
            config = Z_IMAGE | (dict(n_layers=layers) if layers else {})
            return diffusers.ZImageTransformer2DModel(**config), "diffusion_pytorch_model"
        if kind == "flux":
            return diffusers.FluxTransformer2DModel(**FLUX), "diffusion_pytorch_model"
        if kind == "vae":
            return diffusers.AutoencoderKL(**VAE), "diffusion_pytorch_model"
        config = T5_XXL | (dict(num_layers=layers) if layers else {})
        return transformers.T5EncoderModel(transformers.T5Config(**config)), "model"


def make(folder, kind, layers):
    """Writes a folder with configuration and weights in bf16."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from random_weights import floats, write

    model, name = outline(kind, layers)
    # The embedding of T5 stands under two names.
    shapes = {key: list(value.shape) for key, value in model.state_dict().items() if key != "encoder.embed_tokens.weight"}
    folder.mkdir(parents=True, exist_ok=True)
    (model.config.save_pretrained if kind == "t5-xxl" else model.save_config)(folder)
    write(folder / f"{name}.safetensors", list(floats(shapes.items(), "BF16")))
    (folder / "made.json").write_text(json.dumps(dict(kind=kind, layers=layers)))


def main():
    parser = argparse.ArgumentParser(description="Makes a model of random weights.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--layers", type=int)
    options = parser.parse_args()
    make(options.folder, options.kind, options.layers)


if __name__ == "__main__":
    main()
