"""What is measured, part by part: the shapes, the contestants and what is promised."""
from runtime import models
from runtime.programs import diorama, pictures, pytorch
from runtime.results import Row
from settings import MODEL, Picture

LINEAR = [(m, k, n) for m in (1024, 4096) for k, n in ((1536, 1536), (1536, 6144), (3072, 12288), (3840, 10240))]
ATTENTION = [(tokens, 24, dim) for dim in (64, 128) for tokens in (1178, 4250)]
AREA = (256, 384, 512, 768, 1024)
# Blocks of a Stable Diffusion 3.5 medium that is measured for how time grows, not for what it is.
FEW_LAYERS = 4


def pair(part, *arguments, precisions, threads, runs=5, ours=()):
    """Both programs on the same thing: PyTorch once in f32 and in bf16, as far as they are needed, Diorama in every precision."""
    peers = dict.fromkeys("f32" if precision == "f32" else "bf16" for precision in precisions)
    contestants = [pytorch(part, *arguments, precision=precision, threads=threads, runs=runs) for precision in peers]
    return contestants + [
        diorama(part, *arguments, *ours, precision=precision, threads=threads, runs=runs) for precision in precisions]


def runs(operations):
    """How often kernels of so many operations run: a processor that was idle takes a tenth of a second to reach its speed."""
    return max(5, round(200e9 / operations))


def product_runs(rows, inputs, outputs):
    return runs(2 * rows * inputs * outputs)


def attention_runs(tokens, heads, dim):
    return runs(4 * heads * dim * tokens**2)


def linear(options, _):
    goals = {"f32": 1.25, "bf16": 1.0, "int8": 1.75}
    for shape in LINEAR[:4] if options.quick else LINEAR:
        yield Row("linear", "linear {} x {} to {}".format(*shape),
                  pair("linear", *shape, precisions=goals, threads=options.threads, runs=product_runs(*shape)), goals)


def attention(options, _):
    goals = {"bf16": 1.9, "f32": 1.15}
    for shape in ATTENTION[::2] if options.quick else ATTENTION:
        yield Row("attention", "attention {} tokens, {} x {}".format(*shape),
                  pair("attention", *shape, precisions=goals, threads=options.threads, runs=attention_runs(*shape)), goals)


def sizes(options, goals):
    """Sides of pictures with what is promised for each; f32 at 1024 takes as long as all else together."""
    if options.size in (None, 512):
        yield 512, goals
    if options.size == 1024 or not (options.size or options.quick):
        yield 1024, goals if options.full else {precision: goal for precision, goal in goals.items() if precision != "f32"}


def vae(options, folder):
    folder = models.ensure(folder / "vae", "vae")
    for size, goals in sizes(options, {"bf16": 1.4, "f32": 1.4}):
        yield Row("vae", f"VAE decode {size} x {size}",
                  pair("vae", folder, "--size", size, precisions=goals, threads=options.threads, runs=1), goals, size)


def step(options, folder):
    folder = models.ensure(folder / "sd3-medium", "sd3-medium", options.layers)
    for size, goals in sizes(options, {"bf16": 1.3, "int8": 1.9, "f32": 1.3}):
        yield Row("step", f"SD3.5 medium{fewer(options)}, one step {size} x {size}",
                  pair("transformer", folder, "--size", size, "--tokens", 333, precisions=goals, threads=options.threads, runs=1),
                  goals, size)


def zimage(options, folder):
    goals = {"bf16": 1.2, "int8": 1.8}
    folder = models.ensure(folder / "z-image", "z-image", options.layers)
    yield Row("zimage", f"Z-Image{fewer(options)}, one step 512 x 512",
              pair("transformer", folder, "--size", 512, "--tokens", 192, precisions=goals, threads=options.threads, runs=1),
              goals, 512)


def t5(options, folder):
    goals = {"bf16": 1.1}
    folder = models.ensure(folder / "t5-xxl", "t5-xxl", options.layers)
    yield Row("t5", f"T5-XXL{fewer(options)}, 256 tokens",
              pair("t5", folder, "--tokens", 256, precisions=goals, threads=options.threads, runs=3), goals)


def warm(options, folder):
    picture = Picture()
    yield Row("warm", f"diorama-tiny, {picture.steps} steps with CFG, a whole picture, warm",
              pictures(folder, options.threads, renders=4), {"f32": 3.0}, picture.width)


def threads(options, folder):
    few = models.ensure(folder / "sd3-medium-few", "sd3-medium", FEW_LAYERS)
    decoder = models.ensure(folder / "vae", "vae")
    counts = [count for count in (1, 2, 4, 8, 16, 32, 64) if count <= options.threads]
    tiny = MODEL / "transformer"
    product, heads = (1024, 1536, 6144), (1178, 24, 64)
    work = [("linear 1024 x 1536 to 6144", ("linear", *product), ("f32", "bf16", "int8"), product_runs(*product)),
            ("attention 1178 tokens, 24 x 64", ("attention", *heads), ("f32", "bf16"), attention_runs(*heads)),
            ("diorama-tiny, one step 128 x 128", ("transformer", tiny, "--size", 128, "--tokens", 33), ("f32",), 50),
            (f"SD3.5 medium of {FEW_LAYERS} blocks, one step 512 x 512", ("transformer", few, "--size", 512), ("bf16", "int8"), 2),
            ("VAE decode 256 x 256", ("vae", decoder, "--size", 256), ("bf16",), 3)]
    for name, arguments, precisions, runs in work:
        contestants = [c for count in counts for c in pair(*arguments, precisions=precisions, threads=count, runs=runs)]
        yield Row("threads", name, contestants)


def area(options, folder):
    folder = models.ensure(folder / "sd3-medium-few", "sd3-medium", FEW_LAYERS)
    for size in AREA[:3] if options.quick else AREA:
        yield Row("area", f"SD3.5 medium of {FEW_LAYERS} blocks, one step {size} x {size}",
                  pair("transformer", folder, "--size", size, precisions=("bf16",), threads=options.threads, runs=2, ours=("--ops",)),
                  size=size)


def fewer(options):
    """What a name says of a model that was made smaller."""
    return f" of {options.layers} blocks" if options.layers else ""


PARTS = dict(linear=linear, attention=attention, warm=warm, vae=vae, threads=threads, area=area, step=step, t5=t5, zimage=zimage)
# The largest folders of models that a part needs and no other does.
FOLDERS = dict(step="sd3-medium", t5="t5-xxl", zimage="z-image")
