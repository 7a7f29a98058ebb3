"""Golden runs of the whole pipeline: diffusers' own, over the sample model, in float32 on the CPU.

    python tools/golden/pipeline.py --check             re-run the stored runs and print how far each tensor is
    python tools/golden/pipeline.py --all               write every run again (Tests/Golden/pipeline)
    python tools/golden/pipeline.py --name fox --prompt "a red tent in the snow" --seed 7 --steps 12 --size 160x96
    python tools/golden/pipeline.py --name night --image boat.png --denoise 0.6 --prompt "a red boat at night"
    python tools/golden/pipeline.py --posterior boat.png      what sampling the VAE's posterior would change

A run is three files: NAME.safetensors (tensors), NAME.json (its settings) and NAME.png (the picture).

Image to image follows ComfyUI's `denoise`: the schedule of int(steps / denoise) steps is made and its last `steps`
steps are taken. diffusers' `strength` counts the other way round (it drops steps from the number asked for), so it is
given the longer schedule and the matching strength; from there on both compute the same. The image enters as the mode
of the VAE's posterior, as in ComfyUI; diffusers would sample the posterior, and draw the noise after that from the same
generator.
"""
import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import diffusers
import numpy as np
import torch
import transformers
from diffusers import StableDiffusion3Img2ImgPipeline, StableDiffusion3Pipeline
from PIL import Image
from safetensors.torch import load_file, save_file

REPOSITORY = Path(__file__).resolve().parents[2]
MODEL = REPOSITORY / "samples/models/diorama-tiny"
GOLDEN = REPOSITORY / "Tests/Golden/pipeline"
MAX_SEQUENCE_LENGTH = 256          # zero tokens in place of the missing T5: diffusers' default


@dataclass
class Run:
    """The settings of one golden run."""

    name: str
    prompt: str
    negative_prompt: str = ""
    seed: int = 0
    steps: int = 20
    guidance: float = 4.0
    width: int = 128
    height: int = 128
    image: str | None = None        # image to image: the input picture, a path or a name in the golden folder
    denoise: float = 1.0
    skip_layers: list[int] | None = None    # skip-layer guidance: the blocks to leave out, how far to go beyond, and
    skip_scale: float | None = None         # the first and last step, from 0, that it holds for
    skip_steps: list[int] | None = None


RUNS = [
    Run("boat", "a red boat on the sea at sunset, mountains behind", seed=1),
    Run("castle", "a purple castle in the snow on the left at night, stars", "day, desert", seed=2, steps=12, guidance=5),
    Run("wide", "a yellow house on a green meadow by day with clouds", seed=3, steps=10, width=160, height=96),
    Run("plain", "a white windmill in the desert, hills behind", seed=4, steps=8, guidance=1),
    Run("skip", "a green tree in the desert by day, clouds", seed=6, steps=10, skip_layers=[2, 4], skip_scale=1.5,
        skip_steps=[1, 4]),
    Run("img2img", "a red boat on the sea at night, stars", seed=5, steps=12, image="boat.png", denoise=0.6),
]


def load_pipeline(folder):
    """The pipeline in `folder`, its f16 weights widened to float32; nothing is downloaded."""
    pipe = StableDiffusion3Pipeline.from_pretrained(
        folder, text_encoder_3=None, tokenizer_3=None, local_files_only=True)
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            part.float()
    pipe.set_progress_bar_config(disable=True)
    return pipe


def open_pixels(pipe, path):
    """An image file as [1, 3, H, W] in -1...1."""
    return pipe.image_processor.preprocess(Image.open(path).convert("RGB"))


def encode_image(pipe, pixels):
    """The mode of the VAE's posterior, shifted and scaled for the transformer: [1, C, H/8, W/8]."""
    mode = pipe.vae.encode(pixels).latent_dist.mode()
    return (mode - pipe.vae.config.shift_factor) * pipe.vae.config.scaling_factor


def encode_texts(pipe, run):
    """Token ids and embeddings of both prompts, under the names of the golden files."""
    guided = run.guidance > 1
    positive, negative, pooled, negative_pooled = pipe.encode_prompt(
        run.prompt, None, None, negative_prompt=run.negative_prompt, do_classifier_free_guidance=guided,
        max_sequence_length=MAX_SEQUENCE_LENGTH)
    tensors = {"prompt_embeds": positive, "pooled_prompt_embeds": pooled}
    if guided:
        tensors |= {"negative_prompt_embeds": negative, "negative_pooled_prompt_embeds": negative_pooled}
    for key, text in (("prompt", run.prompt), ("negative", run.negative_prompt)):
        for number, tokenizer in ((1, pipe.tokenizer), (2, pipe.tokenizer_2)):
            tensors[f"{key}_ids_{number}"] = tokenizer(
                [text], padding="max_length", truncation=True, return_tensors="pt").input_ids
    return tensors


