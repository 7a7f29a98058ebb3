"""Z-Image's Fun ControlNets in ComfyUI's own code: Tests/Golden/comfyui/zimage_control.safetensors.

    python tools/golden/zimage_control.py COMFYUI     write the file again

COMFYUI is a folder with ComfyUI's source, 618b803 (January 2026) or later; nothing of it is copied. Beside requirements.txt it needs einops and
comfy-kitchen. No weights are stored: they follow from names and shapes, as float16 (spellings.py); the metadata `tensors` lists these for each file.
The transformer is that of spellings.py with five layers and two refiners; where ComfyUI divides 30 layers among a ControlNet's, five are divided.

transformer    in the original spelling
1              version 1, in VideoX-Fun's spelling, as it is published; shown one picture
2.0            version 2.0, whose own refiner gives nothing: what is named `after_proj` there is zero
2.1            version 2.1, in ComfyUI's spelling; shown a mask and a second picture

For each: what is added after each block (`NAME.refiner.I`, `NAME.layer.I`, [1, N, D]), the tokens that go into the first refiner (`entered`) and the
first layer (`NAME.entered`), without those that fill them up, and the steered velocity (`NAME`; for 2.1 also of a latent of odd
sides). For 1 and 2.1 whole runs too, by QwenImageDiffsynthControlnet and ZImageFunControlnet, a sampler and the autoencoder of family_runs.py:
the latent that the sampler gives, `run.NAME`, and the inputs, whose pixels are squares of 8 so that the file is small.
"""
import argparse
import json
from pathlib import Path

import comfyui_models
import comfyui_runs
import family_runs
import torch
from models import random
from safetensors.torch import save_file
from spellings import stored

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/comfyui/zimage_control.safetensors"
LAYERS, CONTROLS, CHANNELS, STRENGTH, TIME = 5, 3, 4, 0.75, torch.tensor([0.75])
VERSIONS = {"1": {}, "2.0": dict(refiner_control=True, additional_in_dim=CHANNELS + 1, broken=True),
            "2.1": dict(refiner_control=True, additional_in_dim=CHANNELS + 1)}
EMPTY = ("control_noise_refiner.0.after_proj.", "control_noise_refiner.1.after_proj.")
SEED, STEPS = 7, 3


def weights(shapes, empty=()):
    """The tensors of a file; zero where a name begins with one of `empty`."""
    return {key: torch.zeros(shape) if key.startswith(empty) else stored(key, "F16", shape) for key, shape in shapes.items()}


def more_layers(shapes):
    """The transformer's shapes with as many layers and refiners as are wanted."""
    result = {key: shape for key, shape in shapes.items() if not key.startswith(("layers.", "noise_refiner.", "context_refiner."))}
    for folder, count in (("noise_refiner", 2), ("context_refiner", 2), ("layers", LAYERS)):
        first = f"{folder}.0."
        result |= {f"{folder}.{i}.{key.removeprefix(first)}": shape for i in range(count) for key, shape in shapes.items() if key.startswith(first)}
    return result


