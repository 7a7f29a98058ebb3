#!/usr/bin/env python3
"""Runs ComfyUI's own functions on the CPU, with toy models: Tests/Golden/comfyui/*.safetensors.

    python tools/golden/comfyui_runs.py COMFYUI     write all files again

COMFYUI is a folder with ComfyUI's source, a125cd8 or later; nothing of it is copied. It needs no more packages than
requirements.txt: those that ComfyUI imports and nothing here calls are stood in for by empty ones.

clip_layers.safetensors   the text encoders of samples/models/diorama-tiny in SD3ClipModel (comfy/text_encoders/sd3_clip.py) after
                          set_clip_options({"layer": n}), for the token ids of Tests/Golden/pipeline/boat.safetensors
inpainting.safetensors    VAEEncodeForInpaint and InpaintModelConditioning (nodes.py) with an autoencoder that keeps the pixels: what
                          would be encoded, and the noise mask
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


RUNS = [clip_layers, inpainting]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("comfyui", type=Path)
    folder = parser.parse_args().comfyui.resolve()
    sys.argv[1:] = ["--cpu"]        # ComfyUI reads them when it is imported
    sys.dont_write_bytecode = True
    sys.meta_path.append(Unused())
    sys.path.insert(0, str(folder))
    import comfy.options
    comfy.options.enable_args_parsing()
    for run in RUNS:
        run()


if __name__ == "__main__":
    main()
