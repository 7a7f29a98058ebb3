"""The two programs: their command lines, and a run of one on chosen cores."""
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

import bench_diorama
from settings import REPOSITORY

PEERS = Path(__file__).with_name("peers.py")
PEER_PICTURE = Path(__file__).parents[1] / "bench_diffusers.py"
# Seconds after which a run is given up, so that one that hangs does not take the other rows with it.
LIMIT = 3600


class Failure(Exception):
    """Why there is no measurement."""


@dataclass(frozen=True)
class Figure:
    """One measurement: the median of a process's runs, its peak resident bytes, and the seconds of its operations where asked."""

    seconds: float
    peak: int
    ops: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Contestant:
    """A program with what it is to do."""

    program: str
    precision: str
    threads: int
    command: tuple

    @property
    def label(self):
        return f"{self.program} {self.precision}, {self.threads} thread{'s' if self.threads > 1 else ''}"


def diorama(part, *arguments, precision, threads, runs=5):
    """A measurement by `diorama bench`."""
    command = [bench_diorama.BINARY, "bench", part, *arguments, "--precision", precision, "--threads", threads, "--runs", runs]
    return Contestant("diorama", precision, threads, tuple(map(str, [*command, "--json"])))


def pytorch(part, *arguments, precision, threads, runs=5):
    """A measurement by PyTorch."""
    command = [sys.executable, PEERS, part, *arguments, "--precision", precision, "--threads", threads, "--runs", runs]
    return Contestant("pytorch", precision, threads, tuple(map(str, command)))


def pictures(folder, threads, renders):
    """Both programs with the benchmark's picture, several times in one process: the first is not counted."""
    ours, theirs = folder / "diorama.png", folder / "diffusers.png"
    command = [sys.executable, PEER_PICTURE, "--output", theirs, "--threads", threads, "--renders", renders]
    return [Contestant("pytorch", "f32", threads, tuple(map(str, command))),
            Contestant("diorama", "f32", threads, tuple(bench_diorama.render_command(ours, threads, renders)))]


def read(text):
    """The seconds of each run and of each kind of operation, as either program prints them."""
    lines = [line for line in text.splitlines() if line.startswith("{")]
    if not lines:
        raise Failure("it printed no figures")
    last = json.loads(lines[-1])
    if "event" in last:
        renders = [event["seconds"] for event in map(json.loads, lines) if event["event"] == "finished"]
        return renders[1:], {}
    return last["renders"][1:] if "renders" in last else last["seconds"], last.get("ops", {})


def measure(contestant, cores):
    """Runs a program to its end, on the first `threads` of `cores` alone; throws `Failure`."""
    environment = os.environ | {
        "OMP_NUM_THREADS": str(contestant.threads), "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error",
        "PYTHONWARNINGS": "ignore", "TOKENIZERS_PARALLELISM": "false"}

    def prepare():
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cores[:contestant.threads])
            # Where memory ends, this process is ended and not the one that keeps the figures.
            Path("/proc/self/oom_score_adj").write_text("1000")

    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            contestant.command, stdout=output, stderr=errors, env=environment, cwd=REPOSITORY, preexec_fn=prepare)
        timer = threading.Timer(LIMIT, process.kill)
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except KeyboardInterrupt:
            process.kill()
            raise
        finally:
            timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (output, errors):
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
    if process.returncode:
        raise Failure(reason(process.returncode, texts[1] or texts[0]))
    seconds, ops = read(texts[0])
    # Linux counts in kibibytes, macOS in bytes.
    return Figure(statistics.median(seconds), usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024), ops)


def reason(code, text):
    """Why a process ended with `code`, in a line."""
    if code == -signal.SIGKILL:
        return f"killed: memory did not suffice, or more than {LIMIT} s were needed"
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["it said nothing"]
    return f"ended with {code}: {lines[-1][:200]}"
