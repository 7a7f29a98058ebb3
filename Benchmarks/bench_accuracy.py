"""Measures what bf16 and int8 cost the small model's pictures: their distance from those in f32, and how they follow prompts.

    python Benchmarks/bench_accuracy.py              both (`make build` and the peer's packages first)
    python Benchmarks/bench_accuracy.py --score 0    the distances alone

Distances are peak signal-to-noise ratios of the 8-bit pictures of 32 prompts, most of them those of the model's contact sheet. Prompts
are followed as the judge of tools/train sees it: a classifier of drawn scenes, trained here once on scenes that are drawn here (a few
minutes, kept in Benchmarks/results/judge), asked for what the prompts of the model's card name, 200 whose objects and colours were seen
together in training and 50 whose were not.
"""
import argparse
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from PIL import Image

from bench_diorama import BINARY
from settings import GRAPH, MODEL, REPOSITORY, available_threads

sys.path.insert(0, str(REPOSITORY / "tools/train"))
from evaluate import scenes_to_ask_for  # noqa: E402
from judge import ALL_RIGHT, HEADS, HELD_BACK, load_judge, train_judge  # noqa: E402
from make_data import write_dataset  # noqa: E402
from prompts import PREVIEW, SHEET  # noqa: E402
from scenes import full_prompt  # noqa: E402
from training import held_back  # noqa: E402

PRECISIONS = {"f32": None, "bf16": 40, "int8": 30}
RESULTS = Path(__file__).with_name("results")
SCORED = len(HEADS) - 1        # the last attribute, the background, is not always asked for


def render(prompts, precision, folder, threads):
    """The pictures of `prompts`, [N, H, W, 3], each with its place in the list as seed."""
    items = folder / "items.jsonl"
    items.write_text("".join(json.dumps({"prompt": prompt, "seed": n, "name": f"{n}"}) + "\n" for n, prompt in enumerate(prompts)))
    out = folder / f"{precision}-{len(prompts)}"
    command = [BINARY, "batch", GRAPH, items, "--models", MODEL.parent, "--out", out, "--precision", precision,
               "--threads", threads, "--quiet"]
    subprocess.run([str(word) for word in command], check=True)
    return np.stack([np.asarray(Image.open(out / f"{n}.png").convert("RGB")) for n in range(len(prompts))])


def ratio(picture, reference):
    """The peak signal-to-noise ratio in dB; 99 for the same picture, so that there is a mean."""
    error = np.mean((picture.astype(np.float64) - reference) ** 2)
    return 10 * math.log10(255**2 / error) if error else 99.0


def distances(count, folder, threads):
    """Prints and returns the ratios of each precision's pictures to those in f32."""
    # Sheet and previews have 27 in all; the others are of those that are scored.
    others = [full_prompt(scene, random.Random(scene.seed)) for scene in scenes_to_ask_for(count)[0]]
    prompts = list(dict.fromkeys(SHEET + PREVIEW + others))[:count]
    pictures = {precision: render(prompts, precision, folder, threads) for precision in PRECISIONS}
    print(f"\n{count} prompts, 24 steps, guidance 4, 128x128\n\n| against f32 | least PSNR | mean | goal |\n|---|---|---|---|")
    result = {}
    for precision, goal in PRECISIONS.items():
        if goal:
            values = [ratio(*pair) for pair in zip(pictures[precision], pictures["f32"])]
            verdict = "met" if min(values) >= goal else "missed"
            print(f"| {precision} | {min(values):.1f} dB | {statistics.mean(values):.1f} dB | {goal} dB, {verdict} |", flush=True)
            result[precision] = values
    return result


def trained_judge(options):
    """The judge, trained where there is none yet, and the scenes that it did not see with their labels."""
    work = RESULTS / "judge"
    if not (work / "data/judge.pt").exists():
        if not (work / "data/labels.npy").exists():
            write_dataset(work / "data", 0, options.scenes, 0, os.cpu_count() or 1)
        train_judge(SimpleNamespace(work=work, seconds=0, precision="f32"), torch.device("cpu"), steps=options.steps)
    images = np.load(work / "data/images.npy", mmap_mode="r")
    count = held_back(len(images), HELD_BACK)
    return load_judge(work, torch.device("cpu")), images[-count:], np.load(work / "data/labels.npy")[-count:]


@torch.no_grad()
def verdicts(judge, pictures):
    """What the judge sees in pictures [N, H, W, 3]: an index for each attribute, [N, 6]."""
    parts = torch.as_tensor(np.array(pictures)).split(64)
    return torch.cat([torch.stack([head.argmax(1) for head in judge(part)], 1) for part in parts]).numpy()


def show(title, seen, labels, reference=None):
    """Prints a line of a table, and returns its figures: the share of each attribute that is right, and of pictures that are."""
    right = seen == labels[:, :len(HEADS)]
    shares = dict(zip(HEADS, right.mean(0).tolist())) | {ALL_RIGHT: right[:, :SCORED].all(1).mean().item()}
    changed = "" if reference is None else f"{int((seen[:, :SCORED] != reference[:, :SCORED]).any(1).sum())}"
    print(f"| {title} | " + " | ".join(f"{100 * share:.1f}" for share in shares.values()) + f" | {changed} | {len(seen)} |", flush=True)
    return shares


def scores(options, folder):
    """Prints and returns how the pictures of each precision follow their prompts."""
    judge, images, labels = trained_judge(options)
    print("\n| % right | " + " | ".join(HEADS) + " | first five all right | seen otherwise than in f32 | n |")
    print("|---" * (len(HEADS) + 4) + "|")
    result = {"drawn scenes": show("drawn scenes", verdicts(judge, images), labels)}
    groups = zip(("seen together", "never seen together"), scenes_to_ask_for(options.score))
    for name, group in groups:
        if not group:
            continue
        prompts = [full_prompt(scene, random.Random(scene.seed)) for scene in group]
        labels, reference = np.array([scene.labels() for scene in group]), None
        for precision in PRECISIONS:
            seen = verdicts(judge, render(prompts, precision, folder, options.threads))
            result[f"{name}, {precision}"] = show(f"{name}, {precision}", seen, labels, reference)
            reference = seen if reference is None else reference
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=32, help="prompts whose pictures are compared with f32 (default 32)")
    parser.add_argument("--score", type=int, default=200, help="prompts the judge looks at, and a quarter more (default 200)")
    parser.add_argument("--scenes", type=int, default=12_000, help="scenes that the judge is trained on (default 12000)")
    parser.add_argument("--steps", type=int, default=1000, help="how long the judge is trained, in steps of 64 scenes (default 1000)")
    parser.add_argument("--threads", type=int, default=available_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    result = {}
    with tempfile.TemporaryDirectory() as place:
        if options.prompts:
            result["psnr_db"] = distances(options.prompts, Path(place), options.threads)
        if options.score:
            result["scores"] = scores(options, Path(place))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "accuracy.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
