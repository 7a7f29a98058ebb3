"""A compact sampler for previews and large evaluations: the mathematics of diffusers' SD3 pipeline."""
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from clip_tokenizers import token_ids
from model import encode_prompts, with_zero_token


@torch.no_grad()
def sample(encoders, transformer, tokenizers, prompts, steps=20, guidance=4.0, shift=1.0, seed=0, size=(16, 16)):
    """Latents [prompts, C, H/8, W/8] for prompts, guided away from the empty prompt.

    The transformer must use `FoldedZerosAttention`.
    """
    device, count = transformer.device, len(prompts)
    scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    scheduler.set_timesteps(steps, device=device)
    ids = [token_ids(t, [""] * count + list(prompts)).to(device) for t in tokenizers]
    hidden, pooled = encode_prompts(encoders, ids)
    hidden = with_zero_token(hidden)
    shape = (count, transformer.config.in_channels, *size)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(device)
    for t in scheduler.timesteps:
        velocity = transformer(
            hidden_states=torch.cat([x, x]), timestep=t.expand(2 * count), encoder_hidden_states=hidden,
            pooled_projections=pooled, return_dict=False)[0].float()
        negative, positive = velocity.chunk(2)
        x = scheduler.step(negative + guidance * (positive - negative), t, x, return_dict=False)[0]
    return x


@torch.no_grad()
def decode(vae, latents):
    """Latents to uint8 pictures [N, H, W, 3] (numpy)."""
    pictures = []
    for z in latents.split(16):
        z = z / vae.config.scaling_factor + vae.config.shift_factor
        pictures.append(vae.decode(z, return_dict=False)[0].float().cpu())
    pixels = torch.cat(pictures).clamp(-1, 1)
    return ((pixels + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
