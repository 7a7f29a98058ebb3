"""Step 4: trains the transformer jointly with its two text encoders on the cached latents; writes mmdit/.

    python train_mmdit.py --minutes 35 --batch 32 --lr 1.1e-3
    python train_mmdit.py --minutes 38 --batch 32 --lr 6e-4 --seed 2 --continue     another run from its averages
    python train_mmdit.py --minutes 35 --batch 32 --lr 1.1e-3 --resume              after an interruption

averaged.pt holds the averaged weights, which are the ones to export; state.pt what --resume needs.
"""
import argparse
import json
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from diffusers import AutoencoderKL
from PIL import Image

from clip_tokenizers import load_tokenizers, token_ids
from model import (T5_TOKENS, FoldedZerosAttention, build_models, encode_prompts, initialise, load_weights, weights_of,
                   with_zero_token)
from prompts import PREVIEW
from sampling import decode, sample
from training import (Average, Budget, add_training_options, autocast, choose_device, held_back, load_state, record_run,
                      save_state)

HELD_BACK, VALIDATION = 512, 256    # the last scenes are kept from training; so many of them are measured


class Trainer:
    """Models, cached data and the loss of flow matching: the velocity from a scene's latents to noise."""

    def __init__(self, options):
        self.options, self.device = options, choose_device(options.device)
        self.data, self.out = options.work / "data", options.work / "mmdit"
        self.tokenizers = load_tokenizers(self.out)
        self.ids = torch.load(self.data / "ids.pt")
        self.latents = torch.from_numpy(np.load(self.data / "latents.npy"))
        self.count = len(self.latents) - held_back(len(self.latents), HELD_BACK)
        self.captions = self.ids[0].shape[1]
        self.empty = [token_ids(t, [""])[0].short() for t in self.tokenizers]

        self.encoders, self.transformer = build_models(self.tokenizers)
        seen = torch.zeros(len(self.tokenizers[0]), dtype=torch.bool)
        for ids in self.ids:
            seen[ids.flatten().long().unique()] = True
        initialise(self.encoders, self.transformer, seen)
        self.folded = FoldedZerosAttention()
        self.transformer.set_attn_processor(self.folded)
        self.models = nn.ModuleList([*self.encoders, self.transformer])
        self.validation = self.validation_set()

    def validation_set(self):
        """A fixed batch of held-back scenes, noise levels and noise."""
        count = min(VALIDATION, len(self.latents) - self.count)
        order = torch.arange(count)
        noise = torch.randn(count, *self.latents.shape[1:], generator=torch.Generator().manual_seed(5))
        return dict(scenes=self.count + order, captions=order % self.captions, sigma=(order % 16 + 0.5) / 16,
                    noise=noise, dropped=torch.zeros(count, dtype=torch.bool))

    def draw_batch(self, rng):
        """A random batch; the number of zero T5 tokens is drawn with it."""
        size = self.options.batch
        scenes = torch.from_numpy(rng.integers(0, self.count, size))
        # logit-normal, a fifth uniform to cover both ends
        sigma = torch.sigmoid(torch.randn(size) + 0.15)
        sigma = torch.where(torch.rand(size) < 0.2, torch.rand(size), sigma)
        # mostly the pipeline's default of 256 zero tokens, sometimes fewer, so that other lengths work too
        self.folded.count = int(rng.choice([T5_TOKENS, 77, 0], p=[0.7, 0.15, 0.15]))
        captions = torch.from_numpy(rng.integers(0, self.captions, size))
        noise = torch.randn(size, *self.latents.shape[1:])
        return dict(scenes=scenes, captions=captions, sigma=sigma, noise=noise, dropped=torch.rand(size) < 0.1)

    def loss(self, scenes, captions, sigma, noise, dropped):
        """Mean squared error of the velocity.

        - scenes, captions: [B] indices; sigma: [B], 1 is pure noise, as in FlowMatchEulerDiscreteScheduler;
          noise: [B, C, H/8, W/8]; dropped: [B] bool, where the empty prompt stands in (for guidance).
        """
        picked = [ids[scenes, captions].clone() for ids in self.ids]
        for ids, empty in zip(picked, self.empty):
            ids[dropped] = empty
        x0, noise, sigma = (t.to(self.device) for t in (self.latents[scenes].float(), noise, sigma))
        level = sigma.view(-1, 1, 1, 1)
        with autocast(self.options, self.device):
            hidden, pooled = encode_prompts(self.encoders, [ids.long().to(self.device) for ids in picked])
            velocity = self.transformer(
                hidden_states=(1 - level) * x0 + level * noise, timestep=sigma * 1000,
                encoder_hidden_states=with_zero_token(hidden), pooled_projections=pooled, return_dict=False)[0]
        return F.mse_loss(velocity.float(), noise - x0)

    @torch.no_grad()
    def checkpoint(self, average, name, preview=True):
        """Writes the averaged weights and a preview; returns their validation loss."""
        average.swap()
        self.models.eval()
        self.folded.count = T5_TOKENS
        value = self.loss(**self.validation).item()
        torch.save(weights_of(self.encoders, self.transformer), self.out / "averaged.pt")
        if preview:
            with autocast(self.options, self.device):
                latents = sample(self.encoders, self.transformer, self.tokenizers, PREVIEW, steps=16)
                vae = AutoencoderKL.from_pretrained(self.options.work / "vae").to(self.device).eval()
                pictures = decode(vae, latents)
            rows = [np.concatenate(list(pictures[i:i + 6]), 1) for i in range(0, len(pictures), 6)]
            Image.fromarray(np.concatenate(rows, 0)).save(self.out / f"preview_{name}.png")
        self.models.train()
        average.swap()
        return value


