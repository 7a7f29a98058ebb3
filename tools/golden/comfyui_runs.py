#!/usr/bin/env python3
"""Runs ComfyUI's own functions on the CPU, with toy models: Tests/Golden/comfyui/*.safetensors.

    python tools/golden/comfyui_runs.py COMFYUI     write all files again

COMFYUI is a folder with ComfyUI's source, a125cd8 or later; nothing of it is copied. It needs no more packages than
requirements.txt: those that ComfyUI imports and nothing here calls are stood in for by empty ones.

clip_layers.safetensors   the text encoders of samples/models/diorama-tiny in SD3ClipModel (comfy/text_encoders/sd3_clip.py) after
                          set_clip_options({"layer": n}), for the token ids of Tests/Golden/pipeline/boat.safetensors
inpainting.safetensors    VAEEncodeForInpaint and InpaintModelConditioning (nodes.py) with an autoencoder that keeps the pixels: what
                          would be encoded, and the noise mask
guiders.safetensors       CFGGuider (comfy/samplers.py) and Guider_DualCFG (comfy_extras/nodes_custom_sampler.py) in one step, over
                          prompts with areas, masks, strengths and times and a model whose answer depends on the place in what
                          it is shown; the metadata says which nodes made the prompts
"""
import argparse
import importlib.abc
import importlib.machinery
import json
import sys
from pathlib import Path
from unittest.mock import MagicMock

import torch
from safetensors.torch import load_file, save_file

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "Tests/Golden"
SAMPLE = ROOT / "samples/models/diorama-tiny"
UNUSED = set("einops torchsde torchvision torchaudio aiohttp av kornia spandrel sentencepiece yarl alembic sqlalchemy "
             "pydantic_settings comfy_aimdo comfy_kitchen simpleeval".split())
torch.set_num_threads(1)
torch.set_grad_enabled(False)


