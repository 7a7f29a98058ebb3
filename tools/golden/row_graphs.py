"""Graphs in API format for ComfyUI's templates of which no graph is at hand: Tests/Golden/workflows/rows.

    python tools/golden/row_graphs.py TABLE

TABLE lists templates with the files, settings and node classes that they have (comfyui_templates.tsv). A graph here has exactly the classes of its
row, wired as in the templates of the same family that are at hand, and the row's files and settings.
"""
import ast
import csv
import json
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "Tests/Golden/workflows/rows"


class Graph(dict):
    """Nodes by number; `add` gives what stands for a node's first output."""

    def add(self, kind, **inputs):
        number = str(len(self) + 1)
        self[number] = {"class_type": kind, "inputs": inputs}
        return [number, 0]


def output(node, index):
    return [node[0], index]


def saved(graph, samples, vae, kind="SaveImage"):
    more = {"format": "png", "format.bit_depth": "8-bit"} if kind == "SaveImageAdvanced" else {}
    graph.add(kind, images=graph.add("VAEDecode", samples=samples, vae=vae), filename_prefix="ComfyUI", **more)


def sampled(graph, model, positive, negative, latent, settings):
    steps, cfg, sampler, scheduler, denoise = settings
    return graph.add("KSampler", model=model, positive=positive, negative=negative, latent_image=latent, seed=1, steps=steps, cfg=cfg,
                     sampler_name=sampler, scheduler=scheduler, denoise=denoise)


def loaders(graph, row):
    encoders = row["text_encoders"].replace("(", "+").replace(")", "").split("+")
    model = graph.add("UNETLoader", unet_name=row["diffusion_files"], weight_dtype="default")
    if len(encoders) == 3:
        clip = graph.add("DualCLIPLoader", clip_name1=encoders[0], clip_name2=encoders[1], type=encoders[2], device="default")
    else:
        clip = graph.add("CLIPLoader", clip_name=encoders[0], type=encoders[1], device="default")
    return model, clip, graph.add("VAELoader", vae_name=row["vae"])


def prompt(graph, clip, guidance=None):
    text = graph.add("CLIPTextEncode", text="A red fox in the snow", clip=clip)
    nothing = graph.add("ConditioningZeroOut", conditioning=text)
    return (graph.add("FluxGuidance", guidance=guidance, conditioning=text) if guidance else text), nothing


def klein_edit(graph, row, pictures=1):
    """FLUX.2 klein, distilled, looks at pictures; the KV variant reads them once."""
    model, clip, vae = loaders(graph, row)
    positive, negative = prompt(graph, clip)
    for number in range(pictures):
        picture = graph.add("ImageScaleToTotalPixels", upscale_method="lanczos", megapixels=1.0, resolution_steps=1,
                            image=graph.add("LoadImage", image=f"picture_{number + 1}.png"))
        latent = graph.add("VAEEncode", pixels=picture, vae=vae)
        positive = graph.add("ReferenceLatent", conditioning=positive, latent=latent)
        negative = graph.add("ReferenceLatent", conditioning=negative, latent=latent)
        size = graph.add("GetImageSize", image=picture) if number == 0 else size
    if "FluxKVCache" in row["classes"]:
        model = graph.add("FluxKVCache", model=model)
    shape = dict(width=output(size, 0), height=output(size, 1))
    samples = graph.add(
        "SamplerCustomAdvanced", noise=graph.add("RandomNoise", noise_seed=1),
        guider=graph.add("CFGGuider", model=model, positive=positive, negative=negative, cfg=1.0),
        sampler=graph.add("KSamplerSelect", sampler_name="euler"), sigmas=graph.add("Flux2Scheduler", steps=4, **shape),
        latent_image=graph.add("EmptyFlux2LatentImage", batch_size=1, **shape))
    saved(graph, samples, vae)


def flux_fill(graph, row):
    model, clip, vae = loaders(graph, row)
    positive, negative = prompt(graph, clip, 30.0)
    picture = graph.add("LoadImage", image="picture_1.png")
    filled = graph.add("InpaintModelConditioning", positive=positive, negative=negative, vae=vae, pixels=picture, mask=output(picture, 1),
                       noise_mask=False)
    saved(graph, sampled(graph, graph.add("DifferentialDiffusion", model=model), filled, output(filled, 1), output(filled, 2), row["settings"]), vae)


