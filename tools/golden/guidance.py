"""Guidance beyond the plain formula, in PyTorch, and transformers with layers left out: Tests/Golden/guidance/*.safetensors.

    python tools/golden/guidance.py          write both files again

`formulas.safetensors` has random predictions of a step and what ComfyUI's RescaleCFG, CFGNorm and SkipLayerGuidanceDiT make of
them, written down here from their definitions and computed in float64:

- RescaleCFG (Lin et al., https://arxiv.org/abs/2305.08891, section 3.4): the guided prediction at the standard deviation of the
  conditional one, mixed with the plain one. Of pictures in flow models; of velocities v = (x / (s^2 + 1) - picture) sqrt(s^2 + 1) / s
  in noise-predicting ones.
- CFGNorm: the guided picture times min(1, |conditional| / |guided|), norms over channels; or, with pre_cfg, the guided noise at
  the norm of the conditional noise.
- skip-layer guidance: guided + scale (conditional - weakened), perhaps at the standard deviation of the conditional one.

`skip-layers.safetensors` has what diffusers' SD3Transformer2DModel gives for `skip_layers`, for the weights and inputs of
Tests/Golden/models/mmdit-*.safetensors, which models.py writes.
"""
import json
from pathlib import Path

import diffusers
import torch
from diffusers import SD3Transformer2DModel
from safetensors import safe_open
from safetensors.torch import save_file

GOLDEN = Path(__file__).resolve().parents[2] / "Tests/Golden"
SEED = 11
SIGMA = 0.625           # a float32 value, so that no rounding of it shows
CFG = 5.5
torch.set_num_threads(1)
torch.set_grad_enabled(False)


def item_std(x):
    """The standard deviation of each item of a batch, shaped to broadcast."""
    return torch.stack([item.std() for item in x]).reshape(-1, 1, 1, 1)


def channel_norm(x):
    return x.square().sum(dim=1, keepdim=True).sqrt()


def plain(conditional, unconditional):
    return unconditional + CFG * (conditional - unconditional)


def rescaled(conditional, unconditional, multiplier):
    guided = plain(conditional, unconditional)
    return multiplier * guided * item_std(conditional) / item_std(guided) + (1 - multiplier) * guided


def rescaled_velocity(x, conditional, unconditional, multiplier):
    root = (SIGMA**2 + 1) ** 0.5

    def velocity(picture):
        return (x / root**2 - picture) * root / SIGMA

    v = rescaled(velocity(conditional), velocity(unconditional), multiplier)
    return x / root**2 - v * SIGMA / root


def shortened(conditional, unconditional, strength):
    guided = plain(conditional, unconditional)
    return guided * torch.minimum(channel_norm(conditional) / channel_norm(guided), torch.ones(())) * strength


def length_of_noise(x, conditional, unconditional, strength):
    noise, combined = x - conditional, x - plain(conditional, unconditional)
    at_length = combined * channel_norm(noise) / channel_norm(combined)
    return x - (strength * at_length + (1 - strength) * combined)


def skip_layer(conditional, unconditional, weakened, scale, rescaling):
    result = plain(conditional, unconditional) + scale * (conditional - weakened)
    return result * (rescaling * conditional.std() / result.std() + 1 - rescaling)


def formulas():
    generator = torch.Generator().manual_seed(SEED)
    x, c, u, w = (torch.randn(2, 5, 6, 7, generator=generator).double() for _ in range(4))
    c = c + 0.3         # a mean, which a standard deviation must not count
    c[1] *= 2           # items of different spread
    tensors = {"x": x, "conditional": c, "unconditional": u, "weakened": w}
    for m in (0.0, 0.7, 1.0):
        tensors[f"rescale.flow.{m}"] = rescaled(c, u, m)
        tensors[f"rescale.epsilon.{m}"] = rescaled_velocity(x, c, u, m)
    for s in (0.5, 1.0, 1.5):
        tensors[f"norm.post.{s}"] = shortened(c, u, s)
        tensors[f"norm.pre.{s}"] = length_of_noise(x, c, u, s)
    for s in (1.0, 3.0):
        for r in (0.0, 0.4, 1.0):
            tensors[f"skip.{s}.{r}"] = skip_layer(c, u, w, s, r)
    return tensors


def skip_layers():
    tensors = {}
    for name in ("mmdit-dual", "mmdit-plain"):
        with safe_open(GOLDEN / f"models/{name}.safetensors", "pt") as file:
            config = json.loads(file.metadata()["config"])
            stored = {key: file.get_tensor(key) for key in file.keys()}
        model = SD3Transformer2DModel(**config).eval()
        weights = {k.removeprefix("model."): v.float() for k, v in stored.items() if k.startswith("model.")}
        model.load_state_dict(weights)
        inputs = dict(hidden_states=stored["latent"], encoder_hidden_states=stored["context"],
                      pooled_projections=stored["pooled"], timestep=stored["timestep"])
        count = config["num_layers"]
        for skipped in [[], [0], [count - 1], list(range(count - 1)), list(range(count))]:
            tensors[f"{name}.{'-'.join(map(str, skipped)) or 'none'}"] = model(**inputs, skip_layers=skipped).sample
    return tensors


def save(name, tensors, metadata):
    metadata = {"script": "tools/golden/guidance.py", "torch": torch.__version__} | metadata
    path = GOLDEN / f"guidance/{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.float().contiguous().clone() for k, v in tensors.items()}, path, metadata)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def main():
    save("formulas", formulas(), {"seed": str(SEED), "sigma": str(SIGMA), "cfg": str(CFG)})
    save("skip-layers", skip_layers(), {"diffusers": diffusers.__version__})


if __name__ == "__main__":
    main()
