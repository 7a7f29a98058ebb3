"""What ComfyUI's adaptive DPM-Solver makes with other options than its defaults: Tests/Golden/sampling/adaptive.json.

    python tools/golden/adaptive.py COMFYUI

runs sample_dpm_adaptive of comfy/k_diffusion/sampling.py in COMFYUI, a checkout of ComfyUI, on the CPU, over a toy denoiser:
x = linspace(-1.5, 1.5, 16) times the first level, as [1, 1, 4, 4], x0(x, sigma) = 0.9 tanh(0.8 x) + 0.05, and noise of the
seed 1234 + 1. Packages that the function does not use need not be installed. Besides the result there are the counts of what it
did: evaluations ("nfe"), attempts that counted ("n_accept") and that did not ("n_reject").
"""
import importlib
import json
import sys
import types
from pathlib import Path

import torch

GOLDEN = Path(__file__).resolve().parents[2] / "Tests/Golden/sampling/adaptive.json"
CASES = [
    {},
    {"order": 2},
    {"rtol": 0.005, "atol": 0.0005},
    {"h_init": 2.0},
    {"pcoeff": 0.2, "icoeff": 0.7, "dcoeff": 0.1, "h_init": 1.0},
    {"accept_safety": 0.95, "h_init": 3.0, "order": 2},
    {"eta": 1.0},
    {"eta": 0.5, "s_noise": 0.9, "order": 2},
]
WAYS = [(14.614643, 0.0291671), (1.0, 0.3), (0.3, 1.0)]     # down in two lengths, and up


def comfyui(folder):
    """ComfyUI's samplers, without the parts of it and the packages that adaptive sampling does not touch."""
    sys.path.insert(0, str(folder))
    for name in ["torchsde", "comfy.model_patcher", "comfy.model_sampling"]:
        sys.modules[name] = types.ModuleType(name)
    return importlib.import_module("comfy.k_diffusion.sampling")


def denoiser(x, sigma, **_):
    """The toy model."""
    return torch.tanh(x * 0.8) * 0.9 + 0.05


def main():
    """Write the golden file."""
    sys.dont_write_bytecode = True
    folder = Path(sys.argv[1])
    sampling = comfyui(folder)
    version = (folder / "comfyui_version.py").read_text().split('"')[-2]
    cases = []
    for first, last in WAYS:
        for options in CASES:
            if last > first and options.get("eta"):
                continue                                     # only on a way down
            generator = torch.Generator().manual_seed(1234 + 1)
            x = (torch.linspace(-1.5, 1.5, 16) * first).reshape(1, 1, 4, 4)
            result, info = sampling.sample_dpm_adaptive(
                denoiser, x, torch.tensor(last), torch.tensor(first), disable=True, return_info=True, **options,
                noise_sampler=lambda *_: torch.randn(x.shape, generator=generator))
            cases.append({"options": options, "first": first, "last": last, "result": result.flatten().tolist(), **info})
    about = {"script": "tools/golden/adaptive.py", "source": f"ComfyUI {version} comfy/k_diffusion/sampling.py, torch {torch.__version__}"}
    GOLDEN.write_text(json.dumps({"metadata": about, "cases": cases}, separators=(",", ":")) + "\n")
    for case in cases:
        print(case["first"], case["options"], case["nfe"], case["n_accept"], case["n_reject"])


if __name__ == "__main__":
    main()
