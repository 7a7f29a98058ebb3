"""Vision models and FLUX.1 Redux by ComfyUI's own code, with tiny weights: Tests/Golden/comfyui/clip_vision.safetensors.

    python tools/golden/clip_vision.py COMFYUI     write the file again

COMFYUI is a folder with ComfyUI's source, 3cd7b32 (January 2026) or later; nothing of it is copied. Beside requirements.txt it needs einops and
comfy-kitchen. Weights are halves that follow from names (spellings.py).

NAME.last, NAME.penultimate, NAME.embeds   what ClipVisionModel (comfy/clip_vision.py) sees in `picture`, its middle or all of it (NAME.none),
                       for a SigLIP (whose embeds are its last states), a CLIP of the activation of the original, one as OpenCLIP spells it, and one so wide that its
                       activation is OpenCLIP's; transformers' own models are compared with them here
NAME.pixels            what it is shown
level.*                lines of larger pictures as a model of 384 pixels is shown them, 0 to 255, before they are normalised
redux.tokens, styled.* what StyleModelApply (nodes.py) makes of a prompt and of what that SigLIP sees, once and twice
velocity.*             FLUX.1's and Chroma's answer (comfyui_models.py) to prompts with attn_bias, whose masks are made as large as
                       the picture as in model_base.py
The metadata `models` lists the names and shapes in each file.
"""
import argparse
import json
import math
import tempfile
from pathlib import Path

import comfyui_models
import comfyui_runs
import torch
from models import random
from safetensors.torch import save_file
from spellings import stored

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/comfyui/clip_vision.safetensors"
SIGLIP = dict(num_channels=3, hidden_act="gelu_pytorch_tanh", model_type="siglip_vision_model", image_mean=[0.5] * 3, image_std=[0.5] * 3)
CLIP = dict(num_channels=3, hidden_act="quick_gelu", model_type="clip_vision_model")
CONFIGS = {
    "siglip": dict(SIGLIP, hidden_size=128, image_size=16, patch_size=4, intermediate_size=96, num_attention_heads=2, num_hidden_layers=3),
    "clip": dict(CLIP, hidden_size=64, image_size=12, patch_size=4, intermediate_size=96, num_attention_heads=1, num_hidden_layers=3,
                 projection_dim=32),
    "openclip": dict(CLIP, hidden_size=128, image_size=12, patch_size=4, intermediate_size=96, num_attention_heads=2, num_hidden_layers=2,
                     projection_dim=32),
    "wide": dict(CLIP, hidden_act="gelu", hidden_size=1088, image_size=4, patch_size=2, intermediate_size=32, num_attention_heads=16,
                 num_hidden_layers=2, projection_dim=32),
    "large": dict(SIGLIP, hidden_size=64, image_size=384, patch_size=14, intermediate_size=32, num_attention_heads=1, num_hidden_layers=1),
}
# How many times as much the styles count that are applied one after another, and how.
STYLES = {
    "multiply": [(0.5, "multiply")], "bias": [(0.25, "attn_bias")], "both": [(0.25, "attn_bias"), (3.0, "attn_bias")],
    "behind": [(0.7, "multiply"), (1.5, "attn_bias")], "before": [(1.5, "attn_bias"), (0.7, "multiply")],
}


def made(config):
    from comfy.clip_vision import ClipVisionModel
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(json.dumps(config))
        file.flush()
        return ClipVisionModel(file.name)


