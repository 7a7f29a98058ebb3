"""Measures batches: beside diffusers on a list of prompts, and the cost of items and nodes that compute nothing.

    make bench-batch                                     builds, prepares the peer's environment, and runs this;
                                                         make bench runs it after bench.py
    python Benchmarks/bench_batch.py --prompts 200 --steps 20
    python Benchmarks/bench_batch.py --only overhead     without the peer

The peer makes the same pictures in one process with the model loaded once. Loading counts for both.
"""
import argparse
import json
import sys
import tempfile
from pathlib import Path

from bench import diffusers_command, run
from bench_diorama import BINARY
from settings import GRAPH, MODEL, Picture, available_threads, pin

SUBJECTS = ["red boat", "white castle", "blue house", "yellow lighthouse", "green hill"]


def memory_folder():
    """A folder in memory where there is one, so that the disk's own speed is not measured; else None."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def batch(graph, prompts, folder, threads, *more):
    """Runs a list through `diorama batch`; returns wall seconds and peak resident bytes."""
    command = [BINARY, "batch", graph, prompts, "--out", folder, "--threads", threads, "--quiet", *more]
    seconds, peak, _ = run([str(word) for word in command], threads)
    return seconds, peak


def compare(count, steps, threads):
    """Prints pictures a second and peak memory of both programs for the same prompts."""
    picture = Picture()
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        prompts = place / "prompts.txt"
        prompts.write_text("".join(f"a {SUBJECTS[n % len(SUBJECTS)]}, number {n}\n" for n in range(count)))
        ours = batch(GRAPH, prompts, place / "ours", threads, "--models", MODEL.parent, "--negative", "", "--seed",
                     picture.seed, "--steps", steps, "--cfg", picture.guidance, "--size",
                     f"{picture.width}x{picture.height}")
        command = diffusers_command(place / "theirs", threads, 1) + ["--prompts", str(prompts), "--steps", str(steps)]
        theirs = run(command, threads)[:2]
        made = [len(list((place / name).glob("*.png"))) for name in ("ours", "theirs")]
    if made != [count, count]:
        raise SystemExit(f"bench: {count} pictures were asked for, {made[0]} and {made[1]} were made")
    print(f"\n{count} prompts, {picture.width}x{picture.height}, {steps} steps, guidance {picture.guidance:g}, "
          f"{threads} threads\n\n| | diorama | diffusers | ratio |\n|---|---|---|---|")
    print(f"| pictures a second | {count / ours[0]:.2f} | {count / theirs[0]:.2f} | {theirs[0] / ours[0]:.2f}x |")
    print(f"| peak resident memory | {ours[1] / 1e6:.1f} MB | {theirs[1] / 1e6:.1f} MB | {theirs[1] / ours[1]:.2f}x |")


def overhead(threads):
    """Prints what an item costs that computes next to nothing, and a graph of ten thousand nodes one after another."""
    color = {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}}
    save = {"class_type": "SaveImage", "inputs": {"images": ["color", 0], "filename_prefix": "x"}}
    with tempfile.TemporaryDirectory(dir=memory_folder()) as place:
        place = Path(place)
        graph = place / "item.json"
        graph.write_text(json.dumps({"color": color, "save": save}))
        print("\n| items of 8x8 pixels, each saved | ms an item | peak resident memory |\n|---|---|---|")
        for count in (1_000, 10_000):
            items = place / f"{count}.jsonl"
            items.write_text("".join(json.dumps({"color.color": n}) + "\n" for n in range(count)))
            seconds, peak = batch(graph, items, place / f"out-{count}", threads)
            print(f"| {count} | {seconds / count * 1e3:.2f} | {peak / 1e6:.1f} MB |")

        nodes, last = {"color": color}, "color"
        for number in range(10_000):
            nodes[f"n{number}"] = {"class_type": "ImageInvert", "inputs": {"image": [last, 0]}}
            last = f"n{number}"
        nodes["save"] = {"class_type": "SaveImage", "inputs": {"images": [last, 0], "filename_prefix": "x"}}
        graph = place / "deep.json"
        graph.write_text(json.dumps(nodes))
        check = run([str(BINARY), "check", str(graph), "--json"], threads)[0]
        render = run([str(BINARY), "render", str(graph), "--quiet", "--output", str(place / "deep.png")], threads)[0]
        print(f"\na graph of 10002 nodes, each behind the last: checked in {check:.2f} s, rendered in {render:.2f} s")


def main():
    parser = argparse.ArgumentParser(description="Measures batches.")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--steps", type=int, default=Picture().steps)
    parser.add_argument("--threads", type=int, default=available_threads())
    parser.add_argument("--only", choices=["peer", "overhead"])
    options = parser.parse_args()
    pin(options.threads)
    if options.only != "overhead":
        compare(options.prompts, options.steps, options.threads)
    if options.only != "peer":
        overhead(options.threads)


if __name__ == "__main__":
    sys.exit(main())
