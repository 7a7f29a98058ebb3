"""Keys and shapes of true models, as diffusers and the original implementation name them: Tests/Golden/families/true_sizes.json.

    python tools/golden/true_sizes.py

For each model: its configuration, and its tensors in both spellings, as patterns in which `*` stands for 0 up to a count. Models
are built without weights; the tables are those of families.py, which checks them against diffusers' converters.
"""
import json
import re
from collections import defaultdict
from pathlib import Path

import diffusers
import torch
from families import Table, flux_table, pixart_table, sd3_table, z_image_table
from unet import unet_table

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/families/true_sizes.json"


def patterns(shapes):
    """Keys with numbers replaced by `*`, and for each shape the numbers that have it."""
    found = defaultdict(lambda: defaultdict(list))
    for key, shape in shapes.items():
        number = re.search(r"(?<=\.)\d+(?=\.)", key)
        pattern = key[: number.start()] + "*" + key[number.end() :] if number else key
        found[pattern][tuple(shape)].append(int(number.group()) if number else 0)
    return {pattern: [[list(shape), numbers] for shape, numbers in shapes.items()] for pattern, shapes in found.items()}


def compact(rows):
    """Runs of numbers as [first, last]."""
    for entries in rows.values():
        for entry in entries:
            numbers = entry[1]
            if numbers == list(range(numbers[0], numbers[-1] + 1)):
                entry[1] = [numbers[0], numbers[-1]]
            else:
                entry[1] = [numbers]
    return rows


def model(cls, table, **config):
    with torch.device("meta"):
        made = cls(**config)
    own = {key: value.shape for key, value in made.state_dict().items()}
    full = dict(made.config) | {}
    names = table(full, own) if table is unet_table else table(full)
    other = {}
    for key, (parts, _) in names.items():
        shapes = [own[part] for part in parts]
        other[key] = [sum(shape[0] for shape in shapes), *shapes[0][1:]]
    kept = {key: value for key, value in full.items() if not key.startswith("_") and value is not None
            and isinstance(value, (bool, int, float, str, list, tuple))}
    return {"config": kept, "diffusers": compact(patterns(own)), "original": compact(patterns(other))}


def main():
    axes = dict(axes_dims_rope=(16, 56, 56))
    models = {
        "FLUX.1-dev": model(diffusers.FluxTransformer2DModel, flux_table, guidance_embeds=True, **axes),
        "FLUX.1-schnell": model(diffusers.FluxTransformer2DModel, flux_table, guidance_embeds=False, **axes),
        "FLUX.1-Fill": model(diffusers.FluxTransformer2DModel, flux_table, in_channels=384, out_channels=64,
                             guidance_embeds=True, **axes),
        "FLUX.2-dev": model(diffusers.Flux2Transformer2DModel, lambda c: flux_table(c, is_second=True)),
        "FLUX.2-klein-4B": model(diffusers.Flux2Transformer2DModel, lambda c: flux_table(c, is_second=True), num_layers=5,
                                 num_single_layers=20, num_attention_heads=24, joint_attention_dim=7680,
                                 guidance_embeds=False),
        "FLUX.2-klein-9B": model(diffusers.Flux2Transformer2DModel, lambda c: flux_table(c, is_second=True), num_layers=8,
                                 num_single_layers=24, num_attention_heads=32, joint_attention_dim=12288,
                                 guidance_embeds=False),
        "Chroma1": model(diffusers.ChromaTransformer2DModel, lambda c: flux_table(c, is_chroma=True)),
        "Z-Image": model(diffusers.ZImageTransformer2DModel, z_image_table),
        "PixArt-Sigma": model(diffusers.PixArtTransformer2DModel, pixart_table, sample_size=128,
                              use_additional_conditions=False, caption_channels=4096),
        "SD3-medium": model(diffusers.SD3Transformer2DModel, sd3_table, num_layers=24, num_attention_heads=24,
                            caption_projection_dim=1536, pos_embed_max_size=192),
        "SD3.5-medium": model(diffusers.SD3Transformer2DModel, sd3_table, num_layers=24, num_attention_heads=24,
                              caption_projection_dim=1536, pos_embed_max_size=384, qk_norm="rms_norm",
                              dual_attention_layers=tuple(range(13))),
        "SD3.5-large": model(diffusers.SD3Transformer2DModel, sd3_table, num_layers=38, num_attention_heads=38,
                             caption_projection_dim=2432, pos_embed_max_size=192, qk_norm="rms_norm"),
        "Lotus-depth": model(diffusers.UNet2DConditionModel, unet_table, attention_head_dim=(5, 10, 20, 20), cross_attention_dim=1024,
                             use_linear_projection=True, class_embed_type="projection", projection_class_embeddings_input_dim=4),
    }
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps({"script": "tools/golden/true_sizes.py", "versions": f"diffusers {diffusers.__version__}",
                                  "models": models}, separators=(",", ":")) + "\n")
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
