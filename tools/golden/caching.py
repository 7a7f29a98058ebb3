"""Caches over steps, by ComfyUI's EasyCache and diffusers' First Block Cache: Tests/Golden/caching/*.safetensors.

    python tools/golden/caching.py COMFYUI          write both files again; COMFYUI is a checkout of ComfyUI

`easycache.safetensors`: inputs and outputs of a made-up network at falling noise levels, and what ComfyUI's EasyCache
(comfy_extras/nodes_easycache.py, run from the checkout) gives for them: with one conditioning, with two that are asked one after
the other, and with two in one batch. Where it applies the differences of a batch, ComfyUI 0.3.64 adds those of every conditioning to
every part of the batch; here each part gets its own, which is what the loop there says it does.

`first-block.safetensors`: outputs of the transformers of Tests/Golden/models/mmdit-*.safetensors on slowly changing latents, with
diffusers' First Block Cache; and, for other numbers of first and last blocks, with the same formula written down here.
"""
import json
import sys
import types
from pathlib import Path
from unittest import mock

import diffusers
import torch
from diffusers import SD3Transformer2DModel
from diffusers.hooks import FirstBlockCacheConfig, apply_first_block_cache
from diffusers.models.cache_utils import CacheMixin
from safetensors import safe_open
from safetensors.torch import save_file

GOLDEN = Path(__file__).resolve().parents[2] / "Tests/Golden"
SEED = 5
SHIFT = 3.0             # of the flow's noise levels
WINDOW = (0.1, 0.9)     # start_percent and end_percent
ROUNDS = 14
torch.set_num_threads(1)
torch.set_grad_enabled(False)


def shifted(t):
    return SHIFT * t / (1 + (SHIFT - 1) * t)


def easycache_module(checkout):
    """ComfyUI's file, with stand-ins for what it imports and does not need here."""
    sys.path.insert(0, str(checkout))
    api = types.ModuleType("comfy_api.latest")
    api.io, api.ComfyExtension = mock.MagicMock(), object
    api.io.ComfyNode = object
    stand_ins = {"comfy_api": types.ModuleType("comfy_api"), "comfy_api.latest": api,
                 "comfy.model_patcher": types.ModuleType("comfy.model_patcher")}
    with mock.patch.dict(sys.modules, stand_ins):
        import comfy_extras.nodes_easycache as module
    return module


def easycache(module, sigmas, x, y, threshold, calls):
    """Results [rounds, conditionings, B, ...] and whether each round was skipped, with the `calls` of each round."""
    class Holder(module.EasyCacheHolder):
        def apply_cache_diff(self, x, uuids):
            part = x.shape[0] // len(uuids)
            return torch.cat([super(Holder, self).apply_cache_diff(x[i * part:(i + 1) * part].clone(), [uuid])
                              for i, uuid in enumerate(uuids)])

    holder = Holder(threshold, *WINDOW, subsample_factor=8, offload_cache_diff=False, verbose=True)
    holder.prepare_timesteps(types.SimpleNamespace(
        percent_to_sigma=lambda p: 1.0 if p <= 0 else 0.0 if p >= 1 else shifted(1 - p)))
    results, skipped = torch.zeros_like(y), torch.zeros(len(sigmas))
    for round, sigma in enumerate(sigmas):
        holder.skip_current_step = False        # as ComfyUI's calc_cond_batch wrapper does
        asked = []
        for uuids in calls:
            def network(latent, options):
                asked.append(uuids)
                return torch.cat([y[round, uuid] for uuid in uuids])

            options = {"easycache": holder, "sigmas": sigma.reshape(1), "uuids": uuids}
            given = torch.cat([x[round]] * len(uuids))
            output = module.easycache_forward_wrapper(network, given, options)
            for uuid, part in zip(uuids, output.chunk(len(uuids))):
                results[round, uuid] = part
        assert len(asked) in (0, len(calls))
        skipped[round] = not asked
    rates = [torch.tensor(v) for v in (holder.output_change_rates, holder.approx_output_change_rates)]
    return results, skipped, *rates


def easycache_tensors(module):
    generator = torch.Generator().manual_seed(SEED)
    shape = (2, 2, 9, 11)
    picture, noise, *prompts = (torch.randn(*shape, generator=generator) for _ in range(4))
    sigmas = torch.tensor([shifted(1 - i / ROUNDS) for i in range(ROUNDS)])
    x = torch.stack([picture * (1 - s) + noise * s for s in sigmas])
    # Outputs that turn with the noise level, slowly in the middle of the way.
    y = torch.stack([torch.stack([noise - picture + p * torch.cos(4 * (s - 0.6) ** 3) + 0.3 * torch.sin(latent)
                                  for p in prompts]) for s, latent in zip(sigmas, x)])
    tensors = {"sigmas": sigmas, "x": x, "y": y}
    calls = {"single": [[1]], "apart": [[1], [0]], "together": [[0, 1]]}
    for threshold in (0.0, 0.05, 0.2):
        for name, each in calls.items():
            results, skipped, changes, predicted = easycache(module, sigmas, x, y, threshold, each)
            key = f"{name}.{threshold}"
            tensors |= {f"skipped.{key}": skipped, f"changes.{key}": changes, f"predicted.{key}": predicted}
            if threshold:
                tensors[f"result.{key}"] = results[:, 1:] if name == "single" else results
            print(key, [int(s) for s in skipped])
    return tensors


