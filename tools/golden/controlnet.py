"""ControlNets of Stable Diffusion 3 and what they make of a tiny transformer: Tests/Golden/models/controlnet.safetensors.

    python tools/golden/controlnet.py COMFYUI     write the file again

COMFYUI is a folder with ComfyUI's source, 618b803 (January 2026) or later; nothing of it is copied. Beside requirements.txt it needs einops.
No weights are stored: they follow from names and shapes, as float16 (spellings.py); the metadata lists these for each file.

transformer    in the original spelling
original       a file as Stability publishes it, run by ComfyUI's ControlNetEmbedder; its residuals are added by ComfyUI's transformer
diffusers      the same network in diffusers' spelling, run by SD3ControlNetModel and SD3Transformer2DModel
joint          one with text, as InstantX publishes them, run by the same
"""
import argparse
import json
from pathlib import Path

import comfyui_runs
import diffusers
import torch
from families import sd3_table
from models import random
from safetensors.torch import save_file
from spellings import original, stored

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/models/controlnet.safetensors"
WIDTH, LAYERS, BLOCKS, POOLED, TEXT, CHANNELS = 64, 4, 2, 48, 32, 4
TIME = torch.tensor([750.0])
STRENGTHS = (0.75, 0.5)
torch.set_grad_enabled(False)


def weights(shapes):
    return {key: stored(key, "F16", shape) for key, shape in shapes.items()}


def shapes_of(model, skipped=()):
    return {key: list(value.shape) for key, value in model.state_dict().items() if key not in skipped}


def stability(shapes):
    """Names and shapes of Stability's file, by those of diffusers: queries, keys and values are one layer."""
    renamed = {}
    for key, shape in shapes.items():
        for own, theirs in (("norm1.linear", "adaLN_modulation.1"), ("attn.to_q", "attn.qkv"), ("attn.to_out.0", "attn.proj"),
                            ("ff.net.0.proj", "mlp.fc1"), ("ff.net.2", "mlp.fc2")):
            key = key.replace(own, theirs) if key.startswith("transformer_blocks.") else key
        if ".attn.qkv." in key:
            shape = [3 * shape[0]] + shape[1:]
        if ".to_k." not in key and ".to_v." not in key:
            renamed[key] = shape
    return renamed


