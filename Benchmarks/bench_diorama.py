"""Diorama's half of the benchmark: its command lines, and the reading of its events."""
import json

from settings import GRAPH, MODEL, REPOSITORY, Picture

BINARY = REPOSITORY / ".build/release/diorama"


def render_command(output, threads, renders=1):
    """The command that renders the benchmark's picture; more than one render prints JSON events."""
    picture = Picture()
    command = [
        BINARY, "render", GRAPH, "--models", MODEL.parent, "--prompt", picture.prompt, "--negative", "",
        "--seed", picture.seed, "--steps", picture.steps, "--cfg", picture.guidance,
        "--size", f"{picture.width}x{picture.height}", "--threads", threads, "--output", output,
    ]
    command += ["--repeat", renders, "--json"] if renders > 1 else ["--quiet"]
    return [str(word) for word in command]


def version_command():
    """The command that prints the version."""
    return [str(BINARY), "--version"]


def check_command():
    """The command that validates the benchmark's graph."""
    return [str(BINARY), "check", str(GRAPH)]


def step_seconds(events):
    """The seconds of each step but the first, a list for each render, from the lines of `render --json`.

    An event of a step is {"event": "progress", "node": ..., "step": 3, "total": 20, "time": 0.81}, its time in seconds
    since the start. Lines that are something else are passed over; a step that does not follow the last one of the
    same node begins another render.
    """
    renders, previous = [], None
    for line in events.splitlines():
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            continue
        if not isinstance(event, dict) or event.get("event") != "progress":
            continue
        node, step, seconds = event.get("node"), event.get("step"), event.get("time")
        if step is None or seconds is None:
            continue
        if previous is not None and (node, step) == (previous[0], previous[1] + 1):
            # Step 0, where it is sent, only marks the start: the first step is left out, as in the peer's half.
            if previous[1] > 0:
                renders[-1].append(seconds - previous[2])
        else:
            renders.append([])
        previous = (node, step, seconds)
    return [render for render in renders if render]