def transformer(name):
    with safe_open(GOLDEN / f"models/{name}.safetensors", "pt") as file:
        config = json.loads(file.metadata()["config"])
        stored = {key: file.get_tensor(key) for key in file.keys()}
    model = SD3Transformer2DModel(**config).eval()
    model.load_state_dict({k.removeprefix("model."): v.float() for k, v in stored.items() if k.startswith("model.")})
    # The last block gives no text tokens; diffusers' cache wants some. The model does not read them.
    last = model.transformer_blocks[-1]
    forward = last.forward
    last.forward = lambda hidden_states, encoder_hidden_states, *args, **kwargs: (
        encoder_hidden_states, forward(hidden_states, encoder_hidden_states, *args, **kwargs)[1])
    return model, stored, config["num_layers"]


def run(model, stored, latents, times):
    return torch.stack([model(
        hidden_states=latent, encoder_hidden_states=stored["context"], pooled_projections=stored["pooled"],
        timestep=time).sample for latent, time in zip(latents, times)])


def by_formula(model, threshold, first, last, limit):
    """Replaces the blocks' forward by the formula; gives the list that tells of each evaluation whether blocks were left out."""
    blocks = list(model.transformer_blocks)
    memory = types.SimpleNamespace(entry=None, before=None, change=None, streak=0)
    reused = []

    def wrap(place, forward):
        def call(hidden_states, encoder_hidden_states, *args, **kwargs):
            now = (encoder_hidden_states, hidden_states)
            if place == 0:
                memory.entry = hidden_states
            if place == first:
                change = hidden_states - memory.entry
                ratio = None if memory.before is None else (
                    (change - memory.before).abs().mean() / memory.before.abs().mean()).item()
                use = ratio is not None and ratio < threshold and (limit is None or memory.streak < limit)
                reused.append(use)
                memory.streak = memory.streak + 1 if use else 0
                if not use:
                    memory.before, memory.middle = change, now
                else:
                    now = tuple(a + b for a, b in zip(now, memory.change))
            if first <= place < len(blocks) - last and reused[-1]:
                return now
            result = forward(hidden_states, encoder_hidden_states, *args, **kwargs)
            if place == len(blocks) - last - 1:
                memory.change = tuple(a - b for a, b in zip(result, memory.middle))
            return result
        return call

    for place, block in enumerate(blocks):
        block.forward = wrap(place, block.forward)
    return reused


def first_block_tensors():
    tensors = {}
    for name in ("mmdit-dual", "mmdit-plain"):
        _, stored, count = transformer(name)
        steps = torch.tensor([0, 1, 2, 20, 21, 22, 23, 300]) / 1000     # how far each latent is on its way
        other = torch.randn(stored["latent"].shape, generator=torch.Generator().manual_seed(SEED))
        latents = torch.stack([stored["latent"] * (1 - s) + other * s for s in steps])
        times = torch.stack([stored["timestep"] * (1 - s) for s in steps])
        tensors |= {f"{name}.latents": latents, f"{name}.times": times}
        for threshold, first, last, limit in [
                (0.12, 1, 0, None), (0.5, 1, 0, None), (0.5, 1, 0, 2), (0.5, 2, 0, None), (0.5, 1, 1, None)]:
            if first + last >= count:
                continue
            model, _, _ = transformer(name)
            reused = by_formula(model, threshold, first, last, limit)
            found = run(model, stored, latents, times)
            if (first, last, limit) == (1, 0, None):
                model, _, _ = transformer(name)
                apply_first_block_cache(model, FirstBlockCacheConfig(threshold=threshold))
                with CacheMixin.cache_context(model, "run"):
                    result = run(model, stored, latents, times)
                assert (found - result).abs().max() < 1e-5, "the formula is not diffusers'"
                found = result
            key = f"{name}.{threshold}.{first}.{last}.{-1 if limit is None else limit}"
            tensors |= {f"result.{key}": found, f"reused.{key}": torch.tensor(reused).float()}
            print(key, [int(r) for r in reused])
    return tensors


def save(name, tensors, metadata):
    metadata = {"script": "tools/golden/caching.py", "torch": torch.__version__, "seed": str(SEED)} | metadata
    path = GOLDEN / f"caching/{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.float().contiguous().clone() for k, v in tensors.items()}, path, metadata)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def main():
    module = easycache_module(Path(sys.argv[1]))
    import comfyui_version
    metadata = {"shift": str(SHIFT), "start": str(WINDOW[0]), "end": str(WINDOW[1]),
                "comfyui": comfyui_version.__version__}
    save("easycache", easycache_tensors(module), metadata)
    save("first-block", first_block_tensors(), {"diffusers": diffusers.__version__})


if __name__ == "__main__":
    main()
