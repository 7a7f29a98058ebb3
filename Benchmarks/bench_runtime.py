"""Measures Diorama's kernels and full-size models beside PyTorch, in turns, on the same cores.

    python Benchmarks/bench_runtime.py                 everything (about 25 minutes on two cores)
    python Benchmarks/bench_runtime.py --only linear   one part: linear, attention, vae, step
    python Benchmarks/bench_runtime.py --quick         the small sizes alone

Weights are random and of true size, made on the spot; nothing is downloaded. Each row is measured in rounds that
alternate between the programs; a round's figure is the median of several runs, and the ratio that of the medians.
The peer is PyTorch (with oneDNN), in the same precision; int8 is set against PyTorch's bf16.
"""
import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from settings import REPOSITORY, available_threads

BINARY = REPOSITORY / ".build/release/diorama"
RESULTS = Path(__file__).with_name("results")

LINEAR = [(m, k, n) for m in (1024, 4096) for k, n in ((1536, 1536), (1536, 6144), (3072, 12288), (3840, 10240))]
ATTENTION = [(tokens, 24, dim) for dim in (64, 128) for tokens in (1178, 4250)]

# Stable Diffusion 3.5 medium.
TRANSFORMER = dict(
    sample_size=128, patch_size=2, in_channels=16, out_channels=16, num_layers=24, attention_head_dim=64,
    num_attention_heads=24, joint_attention_dim=4096, caption_projection_dim=1536, pooled_projection_dim=2048,
    pos_embed_max_size=384, qk_norm="rms_norm", dual_attention_layers=tuple(range(13)))
# The autoencoder of Stable Diffusion 3 and FLUX.
VAE = dict(
    in_channels=3, out_channels=3, latent_channels=16, block_out_channels=(128, 256, 512, 512), layers_per_block=2,
    down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, norm_num_groups=32,
    use_quant_conv=False, use_post_quant_conv=False, scaling_factor=1.5305, shift_factor=0.0609)


def diorama(*arguments):
    """One measurement by `diorama bench`: median seconds and peak resident bytes."""
    command = [str(BINARY), "bench", *map(str, arguments), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"bench: failed: {' '.join(command)}")
    return json.loads(text)["median_s"], usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def peer(part, *arguments):
    """One measurement by PyTorch, in a process of its own: median seconds and peak resident bytes."""
    command = [sys.executable, __file__, "--peer", part, *map(str, arguments)]
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    result = json.loads(output.splitlines()[-1])
    return result["median_s"], result["peak"]