def flux_canny(graph, row):
    model, clip, vae = loaders(graph, row)
    positive, negative = prompt(graph, clip, 30.0)
    edges = graph.add("Canny", image=graph.add("LoadImage", image="picture_1.png"), low_threshold=0.15, high_threshold=0.3)
    shown = graph.add("InstructPixToPixConditioning", positive=positive, negative=negative, vae=vae, pixels=edges)
    saved(graph, sampled(graph, model, shown, output(shown, 1), output(shown, 2), row["settings"]), vae)


def flux_kontext(graph, row):
    model, clip, vae = loaders(graph, row)
    positive, negative = prompt(graph, clip)
    both = graph.add("ImageStitch", image1=graph.add("LoadImage", image="picture_1.png"), image2=graph.add("LoadImage", image="picture_2.png"),
                     direction="right", match_image_size=True, spacing_width=0, spacing_color="white")
    latent = graph.add("VAEEncode", pixels=graph.add("FluxKontextImageScale", image=both), vae=vae)
    guided = graph.add("FluxGuidance", guidance=2.5, conditioning=graph.add("ReferenceLatent", conditioning=positive, latent=latent))
    saved(graph, sampled(graph, model, guided, negative, latent, row["settings"]), vae)


def flux_uso(graph, row):
    checkpoint = graph.add("CheckpointLoaderSimple", ckpt_name=row["diffusion_files"])
    vae = output(checkpoint, 2)
    name, strength = row["loras"].split("@")
    model = graph.add("LoraLoaderModelOnly", model=checkpoint, lora_name=name, strength_model=float(strength))
    positive, negative = prompt(graph, output(checkpoint, 1))
    picture = graph.add("ImageScaleToMaxDimension", image=graph.add("LoadImage", image="picture_1.png"), upscale_method="area", largest_size=512)
    shown = graph.add("ReferenceLatent", conditioning=positive, latent=graph.add("VAEEncode", pixels=picture, vae=vae))
    chosen = graph.add("FluxKontextMultiReferenceLatentMethod", conditioning=shown, reference_latents_method="uxo/uno")
    latent = graph.add("EmptySD3LatentImage", width=1024, height=1024, batch_size=1)
    saved(graph, sampled(graph, model, graph.add("FluxGuidance", guidance=3.5, conditioning=chosen), negative, latent, row["settings"]), vae)


def flux_dev(graph, row):
    model, clip, vae = loaders(graph, row)
    positive, negative = prompt(graph, clip)
    latent = graph.add("EmptySD3LatentImage", width=1024, height=1024, batch_size=1)
    saved(graph, sampled(graph, model, positive, negative, latent, row["settings"]), vae)


def z_image(graph, row):
    model, clip, vae = loaders(graph, row)
    size = graph.add("ResolutionSelector", aspect_ratio="1:1 (Square)", megapixels=1.0, multiple=8)
    latent = graph.add("EmptySD3LatentImage", width=output(size, 0), height=output(size, 1), batch_size=1)
    texts = [graph.add("CLIPTextEncode", text=text, clip=clip) for text in ("A red fox in the snow", "blurry")]
    saved(graph, sampled(graph, graph.add("ModelSamplingAuraFlow", model=model, shift=3.0), *texts, latent, row["settings"]), vae,
          "SaveImageAdvanced")


def z_image_control(graph, row):
    """Z-Image-Turbo steered by edges, by a patch of Z-Image's Fun ControlNets."""
    model, clip, vae = loaders(graph, row)
    positive, negative = prompt(graph, clip)
    edges = graph.add("Canny", image=graph.add("LoadImage", image="picture_1.png"), low_threshold=0.15, high_threshold=0.3)
    size = graph.add("GetImageSize", image=edges)
    patch = graph.add("ModelPatchLoader", name="Z-Image-Turbo-Fun-Controlnet-Union.safetensors")
    shifted = graph.add("ModelSamplingAuraFlow", model=model, shift=3.0)
    steered = graph.add("QwenImageDiffsynthControlnet", model=shifted, model_patch=patch, vae=vae, image=edges, strength=1.0)
    latent = graph.add("EmptySD3LatentImage", width=output(size, 0), height=output(size, 1), batch_size=1)
    saved(graph, sampled(graph, steered, positive, negative, latent, row["settings"]), vae)