def denoise(pipe, run, noise, init_latents):
    """Runs the denoising loop; returns the final latents, those after each step, and the first velocity."""
    velocities, latents = [], []

    def keep_latents(_pipe, _step, _timestep, kwargs):
        latents.append(kwargs["latents"].clone())
        return {}

    settings = dict(prompt=run.prompt, negative_prompt=run.negative_prompt, guidance_scale=run.guidance,
                    output_type="latent", callback_on_step_end=keep_latents)
    if run.skip_layers:
        # diffusers takes the steps after steps * start and before steps * stop
        first, last = run.skip_steps
        settings |= dict(skip_guidance_layers=run.skip_layers, skip_layer_guidance_scale=run.skip_scale,
                         skip_layer_guidance_start=(first - 0.5) / run.steps,
                         skip_layer_guidance_stop=(last + 0.5) / run.steps)
    hook = pipe.transformer.register_forward_hook(lambda _m, _in, out: velocities.append(out[0].clone()))
    if init_latents is None:
        final = pipe(num_inference_steps=run.steps, width=run.width, height=run.height, latents=noise.clone(),
                     **settings).images
    else:
        total = int(run.steps / run.denoise)
        # half a step less than run.steps / total, so that rounding cannot drop a step
        image_pipe = StableDiffusion3Img2ImgPipeline(**pipe.components)
        image_pipe.set_progress_bar_config(disable=True)
        final = image_pipe(
            image=init_latents, strength=(run.steps - 0.5) / total, num_inference_steps=total,
            width=run.width, height=run.height, generator=torch.Generator().manual_seed(run.seed), **settings).images
    hook.remove()
    assert len(latents) == run.steps, f"{run.name}: {len(latents)} steps were run, {run.steps} were asked for"
    return final, latents, velocities[0]


