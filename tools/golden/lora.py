"""Adapters for the sample model, made by PEFT and run by diffusers in float32 on the CPU: Tests/Golden/lora.

    python tools/golden/lora.py              write every file again

| file | what it is |
|---|---|
| peft     | a LoRA of transformer and both text encoders as diffusers saves it, alpha in the metadata |
| second   | another, of the transformer alone, of another rank |
| kohya    | `peft` by the original names of Stable Diffusion 3 with underscores, queries, keys and values fused, with alphas |
| comfyui  | `peft` by the original names with dots, scales multiplied in |
| loha, lokr, dora | other kinds of the transformer, by PEFT |
| runs     | what the model computes with them, and without |

diffusers loads the transformer's adapters. The text encoders' are applied by PEFT itself, which is what transformers would call.
Adapters are stored in float16; the references ran with these same values. Random numbers depend on the tensor's name alone.
"""
import os
import zlib
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import diffusers
import peft
import torch
import transformers
from diffusers import StableDiffusion3Pipeline
from peft import LoHaConfig, LoKrConfig, LoraConfig, inject_adapter_in_model
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils import get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file, save_file

REPOSITORY = Path(__file__).resolve().parents[2]
MODEL = REPOSITORY / "samples/models/diorama-tiny"
OUTPUT = REPOSITORY / "Tests/Golden/lora"
PROMPT, NEGATIVE = "a red boat on the sea at sunset", "night"
SEED = 7                # of the starting noise
TOKENS = 5              # of the prompt, compared with the reference
BLOCKS = "(0|6)"
METADATA = {
    "script": "tools/golden/lora.py", "seed": f"crc32 of each tensor's name, {SEED} of the noise", "prompt": PROMPT, "negative": NEGATIVE,
    "versions": f"torch {torch.__version__}, diffusers {diffusers.__version__}, transformers {transformers.__version__}, "
                f"peft {peft.__version__}",
}
torch.set_num_threads(1)
torch.set_grad_enabled(False)


