"""What ComfyUI's own model code gives with the tiny weights of spellings.py: Tests/Golden/comfyui/models.safetensors.

    python tools/golden/comfyui_models.py COMFYUI     write the file again

COMFYUI is a folder with ComfyUI's source, 3cd7b32 (January 2026) or later; nothing of it is copied. Beside requirements.txt it needs einops and
comfy-kitchen. The weights are those of the variant `float16`, the original file as it is; the attention is PyTorch's. Where the code has sizes as constants,
those of the tiny model stand in their place, and nothing else is changed: the number of Chroma's modulations, 344; the sinusoids of FLUX.2's
time, 256; and the hidden width, 1024, and the width, 256, of Z-Image's vector for time.

Reference pictures at time 0, and keys and values that are kept of them, came to ComfyUI after January (`index_timestep_zero` in its flux/model.py,
`FluxKVCache` in nodes_flux.py): they are told here with January's blocks, which take modulations for parts of a sequence. Of FLUX.1, whose blocks
make their modulations themselves, the later code still takes no second time; it is done in the same way.
"""
import argparse
import importlib
import json
import sys
import types
from pathlib import Path

import comfyui_runs
import torch
from models import random
from safetensors import safe_open
from safetensors.torch import save_file
from spellings import stored

GOLDEN = Path(__file__).resolve().parents[2] / "Tests/Golden"
TIMES = {"flux": 0.75, "flux2": 0.75, "chroma": 0.75, "z_image": 0.75, "sd3": 750.0, "pixart": 750.0}


def spelled(name):
    """The configuration, the original weights and the inputs of a family."""
    with safe_open(GOLDEN / f"spellings/{name}.safetensors", "pt") as file:
        metadata = file.metadata()
        inputs = {key: file.get_tensor(key) for key in ("latent", "context", "pooled") if key in file.keys()}
    variant = json.loads(metadata["variants"])["float16"]
    kinds = [variant["types"][ord(letter) - 97] for letter in variant["tensors"]]
    shapes = json.loads(metadata["tensors"])["original"]
    return json.loads(metadata["config"]), {key: stored(key, kind, shape) for (key, shape), kind in zip(shapes, kinds)}, inputs


def loaded(model, weights, missing=()):
    result = model.load_state_dict(weights, strict=False)
    assert not result.unexpected_keys and set(result.missing_keys) == set(missing), result
    return model.float().eval()


def operations():
    import comfy.ops
    return dict(operations=comfy.ops.disable_weight_init, dtype=torch.float32, device="cpu")


def flux_sizes(config):
    width = config["num_attention_heads"] * config["attention_head_dim"]
    return dict(context_in_dim=config["joint_attention_dim"], hidden_size=width, mlp_ratio=4.0, num_heads=config["num_attention_heads"],
                depth=config["num_layers"], depth_single_blocks=config["num_single_layers"], axes_dim=config["axes_dims_rope"], theta=10000,
                qkv_bias=True)


def resized(name, *changes):
    """A module of ComfyUI's with other constants: pairs of what stands there and what shall."""
    true = importlib.import_module(name)
    source = Path(true.__file__).read_text()
    for old, new in changes:
        assert old in source, (name, old)
        source = source.replace(old, new)
    tiny = types.ModuleType(name + "_tiny")
    tiny.__package__ = name.rpartition(".")[0]
    sys.modules[tiny.__name__] = tiny
    exec(compile(source, true.__file__, "exec"), tiny.__dict__)
    return tiny


class KeptKeys:
    """The attention of Flux's blocks while keys and values of the last `count` tokens are kept, or those kept are attended to."""

    def __init__(self, count):
        self.count, self.kept, self.attention = count, [], None

    def __enter__(self):
        import comfy.ldm.flux.layers as layers
        self.attention, layers.attention, self.next = layers.attention, self, iter(list(self.kept))
        return self

    def __exit__(self, *_):
        import comfy.ldm.flux.layers as layers
        layers.attention = self.attention

    def __call__(self, q, k, v, pe, mask=None, transformer_options={}):
        from comfy.ldm.flux.math import apply_rope1, optimized_attention
        key, value = next(self.next, (None, None))
        if key is None:
            self.kept.append((k[:, :, -self.count:], v[:, :, -self.count:]))
        else:
            k, v = torch.cat((k, key), dim=2), torch.cat((v, value), dim=2)
        q, k = apply_rope1(q, pe[:, :, :q.shape[2]]), apply_rope1(k, pe)
        return optimized_attention(q, k, v, q.shape[1], skip_reshape=True)


