"""What ComfyUI's custom-sampling nodes give: Tests/Golden/nodes/custom_sampling.json.

    python tools/golden/custom_sampling.py COMFYUI

COMFYUI is a checkout of ComfyUI (0.33.0 was used: the patientx/ComfyUI-Zluda tree at 8622f33, which tracks it); its nodes are
run from there on the CPU. Besides torch, SciPy and safetensors they need torchsde; other packages that it imports but that no
number here depends on are stood in for.

levels    runs of scheduler nodes: `node`, `inputs`, and `out`, the noise levels.
noisy     runs of AddNoise over noise levels, with the latent format `scale` and `shift` and the model sampling `model`.
samplers  runs of the nodes that make a sampler, over the noise levels of `sigmas`, by the name of a model sampling, with a
          toy denoiser: noise linspace(-1.5, 1.5, 16) as [1, 1, 4, 4], latent 0, x0(x, sigma) = 0.9 tanh(0.8 x) + 0.05,
          unconditional x0 = 0.8 x0, seed 1234, result after inverse_noise_scaling. As tools/golden/sampling.py has it.
"""
import importlib.abc
import importlib.machinery
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import torch

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/nodes/custom_sampling.json"
ABSENT = "av aiohttp comfy_aimdo comfy_kitchen einops latent_preview protocol torchaudio torchvision".split()
FLOW, EPSILON = "z-image FLOW shift3 mult1", "sd15/sdxl EPS"


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Modules that take any call, for packages that are not needed."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ABSENT:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = MagicMock(name=spec.name)
        module.__path__, module.__spec__ = [], spec
        return module

    def exec_module(self, module):
        pass


def nodes(checkout):
    """ComfyUI's node classes by name, and its model samplings."""
    sys.argv = ["golden", "--cpu"]
    sys.path.insert(0, checkout)
    sys.meta_path.append(StandIns())
    import comfy.options

    comfy.options.enable_args_parsing()
    import comfy.model_sampling as sampling
    import comfy_extras.nodes_custom_sampler as custom

    class Flow(sampling.ModelSamplingDiscreteFlow, sampling.CONST):
        pass

    class Epsilon(sampling.ModelSamplingDiscrete, sampling.EPS):
        pass

    flow = Flow()
    flow.set_parameters(shift=3.0, multiplier=1.0)
    return custom, {FLOW: flow, EPSILON: Epsilon()}


def floats(tensor):
    """The values of a tensor as a flat list."""
    return [float(value) for value in tensor.flatten()]


def levels(custom):
    """Scheduler nodes that need no model."""
    for name, defaults, changes in [
        ("KarrasScheduler", {"steps": 20, "sigma_max": 14.614642, "sigma_min": 0.0291675, "rho": 7.0},
         [{}, {"steps": 1}, {"rho": 1.0}]),
        ("ExponentialScheduler", {"steps": 20, "sigma_max": 14.614642, "sigma_min": 0.0291675},
         [{}, {"steps": 1}, {"sigma_max": 1.0}]),
        ("PolyexponentialScheduler", {"steps": 20, "sigma_max": 14.614642, "sigma_min": 0.0291675, "rho": 1.0},
         [{}, {"steps": 1}, {"rho": 0.0}, {"rho": 2.5, "steps": 7}, {"sigma_max": 0.1, "sigma_min": 2.0}]),
        ("LaplaceScheduler",
         {"steps": 20, "sigma_max": 14.614642, "sigma_min": 0.0291675, "mu": 0.0, "beta": 0.5},
         [{}, {"steps": 1}, {"steps": 2}, {"steps": 3}, {"mu": -1.5, "beta": 1.2}, {"beta": 0.0, "steps": 4},
          {"sigma_max": 1.0, "sigma_min": 0.0, "mu": 10.0, "beta": 10.0}, {"sigma_max": 1.0, "sigma_min": 2.0},
          {"sigma_max": 5000.0, "sigma_min": 0.0, "beta": 1.0, "steps": 33}]),
        ("VPScheduler", {"steps": 20, "beta_d": 19.9, "beta_min": 0.1, "eps_s": 0.001},
         [{}, {"steps": 1}, {"eps_s": 1.0, "steps": 3}, {"eps_s": 0.0, "beta_d": 2.0, "steps": 6},
          {"beta_d": 0.0, "beta_min": 0.0, "steps": 4}, {"beta_d": 170.0, "steps": 5}]),
    ]:
        for change in changes:
            inputs = {**defaults, **change}
            out = getattr(custom, name).execute(**inputs)[0]
            yield {"node": name, "inputs": inputs, "out": floats(out)}


class Noisy:
    """A model as AddNoise asks it: a model sampling and a latent format."""

    def __init__(self, sampling, scale, shift):
        self.objects = {"model_sampling": sampling, "process_latent_in": lambda x: (x - shift) * scale,
                        "process_latent_out": lambda x: x / scale + shift}

    def get_model_object(self, name):
        return self.objects[name]


def noisy(custom, samplings, scale=1.5305, shift=0.0609):
    """AddNoise: levels of one, two and several, an empty latent, places in the noise, no noise, and no number."""
    picture = torch.linspace(-2, 3, 2 * 3 * 2 * 2).reshape(2, 3, 2, 2)
    beyond = picture.clone()
    beyond[0, 0, 0] = torch.tensor([float("nan"), float("inf")])
    for model, sampling in samplings.items():
        for sigmas, latent, places, seed in [
            ([0.75], picture, None, 5), ([1.0, 0.5, 0.25], picture, None, 6), ([0.2, 0.9], picture, [2, 0], 7),
            ([0.6, 0.0], picture * 0, None, 8), ([1.0, 0.3], picture, None, None), ([0.5, 0.0], beyond, None, 9),
            ([], picture, None, 10),
        ]:
            noise = custom.Noise_EmptyNoise() if seed is None else custom.Noise_RandomNoise(seed)
            given = {"samples": latent} if places is None else {"samples": latent, "batch_index": places}
            out = custom.AddNoise.execute(Noisy(sampling, scale, shift), noise, torch.tensor(sigmas), given)[0]
            yield {"model": model, "sigmas": sigmas, "shape": list(latent.shape), "places": places, "seed": seed,
                   "latent": [str(value) for value in floats(latent)], "scale": scale, "shift": shift,
                   "out": floats(out["samples"])}