def main():
    parser = argparse.ArgumentParser(description="Trains the transformer and the text encoders.")
    add_training_options(parser, minutes=50, batch=64, rate=1e-3, seed=1)
    parser.add_argument("--average", type=float, default=0.998, help="decay of the weight average (default 0.998)")
    parser.add_argument("--continue", dest="continued", action="store_true",
                        help="start from the averaged weights of the run before, with a new schedule")
    parser.add_argument("--no-preview", action="store_true", help="render no preview pictures")
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    trainer = Trainer(options)
    out, earlier = trainer.out, []
    if options.continued:
        load_weights(out / "averaged.pt", trainer.encoders, trainer.transformer)
        earlier = json.loads((out / "run.json").read_text())
    trainer.models.to(trainer.device)
    parameters = [p for p in trainer.models.parameters() if p.requires_grad]
    print("parameters: transformer", sum(p.numel() for p in trainer.transformer.parameters()),
          "text", [sum(p.numel() for p in e.parameters()) for e in trainer.encoders], flush=True)
    optimizer = torch.optim.AdamW(parameters, lr=options.lr, betas=(0.9, 0.98), weight_decay=0.01)
    average, budget = Average(parameters), Budget(options.minutes, options.steps)
    if options.resume and (out / "state.pt").exists():
        load_state(out / "state.pt", trainer.models, optimizer, average, budget, rng)

    saved, running = time.time(), None
    while budget.progress < 1:
        for group in optimizer.param_groups:
            group["lr"] = options.lr * min(1, (budget.step + 1) / 150) * (0.02 + 0.98 * budget.cosine())
        loss = trainer.loss(**trainer.draw_batch(rng))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        budget.step += 1
        average.update(1 - min(options.average, (1 + budget.step) / (10 + budget.step)))
        value = loss.item()
        running = value if running is None else 0.98 * running + 0.02 * value
        if budget.step % 50 == 0:
            print(f"step {budget.step}, {budget.elapsed:.0f} s: loss {running:.4f}", flush=True)
        if time.time() - saved > options.save_every * 60:
            saved = time.time()
            save_state(out / "state.pt", trainer.models, optimizer, average, budget, rng)
            value = trainer.checkpoint(average, f"{budget.step:06d}", not options.no_preview)
            print(f"step {budget.step}: validation loss {value:.4f}", flush=True)

    value = trainer.checkpoint(average, "final", not options.no_preview)
    record_run(out, options, budget, trainer.device, earlier, validation_loss=round(value, 4))
    print(f"done: {budget.step} steps of {options.batch}, {budget.elapsed / 60:.1f} min, "
          f"train loss {running or float('nan'):.4f}, validation loss {value:.4f}")


if __name__ == "__main__":
    main()
