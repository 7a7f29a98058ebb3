"""Step 3: caches latents and token ids; writes data/latents.npy, data/ids.pt and the tokenizers.

The mean and spread of the latents are measured here and written into vae/config.json.
"""
import argparse
import json

import numpy as np
import torch
from diffusers import AutoencoderKL

from clip_tokenizers import load_tokenizers, token_ids, train_tokenizers
from prompts import PREVIEW
from training import add_device_options, add_work_option, autocast, choose_device


@torch.no_grad()
def encode_images(work, options, device):
    """The mode of each scene's posterior, shifted and scaled to mean 0 and spread 1, as f16."""
    images = np.load(work / "data/images.npy", mmap_mode="r")
    vae = AutoencoderKL.from_pretrained(work / "vae").to(device, memory_format=torch.channels_last).eval()
    modes = []
    for i in range(0, len(images), 64):
        x = torch.from_numpy(np.array(images[i:i + 64])).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
        with autocast(options, device):
            modes.append(vae.encode(x.contiguous(memory_format=torch.channels_last)).latent_dist.mode().float().cpu())
    z = torch.cat(modes)
    vae.register_to_config(shift_factor=round(z.mean().item(), 4), scaling_factor=round(1 / z.std().item(), 4))
    vae.save_config(work / "vae")
    z = (z - vae.config.shift_factor) * vae.config.scaling_factor
    np.save(work / "data/latents.npy", z.half().numpy())
    print(f"latents {tuple(z.shape)}: shift {vae.config.shift_factor}, scale {vae.config.scaling_factor}")


def encode_captions(work):
    """Trains the tokenizers and caches the ids of every caption: two arrays [scenes, captions, 32] of int16."""
    captions = json.loads((work / "data/captions.json").read_text())
    flat = [caption for group in captions for caption in group]
    size = train_tokenizers(flat + PREVIEW, work / "mmdit")
    unique, ids = list(dict.fromkeys(flat)), []
    for tokenizer in load_tokenizers(work / "mmdit"):
        table = dict(zip(unique, token_ids(tokenizer, unique).short()))
        ids.append(torch.stack([table[caption] for caption in flat]).view(len(captions), len(captions[0]), -1))
    torch.save(ids, work / "data/ids.pt")
    print(f"vocabulary {size}, unique captions {len(unique)}")


def main():
    parser = argparse.ArgumentParser(description="Caches what the training of the transformer reads.")
    add_work_option(parser)
    add_device_options(parser)
    options = parser.parse_args()
    encode_images(options.work, options, choose_device(options.device))
    encode_captions(options.work)


if __name__ == "__main__":
    main()
