"""Rows of measurements: taken in turns, kept in a file after each one, shown as a Markdown table."""
import dataclasses
import json
import statistics

from runtime.programs import Failure, measure


@dataclasses.dataclass
class Row:
    """What is measured: contestants on the same shapes, and what is promised of Diorama's ratio, by precision."""

    part: str
    name: str
    contestants: list
    goals: dict = dataclasses.field(default_factory=dict)
    # Where the row stands in a plot: an image's side in pixels.
    size: int | None = None


class Results:
    """Everything that was measured, in a JSON file that a part's new rows are written into.

    Figures of another machine than `machine`, or of other cores, are not to stand beside new ones: they are forgotten.
    """

    def __init__(self, path, machine=None):
        self.path, self.machine, self.rows = path, machine, []
        if path.exists():
            known = json.loads(path.read_text())
            if machine in (None, known["machine"]):
                self.machine, self.rows = known["machine"], known["rows"]

    def measure(self, row, rounds, cores):
        """Takes every figure of a row: `rounds` times all contestants, every other time in reverse order."""
        entry = dict(part=row.part, name=row.name, goals=row.goals, size=row.size, figures=[
            dict(program=c.program, precision=c.precision, threads=c.threads, seconds=[], peak=0, ops={}, failure=None)
            for c in row.contestants])
        self.rows = [other for other in self.rows if (other["part"], other["name"]) != (row.part, row.name)] + [entry]
        for number in range(rounds):
            pairs = list(zip(row.contestants, entry["figures"]))
            for contestant, figures in pairs if number % 2 == 0 else reversed(pairs):
                if figures["failure"]:
                    continue
                try:
                    figure = measure(contestant, cores)
                except Failure as failure:
                    figures["failure"] = str(failure)
                    print(f"{row.name}: {contestant.label}: {failure}", flush=True)
                else:
                    figures["seconds"].append(figure.seconds)
                    figures["peak"] = max(figures["peak"], figure.peak)
                    figures["ops"] = figure.ops
                self.save()
        for line in lines(entry):
            print(line, flush=True)

    def save(self):
        """Writes the file."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(dict(machine=self.machine, rows=self.rows), indent=1) + "\n")

    def of(self, *parts):
        """The rows of these parts."""
        return [row for row in self.rows if row["part"] in parts]


def median(figures):
    """Seconds: the median of the rounds; None where there are none."""
    return statistics.median(figures["seconds"]) if figures and figures["seconds"] else None


def find(row, program, precision=None, threads=None):
    """The figures of a program in a row; None where there are none."""
    for figures in row["figures"]:
        if figures["program"] == program and precision in (None, figures["precision"]) and threads in (None, figures["threads"]):
            return figures
    return None


def peer_of(row, figures):
    """What Diorama's figures stand beside: PyTorch in f32 beside f32, in bf16 beside all else."""
    return find(row, "pytorch", "f32" if figures["precision"] == "f32" else "bf16", figures["threads"])


def comparisons(row):
    """Of each of Diorama's figures in a row: precision, its figures, the peer's, the ratio (None) and the goal (None)."""
    for figures in row["figures"]:
        if figures["program"] == "diorama":
            peer = peer_of(row, figures)
            ours, theirs = median(figures), median(peer)
            ratio = theirs / ours if ours and theirs else None
            yield figures["precision"], figures, peer, ratio, row["goals"].get(figures["precision"])


def time(seconds):
    """Seconds as people read them."""
    if seconds is None:
        return "failed"
    if seconds >= 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"


def lines(row):
    """A row as Markdown table lines: those of `heading`, or for rows of several threads of `threads_heading`."""
    if row["part"] == "threads":
        return [threads_line(row, program, precision) for program, precision in dict.fromkeys(
            (figures["program"], figures["precision"]) for figures in row["figures"])]
    if row["part"] == "area":
        return [area_line(row)]
    result = []
    for precision, figures, peer, ratio, goal in comparisons(row):
        memory = f"{figures['peak'] / 2**20:.0f} MiB | {peer['peak'] / 2**20:.0f} MiB" if peer else f"{figures['peak'] / 2**20:.0f} MiB |"
        beside = f"{time(median(peer))} | {f'{ratio:.2f}x' if ratio else ''}" if peer else " | "
        verdict = "" if goal is None else f"{goal:g}x" + ("" if ratio is None else ", met" if ratio >= goal else ", missed")
        result.append(f"| {row['name']} | {precision} | {time(median(figures))} | {beside} | {verdict} | {memory} |")
    return result


def threads_line(row, program, precision):
    """How one program does with more threads."""
    figures = [f for f in row["figures"] if (f["program"], f["precision"]) == (program, precision)]
    one = median(figures[0])
    cells = [f"{time(median(f))}" + (f", {one / median(f):.2f}x" if one and median(f) and f is not figures[0] else "") for f in figures]
    return f"| {row['name']} | {program} | {precision} | " + " | ".join(cells) + " |"


def attention_share(figures):
    """The share of attention in the time of all operations."""
    total = sum(figures["ops"].values())
    return sum(seconds for name, seconds in figures["ops"].items() if "attention" in name.lower()) / total if total else 0


def area_line(row):
    """How long a picture's size takes, and without attention for a megapixel."""
    figures, area = find(row, "diorama"), row["size"] ** 2 / 1e6
    ours, share = median(figures), attention_share(figures)
    rest = time(ours * (1 - share) / area) if ours else ""
    return f"| {row['name']} | {area:.3f} | {time(ours)} | {share:.0%} | {rest} | {time(median(find(row, 'pytorch')))} |"


COMPARED = ["linear", "attention", "vae", "step", "zimage", "t5", "warm"]


def markdown(results):
    """All rows as Markdown."""
    machine = results.machine
    text = [f"{machine['processor']}, cores {', '.join(map(str, machine['cores']))}; {machine['versions']}; kernels {machine['kernels']}", ""]
    compared = [line for part in COMPARED for row in results.of(part) for line in lines(row)]
    if compared:
        text += ["| | precision | Diorama | PyTorch | ratio | goal | peak memory | PyTorch's |", "|---|---|---|---|---|---|---|---|", *compared, ""]
    if rows := results.of("threads"):
        counts = sorted({figures["threads"] for row in rows for figures in row["figures"]})
        names = [f"{count} thread{'s' if count > 1 else ''}" for count in counts]
        text += ["Diorama's goal for two threads: 1.85x of one.", "", "| | program | precision | " + " | ".join(names) + " |", "|---|---|---|" + "---|" * len(counts)]
        text += [line for row in rows for line in lines(row)] + [""]
    if rows := results.of("area"):
        text += ["| | megapixels | Diorama | attention's share | a megapixel without attention | PyTorch |", "|---|---|---|---|---|---|"]
        text += [line for row in rows for line in lines(row)] + [""]
    failures = [f"- {row['name']}: {f['program']} {f['precision']}, {f['threads']} threads: {f['failure']}"
                for row in results.rows for f in row["figures"] if f["failure"]]
    return "\n".join(text + (["Not measured:", "", *failures, ""] if failures else []))