def published(shapes):
    """Names and shapes in VideoX-Fun's spelling: queries, keys and values are layers of their own."""
    result = {}
    for key, shape in shapes.items():
        if key.endswith(".attention.qkv.weight"):
            for part in "qkv":
                result[key.replace("qkv", f"to_{part}")] = [shape[0] // 3, *shape[1:]]
        else:
            for own, theirs in (("attention.out.", "attention.to_out.0."), ("attention.q_norm.", "attention.norm_q."), ("attention.k_norm.", "attention.norm_k.")):
                key = key.replace(own, theirs)
            result[key] = shape
    return result


class Shown:
    """Stands in for the encoding of pictures."""
    def __init__(self, module, control, hint):
        class Patch(module.ZImageControlPatch):
            def encode_latent_cond(self, *_):
                return hint
        self.patch = Patch(control, self, torch.zeros(1, 8 * hint.shape[2], 8 * hint.shape[3], 3), STRENGTH)
        self.added, self.entered = {}, {}

    def spacial_compression_encode(self):
        return 8

    def __call__(self, kwargs):
        image, before = kwargs["img"], kwargs["img"].clone()
        kind = "refiner" if kwargs.get("block_type") == "noise_refiner" else "layer"
        out = self.patch(kwargs)
        count = kwargs["x"].shape[2] * kwargs["x"].shape[3] // 4
        assert torch.equal(image[:, count:], before[:, count:])
        self.entered[kind] = kwargs["img_input"][:, :count].clone()
        if not torch.equal(image, before):
            self.added[f"{kind}.{kwargs['block_index']}"] = (image - before)[:, :count] / STRENGTH
        return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("comfyui", type=Path)
    comfyui_runs.prepare(parser.parse_args().comfyui.resolve(), using={"einops", "comfy_kitchen"})
    import comfy.sample
    from comfy.ldm.lumina.controlnet import ZImage_Control
    from comfy.model_patcher import ModelPatcher
    patches = comfyui_models.resized("comfy_extras.nodes_model_patch", ("round(30 / cnet_blocks)", f"round({LAYERS} / cnet_blocks)"))

    config, original, inputs = comfyui_models.spelled("z-image")
    config |= dict(n_layers=LAYERS, n_refiner_layers=2)
    files = {"transformer": more_layers({key: list(value.shape) for key, value in original.items()})}
    main_weights = weights(files["transformer"])
    transformer = family_runs.network("z-image", config, main_weights)

    controls = {}
    for name, options in VERSIONS.items():
        control = ZImage_Control(dim=config["dim"], n_heads=config["n_heads"], n_kv_heads=config["n_kv_heads"], norm_eps=config["norm_eps"],
                                 n_control_layers=CONTROLS, control_in_dim=CHANNELS, **options, **comfyui_models.operations())
        shapes = {key: list(value.shape) for key, value in control.state_dict().items()}
        files[name] = published(shapes) if name == "1" else shapes
        state = weights(files[name], EMPTY if name == "2.0" else ())
        controls[name] = ModelPatcher(comfyui_models.loaded(control, patches.z_image_convert(state)), torch.device("cpu"), torch.device("cpu"))

    latent, context = inputs["latent"], inputs["context"]
    tensors = {"latent": latent, "context": context, "timestep": TIME}

    def velocity(latent, *shown):
        options = {"patches": {"noise_refiner": list(shown), "double_block": list(shown)}} if shown else {}
        return transformer(latent, TIME, context, None, transformer_options=options)

    tensors["plain"] = velocity(latent)
    for name, control in controls.items():
        hint = tensors[f"{name}.hint"] = random(f"{name}.hint", 1, CHANNELS + VERSIONS[name].get("additional_in_dim", 0), *latent.shape[2:])
        shown = Shown(patches, control, hint)
        tensors[name] = velocity(latent, shown)
        tensors |= {f"{name}.{place}": added for place, added in shown.added.items()}
        tensors |= {"entered": shown.entered["refiner"], f"{name}.entered": shown.entered["layer"]}
        print(name, list(shown.added), f"{((tensors[name] - tensors['plain']).norm() / tensors['plain'].norm()).item():.2f} from the velocity without it")
    tensors["2.1.odd"] = velocity(latent[..., :5, :7], Shown(patches, controls["2.1"], tensors["2.1.hint"]))
    tensors["both"] = velocity(latent, *(Shown(patches, controls[name], tensors[f"{name}.hint"]) for name in ("1", "2.1")))

    # Of 32 channels each is a group of its own, and the norms of what is gray all over would be of rounding errors.
    vae, shapes = family_runs.autoencoder("plain", width=64)
    # Nor does PyTorch's norm keep many digits of gray where channels are the last axis in memory.
    vae.process_input = lambda image: (image * 2.0 - 1.0).contiguous()
    files["autoencoder"] = shapes
    model = family_runs.patcher("z-image", transformer, CHANNELS)
    squares = {"image": (1, 7, 10), "inpaint_image": (1, 6, 9)}
    tensors |= {key: random(key, *shape, 3).sigmoid() for key, shape in squares.items()}
    tensors["mask"] = (random("mask", 1, 20, 30) > 0).float() * 0.75
    tensors["negative"] = random("negative", 1, 3, context.shape[2])
    image, inpaint = (tensors[key].repeat_interleave(8, 1).repeat_interleave(8, 2) for key in squares)
    one, = patches.QwenImageDiffsynthControlnet().diffsynth_controlnet(model, controls["1"], vae, image, 0.75)
    two, = patches.ZImageFunControlnet().diffsynth_controlnet(model, controls["2.1"], vae, image, 1.25, inpaint, tensors["mask"])
    # A mask without a second picture, as QwenImageDiffsynthControlnet gives it, and a picture of the size of what is made.
    three, = patches.QwenImageDiffsynthControlnet().diffsynth_controlnet(model, controls["2.1"], vae, inpaint[:, :, :64], -0.5, mask=tensors["mask"])
    # A known part alone.
    four, = patches.ZImageFunControlnet().diffsynth_controlnet(model, controls["2.1"], vae, None, 1.0, inpaint, tensors["mask"])
    empty = torch.zeros(1, CHANNELS, *latent.shape[2:])
    noise = comfy.sample.prepare_noise(empty, SEED)

    def run(patched, cfg):
        prompts = [[[context, {"pooled_output": None}]], [[tensors["negative"], {"pooled_output": None}]]]
        return comfy.sample.sample(patched, noise, STEPS, cfg, "euler", "simple", *prompts, empty, seed=SEED, disable_pbar=True)

    tensors["run.plain"] = run(model, 1.0)
    tensors |= {"run.1": run(one, 1.0), "run.2.1": run(two, 3.0), "run.mask": run(three, 1.0), "run.known": run(four, 1.0)}
    for name in ("1", "2.1", "mask", "known"):
        print("run", name, f"{((tensors['run.' + name] - tensors['run.plain']).norm() / tensors['run.plain'].norm()).item():.2f} from one without it")
    save_file({key: value.clone().contiguous() for key, value in tensors.items()}, OUTPUT, metadata={
        "script": "tools/golden/zimage_control.py", "versions": f"torch {torch.__version__}",
        "tensors": json.dumps({name: list(shapes.items()) for name, shapes in files.items()}, separators=(",", ":"))})
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