class Toy:
    """A model as samplers ask it."""

    def __init__(self, sampling):
        self.sampling = self.model_sampling = sampling
        self.inner_model = self.model_patcher = self

    def get_model_object(self, name):
        return self.sampling

    def __call__(self, x, sigma, model_options={}, **rest):
        denoised = torch.tanh(x * 0.8) * 0.9 + 0.05
        for change in model_options.get("sampler_post_cfg_function", []):
            denoised = change({"denoised": denoised, "uncond_denoised": denoised * 0.8})
        return denoised


STOCHASTIC = [{}, {"eta": 0.0}, {"eta": 0.6, "s_noise": 1.3}, {"s_noise": 0.0}]
DEVICE = {"noise_device": "cpu"}
SAMPLERS = {
    "SamplerEulerAncestral": ({}, [*STOCHASTIC, {"eta": 1.1}]),
    "SamplerEulerAncestralCFGPP": ({}, STOCHASTIC),
    "SamplerLMS": ({"order": 4}, [{}, {"order": 1}, {"order": 2}, {"order": 6}]),
    "SamplerDPMPP_2S_Ancestral": ({}, [*STOCHASTIC, {"eta": 1.1}]),
    "SamplerDPMPP_SDE": ({"r": 0.5, **DEVICE}, [*STOCHASTIC, {"r": 0.3}, {"r": 1.0, "eta": 0.5}]),
    "SamplerDPMPP_2M_SDE": ({"solver_type": "midpoint", **DEVICE},
                            [*STOCHASTIC, {"solver_type": "heun"}, {"solver_type": "heun", "eta": 2.0}]),
    "SamplerDPMPP_3M_SDE": (DEVICE, [*STOCHASTIC, {"eta": 1.7}]),
    "SamplerER_SDE": ({"solver_type": "ER-SDE", "max_stage": 3},
                      [*STOCHASTIC, {"max_stage": 1}, {"max_stage": 2, "eta": 2.0}, {"solver_type": "ODE"},
                       {"solver_type": "Reverse-time SDE"}, {"solver_type": "Reverse-time SDE", "eta": 0.4}]),
    "SamplerSASolver": ({"sde_start_percent": 0.2, "sde_end_percent": 0.8, "predictor_order": 3, "corrector_order": 4,
                         "use_pece": False, "simple_order_2": False},
                        [*STOCHASTIC, {"sde_start_percent": 0.0, "sde_end_percent": 1.0, "eta": 0.5}, {"use_pece": True},
                         {"sde_start_percent": 0.9}, {"corrector_order": 0}, {"predictor_order": 1, "corrector_order": 1},
                         {"predictor_order": 2, "corrector_order": 2},
                         {"predictor_order": 2, "corrector_order": 2, "simple_order_2": True},
                         {"predictor_order": 4, "corrector_order": 5, "use_pece": True}]),
    "SamplerSEEDS2": ({"solver_type": "phi_1", "r": 0.5},
                      [*STOCHASTIC, {"solver_type": "phi_2"}, {"r": 0.8}, {"r": 1.0, "solver_type": "phi_2", "eta": 0.3}]),
}


def samplers(custom, samplings, sigmas):
    """Whole runs with the samplers that the nodes make."""
    noise = torch.linspace(-1.5, 1.5, 16).reshape(1, 1, 4, 4)
    for node, (defaults, changes) in SAMPLERS.items():
        strength = {} if node == "SamplerLMS" else {"eta": 1.0, "s_noise": 1.0}
        for model, sampling in samplings.items():
            for change in changes:
                inputs = {**strength, **defaults, **change}
                given = {"model": Toy(sampling)} if node == "SamplerSASolver" else {}
                sampler = getattr(custom, node).execute(**given, **inputs)[0]
                steps = torch.tensor(sigmas[model])
                x = sampling.noise_scaling(steps[0], noise, torch.zeros_like(noise), True)
                out = sampler.sampler_function(
                    Toy(sampling), x, steps, extra_args={"seed": 1234}, disable=True, **sampler.extra_options)
                yield {"node": node, "inputs": inputs, "model": model,
                       "out": floats(sampling.inverse_noise_scaling(steps[-1], out))}


def main():
    """Write the file."""
    custom, samplings = nodes(sys.argv[1])
    origin = {"script": "tools/golden/custom_sampling.py",
              "source": f"ComfyUI 0.33.0 comfy_extras/nodes_custom_sampler.py, torch {torch.__version__}"}
    sigmas = {FLOW: [1.0, 0.95, 0.9, 0.83, 0.75, 0.64, 0.5, 0.3, 0.0],
              EPSILON: [14.614643, 7.9, 4.0, 1.9, 0.83, 0.32, 0.11, 0.03, 0.0]}
    content = {"metadata": origin, "levels": list(levels(custom)), "noisy": list(noisy(custom, samplings)),
               "sigmas": sigmas, "samplers": list(samplers(custom, samplings, sigmas))}
    OUTPUT.write_text(json.dumps(content, separators=(",", ":")) + "\n")
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
