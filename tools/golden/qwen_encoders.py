r"""What Z-Image and FLUX.2 klein take of Qwen3, by ComfyUI's own code and diffusers': Tests/Golden/comfyui/qwen.safetensors.

    python tools/golden/qwen_encoders.py COMFYUI [--flux FILE]     write the file again

COMFYUI is a folder with ComfyUI's source of January 2026 or later; where it does not know FLUX.2 klein yet, FILE is
comfy/text_encoders/flux.py of a later one. Nothing of them is copied. The model is a Qwen3 of 30 layers, small but for the heads,
whose width is in ComfyUI's code; its weights follow from names, as those of spellings.py. The vocabulary is
Tests/Golden/tokenizers/qwen-t5/qwen.json, whose `<|endoftext|>` stands for the id that ComfyUI fills up with.

`z_image` and `klein` are the classes of the families: ids of every text with what fills up, and how many of them are seen (in the
metadata), and of the states products with four random vectors. `diffusers` is `encode_prompt` of its pipelines for the texts that
mean the same there: it keeps `\(`, and sees what follows an `<|endoftext|>`. Of a long text it has the first 512 tokens.
"""
import argparse
import importlib.util
import json
import sys
import types
from pathlib import Path

import comfyui_runs
import diffusers
import tokenizers
import torch
import transformers
from safetensors.torch import save_file
from spellings import stored

GOLDEN = Path(__file__).resolve().parents[2] / "Tests/Golden"
VOCABULARY = GOLDEN / "tokenizers/qwen-t5/qwen.json"
LONG = "a small boat on the ocean, mountains behind the castle, a red flag, an astronaut riding a horse, cinematic, quality, " * 14
TEXTS = ["a lighthouse at the sea", "", LONG, "a (small:1.3) boat, ((the castle)) [at night] (a:1.2)",
         "\\(b\\) (\\)c (d:1.2) \\\\( {e} {} \\n\n  two lines\n", "a cat<|im_end|> in <think>the city", "before <|endoftext|> after (a:1.2)"]
CONFIG = dict(vocab_size=920, hidden_size=48, intermediate_size=64, num_hidden_layers=30, num_attention_heads=2, num_key_value_heads=1)
# The part of Qwen3's own template that a user's text goes through.
TEMPLATE = ("{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{%- endfor %}"
            "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
            "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}")


class Tokenizer:
    """The tokenizer of a file, with the calls that ComfyUI makes."""

    def __init__(self):
        self.inner = tokenizers.Tokenizer.from_file(str(VOCABULARY))

    @classmethod
    def from_pretrained(cls, folder):
        return cls()

    def get_vocab(self):
        return self.inner.get_vocab()

    def __call__(self, text):
        return {"input_ids": self.inner.encode(text, add_special_tokens=False).ids}


def short(tensor):
    """Products with four random vectors."""
    width = tensor.shape[-1]
    return (tensor.double() @ stored(f"short.{width}", "F32", [4, width]).double().T).float()


def reference():
    """The model of transformers, which says what the tensors are."""
    config = transformers.Qwen3Config(**CONFIG, head_dim=128, max_position_embeddings=40960, rms_norm_eps=1e-6, tie_word_embeddings=True,
                                      rope_parameters={"rope_type": "default", "rope_theta": 1e6})
    model = transformers.Qwen3ForCausalLM(config)
    names = {name: list(weight.shape) for name, weight in model.state_dict().items() if name != "lm_head.weight"}
    shapes = [[name, shape, "F8_E4M3" if len(shape) > 1 else "F32"] for name, shape in names.items()]
    state = {name: stored(name, kind, shape) for name, shape, kind in shapes}
    result = model.load_state_dict(state, strict=False)
    assert not result.unexpected_keys and set(result.missing_keys) <= {"lm_head.weight"}, result
    return model.float().eval(), config, state, shapes


