"""What is measured: one picture, the same for both programs. Only the standard library is needed here."""
import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
MODEL = REPOSITORY / "samples/models/diorama-tiny"
GRAPH = REPOSITORY / "graphs/text-to-image.json"


@dataclass(frozen=True)
class Picture:
    """The settings of the picture that both programs make."""

    prompt: str = "a red boat on the sea at sunset, mountains behind"
    seed: int = 1
    steps: int = 20
    guidance: float = 4.0
    width: int = 128
    height: int = 128


def available_threads():
    """The number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pin(threads):
    """Keeps this process, and all that it starts, to the first `threads` of the cores that it may use."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
