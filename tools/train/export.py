"""Step 5: writes the trained model as a diffusers StableDiffusion3Pipeline folder, in f16.

    python export.py --shift 2.0            writes out/diorama-tiny
"""
import argparse
import json
import shutil

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, StableDiffusion3Pipeline

from clip_tokenizers import FOLDERS
from model import load_trained
from training import add_work_option

NAME = "diorama-tiny"


def make_pipeline(work, shift, dtype):
    """diffusers' pipeline of the trained parts, in `dtype`."""
    tokenizers, encoders, transformer, vae = load_trained(work)
    pipe = StableDiffusion3Pipeline(
        transformer=transformer.to(dtype), vae=vae.to(dtype),
        scheduler=FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=shift),
        text_encoder=encoders[0].to(dtype), tokenizer=tokenizers[0],
        text_encoder_2=encoders[1].to(dtype), tokenizer_2=tokenizers[1], text_encoder_3=None, tokenizer_3=None)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def load_exported(folder):
    """The exported pipeline, its f16 weights widened to float32."""
    pipe = StableDiffusion3Pipeline.from_pretrained(
        folder, text_encoder_3=None, tokenizer_3=None, local_files_only=True)
    for part in (pipe.text_encoder, pipe.text_encoder_2, pipe.transformer, pipe.vae):
        part.float()
    pipe.set_progress_bar_config(disable=True)
    return pipe


def export(work, folder, shift):
    """Writes the folder anew and prints what is in it."""
    shutil.rmtree(folder, ignore_errors=True)
    make_pipeline(work, shift, torch.float16).save_pretrained(folder, safe_serialization=True)
    for name in FOLDERS:                                 # transformers 5 writes tokenizer.json only
        for file in ("vocab.json", "merges.txt", "special_tokens_map.json"):
            shutil.copy(work / "mmdit" / name / file, folder / name / file)
    for path in folder.glob("*/config.json"):            # the place it was loaded from is nobody's business
        config = json.loads(path.read_text())
        config.pop("_name_or_path", None)
        path.write_text(json.dumps(config, indent=2) + "\n")
    total = 0
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        total += path.stat().st_size
        print(f"{path.stat().st_size:>10}  {path.relative_to(folder)}")
    print(f"{total:>10}  in all ({total / 1e6:.2f} MB)")


def main():
    parser = argparse.ArgumentParser(description="Writes the model as a diffusers folder.")
    add_work_option(parser)
    parser.add_argument("--shift", type=float, default=2.0, help="of the schedule, towards noise (default 2)")
    options = parser.parse_args()
    folder = options.work / "out" / NAME
    export(options.work, folder, options.shift)
    load_exported(folder)
    print(f"diffusers loads {folder}")


if __name__ == "__main__":
    main()
