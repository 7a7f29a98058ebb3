"""The peer's half of the benchmark: the same picture through diffusers, in float32, from local files only.

    python Benchmarks/bench_diffusers.py --output boat.png            one picture, from start to PNG
    python Benchmarks/bench_diffusers.py --output boat.png --renders 4   also a JSON line of the time of each step and render
    python Benchmarks/bench_diffusers.py --output folder --prompts list.txt   a picture for each line
    python Benchmarks/bench_diffusers.py --compare a.png b.png        a JSON line: how far two pictures are apart

Only what the picture needs is imported, and only when it is needed, so that start-up is as short as it can be.
"""
import argparse
import json
import os
import time

from settings import MODEL, Picture, available_threads


def compare(first, second):
    """Prints the difference of two pictures in 8-bit values."""
    import numpy as np
    from PIL import Image
    a, b = (np.asarray(Image.open(path).convert("RGB")).astype(int) for path in (first, second))
    if a.shape != b.shape:
        raise SystemExit(f"{first} is {a.shape[1]}x{a.shape[0]}, {second} is {b.shape[1]}x{b.shape[0]}")
    difference = abs(a - b)
    print(json.dumps({"mean": float(difference.mean()), "max": int(difference.max()),
                      "within_one": float((difference <= 1).mean())}))


def load(threads):
    """The pipeline with every part in float32."""
    import torch
    from diffusers import StableDiffusion3Pipeline
    torch.set_num_threads(threads)
    pipe = StableDiffusion3Pipeline.from_pretrained(
        MODEL, text_encoder_3=None, tokenizer_3=None, local_files_only=True)
    for part in (pipe.text_encoder, pipe.text_encoder_2, pipe.transformer, pipe.vae):
        part.float()
    pipe.set_progress_bar_config(disable=True)
    return pipe


def render(pipe, picture):
    """Renders once; returns the picture and the seconds of each step but the first."""
    import torch
    ends = []

    def note_time(_pipe, _step, _timestep, _kwargs):
        ends.append(time.perf_counter())
        return {}

    image = pipe(
        picture.prompt, num_inference_steps=picture.steps, guidance_scale=picture.guidance, width=picture.width,
        height=picture.height, generator=torch.Generator().manual_seed(picture.seed),
        callback_on_step_end=note_time).images[0]
    return image, [later - earlier for earlier, later in zip(ends, ends[1:])]


def render_list(pipe, picture, prompts, folder):
    """Renders a picture for each line of a list."""
    from dataclasses import replace
    os.makedirs(folder, exist_ok=True)
    with open(prompts) as lines:
        for number, line in enumerate(lines):
            image, _ = render(pipe, replace(picture, prompt=line.strip()))
            image.save(os.path.join(folder, f"{number}.png"))


def main():
    parser = argparse.ArgumentParser(description="Renders the benchmark's picture with diffusers.")
    parser.add_argument("--output", help="where the PNG goes")
    parser.add_argument("--renders", type=int, default=1, help="how many times, in one process; the last is saved")
    parser.add_argument("--threads", type=int, default=available_threads())
    parser.add_argument("--prompts", help="a list of prompts; --output is then a folder")
    parser.add_argument("--steps", type=int, default=Picture().steps)
    parser.add_argument("--compare", nargs=2, metavar="PNG", help="compare two pictures instead")
    options = parser.parse_args()
    if options.compare:
        return compare(*options.compare)
    if not options.output:
        parser.error("--output or --compare is needed")

    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    pipe, steps, renders = load(options.threads), [], []
    if options.prompts:
        return render_list(pipe, Picture(steps=options.steps), options.prompts, options.output)
    for _ in range(options.renders):
        start = time.perf_counter()
        image, seconds = render(pipe, Picture())
        image.save(options.output)
        renders.append(time.perf_counter() - start)
        steps.append(seconds)
    if options.renders > 1:
        import diffusers
        import torch
        print(json.dumps({"steps": steps, "renders": renders, "torch": torch.__version__,
                          "diffusers": diffusers.__version__}))


if __name__ == "__main__":
    main()