def random(name, *shape):
    """Normal noise that depends on the name alone."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))


def load_pipeline():
    """The sample model, its weights widened to float32; nothing is downloaded."""
    pipe = StableDiffusion3Pipeline.from_pretrained(
        MODEL, text_encoder_3=None, tokenizer_3=None, local_files_only=True)
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            part.float()
    pipe.set_progress_bar_config(disable=True)
    return pipe


def fill(model, seed):
    """Random values for every parameter of adapters, rounded to float16; changes of a few tenths of a weight."""
    for name, weight in model.named_parameters():
        if not any(mark in name for mark in ("lora_A", "lora_B", "hada_", "lokr_")):
            if "magnitude" in name:
                weight.copy_((weight * (1 + 0.2 * random(seed + name, *weight.shape))).half().float())
            continue
        # the last factor reads the layer's input; whole factors are left small
        inner = name.split(".")[-2 if name.endswith("weight") else -1]
        reads_input = "lora_A" in name or "_b" in inner
        scale = weight[0].numel() ** -0.5 if reads_input else 0.4
        weight.copy_((scale * random(seed + name, *weight.shape)).half().float())


def noise():
    """Where the runs begin."""
    return torch.randn(1, 8, 8, 8, generator=torch.Generator().manual_seed(SEED))


def run(pipe):
    """What the pipeline computes: one velocity, what the text encoders say, and a run of four guided steps."""
    latents = noise()
    embeds, negative, pooled, negative_pooled = pipe.encode_prompt(PROMPT, None, None, negative_prompt=NEGATIVE)
    velocity = pipe.transformer(
        hidden_states=latents, timestep=torch.tensor([600.0]), encoder_hidden_states=embeds,
        pooled_projections=pooled, return_dict=False)[0]
    final = pipe(
        prompt=PROMPT, negative_prompt=NEGATIVE, guidance_scale=3.0, num_inference_steps=4, width=64, height=64,
        latents=latents.clone(), output_type="latent").images
    return {"velocity": velocity, "tokens": embeds[:, :TOKENS], "pooled": pooled, "latents": final}


def lora_config(targets, rank, alpha, **options):
    """A LoRA whose targets are given by the ends of their names, in some blocks."""
    return LoraConfig(r=rank, lora_alpha=alpha, target_modules=targets, **options)


def block_targets(*names):
    """A pattern of layers in BLOCKS."""
    return rf"transformer_blocks\.{BLOCKS}\.({'|'.join(name.replace('.', chr(92) + '.') for name in names)})"


ATTENTION = ["attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0", "attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"]


ENCODER_LORA = lora_config(r".*layers\.\d\.(self_attn\.q_proj|mlp\.fc1)", 2, 2)


def save_lora(model_parts, name):
    """Writes an adapter of the named parts as diffusers does, settings of PEFT in the metadata."""
    arguments = {}
    for part, model in model_parts.items():
        state = get_peft_model_state_dict(model)
        arguments[f"{part}_lora_layers"] = {key: value.half() for key, value in state.items()}
        arguments[f"{part}_lora_adapter_metadata"] = model.peft_config["default"].to_dict()
    StableDiffusion3Pipeline.save_lora_weights(OUTPUT, weight_name=f"{name}.safetensors", **arguments)


def make_loras():
    """Writes `peft` and `second`."""
    pipe = load_pipeline()
    pattern = "|".join([block_targets(*ATTENTION, "ff.net.0.proj", "norm1_context.linear"), r"norm_out\.linear",
                        r"pos_embed\.proj"])
    pipe.transformer.add_adapter(lora_config(
        pattern, 2, 4, rank_pattern={"attn.to_k": 4}, alpha_pattern={"attn.to_v": 1}))
    for part in (pipe.text_encoder, pipe.text_encoder_2):
        inject_adapter_in_model(ENCODER_LORA, part)
    parts = {"transformer": pipe.transformer, "text_encoder": pipe.text_encoder, "text_encoder_2": pipe.text_encoder_2}
    for name, part in parts.items():
        fill(part, name)
    save_lora(parts, "peft")

    pipe = load_pipeline()
    pipe.transformer.add_adapter(lora_config(block_targets("attn.to_q", "ff.net.2"), 3, 3))
    fill(pipe.transformer, "second")
    save_lora({"transformer": pipe.transformer}, "second")


def make_other(name, config, scales):
    """Writes an adapter of another kind of the transformer, and returns its runs at several strengths."""
    pipe = load_pipeline()
    inject_adapter_in_model(config, pipe.transformer)
    fill(pipe.transformer, name)
    state = get_peft_model_state_dict(pipe.transformer)
    tensors = {f"transformer.{key}": value.half() for key, value in state.items()}
    alpha = config.lora_alpha if isinstance(config, LoraConfig) else config.alpha
    layers = {key.partition(mark)[0] for key in tensors for mark in (".lora_", ".hada_", ".lokr_") if mark in key}
    tensors |= {f"{layer}.alpha": torch.tensor(float(alpha)) for layer in layers}
    save_file({key: value.contiguous() for key, value in tensors.items()}, OUTPUT / f"{name}.safetensors", metadata=METADATA)
    runs = {}
    for scale in scales:
        set_strength(pipe.transformer, scale)
        runs |= {f"{name}@{scale:g}.{key}": value for key, value in run(pipe).items() if key in ("velocity", "latents")}
    return runs


# Original names of Stable Diffusion 3, with {} for the block's number. Only layers of `peft` are here.
ORIGINAL = {
    "ff.net.0.proj": "joint_blocks.{}.x_block.mlp.fc1", "attn.to_out.0": "joint_blocks.{}.x_block.attn.proj",
    "norm1_context.linear": "joint_blocks.{}.context_block.adaLN_modulation.1",
}
FUSED = {"joint_blocks.{}.x_block.attn.qkv": ["attn.to_q", "attn.to_k", "attn.to_v"],
         "joint_blocks.{}.context_block.attn.qkv": ["attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"]}


def swapped(up):
    """The rows of a final norm's modulation the other way round: shift before scale, or scale before shift."""
    return torch.cat(up.chunk(2)[::-1])


def original_layers():
    """The layers of `peft` by their original names: name, down, up and the factor of their product."""
    state = load_file(OUTPUT / "peft.safetensors")
    layers = {}
    for key in state:
        if key.endswith(".lora_A.weight"):
            name = key.removesuffix(".lora_A.weight")
            down, up = state[key].float(), state[f"{name}.lora_B.weight"].float()
            part, name = name.split(".", 1)
            alpha = 2 if part != "transformer" else 1 if name.endswith("attn.to_v") else 4
            layers[part, name] = (down, up, alpha / down.shape[0])
    found = []
    for (part, name), (down, up, factor) in layers.items():
        if part != "transformer":
            found.append(({"text_encoder": "clip_l", "text_encoder_2": "clip_g"}[part], name, down, up, factor))
        elif name == "norm_out.linear":
            found.append((part, "final_layer.adaLN_modulation.1", down, swapped(up), factor))
        elif name == "pos_embed.proj":
            found.append((part, "x_embedder.proj", down, up, factor))
        else:
            _, block, layer = name.split(".", 2)
            if layer in ORIGINAL:
                is_final = layer == "norm1_context.linear" and block == "6"
                found.append((part, ORIGINAL[layer].format(block), down, swapped(up) if is_final else up, factor))
    for fused, names in FUSED.items():
        for block in "06":
            parts = [layers["transformer", f"transformer_blocks.{block}.{name}"] for name in names]
            down = torch.cat([down for down, _, _ in parts])
            up = torch.block_diag(*[up * factor for _, up, factor in parts])
            found.append(("transformer", fused.format(block), down, up, 1.0))
    return found


