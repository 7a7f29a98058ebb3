"""Plots of the results, as PNG files."""
import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402  (the backend is chosen first, so that no display is needed)

from runtime.results import COMPARED, attention_share, comparisons, find, median  # noqa: E402

MET, MISSED, PEER = "#2a7f62", "#c8553d", "#888888"


def ratios(results, path):
    """How many times faster than PyTorch, a bar a row, with a mark where the goal is."""
    bars = [(f"{row['name']}, {precision}", ratio, goal) for part in COMPARED for row in results.of(part)
            for precision, _, _, ratio, goal in comparisons(row) if ratio]
    if not bars:
        return None
    figure, axes = plt.subplots(figsize=(9, 1 + 0.24 * len(bars)))
    names, values, goals = zip(*bars)
    places = range(len(bars))
    axes.barh(places, values, color=[MET if goal is None or value >= goal else MISSED for value, goal in zip(values, goals)])
    for place, value, goal in zip(places, values, goals):
        axes.text(value, place, f" {value:.2f}x", va="center", fontsize=7)
        if goal is not None:
            axes.plot([goal, goal], [place - 0.4, place + 0.4], color="black", linewidth=1.5)
    axes.axvline(1, color=PEER, linewidth=0.8, linestyle="--")
    axes.set_yticks(places, names, fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("times as fast as PyTorch (a black mark: the goal; int8 beside PyTorch's bf16)")
    return finish(figure, axes, results, path)


def area(results, path):
    """Seconds of a step by the picture's area, with and without attention."""
    rows = sorted((row for row in results.of("area") if median(find(row, "diorama"))), key=lambda row: row["size"])
    if len(rows) < 2:
        return None
    areas = [row["size"] ** 2 / 1e6 for row in rows]
    ours = [median(find(row, "diorama")) for row in rows]
    rest = [seconds * (1 - attention_share(find(row, "diorama"))) for seconds, row in zip(ours, rows)]
    figure, axes = plt.subplots(figsize=(7, 4.5))
    axes.plot(areas, ours, "o-", color=MET, label="Diorama, bf16")
    axes.plot(areas, rest, "s--", color=MET, alpha=0.6, label="without its attention")
    theirs = [(area, median(find(row, "pytorch"))) for area, row in zip(areas, rows) if median(find(row, "pytorch"))]
    if theirs:
        axes.plot(*zip(*theirs), "o-", color=PEER, label="PyTorch, bf16")
    # From the smallest picture on, as the text's share would have it: it does not grow with the picture.
    slope = (rest[-1] - rest[0]) / (areas[-1] - areas[0])
    axes.plot(areas, [rest[0] + slope * (area - areas[0]) for area in areas], color="black", linewidth=0.8, linestyle=":",
              label="a straight line")
    axes.set_xlabel("megapixels")
    axes.set_ylabel("seconds a step")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8)
    return finish(figure, axes, results, path)


def threads(results, path):
    """How many times faster with more threads, a group of bars a row."""
    bars = []
    for row in results.of("threads"):
        for figures in row["figures"]:
            one = median(find(row, figures["program"], figures["precision"], 1))
            if figures["threads"] > 1 and one and median(figures):
                name = f"{row['name']}, {figures['precision']}, {figures['threads']} threads"
                bars.append((name, figures["program"], one / median(figures), figures["threads"]))
    if not bars:
        return None
    names = list(dict.fromkeys(name for name, *_ in bars))
    figure, axes = plt.subplots(figsize=(9, 1.2 + 0.4 * len(names)))
    for program, shift, color in (("diorama", -0.2, MET), ("pytorch", 0.2, PEER)):
        own = [(names.index(name) + shift, value) for name, other, value, _ in bars if other == program]
        if own:
            axes.barh(*zip(*own), height=0.38, color=color, label={"diorama": "Diorama", "pytorch": "PyTorch"}[program])
            for place, value in own:
                axes.text(value, place, f" {value:.2f}x", va="center", fontsize=7)
    axes.axvline(1.85, color="black", linewidth=1.2, label="the goal for two threads, 1.85x")
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("times as fast as one thread")
    axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)
    return finish(figure, axes, results, path)


def finish(figure, axes, results, path):
    """Titles and saves a plot; returns its path."""
    machine = results.machine
    axes.set_title(f"{machine['processor']}, {len(machine['cores'])} cores; {machine['versions']}", fontsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(figure)
    return path


def draw(results, folder):
    """Draws what there are rows for; returns the paths."""
    plots = dict(ratios=ratios, area=area, threads=threads)
    return [path for name, plot in plots.items() if (path := plot(results, folder / f"runtime-{name}.png"))]
