"""Trains the adapter of graphs/lora.json: the sample model's scenes as cyanotypes, blue and white prints.

    python tools/train/train_lora.py          five minutes on one CPU core
    python tools/train/train_lora.py --steps 50 --scenes 32 --output /tmp/try.safetensors     a quick try

The transformer of samples/models/diorama-tiny stays as it is; a LoRA of rank 4 on the image's attention and perceptrons
learns scenes whose colours were replaced by a scale from Prussian blue to white. Captions do not tell of it, so the adapter
alone decides. Written as diffusers writes adapters, in float16.
"""
import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, SD3Transformer2DModel, StableDiffusion3Pipeline
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from transformers import AutoTokenizer, CLIPTextModelWithProjection

import scenes
from clip_tokenizers import token_ids
from model import FoldedZerosAttention, encode_prompts, with_zero_token

REPOSITORY = Path(__file__).resolve().parents[2]
MODEL = REPOSITORY / "samples/models/diorama-tiny"
OUTPUT = REPOSITORY / "samples/models/loras/cyanotype.safetensors"
DARK, LIGHT = (10, 40, 105), (247, 246, 238)    # Prussian blue, paper
TARGETS = ["to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2"]


def cyanotype(pixels):
    """[H, W, 3] in 0...255 as a print: its luminance on the scale from DARK to LIGHT, in -1...1."""
    luminance = pixels.astype(np.float32) @ np.float32([0.299, 0.587, 0.114]) / 255
    scale = np.float32(DARK) + luminance[..., None] * (np.float32(LIGHT) - np.float32(DARK))
    return scale / 127.5 - 1


def load(name, kind):
    """A part of the sample model, in float32, not to be trained."""
    return kind.from_pretrained(MODEL / name).float().eval().requires_grad_(False)


@torch.no_grad()
def prepare(count):
    """Latents [N, C, 16, 16] of printed scenes, and what the text encoders say of two captions of each and of no words."""
    vae = load("vae", AutoencoderKL)
    tokenizers = [AutoTokenizer.from_pretrained(MODEL / name) for name in ("tokenizer", "tokenizer_2")]
    encoders = [load(name, CLIPTextModelWithProjection) for name in ("text_encoder", "text_encoder_2")]
    latents, hidden, pooled = [], [], []
    for seed in range(count):
        scene = scenes.sample_scene(seed)
        picture = torch.from_numpy(cyanotype(np.asarray(scenes.render(scene)))).permute(2, 0, 1)[None]
        mode = vae.encode(picture).latent_dist.mode()
        latents.append((mode - vae.config.shift_factor) * vae.config.scaling_factor)
        texts = [scenes.caption(scene, 0), scenes.caption(scene, 1), ""]
        states = encode_prompts(encoders, [token_ids(t, texts).long() for t in tokenizers])
        hidden.append(states[0])
        pooled.append(states[1])
    return torch.cat(latents), torch.stack(hidden), torch.stack(pooled)


def main():
    parser = argparse.ArgumentParser(description="Trains the sample adapter.")
    parser.add_argument("--steps", type=int, default=1500, help="length of the training (default 1500)")
    parser.add_argument("--scenes", type=int, default=512, help="how many scenes to learn from (default 512)")
    parser.add_argument("--batch", type=int, default=8, help="samples in a step (default 8)")
    parser.add_argument("--lr", type=float, default=3e-3, help="largest learning rate (default 3e-3)")
    parser.add_argument("--rank", type=int, default=4, help="rank of the adapter (default 4)")
    parser.add_argument("--seed", type=int, default=0, help="of the adapter's start, noise and order (default 0)")
    parser.add_argument("--threads", type=int, default=1, help="threads of PyTorch (default 1)")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="the file to write")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    start = time.time()

    latents, hidden, pooled = prepare(options.scenes)
    print(f"{options.scenes} scenes, {time.time() - start:.0f} s", flush=True)
    transformer = load("transformer", SD3Transformer2DModel)
    transformer.set_attn_processor(FoldedZerosAttention())
    config = LoraConfig(r=options.rank, lora_alpha=options.rank, target_modules=TARGETS, init_lora_weights="gaussian")
    transformer.add_adapter(config)
    parameters = [p for p in transformer.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=options.lr, weight_decay=0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.steps)
    running = None
    for step in range(1, options.steps + 1):
        picked = torch.from_numpy(rng.integers(0, options.scenes, options.batch))
        # one in seven without words, which guidance asks for too
        captions = torch.from_numpy(rng.choice([0, 1, 2], options.batch, p=[3 / 7, 3 / 7, 1 / 7]))
        sigma = torch.sigmoid(torch.randn(options.batch) + 0.3)
        level, noise = sigma.view(-1, 1, 1, 1), torch.randn(options.batch, *latents.shape[1:])
        clean = latents[picked]
        velocity = transformer(
            hidden_states=(1 - level) * clean + level * noise, timestep=sigma * 1000,
            encoder_hidden_states=with_zero_token(hidden[picked, captions]),
            pooled_projections=pooled[picked, captions], return_dict=False)[0]
        loss = F.mse_loss(velocity, noise - clean)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        running = loss.item() if running is None else 0.95 * running + 0.05 * loss.item()
        if step % 50 == 0:
            print(f"step {step}, {time.time() - start:.0f} s: loss {running:.4f}", flush=True)

    options.output.parent.mkdir(parents=True, exist_ok=True)
    layers = {key: value.half() for key, value in get_peft_model_state_dict(transformer).items()}
    StableDiffusion3Pipeline.save_lora_weights(
        options.output.parent, transformer_lora_layers=layers, weight_name=options.output.name)
    print(f"{options.output}: {options.output.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
