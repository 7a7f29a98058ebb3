"""Measures Diorama beside diffusers: the same model, prompt, seed, steps and threads, in one go.

    make bench                                    builds, prepares the peer's environment, and runs this
    python Benchmarks/bench.py --rounds 9         more rounds
    python Benchmarks/bench.py --only diffusers   the peer alone

Rounds alternate between the programs, so that a busy or hot machine disturbs both alike; medians are printed.
The first run of each is not counted: both find their files in the system's cache.
"""
import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bench_diorama
from settings import REPOSITORY, Picture, available_threads, pin

PEER = Path(__file__).with_name("bench_diffusers.py")


def run(command, threads):
    """Runs `command` to its end; returns wall seconds, peak resident bytes and its standard output."""
    environment = os.environ | {
        "OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error",
        "PYTHONWARNINGS": "ignore", "TOKENIZERS_PARALLELISM": "false"}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=errors, env=environment, cwd=REPOSITORY)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (output, errors):
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
    if process.returncode != 0:
        raise SystemExit(f"bench: this failed with {process.returncode}:\n  {' '.join(command)}\n{texts[1] or texts[0]}")
    # Linux counts in kibibytes, macOS in bytes. The count starts at this process's own size (about 15 MB).
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, usage.ru_maxrss * unit, texts[0]


class Program:
    """One of the two programs: how it is called, and what was measured of it."""

    def __init__(self, name, command, read_steps):
        self.name, self.command, self.read_steps = name, command, read_steps
        self.cold, self.memory, self.steps = [], [], []

    def measure_cold(self, picture, threads):
        """A whole process, from its start to the PNG."""
        seconds, peak, _ = run(self.command(picture, threads, 1), threads)
        self.cold.append(seconds)
        self.memory.append(peak)

    def measure_warm(self, picture, threads, renders):
        """Several renders in one process; the first warms up, the steps of the others are kept."""
        _, _, output = run(self.command(picture, threads, renders), threads)
        steps = self.read_steps(output)
        if len(steps) < 2:
            raise SystemExit(f"bench: {self.name} told the steps of {len(steps)} renders; {renders} were asked for")
        self.steps += [seconds for render in steps[1:] for seconds in render]

    def medians(self):
        """Seconds of a cold run, seconds of a warm step, peak resident bytes."""
        return [statistics.median(values) for values in (self.cold, self.steps, self.memory)]

    def record(self):
        """Every measurement, for the results file."""
        return {"cold_seconds": self.cold, "warm_step_seconds": self.steps, "peak_resident_bytes": self.memory}


def diffusers_command(output, threads, renders):
    """The command that renders the benchmark's picture with diffusers."""
    return [sys.executable, str(PEER), "--output", str(output), "--threads", str(threads), "--renders", str(renders)]


def diffusers_steps(output):
    """The seconds of each step, a list for each render."""
    return json.loads(output.splitlines()[-1])["steps"]


def processor():
    """The processor's name, as far as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def peer_versions():
    """The versions that were measured, asked of the peer's environment."""
    names = "torch", "diffusers", "transformers"
    code = f"from importlib.metadata import version; print(*(version(n) for n in {names}))"
    return dict(zip(names, subprocess.check_output([sys.executable, "-c", code], text=True).split()))


def table(programs, start_up, agreement):
    """The results as lines of a Markdown table."""
    rows = [("cold: process start to PNG", "{:.3f} s", 1), ("warm: one step", "{:.2f} ms", 1e3),
            ("peak resident memory", "{:.1f} MB", 1e-6)]
    lines = ["| | " + " | ".join(p.name for p in programs) + (" | ratio |" if len(programs) == 2 else " |"),
             "|---|" + "---|" * (len(programs) + (len(programs) == 2))]
    for index, (title, form, scale) in enumerate(rows):
        values = [program.medians()[index] for program in programs]
        cells = [form.format(value * scale) for value in values]
        if len(values) == 2:
            cells.append(f"{values[1] / values[0]:.2f}x")
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    blank = " | | |" if len(programs) == 2 else " |"
    lines += [f"| {title} | {statistics.median(values) * 1e3:.1f} ms{blank}" for title, values in start_up.items()]
    if agreement:
        lines.append(f"| 8-bit difference of the pictures | mean {agreement['mean']:.4f}, largest {agreement['max']}"
                     f" | | {agreement['within_one']:.3%} within one |")
    return lines


def main():
    parser = argparse.ArgumentParser(description="Measures Diorama beside diffusers.")
    parser.add_argument("--rounds", type=int, default=5, help="cold runs of each program (default 5)")
    parser.add_argument("--warm-rounds", type=int, default=3, help="warm processes of each program (default 3)")
    parser.add_argument("--renders", type=int, default=4, help="renders in a warm process; the first is not counted")
    parser.add_argument("--threads", type=int, default=available_threads())
    parser.add_argument("--only", choices=["diorama", "diffusers"])
    options = parser.parse_args()
    pin(options.threads)

    programs = [Program("diorama", bench_diorama.render_command, bench_diorama.step_seconds),
                Program("diffusers", diffusers_command, diffusers_steps)]
    if options.only:
        programs = [program for program in programs if program.name == options.only]

    with tempfile.TemporaryDirectory() as folder:
        pictures = {program.name: Path(folder) / f"{program.name}.png" for program in programs}
        for program in programs:
            run(program.command(pictures[program.name], options.threads, 1), options.threads)
        for number in range(options.rounds):
            print(f"cold round {number + 1} of {options.rounds}", file=sys.stderr)
            for program in programs:
                program.measure_cold(pictures[program.name], options.threads)
        for number in range(options.warm_rounds):
            print(f"warm round {number + 1} of {options.warm_rounds}", file=sys.stderr)
            for program in programs:
                program.measure_warm(pictures[program.name], options.threads, options.renders)

        start_up, agreement = {}, None
        if options.only != "diffusers":
            for title, command in (("`diorama --version`", bench_diorama.version_command()),
                                   ("`diorama check`", bench_diorama.check_command())):
                start_up[title] = [run(command, options.threads)[0] for _ in range(20)]
        if not options.only:
            command = [sys.executable, str(PEER), "--compare", *(str(pictures[p.name]) for p in programs)]
            agreement = json.loads(run(command, options.threads)[2])

    picture, lines = Picture(), table(programs, start_up, agreement)
    result = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "processor": processor(), "system": platform.platform(), "threads": options.threads,
        "picture": vars(picture), "peer": peer_versions(),
        "programs": {program.name: program.record() for program in programs},
        "start_up_seconds": start_up, "picture_difference": agreement,
    }
    folder = REPOSITORY / "Benchmarks/results"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result['date'].replace(':', '').replace('+0000', 'Z')}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")

    print(f"\n{picture.width}x{picture.height}, {picture.steps} steps, guidance {picture.guidance:g}, float32, "
          f"{options.threads} threads, {processor()}; " + ", ".join(f"{k} {v}" for k, v in result["peer"].items()))
    print("\n" + "\n".join(lines))
    print(f"\nEvery measurement: {path.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main()
