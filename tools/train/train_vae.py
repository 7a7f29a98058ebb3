"""Step 2: trains the small AutoencoderKL on the drawn scenes; writes vae/ in diffusers' layout.

    python train_vae.py --minutes 17 --lr 1.5e-3
    python train_vae.py --minutes 17 --lr 1.5e-3 --resume      goes on after an interruption
"""
import argparse
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from diffusers import AutoencoderKL
from diffusers.models.attention_processor import Attention
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.upsampling import Upsample2D
from PIL import Image

from training import (Average, Budget, add_training_options, autocast, choose_device, held_back, load_state, record_run,
                      save_state)

CONFIG = dict(
    in_channels=3, out_channels=3, latent_channels=8, sample_size=128,
    down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
    block_out_channels=[32, 48, 64, 96], layers_per_block=1, norm_num_groups=8, act_fn="silu",
    mid_block_add_attention=True, use_quant_conv=False, use_post_quant_conv=False, force_upcast=False,
)
HELD_BACK, CHECKED = 256, 48        # scenes kept from training, and how many of them the PSNR is measured on


def initialise(vae):
    """A start near the identity: signals and colours pass from the first step, so a short training suffices.

    Residual branches and the attention output start at zero, resamplers near plain averaging or copying, and
    the latent noise starts small instead of at one.
    """
    for module in vae.modules():
        if isinstance(module, ResnetBlock2D):
            nn.init.zeros_(module.conv2.weight)
            nn.init.zeros_(module.conv2.bias)
            if module.conv_shortcut is not None:
                nn.init.orthogonal_(module.conv_shortcut.weight)
        elif isinstance(module, (Downsample2D, Upsample2D)):
            weight = module.conv.weight
            identity = torch.eye(weight.shape[0])
            with torch.no_grad():
                weight.mul_(0.5)
                if isinstance(module, Downsample2D):        # pads right and below: the 2x2 window is taps 0, 1
                    weight[:, :, :2, :2] += identity[:, :, None, None] / 4
                else:
                    weight[:, :, 1, 1] += identity
        elif isinstance(module, Attention):
            nn.init.zeros_(module.to_out[0].weight)
    nn.init.orthogonal_(vae.decoder.conv_in.weight)
    with torch.no_grad():
        channels = vae.config.latent_channels
        vae.encoder.conv_out.weight[channels:] = 0
        vae.encoder.conv_out.bias[channels:] = -5.0
        nn.init.orthogonal_(vae.encoder.conv_out.weight[:channels])


def pixel_loss(x, y):
    """L1 and squared error on pixels, L1 on gradients (sharp edges) and on smaller images (flat areas, colours)."""
    loss = F.l1_loss(x, y) + 2 * F.mse_loss(x, y)
    for dim in (2, 3):
        loss = loss + 0.5 * F.l1_loss(x.diff(dim=dim), y.diff(dim=dim))
    return loss + 0.5 * F.l1_loss(F.avg_pool2d(x, 4), F.avg_pool2d(y, 4))


def pixels(images, indices, device):
    """Scenes as [B, 3, H, W] in -1...1."""
    x = torch.from_numpy(images[np.sort(indices)]).to(device).permute(0, 3, 1, 2)
    return x.contiguous(memory_format=torch.channels_last).float() / 127.5 - 1


def psnr(x, y):
    """Mean peak signal-to-noise ratio in dB, of images in -1...1."""
    return (10 * torch.log10(4 / ((x - y) ** 2).mean(dim=(1, 2, 3)))).mean().item()


@torch.no_grad()
def check(vae, x, context, path=None):
    """PSNR of the reconstructions of `x`; with a path, also a picture of originals above reconstructions."""
    vae.eval()
    with context:
        y = vae.decode(vae.encode(x).latent_dist.mode()).sample.float().clamp(-1, 1)
    vae.train()
    if path:
        rows = [((image[i:i + 8] + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
                for i in range(0, min(16, len(x)), 8) for image in (x, y)]
        Image.fromarray(np.concatenate([np.concatenate(list(row), 1) for row in rows if len(row) == 8], 0)).save(path)
    return psnr(x, y)


def losses(vae, x, context):
    """Reconstruction loss, and the divergence of the posterior from a normal distribution."""
    with context:
        posterior = vae.encode(x).latent_dist
        mean, logvar = posterior.mean.float(), posterior.logvar.float()
        z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
        y = vae.decode(z).sample.float()
    return pixel_loss(y, x), 0.5 * (mean ** 2 + logvar.exp() - 1 - logvar).mean()


def main():
    parser = argparse.ArgumentParser(description="Trains the autoencoder.")
    add_training_options(parser, minutes=22, batch=4, rate=1.2e-3, seed=0)
    parser.add_argument("--kl", type=float, default=2e-4, help="weight of the divergence in the loss (default 2e-4)")
    options = parser.parse_args()

    out, device = options.work / "vae", choose_device(options.device)
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    images = np.load(options.work / "data/images.npy", mmap_mode="r")
    count = len(images) - held_back(len(images), HELD_BACK)
    held = pixels(images, np.arange(count, min(count + CHECKED, len(images))), device)

    vae = AutoencoderKL(**CONFIG)
    initialise(vae)
    vae = vae.to(device, memory_format=torch.channels_last)
    print("parameters", sum(p.numel() for p in vae.parameters()), flush=True)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=options.lr, betas=(0.9, 0.98), weight_decay=1e-4)
    average, budget = Average(vae.parameters()), Budget(options.minutes, options.steps)
    if options.resume and (out / "state.pt").exists():
        load_state(out / "state.pt", vae, optimizer, average, budget, rng)

    saved, running = time.time(), None
    while budget.progress < 1:
        for group in optimizer.param_groups:
            group["lr"] = options.lr * min(1, (budget.step + 1) / 100) * budget.cosine() + 1e-6
        x = pixels(images, rng.integers(0, count, options.batch), device)
        reconstruction, divergence = losses(vae, x, autocast(options, device))
        optimizer.zero_grad(set_to_none=True)
        (reconstruction + options.kl * divergence).backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        budget.step += 1
        average.update(max(0.002, 1 / (budget.step + 1)))
        value = reconstruction.item()
        running = value if running is None else 0.98 * running + 0.02 * value
        if budget.step % 25 == 0:
            print(f"step {budget.step}, {budget.elapsed:.0f} s: reconstruction {running:.4f}, "
                  f"divergence {divergence.item():.2f}", flush=True)
        if time.time() - saved > options.save_every * 60:
            saved = time.time()
            save_state(out / "state.pt", vae, optimizer, average, budget, rng)
            ratio = check(vae, held, autocast(options, device), out / "check.png")
            print(f"step {budget.step}: held-out PSNR {ratio:.2f} dB", flush=True)

    raw = check(vae, held, autocast(options, device))
    average.swap()
    averaged = check(vae, held, autocast(options, device))
    if averaged < raw:
        average.swap()
    kept = check(vae, held, autocast(options, device), out / "check.png")
    vae.save_pretrained(out)
    record_run(out, options, budget, device, psnr=round(kept, 2), psnr_images=len(held))
    print(f"done: {budget.step} steps, {budget.elapsed / 60:.1f} min, PSNR raw {raw:.2f}, averaged {averaged:.2f}, "
          f"kept {kept:.2f} dB")


if __name__ == "__main__":
    main()
