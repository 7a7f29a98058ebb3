"""Step 6: looks at the exported model and scores how it follows prompts.

    python evaluate.py judge --seconds 90     trains the judge, a classifier of drawn scenes: data/judge.pt
    python evaluate.py sheet                  out/sheet.png through diffusers' own pipeline; also f16 against f32
    python evaluate.py score --count 200      out/eval.json: what the judge sees in generated pictures
"""
import argparse
import json
import random
import time

import numpy as np
import torch
from PIL import Image

import scenes
from contact_sheet import contact_sheet
from export import NAME, load_exported, make_pipeline
from judge import HELD_BACK, accuracy, load_judge, train_judge
from model import FoldedZerosAttention, load_trained
from prompts import SHEET
from sampling import decode, sample
from training import add_device_options, add_work_option, autocast, choose_device, held_back

FIRST_SEED = 10_000_000        # scenes to ask for are drawn from seeds that no training set reaches


@torch.no_grad()
def sheet(options):
    """Renders the sheet's prompts with fixed seeds, none picked, and compares f16 weights with f32."""
    out = options.work / "out"
    exported = load_exported(out / NAME)
    exact = make_pipeline(options.work, exported.scheduler.config.shift, torch.float32)
    prompts = SHEET[:options.count or len(SHEET)]

    def render(pipe, index):
        return pipe(prompts[index], num_inference_steps=options.steps, guidance_scale=options.guidance, width=128,
                    height=128, generator=torch.Generator().manual_seed(100 + index)).images[0]

    start = time.time()
    pictures = [render(exported, index) for index in range(len(prompts))]
    print(f"{(time.time() - start) / len(prompts):.2f} s a picture")
    contact_sheet(pictures, prompts, out / "sheet.png", columns=6)
    for index in (0, 7):
        if index < len(prompts):
            difference = np.abs(np.asarray(render(exact, index)).astype(int) - np.asarray(pictures[index]).astype(int))
            print(f"f16 against f32 weights, prompt {index}: mean difference {difference.mean():.3f} of 255, "
                  f"largest {difference.max()}")


@torch.no_grad()
def reconstruct(vae, images, options, device):
    """uint8 scenes through the autoencoder and back."""
    pictures = []
    for i in range(0, len(images), 8):
        x = torch.from_numpy(np.array(images[i:i + 8])).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
        with autocast(options, device):
            y = vae.decode(vae.encode(x).latent_dist.mode()).sample
        pictures.append((y.float().clamp(-1, 1).cpu() + 1) * 127.5)
    return torch.cat(pictures).round().byte().permute(0, 2, 3, 1).numpy()


def scenes_to_ask_for(count):
    """`count` scenes, and a quarter as many whose object and colour were never seen together."""
    seen, unseen, seed = [], [], FIRST_SEED
    while len(seen) < count or len(unseen) < count // 4:
        scene = scenes.sample_scene(seed, allow_held_out=True)
        group, limit = (unseen, count // 4) if (scene.obj, scene.colour) in scenes.HELD_OUT else (seen, count)
        if len(group) < limit:
            group.append(scene)
        seed += 1
    return seen, unseen


def score(options):
    """Writes out/eval.json: accuracies on drawn scenes, reconstructions and generated pictures."""
    torch.manual_seed(0)
    work, device = options.work, choose_device(options.device)
    judge = load_judge(work, device)
    images = np.load(work / "data/images.npy", mmap_mode="r")
    held = held_back(len(images), HELD_BACK)
    images, labels = images[-held:], np.load(work / "data/labels.npy")[-held:]
    settings = dict(steps=options.steps, guidance=options.guidance, shift=options.shift)
    result = {"settings": settings, "rendered scenes": accuracy(judge, images, labels, device)}

    tokenizers, encoders, transformer, vae = load_trained(work)
    for module in (*encoders, transformer, vae):
        module.to(device)
    transformer.set_attn_processor(FoldedZerosAttention())
    copies = reconstruct(vae, images, options, device)
    result["VAE reconstructions"] = accuracy(judge, copies, labels, device)
    error = ((copies.astype(np.float32) - images) ** 2).mean((1, 2, 3))
    result["VAE reconstruction PSNR, dB"] = round(float((10 * np.log10(255 ** 2 / error)).mean()), 2)

    names = "generated", "generated, object and colour never seen together"
    for name, group in zip(names, scenes_to_ask_for(options.count or 200)):
        prompts, pictures = [scenes.full_prompt(s, random.Random(s.seed)) for s in group], []
        for i in range(0, len(prompts), 25):
            with autocast(options, device):
                latents = sample(encoders, transformer, tokenizers, prompts[i:i + 25], seed=i, **settings)
                pictures.append(decode(vae, latents))
        if pictures:
            pictures = np.concatenate(pictures)
            result[name] = accuracy(judge, pictures, [s.labels() for s in group], device)
            print(name, result[name], flush=True)
            if name == names[0]:
                shown = [Image.fromarray(picture) for picture in pictures[:48]]
                contact_sheet(shown, prompts[:48], work / "out/scored.png", columns=8)
    (work / "out/eval.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


def main():
    parser = argparse.ArgumentParser(description="Looks at the trained model and scores it.")
    parser.add_argument("what", choices=["judge", "sheet", "score"])
    add_work_option(parser)
    add_device_options(parser)
    parser.add_argument("--seconds", type=float, default=90, help="judge: length of its training (default 90)")
    parser.add_argument("--count", type=int, help="sheet, score: number of prompts (default all, 200)")
    parser.add_argument("--steps", type=int, default=24, help="sheet, score: denoising steps (default 24)")
    parser.add_argument("--guidance", type=float, default=4.0, help="sheet, score: guidance (default 4)")
    parser.add_argument("--shift", type=float, default=2.0, help="score: shift of the schedule (default 2)")
    options = parser.parse_args()
    (options.work / "out").mkdir(parents=True, exist_ok=True)
    if options.what == "judge":
        train_judge(options, choose_device(options.device))
    elif options.what == "sheet":
        sheet(options)
    else:
        score(options)


if __name__ == "__main__":
    main()
