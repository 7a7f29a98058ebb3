"""Renders whole graphs with models of true size and random weights, and sets a step beside diffusers' in bf16 on the same shapes.

    python Benchmarks/bench_true_size.py DIR                 Z-Image-Turbo in int8 (ConvRot), FLUX.1-schnell in Q4_K
    python Benchmarks/bench_true_size.py DIR --only z-image

DIR gets ComfyUI's folders (true_size.py: 15 and 13 GB) and the peers' transformers (12 and 1 GB) where they are not there yet; what is made is
kept. Files are dropped from the system's cache before a render, which so reads them from the disk, and the time that reading a file once takes
stands beside it. FLUX.1-schnell in bf16 has 24 GB: its peer holds one block of each kind and asks it as often as the model has such blocks.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench import peer_versions, processor
from bench_diorama import BINARY, step_seconds
from runtime import models
from runtime.programs import measure, pytorch
from settings import REPOSITORY, available_threads, pin


@dataclass(frozen=True)
class Work:
    """A graph, its files, the tokens of its text, and what the peer takes for its weights where it was not given all of them."""

    name: str
    graph: str
    encoders: tuple
    transformer: str
    tokens: int
    peer_bytes: int | None = None


WORKS = {
    "z-image": Work("Z-Image-Turbo, int8 ConvRot", "z-image-turbo.json", ("text_encoders/qwen_3_4b.safetensors",),
                    "diffusion_models/z_image_turbo_int8_convrot.safetensors", 450),
    "flux": Work("FLUX.1-schnell, Q4_K", "flux-schnell.json",
                 ("text_encoders/clip_l.safetensors", "text_encoders/t5xxl_fp8_e4m3fn_scaled.safetensors"),
                 "diffusion_models/flux1-schnell-Q4_K.gguf", 256, 2 * 11_890_000_000),
}


def drop(paths):
    """Takes files out of the system's cache."""
    for path in paths:
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def reading(path):
    """Seconds that reading a file once from the disk takes."""
    drop([path])
    start, buffer = time.perf_counter(), bytearray(8 << 20)
    with open(path, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
    seconds = time.perf_counter() - start
    drop([path])
    return seconds


def render(work, folder, threads):
    """Renders a graph in a process of its own, its files not in the cache; returns the events and the peak resident bytes."""
    files = [folder / name for name in (*work.encoders, work.transformer)]
    drop(files)
    command = [BINARY, "render", REPOSITORY / "Benchmarks/graphs" / work.graph, "--models", folder, "--threads", threads,
               "--output", folder / f"{Path(work.graph).stem}.png", "--json"]
    process = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if process.returncode:
        sys.exit(process.stderr.strip() or process.stdout.strip())
    return process.stdout


def figures(text):
    """What a render's events say: seconds of the text, of each step, of decoding, of all; when the first step began; peak bytes."""
    events = [json.loads(line) for line in text.splitlines()]
    classes = {event["node"]: event["class_type"] for event in events if event["event"] == "node_started"}
    spent = {classes[event["node"]]: event["seconds"] for event in events if event["event"] == "node_finished" and event["node"] in classes}
    steps = [event["time"] for event in events if event["event"] == "progress" and event["node"] in classes and "Sampler" in classes[event["node"]]]
    finished = next(event for event in events if event["event"] == "finished")
    return dict(text=next(seconds for name, seconds in spent.items() if name.startswith("CLIPTextEncode")), decode=spent["VAEDecode"],
                begin=steps[0], first=steps[1] - steps[0], step=statistics.median(step_seconds(text)[0]),
                total=finished["seconds"], peak=finished["peak_memory_bytes"])


def forecast(work, folder, threads):
    """The peak resident bytes that `check --memory` says before a render."""
    command = [BINARY, "check", "--memory", REPOSITORY / "Benchmarks/graphs" / work.graph, "--models", folder, "--threads", threads, "--json"]
    return json.loads(subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout)["memory"]["peak_memory_bytes"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=WORKS)
    parser.add_argument("--threads", type=int, help="threads of both programs, and cores they are pinned to (default: all cores)")
    options = parser.parse_args()
    threads = min(options.threads or available_threads(), available_threads())
    pin(threads)
    cores, folder = sorted(os.sched_getaffinity(0)), options.folder.resolve()
    print(f"{processor()}, {threads} threads; " + ", ".join(f"{name} {version}" for name, version in peer_versions().items()), "\n", sep="")
    steps = ["| | a step | diffusers, bf16 | ratio | text | decode | in all | peak resident | `check --memory` said | diffusers' |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    cold = ["| from the disk | reading the encoders once | the first step began after | reading the transformer once | the first step took more than a later one | of reading |",
            "|---|---|---|---|---|---|"]
    for name in [options.only] if options.only else WORKS:
        work = WORKS[name]
        if not all((folder / file).exists() for file in (*work.encoders, work.transformer)):
            subprocess.run([sys.executable, Path(__file__).with_name("true_size.py"), folder, name], check=True, stdout=sys.stderr)
        peer_folder = models.ensure(folder / "peers" / name, name)
        read = [reading(folder / file) for file in (*work.encoders, work.transformer)]
        ours = figures(render(work, folder, threads))
        peer = measure(pytorch("transformer", peer_folder, "--size", 512, "--tokens", work.tokens, precision="bf16", threads=threads, runs=1), cores)
        theirs = f"more than {work.peer_bytes / 1e9:.1f} GB" if work.peer_bytes else f"{peer.peak / 1e9:.1f} GB"
        steps.append(f"| {work.name} | {ours['step']:.1f} s | {peer.seconds:.1f} s | {peer.seconds / ours['step']:.2f}x | {ours['text']:.1f} s | "
                     f"{ours['decode']:.1f} s | {ours['total']:.0f} s | {ours['peak'] / 1e9:.2f} GB | {forecast(work, folder, threads) / 1e9:.2f} GB | {theirs} |")
        late = ours["first"] - ours["step"]
        cold.append(f"| {work.name} | {sum(read[:-1]):.1f} s | {ours['begin']:.1f} s | {read[-1]:.1f} s | {late:.1f} s | {late / read[-1]:.2f} |")
    print("\n".join([*steps, "", *cold]))


if __name__ == "__main__":
    main()