@torch.no_grad()
def execute(pipe, run, folder):
    """Runs `run`; returns its tensors and the picture."""
    tensors, init_latents, factor = {}, None, pipe.vae_scale_factor
    if run.image:
        path = Path(run.image) if Path(run.image).exists() else folder / run.image
        pixels = open_pixels(pipe, path)
        run.height, run.width = pixels.shape[2:]
        init_latents = encode_image(pipe, pixels)
        tensors["init_latents"] = init_latents
    shape = (1, pipe.transformer.config.in_channels, run.height // factor, run.width // factor)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(run.seed))
    tensors["initial_latents"] = noise
    tensors |= encode_texts(pipe, run)

    final, latents, velocity = denoise(pipe, run, noise, init_latents)
    image = pipe.vae.decode(final / pipe.vae.config.scaling_factor + pipe.vae.config.shift_factor).sample
    scheduler = pipe.scheduler
    tensors |= {
        "sigmas": scheduler.sigmas[-run.steps - 1:], "timesteps": scheduler.timesteps[-run.steps:],
        "latents_after_step": torch.cat(latents),
        "first_velocity": velocity,            # rows (negative, positive) when guided
        "image": image,                        # [1, 3, H, W], about -1...1, before clamping
    }
    return tensors, pipe.image_processor.postprocess(image, output_type="pil")[0]


def skip_percents(pipe, run):
    """The part of the way, 0 at pure noise, that takes in exactly the steps of skip-layer guidance, as ComfyUI counts.

    ComfyUI's node holds for sigmas above sigma(end) up to sigma(start), where sigma(p) is the shifted 1 - p. The ends
    are put halfway between steps.
    """
    shift = pipe.scheduler.config.shift
    percents = [1 - s / (shift - (shift - 1) * s) for s in pipe.scheduler.sigmas.double().tolist()]
    first, last = run.skip_steps
    return (percents[first - 1] + percents[first]) / 2, (percents[last] + percents[last + 1]) / 2


def write(pipe, run, folder):
    """Executes `run` and writes its three files into `folder`."""
    tensors, picture = execute(pipe, run, folder)
    folder.mkdir(parents=True, exist_ok=True)
    if run.image:                              # embeddings are checked by the other runs; this file stays small
        tensors = {key: value for key, value in tensors.items() if "embeds" not in key}
    made_by = {"script": "tools/golden/pipeline.py", "seed": str(run.seed), "torch": torch.__version__,
               "diffusers": diffusers.__version__, "transformers": transformers.__version__}
    save_file({k: v.contiguous().clone() for k, v in tensors.items()}, folder / f"{run.name}.safetensors", made_by)
    picture.save(folder / f"{run.name}.png")
    settings = {k: v for k, v in asdict(run).items() if v is not None and (run.image or k != "denoise")}
    if run.skip_layers:
        settings |= dict(zip(("skip_start_percent", "skip_end_percent"), skip_percents(pipe, run)))
    settings |= {
        "max_sequence_length": MAX_SEQUENCE_LENGTH, "scheduler_shift": pipe.scheduler.config.shift,
        "latent_shape": list(tensors["initial_latents"].shape), "weights": "f16, upcast to f32",
        "noise": "torch.randn, CPU generator, the seed above",
        "tensors": {k: [str(v.dtype).removeprefix("torch."), list(v.shape)] for k, v in tensors.items()},
    }
    (folder / f"{run.name}.json").write_text(json.dumps(settings, indent=2) + "\n")
    print(f"{run.name}: {picture.width}x{picture.height}, {run.steps} steps, in {folder}")


def relative(a, b):
    """||a - b|| / ||b||, computed in double precision."""
    a, b = a.double(), b.double()
    return ((a - b).norm() / b.norm().clamp_min(1e-30)).item()


def check(pipe, folder):
    """Re-runs every stored run and prints the relative difference of each tensor from the stored one.

    Returns whether all are within the limits: ids equal, everything else below 1e-3 relative.
    """
    good = True
    for run in RUNS:
        stored = load_file(folder / f"{run.name}.safetensors")
        tensors, picture = execute(pipe, run, folder)
        print(f"{run.name}:")
        for key, expected in stored.items():
            found = tensors[key]
            if expected.dtype == torch.int64:
                fits, text = torch.equal(found, expected), "equal" if torch.equal(found, expected) else "DIFFERENT"
            else:
                difference = relative(found, expected)
                fits, text = difference < 1e-3, f"{difference:.2e}"
            good &= fits
            print(f"  {key:<32} {str(list(expected.shape)):<20} {text}{'' if fits else '   <- too far'}")
        expected = np.asarray(Image.open(folder / f"{run.name}.png").convert("RGB")).astype(int)
        difference = np.abs(np.asarray(picture).astype(int) - expected)
        print(f"  picture: mean difference {difference.mean():.5f} of 255, largest {difference.max()}")
    return good


@torch.no_grad()
def compare_posterior(pipe, path, folder):
    """Prints what diffusers' sampling of the posterior would change in the latents of an image."""
    pixels = open_pixels(pipe, path if Path(path).exists() else folder / path)
    posterior = pipe.vae.encode(pixels).latent_dist
    sampled = posterior.sample(torch.Generator().manual_seed(0))
    print(f"sampled against mode: {relative(sampled, posterior.mode()):.2e} relative; "
          f"the posterior's standard deviation is {posterior.std.mean():.2e} on average")


def main():
    parser = argparse.ArgumentParser(description="Golden runs of diffusers' pipeline over the sample model.")
    parser.add_argument("--model", default=MODEL, help="folder of the diffusers model (default: the sample model)")
    parser.add_argument("--folder", type=Path, default=GOLDEN, help="folder of the golden runs")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="re-run the stored runs and compare; exit 1 when one is off")
    what.add_argument("--all", action="store_true", help="write every run of RUNS again")
    what.add_argument("--name", help="write one run under this name: one of RUNS, or a new one with the options below")
    what.add_argument("--posterior", metavar="IMAGE", help="print what sampling the VAE's posterior would change")
    parser.add_argument("--prompt")
    parser.add_argument("--negative", default="", help="negative prompt")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=4.0, help="1 leaves the negative prompt out")
    parser.add_argument("--size", default="128x128", help="WIDTHxHEIGHT in pixels, multiples of 16")
    parser.add_argument("--image", help="image to image: the input picture (its size is the size)")
    parser.add_argument("--denoise", type=float, default=0.6, help="how much of the image is noised, 0...1")
    options = parser.parse_args()

    transformers.utils.logging.disable_progress_bar()
    diffusers.utils.logging.disable_progress_bar()
    pipe = load_pipeline(options.model)
    if options.check:
        raise SystemExit(0 if check(pipe, options.folder) else 1)
    if options.posterior:
        return compare_posterior(pipe, options.posterior, options.folder)
    if options.all:
        runs = RUNS
    elif options.prompt is None:
        runs = [run for run in RUNS if run.name == options.name]
        if not runs:
            parser.error(f"'{options.name}' is not one of {', '.join(r.name for r in RUNS)}; a new run needs --prompt")
    else:
        width, height = (int(side) for side in options.size.split("x"))
        runs = [Run(options.name, options.prompt, options.negative, options.seed, options.steps, options.guidance,
                    width, height, options.image, options.denoise if options.image else 1.0)]
    for run in runs:
        write(pipe, run, options.folder)


if __name__ == "__main__":
    main()