def kept_references(model, latents, times, context, pictures, guidance, y=None):
    """The velocities at two latents and times, references seen at time 0: of the first with all tokens, of the second with what was kept."""
    from comfy.ldm.flux.layers import timestep_embedding
    (img, ids), size = model.process_img(latents[0]), latents[0].shape[-2:]
    own = img.shape[1]
    references = [model.process_img(picture, index=(i + 1) * model.params.ref_index_scale) for i, picture in enumerate(pictures)]
    ids = torch.cat([ids] + [places for _, places in references], dim=1)
    text_ids = torch.zeros((1, context.shape[1], len(model.params.axes_dim)))
    for axis in model.params.txt_ids_dims:
        text_ids[:, :, axis] = torch.arange(context.shape[1])
    pe = model.pe_embedder(torch.cat((text_ids, ids), dim=1))
    keys, results = KeptKeys(ids.shape[1] - own), []
    for latent, time in zip(latents, times):
        tokens = [model.process_img(latent)[0]] + ([] if keys.kept else [tokens for tokens, _ in references])
        vectors = [model.time_in(timestep_embedding(t, model.time_in.in_layer.in_features)) for t in (time, time * 0)]
        vectors = [vector + model.guidance_in(timestep_embedding(guidance, model.guidance_in.in_layer.in_features)) for vector in vectors]
        vectors = [vector + model.vector_in(y) for vector in vectors] if y is not None else vectors
        both, count = torch.stack(vectors, dim=1), context.shape[1]
        x, text = model.img_in(torch.cat(tokens, dim=1)), model.txt_in(context)
        parts = [(0, own, 0), (own, x.shape[1], 1)]
        with keys:
            for block in model.double_blocks:
                image, words = (block.img_mod, block.txt_mod) if block.modulation else (
                    model.double_stream_modulation_img, model.double_stream_modulation_txt)
                has, block.modulation = block.modulation, False
                x, text = block(img=x, txt=text, vec=(image(both), words(vectors[0])), pe=pe, modulation_dims_img=parts)
                block.modulation = has
            x = torch.cat((text, x), dim=1)
            parts = [(0, count + own, 0), (count + own, x.shape[1], 1)]
            for block in model.single_blocks:
                modulation, block.modulation = block.modulation, None
                x = block(x, vec=(modulation or model.single_stream_modulation)(both)[0], pe=pe, modulation_dims=parts)
                block.modulation = modulation
        x = model.final_layer(x[:, count:count + own], vectors[0])
        p = model.patch_size
        rows, columns = -(-size[0] // p), -(-size[1] // p)
        x = x.reshape(1, rows, columns, -1, p, p).permute(0, 3, 1, 4, 2, 5).reshape(1, -1, rows * p, columns * p)
        results.append(x[..., :size[0], :size[1]])
    return results


def flux(tensors, time):
    from comfy.ldm.flux.model import Flux
    config, weights, inputs = spelled("flux")
    model = loaded(Flux(in_channels=4, out_channels=4, vec_in_dim=config["pooled_projection_dim"], patch_size=2, guidance_embed=True, txt_ids_dims=[],
                        **flux_sizes(config), **operations()), weights)
    references = [random("reference.0", 1, 4, 4, 6), random("reference.1", 1, 4, 6, 2), random("reference.2", 1, 4, 3, 5)]

    def run(latent, pictures=None, guidance=2.5, **options):
        return model(latent, time, inputs["context"], y=inputs["pooled"], guidance=torch.full([1], guidance), ref_latents=pictures, **options)

    tensors["flux.velocity"] = run(inputs["latent"])
    tensors["flux.guidance"] = run(inputs["latent"], guidance=1.0)
    tensors["flux.odd"] = run(inputs["latent"][..., :5, :7])
    for method in ("offset", "index", "uxo"):
        tensors[f"flux.{method}"] = run(inputs["latent"], references, ref_latents_method=method)
    tensors |= {f"flux.reference.{i}": picture for i, picture in enumerate(references)}
    later = random("flux.later", *inputs["latent"].shape)
    first, kept = kept_references(model, (inputs["latent"], later), (time, time / 2), inputs["context"], references, torch.full([1], 2.5),
                                  inputs["pooled"])
    tensors |= {"flux.index_timestep_zero": first, "flux.later": later, "flux.kept": kept}


def flux2(tensors, time):
    config, weights, inputs = spelled("flux2")
    tiny = resized("comfy.ldm.flux.model", ("256", str(config["timestep_guidance_channels"])))
    sizes = flux_sizes(config) | dict(axes_dim=config["axes_dims_rope"], theta=config["rope_theta"], mlp_ratio=config["mlp_ratio"], qkv_bias=False)
    model = loaded(tiny.Flux(in_channels=16, out_channels=16, vec_in_dim=None, patch_size=1, guidance_embed=True, txt_ids_dims=[3],
                             global_modulation=True, mlp_silu_act=True, ops_bias=False, default_ref_method="index", ref_index_scale=10.0,
                             **sizes, **operations()), weights)
    references = [random("reference2.0", 1, 16, 2, 3), random("reference2.1", 1, 16, 4, 1)]

    def run(pictures=None, guidance=2.5):
        return model(inputs["latent"], time, inputs["context"], guidance=torch.full([1], guidance), ref_latents=pictures)

    tensors["flux2.velocity"] = run()
    tensors["flux2.guidance"] = run(guidance=1.0)
    tensors["flux2.references"] = run(references)
    tensors |= {f"flux2.reference.{i}": picture for i, picture in enumerate(references)}
    later = random("flux2.later", *inputs["latent"].shape)
    first, kept = kept_references(model, (inputs["latent"], later), (time, time / 2), inputs["context"], references, torch.full([1], 2.5))
    tensors |= {"flux2.index_timestep_zero": first, "flux2.later": later, "flux2.kept": kept}


def z_image(tensors, time):
    config, weights, inputs = spelled("z-image")
    width = config["dim"]
    tiny = resized("comfy.ldm.lumina.model", ("min(dim, 1024)", str(weights["t_embedder.mlp.0.weight"].shape[0])),
                   ("output_size=256", f"output_size={min(width, 256)}"))
    names = ("in_channels", "dim", "n_layers", "n_refiner_layers", "n_heads", "n_kv_heads", "norm_eps", "qk_norm", "cap_feat_dim", "rope_theta",
             "axes_dims", "axes_lens")
    model = loaded(tiny.NextDiT(patch_size=2, ffn_dim_multiplier=8 / 3, z_image_modulation=True, time_scale=config["t_scale"],
                                pad_tokens_multiple=32, **{name: config[name] for name in names}, **operations()), weights)

    def run(latent):
        return model(latent, time, inputs["context"], None)

    tensors["z-image.velocity"] = run(inputs["latent"])
    tensors["z-image.odd"] = run(inputs["latent"][..., :5, :7])


def chroma(tensors, time):
    config, weights, inputs = spelled("chroma")
    count = 3 * config["num_single_layers"] + 12 * config["num_layers"] + 2
    tiny = resized("comfy.ldm.chroma.model", ("344", str(count)))
    width = config["approximator_hidden_dim"]
    model = loaded(tiny.Chroma(in_channels=16, out_channels=16, patch_size=2, in_dim=config["approximator_num_channels"], hidden_dim=width,
                               out_dim=flux_sizes(config)["hidden_size"], n_layers=config["approximator_layers"], txt_ids_dims=[], vec_in_dim=None, **flux_sizes(config),
                               **operations()), weights)
    tensors["chroma.velocity"] = model(inputs["latent"], time, inputs["context"], guidance=torch.zeros(1))
    tensors["chroma.odd"] = model(inputs["latent"][..., :5, :7], time, inputs["context"], guidance=torch.zeros(1))


def sd3(tensors, time):
    from comfy.ldm.modules.diffusionmodules.mmdit import OpenAISignatureMMDITWrapper
    config, weights, inputs = spelled("sd3")
    width = config["caption_projection_dim"]
    embedder = {"target": "torch.nn.Linear", "params": {"in_features": config["joint_attention_dim"], "out_features": width}}
    model = loaded(OpenAISignatureMMDITWrapper(
        input_size=None, in_channels=4, depth=config["num_attention_heads"], num_blocks=config["num_layers"], qk_norm="rms",
        x_block_self_attn_layers=config["dual_attention_layers"], adm_in_channels=config["pooled_projection_dim"],
        context_embedder_config=embedder, pos_embed_max_size=config["pos_embed_max_size"], num_patches=config["pos_embed_max_size"] ** 2,
        **operations()), weights)

    def run(latent):
        return model(latent, time, context=inputs["context"], y=inputs["pooled"])

    tensors["sd3.velocity"] = run(inputs["latent"])
    tensors["sd3.odd"] = run(inputs["latent"][..., :5, :7])


def pixart(tensors, time):
    from comfy.ldm.pixart.pixartms import PixArtMS
    config, weights, inputs = spelled("pixart")
    width = config["num_attention_heads"] * config["attention_head_dim"]
    model = loaded(PixArtMS(in_channels=4, hidden_size=width, depth=config["num_layers"], num_heads=config["num_attention_heads"],
                            caption_channels=config["caption_channels"], micro_condition=False, model_max_length=300, **operations()),
                   weights, missing=["y_embedder.y_embedding"])
    # Its code does not take pictures of fewer than 256 pixels a side, on average.
    for name, shape in (("wide", (4, 64)), ("tall", (90, 6))):
        tensors[f"pixart.{name}.latent"] = random(f"pixart.{name}", 1, 4, *shape)
        tensors[f"pixart.{name}"] = model(tensors[f"pixart.{name}.latent"], time, inputs["context"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("comfyui", type=Path)
    comfyui_runs.prepare(parser.parse_args().comfyui.resolve(), using={"einops", "comfy_kitchen"})
    tensors = {}
    for run in (flux, flux2, chroma, z_image, sd3, pixart):
        run(tensors, torch.tensor([TIMES[run.__name__]]))
    path = GOLDEN / "comfyui/models.safetensors"
    save_file({key: value.clone().contiguous() for key, value in tensors.items()}, path,
              metadata={"script": "tools/golden/comfyui_models.py", "versions": f"torch {torch.__version__}"})
    print(f"{path.name}: {path.stat().st_size} bytes")
    for name in ("flux", "flux2", "chroma", "z-image", "sd3"):
        with safe_open(GOLDEN / f"spellings/{name}.safetensors", "pt") as file:
            other = file.get_tensor("float16")
        print(f"{name}: {((tensors[f'{name}.velocity'] - other).norm() / other.norm()).item():.1e} from diffusers")


if __name__ == "__main__":
    main()
