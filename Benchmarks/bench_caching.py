"""Measures caches over steps: time and likeness to the full run, beside runs with fewer steps that take the same time.

    python Benchmarks/bench_caching.py               prints two tables; Pillow is needed

Every picture of a table is compared with the one that all steps made from the same prompt and seed. Times are those of the steps
alone, the best of several renders for each prompt, because they are short and any other process disturbs them; the mean of all
prompts is printed. The number of fewer steps is that whose share of the full time is nearest to the cached run's.
"""
import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

from bench_diorama import BINARY
from settings import GRAPH, MODEL, REPOSITORY, available_threads

sys.path.insert(0, str(REPOSITORY / "tools/train"))
from prompts import PREVIEW  # noqa: E402

CACHES = [("EasyCache", (("reuse_threshold", value),)) for value in (0.05, 0.1, 0.2)]
CACHES += [("FirstBlockCache", (("residual_diff_threshold", value),)) for value in (0.05, 0.1, 0.2)]
CACHES += [("FirstBlockCache", (("residual_diff_threshold", 0.2), ("max_consecutive_cached_steps", 2)))]


def title(name, value):
    """An input as the table names it."""
    return f"{value}" if name.endswith("threshold") else f"{name} {value}"


def graph(steps, cache):
    """The benchmark's graph, with so many steps and perhaps a cache in front of its sampler."""
    nodes = json.loads(GRAPH.read_text())
    nodes["sampler"]["inputs"]["steps"] = steps
    if cache:
        name, inputs = cache
        nodes["cache"] = {"class_type": name, "inputs": {"model": nodes["sampler"]["inputs"]["model"], **dict(inputs)}}
        nodes["sampler"]["inputs"]["model"] = ["cache", 0]
    return json.dumps(nodes)


def render(steps, cache, prompt, picture, options, renders):
    """The seconds of the best run of the sampler, and the steps that were cached, as the run tells them."""
    command = [BINARY, "render", "-", "--models", MODEL.parent, "--prompt", prompt, "--threads", options.threads,
               "--output", picture, "--repeat", renders, "--json"]
    done = subprocess.run([str(word) for word in command], input=graph(steps, cache), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    times, begun, cached = [], 0.0, 0.0
    for event in map(json.loads, done.stdout.splitlines()):
        if event["event"] == "progress" and event["node"] == "sampler":
            if event["step"] == 0:
                begun = event["time"]
            elif event["step"] == event["total"]:
                times.append(event["time"] - begun)
        if event["event"] == "notice" and event["node"] == "sampler":
            # A step is one call, or two where the negative prompt has another length.
            skipped, _, calls = event["message"].split(" in ")[1].split()[:3]
            cached = int(skipped) * steps / int(calls)
    return min(times), cached


def likeness(picture, reference):
    """The peak signal-to-noise ratio in dB; 99 stands for the same picture, so that there is a mean."""
    with Image.open(picture) as one, Image.open(reference) as other:
        roots = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).rms
    error = statistics.mean(root**2 for root in roots)
    return 10 * math.log10(255**2 / error) if error else 99


def table(steps, options):
    texts, runs = PREVIEW[:options.prompts], [None, *CACHES]
    seconds, cached, ratios = ({run: [] for run in runs} for _ in range(3))
    with tempfile.TemporaryDirectory() as folder:
        full, other = (lambda number: Path(folder) / f"{number}.png"), Path(folder) / "other.png"
        for number, text in enumerate(texts):
            best = {run: math.inf for run in runs}
            for turn in range(options.rounds):
                for run in runs:
                    picture = other if run else full(number)
                    time, count = render(steps, run, text, picture, options, options.renders)
                    best[run] = min(best[run], time)
                    if turn == 0:
                        cached[run].append(count)
                        ratios[run].append(likeness(picture, full(number)))
            for run in runs:
                seconds[run].append(best[run])
        print(f"\n| {steps} steps | steps cached | time | PSNR | fewer steps | PSNR |\n|---|---|---|---|---|---|")
        whole = statistics.mean(seconds[None])
        print(f"| all | 0 | {1000 * whole:.0f} ms | | | |")
        for run in CACHES:
            time = statistics.mean(seconds[run])
            count = max(1, min(steps, round(steps * time / whole)))
            fewer = []
            for number, text in enumerate(texts):
                render(count, None, text, other, options, 1)
                fewer.append(likeness(other, full(number)))
            beside = f"{count} | {statistics.mean(fewer):.1f} dB" if count < steps else "all | same"
            print(f"| {run[0]} {', '.join(title(*pair) for pair in run[1])} | {statistics.mean(cached[run]):.1f} | {1000 * time:.0f} ms, {whole / time:.2f}x "
                  f"| {statistics.mean(ratios[run]):.1f} dB | {beside} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description="Measures caches over steps beside fewer steps.")
    parser.add_argument("--steps", type=int, nargs="+", default=[24, 50], help="steps of the full runs (default 24 50)")
    parser.add_argument("--prompts", type=int, default=8, help="prompts, of those of the model's previews (default 8)")
    parser.add_argument("--rounds", type=int, default=2, help="processes of each run and prompt, in turns (default 2)")
    parser.add_argument("--renders", type=int, default=3, help="renders of each process (default 3)")
    parser.add_argument("--threads", type=int, default=available_threads())
    options = parser.parse_args()
    for steps in options.steps:
        table(steps, options)


if __name__ == "__main__":
    main()
