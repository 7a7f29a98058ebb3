"""Measures Diorama's kernels and full-size models beside PyTorch, in turns, on the same cores.

    python Benchmarks/bench_runtime.py                    everything
    python Benchmarks/bench_runtime.py --only linear vae  some parts
    python Benchmarks/bench_runtime.py --quick            the small sizes, without the models of 10 GB and more
    python Benchmarks/bench_runtime.py --show             the table and plots of what was measured before

Weights are random and of true size, made on the spot; nothing is downloaded. Each program runs in processes of its own, one at a time,
pinned to the same cores. A row is measured in rounds that alternate between the programs; a round's figure is the median of several
runs after one that is not counted, and the table shows the medians of the rounds. The peer is PyTorch (with oneDNN), diffusers and
transformers in the same precision; int8 stands beside their bf16.

Results are kept in Benchmarks/results: runtime.json after every measurement, runtime.md and plots at the end of every part. A part
that is measured again replaces its rows. What fails, as for want of memory, is told and does not stop the rest.
"""
import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import peer_versions, processor
from bench_diorama import BINARY
from runtime.parts import FOLDERS, PARTS
from runtime.results import Results, markdown
from settings import available_threads

RESULTS = Path(__file__).with_name("results")


def machine(cores):
    """What figures may be compared: processor, cores, versions of the peer, and the set of kernels."""
    versions = ", ".join(f"{name} {version}" for name, version in peer_versions().items())
    sets = subprocess.run([BINARY, "devices"], capture_output=True, text=True, check=True).stdout
    kernels = next((line.split()[0] for line in sets.splitlines() if "in use" in line), "unknown kernels")
    return dict(processor=processor(), system=platform.system(), cores=cores, versions=versions, kernels=kernels)


def show(results):
    """Writes the table and the plots, in a process of its own: drawing would make this one larger than what it starts."""
    (RESULTS / "runtime.md").write_text(markdown(results))
    subprocess.run([sys.executable, __file__, "--draw"], check=False)


def draw(results):
    """Draws the plots, where matplotlib is installed."""
    try:
        from runtime import plots
    except ImportError as error:
        return print(f"no plots: {error}", file=sys.stderr)
    for path in plots.draw(results, RESULTS):
        print(path, file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="the small sizes, without step, t5 and zimage unless they are named")
    parser.add_argument("--size", type=int, choices=[512, 1024], help="vae and step at this size alone")
    parser.add_argument("--full", action="store_true", help="f32 at 1024 x 1024 too")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each row (default 3)")
    parser.add_argument("--threads", type=int, help="threads of both programs, and cores they are pinned to (default: all cores)")
    parser.add_argument("--models", type=Path,
                        help="where the models of random weights are kept, 27 GB in all; by default each is made and removed again")
    parser.add_argument("--layers", type=int, help="blocks of the large models, to try the script with: not what is promised")
    parser.add_argument("--show", action="store_true", help="measure nothing; write table and plots again")
    parser.add_argument("--draw", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    file = RESULTS / "runtime.json"
    if options.draw:
        return draw(Results(file))
    if options.show and not file.exists():
        parser.error(f"{file} is not there: nothing was measured yet")
    results = Results(file) if options.show else measure(file, options)
    show(results)
    print(f"\n{markdown(results)}\nTable and plots: {RESULTS}")


def measure(file, options):
    """Measures the parts that are wanted, one after the other; returns all results."""
    options.threads = min(options.threads or available_threads(), available_threads())
    cores = (sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count())))[:options.threads]
    results = Results(file, machine(cores))
    wanted = options.only or [part for part in PARTS if not (options.quick and part in FOLDERS)]
    print(subprocess.run([BINARY, "bench", "peak"], capture_output=True, text=True, check=True).stdout, flush=True)
    RESULTS.mkdir(exist_ok=True)
    # Beside the results and not in /tmp, which may be memory.
    with tempfile.TemporaryDirectory(dir=RESULTS, prefix="models-") as temporary:
        folder = (options.models or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        for part in [part for part in PARTS if part in wanted]:
            try:
                for row in PARTS[part](options, folder):
                    results.measure(row, options.rounds, cores)
            except (OSError, subprocess.CalledProcessError) as error:
                print(f"{part}: not measured: {error}", flush=True)
            show(results)
            if not options.models and part in FOLDERS:
                shutil.rmtree(folder / FOLDERS[part], ignore_errors=True)
    return results


if __name__ == "__main__":
    main()