def timed(body, runs):
    body()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        body()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def run_peer(part, arguments):
    """What the process of a peer's measurement does."""
    if part == "make":
        return make_model(Path(arguments[0]), arguments[1])
    import torch
    torch.set_num_threads(available_threads())
    torch.manual_seed(0)
    dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[arguments[-1]]
    sizes = arguments[:-1]
    with torch.inference_mode():
        if part == "linear":
            m, k, n = map(int, sizes)
            layer = torch.nn.Linear(k, n).to(dtype)
            x = torch.randn(m, k, dtype=dtype)
            seconds = timed(lambda: layer(x), 5)
        elif part == "attention":
            tokens, heads, dim = map(int, sizes)
            q, k, v = (torch.randn(1, heads, tokens, dim, dtype=dtype) for _ in range(3))
            seconds = timed(lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v), 5)
        elif part == "vae":
            from diffusers import AutoencoderKL
            folder, size = sizes
            model = AutoencoderKL.from_pretrained(folder, torch_dtype=dtype, use_safetensors=True).eval()
            latent = torch.randn(1, 16, int(size) // 8, int(size) // 8, dtype=dtype)
            seconds = timed(lambda: model.decode(latent).sample, 2)
        else:
            from diffusers import SD3Transformer2DModel
            folder, size, tokens = sizes
            model = SD3Transformer2DModel.from_pretrained(folder, torch_dtype=dtype, use_safetensors=True).eval()
            latent = torch.randn(2, 16, int(size) // 8, int(size) // 8, dtype=dtype)
            text, pooled = torch.randn(2, int(tokens), 4096, dtype=dtype), torch.randn(2, 2048, dtype=dtype)
            time_ = torch.full((2,), 500.0)
            seconds = timed(lambda: model(latent, text, pooled, time_).sample, 2)
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps({"median_s": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}))


def ensure_model(folder, kind):
    """Makes a model, in a process of its own: a child's peak memory counts what its parent held when it was started."""
    if not (folder / "config.json").exists():
        subprocess.run([sys.executable, __file__, "--peer", "make", str(folder), kind], check=True)


def make_model(folder, kind):
    """Saves a model with random weights of true size in bf16."""
    import torch
    from diffusers import AutoencoderKL, SD3Transformer2DModel
    torch.manual_seed(0)
    with torch.device("cpu"):
        torch.set_default_dtype(torch.bfloat16)
        model = SD3Transformer2DModel(**TRANSFORMER) if kind == "transformer" else AutoencoderKL(**VAE)
        torch.set_default_dtype(torch.float32)
    model.to(torch.bfloat16).save_pretrained(folder, max_shard_size="100GB")


class Table:
    """Rows of measurements, printed as they come."""

    def __init__(self, rounds):
        self.rounds, self.rows = rounds, []

    def measure(self, name, goal, ours, theirs, precision):
        mine, other = [], []
        for _ in range(self.rounds):
            other.append(theirs())
            mine.append(ours())
        seconds, peer_seconds = (statistics.median(r[0] for r in x) for x in (mine, other))
        row = dict(
            name=name, precision=precision, diorama_s=seconds, pytorch_s=peer_seconds, ratio=peer_seconds / seconds,
            diorama_peak=max(r[1] for r in mine), pytorch_peak=max(r[1] for r in other), goal=goal)
        self.rows.append(row)
        print(
            f"{name:44} {precision:5} {seconds * 1e3:10.1f} ms {peer_seconds * 1e3:10.1f} ms {row['ratio']:6.2f}x  (goal {goal}x)"
            f"  memory {row['diorama_peak'] / 2**20:6.0f} of {row['pytorch_peak'] / 2**20:6.0f} MiB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["linear", "attention", "vae", "step"])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--models", type=Path, help="where the models of random weights are kept; a temporary folder by default")
    parser.add_argument("--peer", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        return run_peer(options.peer[0], options.peer[1:])
    print(subprocess.run([str(BINARY), "bench", "peak"], capture_output=True, text=True, check=True).stdout)
    table = Table(options.rounds)
    wanted = lambda part: options.only in (None, part)
    goals = {"f32": 1.25, "bf16": 1.0, "int8": 1.75}
    if wanted("linear"):
        for m, k, n in LINEAR[:4] if options.quick else LINEAR:
            for precision, goal in goals.items():
                theirs = "f32" if precision == "f32" else "bf16"
                table.measure(
                    f"linear {m} x {k} to {n}", goal, lambda: diorama("linear", m, k, n, "--precision", precision),
                    lambda: peer("linear", m, k, n, theirs), precision)
    if wanted("attention"):
        for tokens, heads, dim in ATTENTION[::2] if options.quick else ATTENTION:
            for precision, goal in (("bf16", 1.9), ("f32", 1.15)):
                table.measure(
                    f"attention {tokens} tokens, {heads} x {dim}", goal,
                    lambda: diorama("attention", tokens, heads, dim, "--precision", precision),
                    lambda: peer("attention", tokens, heads, dim, precision), precision)
    with tempfile.TemporaryDirectory() as temporary:
        models = options.models or Path(temporary)
        if wanted("vae"):
            ensure_model(models / "vae", "vae")
            for size in (512,) if options.quick else (512, 1024):
                for precision in ("bf16", "f32"):
                    table.measure(
                        f"vae decode {size} x {size}", 1.4,
                        lambda: diorama("vae", models / "vae", "--size", size, "--precision", precision, "--runs", 2),
                        lambda: peer("vae", models / "vae", size, precision), precision)
        if wanted("step"):
            ensure_model(models / "transformer", "transformer")
            for size in (512,) if options.quick else (512, 1024):
                for precision, goal in (("bf16", 1.3), ("int8", 1.9), ("f32", 1.3)):
                    theirs = "f32" if precision == "f32" else "bf16"
                    table.measure(
                        f"SD3.5 medium, one step {size} x {size}", goal,
                        lambda: diorama(
                            "transformer", models / "transformer", "--size", size, "--precision", precision, "--runs", 2),
                        lambda: peer("step", models / "transformer", size, 333, theirs), precision)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "runtime.json").write_text(json.dumps(dict(machine=platform.processor() or platform.machine(), rows=table.rows), indent=1))


if __name__ == "__main__":
    main()