class Unused(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds an empty module for each package that is imported and never called."""

    def find_spec(self, name, path, target=None):
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if name.split(".")[0] in UNUSED else None

    def create_module(self, spec):
        module = MagicMock(name=spec.name)
        module.__path__ = []
        module.__spec__ = spec
        return module

    def exec_module(self, module):
        pass


def save(name, tensors, **about):
    path = GOLDEN / "comfyui" / f"{name}.safetensors"
    path.parent.mkdir(exist_ok=True)
    about = {"script": "tools/golden/comfyui_runs.py", "torch": torch.__version__.split("+")[0], **about}
    save_file({key: value.contiguous() for key, value in tensors.items()}, path, metadata=about)


def clip_layers():
    from comfy.sd1_clip import SDClipModel
    from comfy.text_encoders.sd3_clip import SD3ClipModel

    def clip(folder, **options):
        config = json.loads((SAMPLE / folder / "config.json").read_text())
        model = SDClipModel(layer="last", textmodel_json_config=config, dtype=torch.float32, layer_norm_hidden_state=False,
                            special_tokens={"start": config["bos_token_id"], "end": config["eos_token_id"],
                                            "pad": config["pad_token_id"]}, **options)
        weights = load_file(SAMPLE / folder / "model.safetensors")
        # ComfyUI's table has CLIP's 49408 tokens, whatever the configuration says.
        table = "text_model.embeddings.token_embedding.weight"
        weights[table] = torch.nn.functional.pad(weights[table], (0, 0, 0, 49408 - weights[table].shape[0]))
        missing = model.load_sd(weights).missing_keys
        assert not missing, missing
        # What SD3ClipModel asks its constructor for; that refuses -2 of two layers, which set_clip_options takes.
        model.set_clip_options({"layer": -2})
        model.options_default = (model.layer, model.layer_idx, model.return_projected_pooled)
        return model

    both = SD3ClipModel(clip_l=False, clip_g=False, t5=False)
    both.clip_l, both.clip_g = clip("text_encoder"), clip("text_encoder_2")
    ids = load_file(GOLDEN / "pipeline/boat.safetensors")
    pairs = {key: [[(int(token), 1.0) for token in ids[name].flatten()]]
             for key, name in (("l", "prompt_ids_1"), ("g", "prompt_ids_2"))} | {"t5xxl": []}
    width = both.clip_l.transformer.text_model.final_layer_norm.weight.numel()
    width += both.clip_g.transformer.text_model.final_layer_norm.weight.numel()
    tensors = {}
    for layer in (None, -1, -2, -3, -24):
        both.reset_clip_options()
        if layer is not None:
            both.set_clip_options({"layer": layer})
        tokens, pooled, _ = both.encode_token_weights(pairs)
        assert not tokens[..., width:].any()
        tensors |= {f"{layer}.tokens": tokens[..., :width], f"{layer}.pooled": pooled}
    save("clip_layers", tensors)


class KeepsPixels:
    """An autoencoder whose latents are the pixels."""
    downscale_ratio = 8

    def spacial_compression_encode(self):
        return 8

    def encode(self, pixels):
        return pixels.clone()


def inpainting():
    import nodes
    rng = torch.Generator().manual_seed(12)

    def random(*shape):
        return torch.rand(shape, generator=rng)

    def blobs(*shape):
        """Mostly nothing, some cells wholly and some partly covered, exact halves among them."""
        spots = (random(*shape) > 0.93) * (random(*shape) * 2).clamp(0.25, 1)
        spots[..., 2, 3] = 0.5
        return spots

    tensors = {}
    # Sides that are no multiples of eight, masks of the pictures' size and of another; one for all and one for each.
    cases = {"one": (random(1, 45, 38, 3), blobs(1, 45, 38)), "each": (random(2, 24, 33, 3), blobs(2, 24, 33)),
             "scaled": (random(2, 20, 26, 3), blobs(1, 7, 11))}
    for name, (pixels, mask) in cases.items():
        tensors |= {f"{name}.pixels": pixels, f"{name}.mask": mask}
        for grow in (0, 1, 5, 6):
            latent, = nodes.VAEEncodeForInpaint().encode(KeepsPixels(), pixels, mask, grow)
            tensors[f"{name}.grown.{grow}"] = latent["noise_mask"].squeeze(1)
        tensors[f"{name}.gray"] = latent["samples"]
        _, _, latent = nodes.InpaintModelConditioning().encode([], [], pixels, KeepsPixels(), mask, True)
        tensors[f"{name}.noise_mask"] = latent["noise_mask"].squeeze(1)
        assert torch.equal(latent["samples"], pixels)
    save("inpainting", tensors, seed="12")


class LocalModel:
    """A flow model whose velocity is half of what it is shown, its prompt's number, and a slope from the upper left corner."""

    def __init__(self):
        from comfy.model_sampling import CONST, ModelSamplingDiscreteFlow

        class Sampling(ModelSamplingDiscreteFlow, CONST):
            pass

        self.model_sampling = Sampling(None)
        self.model_sampling.set_parameters(shift=3.0)
        self.current_patcher = self

    def extra_conds(self, cross_attn, **_):
        from comfy.conds import CONDCrossAttn
        return {"c_crossattn": CONDCrossAttn(cross_attn)}

    def apply_model(self, x, t, c_crossattn, **_):
        rows = torch.arange(x.shape[2]).reshape(1, 1, -1, 1) / 8
        columns = torch.arange(x.shape[3]).reshape(1, 1, 1, -1) / 32
        velocity = x / 2 + c_crossattn[:, 0, 0].reshape(-1, 1, 1, 1) + rows - columns
        return x - velocity * t.reshape(-1, 1, 1, 1)

    def memory_required(self, *_, **__):
        return 0

    # Of the patcher:
    def prepare_state(self, *_):
        pass

    def apply_hooks(self, **_):
        return {}


def area(width, height, x, y, strength=1.0):
    return ["ConditioningSetArea", {"width": width, "height": height, "x": x, "y": y, "strength": strength}]


def share(width, height, x, y, strength=1.0):
    return ["ConditioningSetAreaPercentage", {"width": width, "height": height, "x": x, "y": y, "strength": strength}]


def strength(value):
    return ["ConditioningSetAreaStrength", {"strength": value}]


def masked(name, value=1.0, where="default"):
    return ["ConditioningSetMask", {"mask": name, "strength": value, "set_cond_area": where}]


def during(start, end):
    return ["ConditioningSetTimestepRange", {"start": start, "end": end}]


BOUNDS = "mask bounds"
LATE = during(0.5, 1.0)
# Each prompt is its number and the nodes that change it, in order. The latents are 13 cells wide and 9 high.
CASES = {
    "area": {"positive": [[1], [4, area(64, 40 + 24, 16, 8, 2.0)]], "negative": [[-1]]},
    "area beyond the edge": {"positive": [[1], [4, area(96, 128, 56, 24)]], "negative": [[-1]]},
    "area alone": {"positive": [[4, area(72, 64, 0, 0)]], "negative": [[-1]]},
    "areas within areas": {"positive": [[1, area(104, 72, 0, 0)], [4, area(64, 64, 24, 0)]],
                           "negative": [[-1], [-2, area(88, 72, 8, 0)], [-3, share(1, 1, 0, 0)]]},
    "areas side by side": {"positive": [[1, area(64, 64, 0, 0)]], "negative": [[-1, area(64, 64, 40, 8)]]},
    "negative area": {"positive": [[1]], "negative": [[-1], [-2, area(64, 64, 16, 0)]]},
    "negative area without guidance": {"positive": [[1]], "negative": [[-1], [-2, area(64, 64, 16, 0)]], "cfg": 1.0},
    "shares": {"positive": [[1], [4, share(0.5, 0.5, 0.5, 0.25)], [2, share(0.1, 0.28, 0.3, 0.61, 0.5)]], "negative": [[-1]]},
    "small shares": {"positive": [[1], [4, share(0, 0.5, 0.96, 0)]], "negative": [[-1]]},
    "strengths": {"positive": [[1], [4, strength(3.0)]], "negative": [[-1, strength(0.5)]]},
    "no strength": {"positive": [[1, strength(0.0)]], "negative": [[-1]]},
    "mask": {"positive": [[1], [4, masked("spot", 3.0), strength(0.5)]], "negative": [[-1]]},
    "mask bounds": {"positive": [[1], [4, masked("spot", 3.0, BOUNDS)]], "negative": [[-1]]},
    "mask bounds in the corner": {"positive": [[1], [4, masked("corner", 1.0, BOUNDS)]], "negative": [[-1]]},
    "bounds of several masks": {"positive": [[1], [4, masked("each", 1.0, BOUNDS)]], "negative": [[-1]]},
    "bounds of nothing": {"positive": [[1], [4, masked("nothing", 1.0, BOUNDS)]], "negative": [[-1]]},
    "mask in an area": {"positive": [[1], [4, area(64, 64, 16, 8, 2.0), masked("spot", 3.0)]], "negative": [[-1]]},
    "area after bounds": {"positive": [[1], [4, masked("large", 1.0, BOUNDS), area(64, 64, 16, 8)]], "negative": [[-1]]},
    "bounds after area": {"positive": [[1], [4, area(64, 64, 16, 8), masked("large", 1.0, BOUNDS)]], "negative": [[-1]]},
    "area for a time, early": {"positive": [[1], [4, area(64, 64, 16, 8), LATE]], "negative": [[-1]], "sigma": 0.9},
    "area for a time, late": {"positive": [[1], [4, area(64, 64, 16, 8), LATE]], "negative": [[-1]], "sigma": 0.25},
    # Shift 3 has sigma 0.75 at half of the way: the end of a time belongs to it, as its start does.
    "both at once": {"positive": [[1, during(0.0, 0.5)], [4, LATE]], "negative": [[-1]], "sigma": 0.75},
}
DUAL = {"positive": [[4]], "middle": [[1]], "negative": [[-1]]}
AREAS = {"positive": [[4], [5, area(64, 64, 16, 8)]], "middle": [[1], [2, share(0.7, 0.9, 0, 0)]], "negative": [[-1]]}
for style in ("regular", "nested"):
    CASES |= {
        f"{style}": {**DUAL, "style": style},
        f"{style}, outer 1": {**DUAL, "style": style, "cfg1": 1.0},
        f"{style}, inner 1": {**DUAL, "style": style, "cfg2": 1.0},
        f"{style}, both 1": {**DUAL, "style": style, "cfg1": 1.0, "cfg2": 1.0},
        f"{style}, hook": {**DUAL, "style": style, "hook": True},
        f"{style}, areas": {**AREAS, "style": style},
    }


def guiders():
    import nodes
    from comfy.samplers import CFGGuider, process_conds
    from comfy_extras.nodes_custom_sampler import Guider_DualCFG
    rng = torch.Generator().manual_seed(13)
    x = torch.randn((2, 16, 9, 13), generator=rng)
    each = torch.zeros(2, 9, 13)
    each[0, 1:3, 2:5], each[1, 4:6, 6:12] = 0.5, 1
    corner, large, spot = torch.zeros(1, 9, 13), torch.zeros(1, 18, 26), torch.zeros(1, 9, 13)
    corner[:, 7:, 11:], large[:, 3:15, 8:24], spot[:, 2:5, 3:12] = 1, 0.75, torch.rand((1, 3, 9), generator=rng)
    masks = {"each": each, "corner": corner, "large": large, "spot": spot, "nothing": torch.zeros(1, 9, 13)}
    tensors = {"x": x} | {f"mask.{name}": mask for name, mask in masks.items()}

    def conditioning(prompts):
        result = []
        for number, *changes in prompts:
            prompt = [[torch.full((1, 2, 3), float(number)), {"pooled_output": torch.full((1, 3), float(number))}]]
            for name, inputs in changes:
                node = nodes.NODE_CLASS_MAPPINGS[name]
                inputs = {**inputs, "mask": masks[inputs["mask"]]} if "mask" in inputs else inputs
                prompt, = getattr(node(), node.FUNCTION)(conditioning=prompt, **inputs)
            result += prompt
        return result

    def hook(args):
        return args["denoised"] / 2 + args["cond_denoised"] / 4 + args["uncond_denoised"] / 8

    for name, case in CASES.items():
        model = LocalModel()
        model.model_options = {"sampler_post_cfg_function": [hook]} if case.get("hook") else {}
        kinds = [conditioning(case[kind]) for kind in ("positive", "middle", "negative") if kind in case]
        guider = Guider_DualCFG(model) if "style" in case else CFGGuider(model)
        if "style" in case:
            guider.set_cfg(case.setdefault("cfg1", 3.0), case.setdefault("cfg2", 1.75), case["style"] == "nested")
        else:
            guider.set_cfg(case.setdefault("cfg", 2.5))
        guider.set_conds(*kinds)
        guider.inner_model = model
        guider.conds = process_conds(model, x, {kind: [entry.copy() for entry in entries]
                                                for kind, entries in guider.original_conds.items()}, x.device)
        sigma = torch.full((2,), case.setdefault("sigma", 0.5))
        tensors[name] = guider.predict_noise(x, sigma, model.model_options)
        # The same in every channel but for x / 2, so four tell all.
        tensors[name] = tensors[name][:, :4]
    save("guiders", tensors, seed="13", shift="3", cases=json.dumps(CASES))


RUNS = [clip_layers, inpainting, guiders]


def prepare(folder, using=()):
    """Makes the source in `folder` importable; of the packages that are stood in for, those in `using` are not."""
    sys.argv[1:] = ["--cpu"]        # ComfyUI reads them when it is imported
    sys.dont_write_bytecode = True
    UNUSED.difference_update(using)
    sys.meta_path.append(Unused())
    sys.path.insert(0, str(folder))
    import comfy.options
    comfy.options.enable_args_parsing()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("comfyui", type=Path)
    prepare(parser.parse_args().comfyui.resolve())
    for run in RUNS:
        run()


if __name__ == "__main__":
    main()