def sd3_control(graph, row):
    """Stable Diffusion 3.5 large with a ControlNet: blur, or depth by Lotus."""
    checkpoint = graph.add("CheckpointLoaderSimple", ckpt_name=row["diffusion_files"].split("; ")[-1])
    vae = output(checkpoint, 2)
    positive, negative = prompt(graph, output(checkpoint, 1))
    picture = graph.add("LoadImage", image="picture_1.png")
    if "LotusConditioning" in row["classes"]:
        lotus = graph.add("UNETLoader", unet_name=row["diffusion_files"].split("; ")[0], weight_dtype="default")
        own = graph.add("VAELoader", vae_name=row["vae"])
        small = graph.add("ImageScaleToTotalPixels", upscale_method="lanczos", megapixels=1.0, resolution_steps=1, image=picture)
        latent = graph.add("VAEEncode", pixels=small, vae=own)
        seen = graph.add(
            "SamplerCustomAdvanced", noise=graph.add("DisableNoise"),
            guider=graph.add("BasicGuider", model=lotus, conditioning=graph.add("LotusConditioning")),
            sampler=graph.add("KSamplerSelect", sampler_name="euler"),
            sigmas=graph.add("SetFirstSigma", sigma=999.0,
                             sigmas=graph.add("BasicScheduler", model=lotus, scheduler="normal", steps=1, denoise=1.0)),
            latent_image=latent)
        picture = graph.add("ImageInvert", image=graph.add("VAEDecode", samples=seen, vae=own))
        latent, kind = graph.add("VAEEncode", pixels=picture, vae=vae), "depth"
    else:
        latent, kind = graph.add("EmptySD3LatentImage", width=1024, height=1024, batch_size=1), "blur"
    control = graph.add("ControlNetLoader", control_net_name=f"sd3.5_large_controlnet_{kind}.safetensors")
    steered = graph.add("ControlNetApplyAdvanced", positive=positive, negative=negative, control_net=control, image=picture, vae=vae, strength=0.8,
                        start_percent=0.0, end_percent=1.0)
    saved(graph, sampled(graph, checkpoint, steered, output(steered, 1), latent, row["settings"]), vae)


ROWS = {
    "image_flux2_klein_image_edit_4b_distilled": klein_edit, "image_flux2_klein_image_edit_9b_distilled": klein_edit,
    "image_flux2_klein_9b_kv_image_edit": lambda graph, row: klein_edit(graph, row, pictures=2), "flux_fill_inpaint_example": flux_fill,
    "flux_kontext_dev_basic": flux_kontext, "flux1_dev_uso_reference_image_gen": flux_uso, "flux_canny_model_example": flux_canny,
    "flux_dev_checkpoint_example": flux_dev, "image_z_image_int8": z_image, "image_z_image_turbo_fun_union_controlnet": z_image_control,
    "sd3.5_large_depth": sd3_control, "sd3.5_large_blur": sd3_control,
}


def main():
    with open(sys.argv[1], newline="") as file:
        rows = {row["template"]: row for row in csv.DictReader(file, delimiter="\t")}
    FOLDER.mkdir(exist_ok=True)
    for name, build in ROWS.items():
        row, graph = rows[name], Graph()
        row["classes"] = row["needed_classes_for_image_output"].split()
        settings = row["ksampler(steps,cfg,sampler,sched,denoise)"]
        row["settings"] = ast.literal_eval(settings) if settings else None
        build(graph, row)
        used = {node["class_type"] for node in graph.values()}
        assert used == set(row["classes"]), (name, used ^ set(row["classes"]))
        (FOLDER / f"{name}.json").write_text(json.dumps(graph, indent=1) + "\n")
        print(name)


if __name__ == "__main__":
    main()