def opened(shapes):
    """Names and shapes in OpenCLIP's spelling."""
    own = {"vision_model.embeddings.class_embedding": "class_embedding", "vision_model.embeddings.patch_embedding.weight": "conv1.weight",
           "vision_model.embeddings.position_embedding.weight": "positional_embedding", "visual_projection.weight": "proj"}
    parts = {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj", "self_attn.out_proj": "attn.out_proj"}
    result = {}
    for key, shape in shapes.items():
        if key in own:
            result["visual." + own[key]] = shape[::-1] if own[key] == "proj" else shape
        elif "layers." not in key:
            side = "pre" if "pre_layrnorm" in key else "post"
            result[f"visual.ln_{side}.{key.rpartition('.')[2]}"] = shape
        else:
            number, _, rest = key.partition("layers.")[2].partition(".")
            part, _, parameter = rest.rpartition(".")
            start = f"visual.transformer.resblocks.{number}."
            if part in parts:
                result[start + parts[part] + "." + parameter] = shape
            else:
                result[start + "attn.in_proj_" + parameter] = [3 * shape[0], *shape[1:]]
    return result


def weights(shapes):
    return {key: stored(key, "F16", shape) for key, shape in shapes.items()}


def check(name, config, state, pixels, seen):
    """How far transformers' own model is from ComfyUI's."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection, SiglipVisionConfig, SiglipVisionModel
    is_siglip = config["model_type"] == "siglip_vision_model"
    if is_siglip:
        model = SiglipVisionModel(SiglipVisionConfig(**config, layer_norm_eps=1e-5, vision_use_head=False))
    else:
        model = CLIPVisionModelWithProjection(CLIPVisionConfig(**config))
    own = model.state_dict()
    start = "" if any(key.startswith("vision_model.") for key in own) else "vision_model."
    result = model.load_state_dict({key.removeprefix(start): value.float() for key, value in state.items()}, strict=False)
    assert not result.unexpected_keys and all("position_ids" in key for key in result.missing_keys), result
    out = model.eval()(pixels, output_hidden_states=True)
    # As ComfyUI's, the last states of a CLIP are not normed.
    pairs = {"penultimate": (out.hidden_states[-2], seen["penultimate_hidden_states"]),
             "last": (out.last_hidden_state, seen["last_hidden_state"])}
    if not is_siglip:
        pairs["embeds"] = (out.image_embeds, seen["image_embeds"])
    errors = {key: ((a - b).norm() / b.norm()).item() for key, (a, b) in pairs.items()}
    print(name, "from transformers:", ", ".join(f"{key} {error:.1e}" for key, error in errors.items()))
    assert max(errors.values()) < 1e-4


def visions(tensors, models):
    from comfy.clip_vision import convert_to_transformers
    tensors["picture"] = random("picture", 2, 23, 31, 4).sigmoid().half()
    seen = {}
    for name, config in CONFIGS.items():
        model = made(config)
        shapes = {key: list(value.shape) for key, value in model.get_sd().items()}
        models[name] = opened(shapes) if name == "openclip" else shapes
        state = weights(models[name])
        if name == "openclip":
            state = convert_to_transformers(state, "visual.")
        missing, unexpected = model.load_sd(state)
        assert not missing and not unexpected, (missing, unexpected)
        if name == "large":
            continue
        from comfy.clip_model import clip_preprocess
        picture = tensors["picture"].float()[: 1 if name == "wide" else 2]
        for place, crop in (("", True), (".none", False))[: 2 if name in ("siglip", "clip") else 1]:
            out = seen[name + place] = model.encode_image(picture, crop=crop)
            pixels = clip_preprocess(picture, size=model.image_size, mean=model.image_mean, std=model.image_std, crop=crop)
            tensors |= {f"{name}{place}.pixels": pixels, f"{name}{place}.last": out["last_hidden_state"]}
        out = seen[name]
        tensors[f"{name}.penultimate"] = out["penultimate_hidden_states"]
        if name == "siglip":
            assert torch.equal(out["image_embeds"], out["last_hidden_state"])
        else:
            tensors[f"{name}.embeds"] = out["image_embeds"]
        check(name, config, state, tensors[f"{name}.pixels"], out)
    return seen["siglip"]


def levels(tensors):
    """Every 77th line of pictures at 384 pixels, larger and smaller, and of a square of this size."""
    from comfy.clip_model import clip_preprocess
    for name, (height, width) in {"small": (37, 50), "wide": (411, 700), "tall": (900, 500), "square": (384, 384)}.items():
        generator = torch.Generator().manual_seed(height)
        # Squares of 8 pixels with a little noise of 1/16 on them, which the test makes too.
        coarse = torch.randint(0, 200, [1, -(-height // 8), -(-width // 8), 3], generator=generator, dtype=torch.uint8)
        picture = (coarse.float() / 255).repeat_interleave(8, 1).repeat_interleave(8, 2)[:, :height, :width]
        picture = picture + (torch.arange(height)[None, :, None, None] * 7 + torch.arange(width)[None, None, :, None] * 3) % 11 / 64
        tensors[f"level.{name}.coarse"] = coarse
        for place, crop in (("", True), (".none", False)):
            pixels = clip_preprocess(picture, size=384, mean=[0.5] * 3, std=[0.5] * 3, crop=crop)
            lines = ((pixels[:, :, ::77] / 2 + 0.5) * 255).round()
            tensors[f"level.{name}{place}"] = lines.to(torch.uint8)


def redux(tensors, models, seen):
    import nodes
    from comfy.ldm.flux.redux import ReduxImageEncoder
    from comfy.sd import StyleModel
    width = comfyui_models.spelled("flux")[0]["joint_attention_dim"]
    model = ReduxImageEncoder(redux_dim=128, txt_in_features=width)
    models["redux"] = {key: list(value.shape) for key, value in model.state_dict().items()}
    model = comfyui_models.loaded(model, weights(models["redux"]))

    class Seen:
        """What is seen in the first picture, or in both."""
        def __init__(self, states):
            self.last_hidden_state = states

    style = StyleModel(model)
    tensors["redux.tokens"] = style.get_cond(Seen(seen["last_hidden_state"]))
    masks = {}
    # Of two styles the first is of one picture, the second of both.
    states = seen["last_hidden_state"]
    for name, steps in STYLES.items():
        for family in ("flux", "chroma"):
            context = comfyui_models.spelled(family)[2]["context"]
            if context.shape[2] != width:
                continue
            prompt = [[context, {}]]
            for number, (strength, kind) in enumerate(steps):
                prompt, = nodes.StyleModelApply().apply_stylemodel(prompt, style, Seen(states[: number + 1].clone()), strength, kind)
            if family == "flux":
                tensors[f"styled.{name}"] = prompt[0][0]
            masks[family, name] = prompt[0]
    return masks


def velocities(tensors, masks):
    from comfy.ldm.flux.model import Flux
    from comfy.utils import upscale_dit_mask
    for (family, name), (context, said) in masks.items():
        config, state, inputs = comfyui_models.spelled(family)
        sizes, operations = comfyui_models.flux_sizes(config), comfyui_models.operations()
        if family == "flux":
            model = comfyui_models.loaded(
                Flux(in_channels=4, out_channels=4, vec_in_dim=config["pooled_projection_dim"], patch_size=2, guidance_embed=True, txt_ids_dims=[],
                     **sizes, **operations), state)
        else:
            count = 3 * config["num_single_layers"] + 12 * config["num_layers"] + 2
            tiny = comfyui_models.resized("comfy.ldm.chroma.model", ("344", str(count)))
            model = comfyui_models.loaded(
                tiny.Chroma(in_channels=16, out_channels=16, patch_size=2, in_dim=config["approximator_num_channels"],
                            hidden_dim=config["approximator_hidden_dim"], out_dim=sizes["hidden_size"], n_layers=config["approximator_layers"],
                            txt_ids_dims=[], vec_in_dim=None, **sizes, **operations), state)
        latent, mask = inputs["latent"], said.get("attention_mask")
        if mask is not None:
            cells = [math.ceil(side / 2) for side in latent.shape[2:]]
            mask = upscale_dit_mask(mask, said["attention_mask_img_shape"], cells).float()
        guidance = torch.full([1], 2.5 if family == "flux" else 0.0)
        time = torch.tensor([comfyui_models.TIMES[family]])
        tensors[f"velocity.{family}.{name}"] = model(latent, time, context, y=inputs.get("pooled"), guidance=guidance, attention_mask=mask)
        assert tensors[f"velocity.{family}.{name}"].isfinite().all(), (family, name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("comfyui", type=Path)
    comfyui_runs.prepare(parser.parse_args().comfyui.resolve(), using={"einops", "comfy_kitchen"})
    tensors, models = {}, {}
    seen = visions(tensors, models)
    levels(tensors)
    velocities(tensors, redux(tensors, models, seen))
    save_file({key: value.clone().contiguous() for key, value in tensors.items()}, OUTPUT,
              metadata={"script": "tools/golden/clip_vision.py", "versions": f"torch {torch.__version__}",
                        "models": json.dumps(models, separators=(",", ":"))})
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
