"""Measures caches over steps: time and likeness to the full run, beside runs with fewer steps that take the same time.

    python Benchmarks/bench_caching.py               prints two tables; Pillow is needed

Every picture of a table is compared with the one that all steps made from the same prompt and seed. Times are those of the steps
alone, the best of the renders of one process for each prompt; the mean of all prompts is printed.
"""
import argparse
import json
import math
import statistics
import subprocess
import tempfile
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

from bench_diorama import BINARY
from settings import GRAPH, MODEL, REPOSITORY, available_threads

CACHES = [("EasyCache", "reuse_threshold", value) for value in (0.05, 0.1, 0.2)]
CACHES += [("FirstBlockCache", "residual_diff_threshold", value) for value in (0.05, 0.1, 0.2)]


def prompts(count):
    lines = (REPOSITORY / "samples/prompts.txt").read_text().splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")][:count]


def graph(steps, cache):
    """The benchmark's graph, with so many steps and perhaps a cache in front of its sampler."""
    nodes = json.loads(GRAPH.read_text())
    nodes["sampler"]["inputs"]["steps"] = steps
    if cache:
        name, threshold, value = cache
        nodes["cache"] = {"class_type": name, "inputs": {"model": nodes["sampler"]["inputs"]["model"], threshold: value}}
        nodes["sampler"]["inputs"]["model"] = ["cache", 0]
    return json.dumps(nodes)


def render(steps, cache, prompt, picture, options):
    """The seconds of the best run of the sampler, and the calls that were cached, as the run tells them."""
    command = [BINARY, "render", "-", "--models", MODEL.parent, "--prompt", prompt, "--threads", options.threads,
               "--output", picture, "--repeat", options.renders, "--json"]
    done = subprocess.run([str(word) for word in command], input=graph(steps, cache), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    times, begun, cached = [], 0.0, 0
    for event in map(json.loads, done.stdout.splitlines()):
        if event["event"] == "progress" and event["node"] == "sampler":
            if event["step"] == 0:
                begun = event["time"]
            elif event["step"] == event["total"]:
                times.append(event["time"] - begun)
        if event["event"] == "notice" and event["node"] == "sampler":
            cached = int(event["message"].split(" in ")[1].split()[0])
    return min(times[1:] or times), cached


def likeness(picture, reference):
    """The peak signal-to-noise ratio in dB."""
    with Image.open(picture) as one, Image.open(reference) as other:
        squares = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).rms
    error = statistics.mean(value**2 for value in squares)
    return 10 * math.log10(255**2 / error) if error else math.inf


def measure(steps, cache, full, folder, options):
    seconds, ratios, cached = [], [], []
    for number, prompt in enumerate(prompts(options.prompts)):
        picture = folder / (f"{number}.png" if full is None else "other.png")
        time, count = render(steps, cache, prompt, picture, options)
        seconds.append(time)
        cached.append(count)
        ratios.append(likeness(picture, folder / f"{number}.png"))
    return statistics.mean(seconds), statistics.mean(ratios), statistics.mean(cached)


def table(steps, options):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        full = measure(steps, None, None, folder, options)[0]
        fewer = {count: measure(count, None, full, folder, options)[:2] for count in range(steps // 6, steps)}
        print(f"\n| {steps} steps | steps cached | time | PSNR | fewer steps: number | time | PSNR |\n|---|---|---|---|---|---|---|")
        print(f"| all | 0 | {1000 * full:.0f} ms | | | | |")
        for cache in CACHES:
            seconds, ratio, cached = measure(steps, cache, full, folder, options)
            count = min(fewer, key=lambda count: abs(fewer[count][0] - seconds))
            print(f"| {cache[0]} {cache[2]} | {cached:.1f} | {1000 * seconds:.0f} ms, {full / seconds:.2f}x | {ratio:.1f} dB "
                  f"| {count} | {1000 * fewer[count][0]:.0f} ms | {fewer[count][1]:.1f} dB |", flush=True)


def main():
    parser = argparse.ArgumentParser(description="Measures caches over steps beside fewer steps.")
    parser.add_argument("--steps", type=int, nargs="+", default=[24, 50], help="steps of the full runs (default 24 50)")
    parser.add_argument("--prompts", type=int, default=8, help="prompts of samples/prompts.txt (default 8)")
    parser.add_argument("--renders", type=int, default=4, help="renders of a process; the first is not counted")
    parser.add_argument("--threads", type=int, default=available_threads())
    options = parser.parse_args()
    for steps in options.steps:
        table(steps, options)


if __name__ == "__main__":
    main()