def make_spellings():
    """Writes `kohya` and `comfyui`."""
    kohya, comfyui = {}, {}
    for part, name, down, up, factor in original_layers():
        prefix = {"transformer": "lora_unet_", "clip_l": "lora_te1_", "clip_g": "lora_te2_"}[part]
        text = "" if part == "transformer" or name.startswith("text_model.") else "text_model."
        layer = prefix + (text + name).replace(".", "_")
        kohya |= {f"{layer}.lora_down.weight": down, f"{layer}.lora_up.weight": up,
                  f"{layer}.alpha": torch.tensor(factor * down.shape[0])}
        prefix = {"transformer": "diffusion_model."}.get(part, f"text_encoders.{part}.transformer.{text}")
        comfyui |= {f"{prefix}{name}.lora_A.weight": down, f"{prefix}{name}.lora_B.weight": up * factor}
    for name, tensors in (("kohya", kohya), ("comfyui", comfyui)):
        # factors are powers of two, so that all spellings hold the same adapter
        assert all(torch.equal(value.half().float(), value) for value in tensors.values())
        tensors = {key: value.half() for key, value in tensors.items()}
        save_file({key: value.contiguous() for key, value in tensors.items()}, OUTPUT / f"{name}.safetensors",
                  metadata=METADATA)


def set_strength(model, strength):
    """The factor of the one adapter that PEFT has put into `model`."""
    for module in model.modules():
        if isinstance(module, BaseTunerLayer):
            module.set_scale("default", strength)


def lora_runs():
    """The model without an adapter, with `peft` at several strengths, and with both."""
    pipe = load_pipeline()
    runs = {"initial": noise()} | {f"none.{key}": value for key, value in run(pipe).items()}
    encoders = {"text_encoder": pipe.text_encoder, "text_encoder_2": pipe.text_encoder_2}
    stored = load_file(OUTPUT / "peft.safetensors")
    for name, encoder in encoders.items():
        inject_adapter_in_model(ENCODER_LORA, encoder)
        state = {key.removeprefix(name + "."): value.float() for key, value in stored.items() if key.startswith(name + ".")}
        assert not set_peft_model_state_dict(encoder, state).unexpected_keys

    def strengthen(adapters, strengths):
        pipe.transformer.set_adapters(adapters, strengths)
        for encoder in encoders.values():
            set_strength(encoder, strengths[0])
        return run(pipe).items()

    pipe.transformer.load_lora_adapter(
        OUTPUT, prefix="transformer", weight_name="peft.safetensors", adapter_name="first")
    for strength in (1, 0.5, -1):
        runs |= {f"peft@{strength:g}.{key}": value for key, value in strengthen(["first"], [strength])}
    pipe.transformer.load_lora_adapter(
        OUTPUT, prefix="transformer", weight_name="second.safetensors", adapter_name="second")
    return runs | {f"both.{key}": value for key, value in strengthen(["first", "second"], [0.8, -0.5])}


def main():
    OUTPUT.mkdir(parents=True, exist_ok=True)
    make_loras()
    make_spellings()
    few = block_targets("attn.to_q", "attn.to_out.0", "ff.net.0.proj").replace(BLOCKS, "3")
    runs = lora_runs()
    runs |= make_other("loha", LoHaConfig(r=2, alpha=3, target_modules=few), (1, 0.5))
    runs |= make_other("lokr", LoKrConfig(r=2, alpha=3, target_modules=few), (1, 0.5))
    runs |= make_other("dora", LoraConfig(r=2, lora_alpha=3, use_dora=True, target_modules=few), (1,))
    save_file({key: value.contiguous() for key, value in runs.items()}, OUTPUT / "runs.safetensors", metadata=METADATA)
    for path in sorted(OUTPUT.iterdir()):
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
