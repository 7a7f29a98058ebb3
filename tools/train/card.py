"""Step 7: writes out/diorama-tiny/MODEL_CARD.md from what the steps before recorded.

Every figure comes from a file: the exported configs and weights, the run.json of both trainings, out/eval.json.
What the pictures look like is for a person to add under "Limits", after looking at out/sheet.png.
"""
import argparse
import json
import math

from safetensors import safe_open

import scenes
from export import NAME
from judge import ALL_RIGHT, HEADS
from training import add_work_option


def read(path):
    """A JSON file."""
    return json.loads(path.read_text())


def parameters(folder):
    """The number of trained weights in the safetensors files of a folder, with thousands marked."""
    total = 0
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "numpy") as file:
            total += sum(math.prod(file.get_slice(key).get_shape()) for key in file.keys()
                         if key != "pos_embed.pos_embed")        # a fixed table of sines, not trained
    return f"{total:,}"


def architecture(folder):
    """Lines on the parts of the model."""
    dit, vae = read(folder / "transformer/config.json"), read(folder / "vae/config.json")
    text = [read(folder / name / "config.json") for name in ("text_encoder", "text_encoder_2")]
    schedule = read(folder / "scheduler/scheduler_config.json")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    yield (f"- transformer: {dit['_class_name']}, {parameters(folder / 'transformer')} parameters; {dit['num_layers']} "
           f"joint blocks, {dit['num_attention_heads']} heads of {dit['attention_head_dim']}, patch "
           f"{dit['patch_size']}, qk_norm {dit['qk_norm']}.")
    for name, c in zip(("text_encoder", "text_encoder_2"), text):
        yield (f"- {name}: {c['architectures'][0]}, {parameters(folder / name)} parameters; {c['num_hidden_layers']} "
               f"layers of {c['hidden_size']}, {c['num_attention_heads']} heads, {c['hidden_act']}, "
               f"{c['vocab_size']} tokens, prompts of {c['max_position_embeddings']}.")
    yield (f"- vae: {vae['_class_name']}, {parameters(folder / 'vae')} parameters; channels "
           f"{'/'.join(map(str, vae['block_out_channels']))}, {vae['latent_channels']} latent channels, "
           f"scaling_factor {vae['scaling_factor']}, shift_factor {vae['shift_factor']} (measured).")
    yield f"- scheduler: {schedule['_class_name']}, shift {schedule['shift']}. No T5: zero tokens, as diffusers does."
    yield f"- f16 weights; {size:,} bytes in all."


def training_lines(work):
    """Lines on the runs of both trainings."""
    for name, folder in (("VAE", "vae"), ("Transformer and text encoders", "mmdit")):
        for run in read(work / folder / "run.json"):
            result = (f"held-out PSNR {run['psnr']} dB ({run['psnr_images']} images)" if "psnr" in run
                      else f"validation loss {run['validation_loss']}")
            yield (f"- {name}: {run['minutes']} min, {run['steps']} steps of {run['batch']}, AdamW {run['lr']} cosine, "
                   f"seed {run['seed']}, {run['device']} {run['precision']}, torch {run['torch']}; {result}.")


def evaluation_lines(result):
    """A table of what the judge saw."""
    heads = [*HEADS, ALL_RIGHT]
    yield "| images | " + " | ".join(heads[:-1]) + " | first five all right | n |"
    yield "|---" * (len(heads) + 2) + "|"
    for name, values in result.items():
        if isinstance(values, dict) and "images" in values:
            yield f"| {name} | " + " | ".join(f"{100 * values[h]:.1f}" for h in heads) + f" | {values['images']} |"
    settings = ", ".join(f"{key} {value}" for key, value in result["settings"].items())
    yield f"\nSettings: {settings}; one seed. PSNR of the VAE: {result['VAE reconstruction PSNR, dB']} dB."


def main():
    parser = argparse.ArgumentParser(description="Writes the model card.")
    add_work_option(parser)
    options = parser.parse_args()
    work, folder = options.work, options.work / "out" / NAME
    captions = read(work / "data/captions.json")
    lines = [
        f"# {NAME}", "",
        "A very small text-to-image model of 128x128 illustrated landscapes, in diffusers' `StableDiffusion3Pipeline`",
        "layout. Trained from scratch on drawn scenes; no pre-trained weights and no outside data.", "",
        "## Architecture", *architecture(folder), "",
        "## Data",
        f"{len(captions):,} scenes of `tools/train/scenes`, {len(captions[0])} captions each. Pairs never drawn for "
        "training: " + ", ".join(sorted(f"{colour} {thing}" for thing, colour in scenes.HELD_OUT)) + ".", "",
        "## Training", *training_lines(work), "",
        "## Prompt adherence, % right by a small convolutional judge trained on rendered scenes",
        *evaluation_lines(read(work / "out/eval.json")), "",
        "## Limits", "Only the words of `scenes/captions.py` are known. The size trained on is 128x128 alone.", "",
    ]
    (folder / "MODEL_CARD.md").write_text("\n".join(lines))
    print(f"wrote {folder / 'MODEL_CARD.md'}; look at {work / 'out/sheet.png'} and add its limits")


if __name__ == "__main__":
    main()
