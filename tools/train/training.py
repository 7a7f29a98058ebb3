"""What both training loops share: options, device, the budget of time or steps, weight averages, saved states."""
import json
import math
import time
from pathlib import Path

import torch


def add_work_option(parser):
    """Adds `--work`: the folder of data/, vae/, mmdit/ and out/."""
    parser.add_argument("--work", type=Path, default=Path("output/training"),
                        help="folder that the steps read and write (default: output/training)")


def add_device_options(parser):
    """Adds `--device` and `--precision`."""
    parser.add_argument("--device", default="auto", help="auto (CUDA when there is one), cpu, cuda, cuda:1 ...")
    parser.add_argument("--precision", choices=["bf16", "f32"], default="bf16",
                        help="of the forward pass; weights are always float32. f32 is faster on CPUs without bfloat16")


def add_training_options(parser, minutes, batch, rate, seed):
    """Adds the options of a training loop, with these defaults."""
    add_work_option(parser)
    add_device_options(parser)
    parser.add_argument("--minutes", type=float, default=minutes, help=f"length of the training (default {minutes})")
    parser.add_argument("--steps", type=int, help="length in steps instead: the same on every machine")
    parser.add_argument("--batch", type=int, default=batch, help=f"samples in a step (default {batch})")
    parser.add_argument("--lr", type=float, default=rate, help=f"largest learning rate (default {rate})")
    parser.add_argument("--seed", type=int, default=seed, help=f"of weights, noise and order (default {seed})")
    parser.add_argument("--save-every", type=float, default=4, help="minutes between two saved states (default 4)")
    parser.add_argument("--resume", action="store_true", help="go on from the last saved state of the same command")


def choose_device(name):
    """The torch device called `name`; `auto` takes CUDA when there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def autocast(options, device):
    """The context of a forward pass in the chosen precision."""
    return torch.autocast(device.type, torch.bfloat16, enabled=options.precision == "bf16")


def held_back(count, wanted):
    """How many of the last scenes are kept from training: `wanted`, or a quarter of a small data set."""
    return min(wanted, count // 4)


class Budget:
    """How far a training has come, by steps where a number of them is given, else by the clock."""

    def __init__(self, minutes, steps=None):
        self.minutes, self.steps = minutes, steps
        self.step, self.earlier, self.start = 0, 0.0, time.time()

    @property
    def elapsed(self):
        """Seconds of training, those before a resumption included."""
        return self.earlier + time.time() - self.start

    @property
    def progress(self):
        """0 at the start, 1 or more when the training is over."""
        return self.step / self.steps if self.steps else self.elapsed / (60 * self.minutes)

    def cosine(self):
        """A factor that falls from 1 to 0 along half a cosine."""
        return 0.5 + 0.5 * math.cos(math.pi * min(1.0, self.progress))


class Average:
    """An exponential moving average of parameters."""

    def __init__(self, parameters):
        self.parameters = list(parameters)
        self.values = [p.detach().clone() for p in self.parameters]

    @torch.no_grad()
    def update(self, weight):
        """Moves the average towards the parameters; `weight` is theirs."""
        torch._foreach_lerp_(self.values, self.parameters, weight)

    @torch.no_grad()
    def swap(self):
        """Exchanges averages and parameters; twice restores both."""
        for parameter, value in zip(self.parameters, self.values):
            held = parameter.detach().clone()
            parameter.copy_(value)
            value.copy_(held)


def save_state(path, model, optimizer, average, budget, rng):
    """Writes everything a resumed training needs, so that a stop while writing leaves the last state whole."""
    state = {
        "model": model.state_dict(), "optimizer": optimizer.state_dict(), "average": average.values,
        "step": budget.step, "elapsed": budget.elapsed, "torch_rng": torch.get_rng_state(),
        "numpy_rng": rng.bit_generator.state,
        "cuda_rng": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def load_state(path, model, optimizer, average, budget, rng):
    """Puts a saved state back into its parts."""
    state = torch.load(path, map_location="cpu", weights_only=False)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    with torch.no_grad():
        for value, saved in zip(average.values, state["average"]):
            value.copy_(saved)
    budget.step, budget.earlier, budget.start = state["step"], state["elapsed"], time.time()
    torch.set_rng_state(state["torch_rng"])
    rng.bit_generator.state = state["numpy_rng"]
    if state["cuda_rng"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda_rng"])
    print(f"resumed at step {budget.step}, {budget.elapsed / 60:.1f} min", flush=True)


def record_run(folder, options, budget, device, earlier=(), **results):
    """Writes run.json: what was trained, for the model card. `earlier` are runs this one started from."""
    run = {"steps": budget.step, "minutes": round(budget.elapsed / 60, 1), "batch": options.batch, "lr": options.lr,
           "seed": options.seed, "device": device.type, "precision": options.precision, "torch": torch.__version__}
    (folder / "run.json").write_text(json.dumps([*earlier, run | results], indent=2) + "\n")