def klein_module(path):
    """The module of ComfyUI that knows FLUX.2 klein: of the checkout, or the file `path`, which some forks import from other places."""
    from comfy.text_encoders import flux, llama
    if hasattr(flux, "KleinTokenizer"):
        return flux
    assert path, "this ComfyUI does not know FLUX.2 klein; name a later comfy/text_encoders/flux.py with --flux"
    for name in ("Qwen3_4B", "Qwen3_8B"):
        if not hasattr(llama, name):
            setattr(llama, name, llama.Qwen3_4B)
    for name, values in {"comfy.transformers_compat": dict.fromkeys(["T5TokenizerFast", "LlamaTokenizerFast", "Qwen2TokenizerFast"]),
                         "comfy.component_model": {"files": types.SimpleNamespace(get_package_as_path=str)}}.items():
        sys.modules.setdefault(name, types.ModuleType(name)).__dict__.update(values)
    spec = importlib.util.spec_from_file_location("comfy.text_encoders.later_flux", path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def comfyui(state, tensors, later):
    from comfy.text_encoders import z_image
    klein = klein_module(later)
    end = Tokenizer().get_vocab()["<|endoftext|>"]
    texts, layers = {}, {}
    for name, (made, build) in {"z_image": (z_image.ZImageTokenizer, z_image.te()),
                                "klein": (klein.KleinTokenizer, klein.klein_te())}.items():
        module = sys.modules[made.__module__]
        for spelling in ("Qwen2Tokenizer", "Qwen2TokenizerFast"):
            if hasattr(module, spelling):
                setattr(module, spelling, Tokenizer)
        tokenizer = made()
        tokenizer.qwen3_4b.pad_token = end
        model = build(dtype=torch.float32, model_options={"qwen3_4b_model_config": dict(CONFIG)})
        assert model.qwen3_4b.special_tokens == {"pad": 151643}
        model.qwen3_4b.special_tokens = {"pad": end}
        missing = model.load_sd(state).missing_keys
        assert not missing, missing
        rows = texts[name] = []
        for i, text in enumerate(TEXTS):
            pairs = tokenizer.tokenize_with_weights(text)
            (batch,) = pairs["qwen3_4b"]
            assert all(weight == 1 for _, weight in batch)
            tokens, pooled, extra = model.encode_token_weights(pairs)
            mask = extra["attention_mask"].flatten().tolist()
            assert pooled is None and mask == sorted(mask, reverse=True)
            rows.append({"ids": [id for id, _ in batch], "seen": sum(mask)})
            tensors[f"{name}.{i}"] = short(tokens)
        model.set_clip_options({"layer": -5})
        layers[name] = short(model.encode_token_weights(tokenizer.tokenize_with_weights(TEXTS[0]))[0])
    tensors["z_image.layer.-5"] = layers["z_image"]
    assert layers["klein"].equal(tensors["klein.0"]), "FLUX.2 takes other states"
    return texts


def of_diffusers(model, tensors):
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(VOCABULARY), pad_token="<|endoftext|>", chat_template=TEMPLATE,
                                                     padding_side="right")
    parts = dict(scheduler=None, vae=None, tokenizer=tokenizer, transformer=None)
    z_image = diffusers.ZImagePipeline(text_encoder=model.model, **parts)
    klein = diffusers.Flux2KleinPipeline(text_encoder=model, **parts)
    for i, text in enumerate(TEXTS):
        if "\\(" in text or "<|endoftext|>" in text:
            continue
        (states,), _ = z_image.encode_prompt(text, device="cpu", do_classifier_free_guidance=False)
        tensors[f"diffusers.z_image.{i}"] = short(states[None])
        states, _ = klein.encode_prompt(text, device="cpu")
        tensors[f"diffusers.klein.{i}"] = short(states)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("comfyui", type=Path)
    parser.add_argument("--flux", type=Path)
    options = parser.parse_args()
    comfyui_runs.prepare(options.comfyui.resolve())
    (model, config, state, shapes), tensors = reference(), {}
    rows = comfyui(state, tensors, options.flux)
    of_diffusers(model, tensors)
    path = GOLDEN / "comfyui/qwen.safetensors"
    save_file({key: value.clone().contiguous() for key, value in tensors.items()}, path, metadata={
        "script": "tools/golden/qwen_encoders.py", "texts": json.dumps(TEXTS), "config": config.to_json_string(use_diff=False),
        "tensors": json.dumps(shapes, separators=(",", ":")), "rows": json.dumps(rows, separators=(",", ":")),
        "versions": f"torch {torch.__version__}, transformers {transformers.__version__}, diffusers {diffusers.__version__}"})
    print(f"{path.name}: {path.stat().st_size} bytes, {len(tensors)} tensors")
    for key, value in tensors.items():
        assert value.isfinite().all(), key
        name, _, i = key.removeprefix("diffusers.").rpartition(".")
        end = f"{rows[name][int(i)]['seen']} seen" if name in rows else ""
        if key.startswith("diffusers"):
            other = tensors[f"{name}.{i}"][:, :value.shape[1]]
            end = f"{((value - other).norm() / other.norm()).item():.1e} from ComfyUI's"
        print(key, list(value.shape), f"{value.std().item():.3f}", end)


if __name__ == "__main__":
    main()