def comfyui(tensors, main, state, inputs):
    import comfy.ops
    import comfy.utils
    from comfy.cldm.dit_embedder import ControlNetEmbedder
    from comfy.ldm.modules.diffusionmodules.mmdit import OpenAISignatureMMDITWrapper
    operations = dict(operations=comfy.ops.disable_weight_init, dtype=torch.float32, device="cpu")
    embedder = {"target": "torch.nn.Linear", "params": {"in_features": TEXT, "out_features": WIDTH}}
    model = OpenAISignatureMMDITWrapper(
        input_size=None, in_channels=CHANNELS, depth=1, num_blocks=LAYERS, qk_norm="rms", x_block_self_attn_layers=[0], adm_in_channels=POOLED,
        context_embedder_config=embedder, pos_embed_max_size=8, num_patches=64, **operations)
    model.load_state_dict(main)
    control = ControlNetEmbedder(
        img_size=None, patch_size=2, in_chans=CHANNELS, attention_head_dim=64, num_attention_heads=1, adm_in_channels=POOLED,
        num_layers=BLOCKS, main_model_double=LAYERS, double_y_emb=False, **operations)
    names = {pair[1]: pair[0] for pair in comfy.utils.MMDIT_MAP_BASIC}
    result = control.load_state_dict({names.get(key, key): value for key, value in state.items()}, strict=False)
    assert not result.unexpected_keys and {key.split(".")[0] for key in result.missing_keys} == {"x_embedder"}, result
    control.x_embedder.load_state_dict(model.x_embedder.state_dict())

    def residuals(latent, hint):
        return control(latent, TIME, y=inputs["pooled"], hint=hint)["output"]

    def velocity(latent, added):
        return model(latent, TIME, context=inputs["context"], y=inputs["pooled"], control=added and {"output": added})

    first, second = (residuals(inputs["latent"], inputs[key]) for key in ("hint", "second"))
    assert len(first) == LAYERS
    for i in range(BLOCKS):
        tensors[f"original.residual.{i}"] = first[i * LAYERS // BLOCKS]
    tensors["plain"] = velocity(inputs["latent"], None)
    tensors["original"] = velocity(inputs["latent"], list(first))
    tensors["original.chain"] = velocity(inputs["latent"], [a * STRENGTHS[0] + b * STRENGTHS[1] for a, b in zip(first, second)])
    latent, hint = (inputs[key][..., :5, :7] for key in ("latent", "hint"))
    tensors["original.odd"] = velocity(latent, [x * STRENGTHS[0] for x in residuals(latent, hint)])


def run_diffusers(tensors, name, transformer, control, inputs):
    has_text = control.context_embedder is not None
    # As in StableDiffusion3ControlNetPipeline.
    latent = inputs["latent"] if has_text else transformer.pos_embed(inputs["latent"])
    added = control(
        latent, inputs["hint"], encoder_hidden_states=inputs["context"] if has_text else None,
        pooled_projections=torch.zeros_like(inputs["pooled"]) if has_text else inputs["pooled"], timestep=TIME,
        conditioning_scale=STRENGTHS[0]).controlnet_block_samples
    for i, residual in enumerate(added):
        tensors[f"{name}.residual.{i}"] = residual / STRENGTHS[0]
    tensors[name] = transformer(inputs["latent"], encoder_hidden_states=inputs["context"], pooled_projections=inputs["pooled"], timestep=TIME,
                                block_controlnet_hidden_states=added).sample


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("comfyui", type=Path)
    comfyui_runs.prepare(parser.parse_args().comfyui.resolve(), using={"einops"})
    common = dict(sample_size=16, patch_size=2, in_channels=CHANNELS, out_channels=CHANNELS, attention_head_dim=64, num_attention_heads=1,
                  pooled_projection_dim=POOLED)
    text = dict(joint_attention_dim=TEXT, caption_projection_dim=WIDTH, pos_embed_max_size=8, dual_attention_layers=(0,), qk_norm="rms_norm")
    transformer = diffusers.SD3Transformer2DModel(num_layers=LAYERS, **common, **text).eval()
    image = diffusers.SD3ControlNetModel(num_layers=BLOCKS, joint_attention_dim=None, pos_embed_max_size=None, pos_embed_type=None,
                                         use_pos_embed=False, force_zeros_for_pooled_projection=False, **common).eval()
    joint = diffusers.SD3ControlNetModel(num_layers=BLOCKS, **common, **text).eval()

    shapes, back = original(transformer, sd3_table(dict(transformer.config)))
    files = {"transformer": shapes, "original": stability(shapes_of(image)), "diffusers": shapes_of(image), "joint": shapes_of(joint)}
    states = {name: weights(shapes) for name, shapes in files.items()}
    transformer.load_state_dict(back(states["transformer"]))
    image.load_state_dict(states["diffusers"])
    joint.load_state_dict(states["joint"])

    inputs = {"latent": random("latent", 1, CHANNELS, 6, 8), "hint": random("hint", 1, CHANNELS, 6, 8),
              "second": random("second", 1, CHANNELS, 6, 8), "context": random("context", 1, 5, TEXT), "pooled": random("pooled", 1, POOLED),
              "timestep": TIME}
    tensors = dict(inputs)
    comfyui(tensors, states["transformer"], states["original"], inputs)
    run_diffusers(tensors, "diffusers", transformer, image, inputs)
    run_diffusers(tensors, "joint", transformer, joint, inputs)
    plain = transformer(inputs["latent"], encoder_hidden_states=inputs["context"], pooled_projections=inputs["pooled"], timestep=TIME).sample
    assert (plain - tensors["plain"]).norm() < 1e-5 * plain.norm()
    for name in ("original", "original.chain", "diffusers", "joint"):
        print(f"{name}: {((tensors[name] - plain).norm() / plain.norm()).item():.2f} from the velocity without it")
    save_file({key: value.clone().contiguous() for key, value in tensors.items()}, OUTPUT, metadata={
        "script": "tools/golden/controlnet.py", "versions": f"torch {torch.__version__}, diffusers {diffusers.__version__}",
        "tensors": json.dumps({name: list(shapes.items()) for name, shapes in files.items()}, separators=(",", ":"))})
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
