"""Golden numbers for noise schedules, samplers and noise (Tests/Golden/sampling).

    python tools/golden/sampling.py                      write diffusers.json and noise.json again
    python tools/golden/sampling.py --comfyui FILE       cut schedules.json and samplers.json from FILE

diffusers.json   the noise levels of diffusers' flow-matching schedulers, run here.
noise.json       torch's CPU noise as ComfyUI draws it (comfy/sample.py prepare_noise, default_noise_sampler), and the
                 seeds of NumPy's SeedSequence from which torchsde's Brownian tree draws, run here.
schedules.json   the nine schedulers of ComfyUI's comfy/samplers.py over nine model samplings of comfy/model_sampling.py,
                 named "type: scheduler:steps", and the noise levels of its Flux2Scheduler node.
samplers.json    each sampler of comfy/k_diffusion/sampling.py over two model samplings with a toy denoiser:
                 noise linspace(-1.5, 1.5, 16) as [1, 1, 4, 4], latent 0, x0(x, sigma) = 0.9 tanh(0.8 x) + 0.05,
                 unconditional x0 = 0.8 x0 (for *_cfg_pp), seed 1234 on the CPU, result after inverse_noise_scaling.

ComfyUI's own vectors were written by running those functions of ComfyUI 0.33.0 (the patientx/ComfyUI-Zluda tree at
8622f33, which tracks it) on the CPU; FILE is that record, {"sigmas": {type: {"scheduler:steps": [...]}}, "flux2":
{"WIDTHxHEIGHT:steps": {"mu", "sigmas"}}, "samplers": {type: {"sigmas", "results": {sampler: [...]}}}}.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import torch

GOLDEN = Path(__file__).resolve().parents[2] / "Tests/Golden/sampling"
SHIFT = 2.0                        # of samples/models/diorama-tiny/scheduler/scheduler_config.json


def write(name, source, content):
    """Write one golden file with its origin."""
    origin = {"script": "tools/golden/sampling.py", "source": source}
    path = GOLDEN / name
    path.write_text(json.dumps({"metadata": origin, **content}, separators=(",", ":")) + "\n")
    print(f"{path.name}: {path.stat().st_size} bytes")


def floats(tensor):
    """The values of a tensor as a flat list."""
    return [float(value) for value in tensor.flatten()]


def flow_match_cases():
    """diffusers' FlowMatchEuler and FlowMatchHeun with a static shift and no sigmas of the caller."""
    import diffusers

    cases = []
    for shift, steps in [(1.0, 4), (SHIFT, 1), (SHIFT, 2), (SHIFT, 8), (SHIFT, 10), (SHIFT, 12), (SHIFT, 20), (3.0, 28)]:
        scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=shift)
        scheduler.set_timesteps(steps)
        cases.append({"class": "FlowMatchEuler", "shift": shift, "steps": steps,
                      "sigmas": floats(scheduler.sigmas), "timesteps": floats(scheduler.timesteps)})
    for shift, steps in [(1.0, 6), (3.0, 10)]:
        scheduler = diffusers.FlowMatchHeunDiscreteScheduler(shift=shift)
        scheduler.set_timesteps(steps)
        once = torch.cat([scheduler.sigmas[:1], scheduler.sigmas[1:-1:2], scheduler.sigmas[-1:]])
        cases.append({"class": "FlowMatchHeun", "shift": shift, "steps": steps, "sigmas": floats(once),
                      "timesteps": floats(torch.cat([scheduler.timesteps[:1], scheduler.timesteps[1::2]]))})
    return diffusers.__version__, cases


def shifted_times():
    """diffusers' dynamic shift of evenly spaced times: what the Flux type calls sigma(at:)."""
    import diffusers

    cases = []
    for mu in [0.5, 0.8, 1.15, 2.02]:
        scheduler = diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)
        times = np.linspace(1.0, 1 / 20, 20)
        scheduler.set_timesteps(sigmas=times, mu=mu)
        cases.append({"mu": mu, "times": times.tolist(), "sigmas": floats(scheduler.sigmas[:-1])})
    return cases


def prepared_noise(shape, seed, indices=None):
    """The starting noise of a batch; with batch indices each item is drawn alone, up to the largest index."""
    generator = torch.manual_seed(seed)
    if indices is None:
        return torch.randn(shape, generator=generator)
    unique, inverse = np.unique(indices, return_inverse=True)
    drawn = [torch.randn([1, *shape[1:]], generator=generator) for _ in range(unique[-1] + 1)]
    return torch.cat([drawn[unique[place]] for place in inverse])


def noise_cases():
    """Starting noise and the noise of ancestral steps."""
    starts = []
    for shape, seed, indices in [([1, 4, 4, 4], 0, None), ([2, 3, 3, 5], 2**64 - 1, None), ([3, 4, 2, 2], 7, [3, 0, 3]),
                                 ([2, 1, 3, 3], 11, [2, 1])]:
        starts.append({"shape": shape, "seed": str(seed), "batchIndex": indices,
                       "values": floats(prepared_noise(shape, seed, indices))})
    steps = []
    for shape, seed in [([1, 4, 4, 4], 0), ([1, 1, 3, 3], 1234)]:
        generator = torch.Generator().manual_seed(seed + 1)
        steps.append({"shape": shape, "seed": str(seed),
                      "draws": [floats(torch.randn(shape, generator=generator)) for _ in range(3)]})
    seeds = []
    for entropy, path, pool in [(1234, [], 4), (1234, [], 24), (2**64 - 2, [], 24), (1234, [0, 0], 24),
                                (7, [2**33 + 5, 34], 24), (2**40 + 3, [6, 2], 4)]:
        sequence = np.random.SeedSequence(entropy=entropy, spawn_key=tuple(path), pool_size=pool)
        seeds.append({"entropy": str(entropy), "path": path, "poolSize": pool,
                      "state": sequence.generate_state(6).tolist()})
    return {"starts": starts, "steps": steps, "seeds": seeds}


def main():
    """Write what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comfyui", type=Path, metavar="FILE", help="a record of ComfyUI's vectors to cut")
    arguments = parser.parse_args()
    GOLDEN.mkdir(parents=True, exist_ok=True)
    if arguments.comfyui:
        record = json.loads(arguments.comfyui.read_text())
        write("schedules.json", "ComfyUI 0.33.0 comfy/samplers.py, comfy/model_sampling.py",
              {"sigmas": record["sigmas"], "flux2": record["flux2"]})
        write("samplers.json", "ComfyUI 0.33.0 comfy/k_diffusion/sampling.py", {"samplers": record["samplers"]})
        return
    version, cases = flow_match_cases()
    write("diffusers.json", f"diffusers {version}, torch {torch.__version__}, numpy {np.__version__}", {"flowMatch": cases, "shiftedTimes": shifted_times()})
    write("noise.json", f"torch {torch.__version__}, numpy {np.__version__}, seed per case", noise_cases())


if __name__ == "__main__":
    main()
