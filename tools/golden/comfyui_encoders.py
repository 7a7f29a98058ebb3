"""How families join CLIP and T5, by ComfyUI's own code and diffusers': Tests/Golden/comfyui/encoders.safetensors.

    python tools/golden/comfyui_encoders.py COMFYUI     write the file again

COMFYUI is a folder with ComfyUI's source, a125cd8 or later; nothing of it is copied. CLIP-L, CLIP-G and T5 are as wide as the true ones,
for the code has these widths in it, and small otherwise; their weights follow from names, as those of spellings.py. The vocabularies
are those of Tests/Golden/tokenizers, CLIP's renumbered without gaps. Of tokens and pooled vectors the file has products with four
random vectors. `flux`, `sd3` and `pixart` are ComfyUI's FluxClipModel, SD3ClipModel (whole, and without some of its encoders) and
PixArt's T5, for every text; `node` is what the nodes CLIPTextEncodeSD3 and CLIPTextEncodeFlux give for the rows of NODES; `diffusers` is
`encode_prompt` of its pipelines, of Chroma and PixArt-Sigma for the tokens that they say are real.
"""
import argparse
import json
import tempfile
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
LONG = "a small boat on the ocean, mountains behind the castle, a red flag, astronaut riding a horse, cinematic, quality, " * 4
TEXTS = ["a lighthouse at the sea", "", LONG, "a (small:1.3) boat, (the [ocean] (at night:1.5):0.7), (((masterpiece)))",
         f"(blurry:0.5) {LONG} (castle and mountains behind the boat, very small:1.4)", "(a:0) \\(b\\) (c (d:1.2) e:-0.5)"]
# The encoders that there are, a node, and its texts, by their number or written out.
NODES = [["l g t5", "CLIPTextEncodeSD3", {"clip_l": l, "clip_g": g, "t5xxl": t5, "empty_padding": padding}]
         for padding in ("none", "empty_prompt")
         for l, g, t5 in ((0, 3, 5), ("", 3, 0), (3, "", 0), (0, 3, ""), ("", "", 3), (0, "", ""), ("", "", ""), (2, 0, 3), (0, 2, ""), ("", 2, 0))]
NODES += [[parts, "CLIPTextEncodeSD3", {"clip_l": l, "clip_g": g, "t5xxl": t5, "empty_padding": "none"}]
          for parts in ("l g", "g t5", "l t5") for l, g, t5 in ((0, 3, 5), ("", 3, ""), (2, "", 0), ("", "", ""))]
NODES += [["flux", "CLIPTextEncodeFlux", {"clip_l": l, "t5xxl": t5, "guidance": 2.5}] for l, t5 in ((0, 3), ("", 0), (2, ""), (3, 2))]
NODES += [["l g t5", "CLIPTextEncodeFlux", {"clip_l": 2, "t5xxl": 0, "guidance": 4.0}], ["pixart", "CLIPTextEncodeFlux", {"clip_l": 0, "t5xxl": 3, "guidance": 1.0}]]
CLIP_VOCABULARY, T5_VOCABULARY = 1340, 1000


def clip_config(width, layers, activation):
    return dict(vocab_size=CLIP_VOCABULARY, hidden_size=width, intermediate_size=64, projection_dim=width, num_hidden_layers=layers,
                num_attention_heads=width // 64, max_position_embeddings=77, hidden_act=activation, layer_norm_eps=1e-5,
                bos_token_id=CLIP_VOCABULARY - 2, eos_token_id=CLIP_VOCABULARY - 1, pad_token_id=CLIP_VOCABULARY - 1)


CONFIGS = {
    "clip_l": clip_config(768, 3, "quick_gelu"), "clip_g": clip_config(1280, 2, "gelu"),
    "t5": dict(vocab_size=T5_VOCABULARY, d_model=4096, d_kv=32, num_heads=2, d_ff=64, num_layers=3, layer_norm_epsilon=1e-6,
               relative_attention_num_buckets=32, relative_attention_max_distance=128, feed_forward_proj="gated-gelu",
               pad_token_id=0, eos_token_id=1)}


def models():
    """The encoders of transformers, which say what the tensors are."""
    def filled(kind, config):
        model = kind(config)
        state, shapes = {}, []
        for name, weight in model.state_dict().items():
            if name.endswith("position_ids") or name == "encoder.embed_tokens.weight":
                continue
            shapes.append([name, list(weight.shape), "F8_E4M3" if weight.ndim > 1 else "F32"])
            state[name] = stored(name, shapes[-1][2], shapes[-1][1])
        result = model.load_state_dict(state, strict=False)
        assert not result.unexpected_keys and set(result.missing_keys) <= {"encoder.embed_tokens.weight"}, result
        return model.float().eval(), state, shapes

    clip = transformers.CLIPTextModelWithProjection
    return {"clip_l": filled(clip, transformers.CLIPTextConfig(**CONFIGS["clip_l"])),
            "clip_g": filled(clip, transformers.CLIPTextConfig(**CONFIGS["clip_g"])),
            "t5": filled(transformers.T5EncoderModel, transformers.T5Config(**CONFIGS["t5"]))}


class T5Tokenizer:
    """The tokenizer of a file, with the calls that ComfyUI and diffusers make."""
    model_max_length = 512
    added_tokens_encoder = {}

    def __init__(self, file):
        self.inner = tokenizers.Tokenizer.from_file(str(file))

    @classmethod
    def from_pretrained(cls, file):
        return cls(file)

    def get_vocab(self):
        return self.inner.get_vocab()

    def __call__(self, text, padding=None, max_length=None, truncation=False, return_tensors=None, **rest):
        if isinstance(text, str):
            return {"input_ids": self.inner.encode(text, add_special_tokens=False).ids + [1]}
        rows = [self(one)["input_ids"] for one in text]
        if padding == "longest":
            max_length = max(map(len, rows))
        rows = [(row if len(row) <= max_length else row[: max_length - 1] + [1]) for row in rows]
        ids = torch.tensor([row + [0] * (max_length - len(row)) for row in rows])
        return transformers.BatchEncoding({"input_ids": ids, "attention_mask": (ids != 0).long()})

    def tokenize(self, text):
        return self.inner.encode(text, add_special_tokens=False).tokens

    def batch_decode(self, ids):
        return [str(row) for row in ids]


def clip_folder(folder):
    """CLIP's vocabulary with ids in the same order, without gaps."""
    vocabulary = json.loads((GOLDEN / "tokenizers/clip-l/vocab.json").read_text())
    words = sorted(vocabulary, key=vocabulary.get)
    assert len(words) == CLIP_VOCABULARY
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text((GOLDEN / "tokenizers/clip-l/merges.txt").read_text())
    return str(folder)


def short(tensor):
    """Products with four random vectors."""
    width = tensor.shape[-1]
    return (tensor.double() @ stored(f"short.{width}", "F32", [4, width]).double().T).float()


def comfyui(found, tensors, clip_path, t5_path):
    import comfy.text_encoders.t5
    from comfy.sd1_clip import SDClipModel, SDTokenizer
    from comfy.text_encoders import flux, pixart_t5, sd3_clip
    from comfy_extras import nodes_flux, nodes_sd3

    def clip(name, **options):
        config = CONFIGS[name]
        model = SDClipModel(layer="last", textmodel_json_config=dict(config), dtype=torch.float32, special_tokens={
            "start": CLIP_VOCABULARY - 2, "end": CLIP_VOCABULARY - 1, "pad": 0 if name == "clip_g" else CLIP_VOCABULARY - 1}, **options)
        weights = dict(found[name][1])
        # ComfyUI's table has CLIP's 49408 tokens, whatever the configuration says.
        table = "text_model.embeddings.token_embedding.weight"
        weights[table] = torch.nn.functional.pad(weights[table], (0, 0, 0, 49408 - CLIP_VOCABULARY))
        missing = model.load_sd(weights).missing_keys
        assert not missing, missing
        return model

    def second_last(model):
        # What the constructor of the family asks for; it refuses -2 of two layers, which set_clip_options takes.
        model.set_clip_options({"layer": -2})
        model.options_default = (model.layer, model.layer_idx, model.return_projected_pooled)
        return model

    class T5(SDClipModel):
        def __init__(self):
            config = CONFIGS["t5"] | dict(dense_act_fn="gelu_pytorch_tanh", is_gated_act=True, model_type="t5")
            super().__init__(layer="last", textmodel_json_config=config, dtype=torch.float32, special_tokens={"end": 1, "pad": 0},
                             model_class=comfy.text_encoders.t5.T5)
            missing = self.load_sd(found["t5"][1]).missing_keys
            assert not missing, missing

    class PixArtT5(T5):
        gen_empty_tokens = pixart_t5.T5XXLModel.gen_empty_tokens

    clip_l = SDTokenizer(clip_path)
    clip_g = SDTokenizer(clip_path, pad_with_end=False, embedding_key="clip_g")

    def t5(shortest):
        return SDTokenizer(t5_path, pad_with_end=False, tokenizer_class=T5Tokenizer, has_start_token=False, pad_to_max_length=False,
                           max_length=99999999, min_length=shortest)

    def keep(name, tokens, pooled):
        tensors[f"{name}.tokens"] = short(tokens)
        if pooled is not None:
            tensors[f"{name}.pooled"] = short(pooled)

    def run(i, tokenizers, model):
        """The node of a row, with the two calls that it makes of ComfyUI's CLIP."""
        _, name, inputs = NODES[i]
        inputs = {key: TEXTS[value] if isinstance(value, int) else value for key, value in inputs.items()}
        clip = types.SimpleNamespace(
            tokenize=lambda text: {key: one.tokenize_with_weights(text) for key, one in tokenizers.items()},
            encode_from_tokens_scheduled=lambda pairs, add_dict={}: (*model.encode_token_weights(pairs)[:2], add_dict))
        tokens, pooled, added = vars({"CLIPTextEncodeSD3": nodes_sd3, "CLIPTextEncodeFlux": nodes_flux}[name])[name].execute(clip, **inputs).args[0]
        assert added.get("guidance") == inputs.get("guidance")
        keep(f"node.{i}", tokens, pooled)

    def run_all(parts, tokenizers, model):
        for i in range(len(NODES)):
            if NODES[i][0] == parts:
                run(i, tokenizers, model)

    own_t5 = T5()
    both = flux.FluxClipModel.__new__(flux.FluxClipModel)
    torch.nn.Module.__init__(both)
    both.clip_l, both.t5xxl = clip("clip_l", return_projected_pooled=False), own_t5
    tokens = {"l": clip_l, "t5xxl": t5(256)}
    for layer in (None, -1, -2, -3, -24):
        both.reset_clip_options()
        if layer is not None:
            both.set_clip_options({"layer": layer})
        for i, text in enumerate(TEXTS if layer is None else TEXTS[3:4]):
            pairs = {key: one.tokenize_with_weights(text) for key, one in tokens.items()}
            keep(f"flux.{i}" if layer is None else f"flux.layer.{layer}", *both.encode_token_weights(pairs))
    both.reset_clip_options()
    run_all("flux", tokens, both)

    left = second_last(clip("clip_l", layer_norm_hidden_state=False, return_projected_pooled=False))
    right = second_last(clip("clip_g", layer_norm_hidden_state=False))
    tokens = {"l": clip_l, "g": clip_g, "t5xxl": t5(77)}
    for parts in ("l g t5", "l g", "l t5", "g t5", "l", "g", "t5"):
        model = sd3_clip.SD3ClipModel(clip_l=False, clip_g=False, t5=False)
        chosen = parts.split()
        model.t5_attention_mask = False
        model.clip_l, model.clip_g = left if "l" in chosen else None, right if "g" in chosen else None
        model.t5xxl = own_t5 if "t5" in chosen else None
        for i, text in enumerate(TEXTS):
            if len(chosen) < 3 and i not in (0, 4):
                continue
            pairs = {key: one.tokenize_with_weights(text) for key, one in tokens.items()}
            keep(f"sd3.{parts}.{i}", *model.encode_token_weights(pairs)[:2])
        run_all(parts, tokens, model)
        if parts != "l g t5":
            continue
        for layer in (-1, -2, -3, -24):
            model.reset_clip_options()
            model.set_clip_options({"layer": layer})
            pairs = {key: one.tokenize_with_weights(TEXTS[3]) for key, one in tokens.items()}
            keep(f"sd3.layer.{layer}", *model.encode_token_weights(pairs)[:2])
        model.reset_clip_options()

    alone = PixArtT5()
    for i, text in enumerate(TEXTS):
        keep(f"pixart.{i}", *alone.encode_token_weights(t5(1).tokenize_with_weights(text)))
    model = types.SimpleNamespace(encode_token_weights=lambda pairs: alone.encode_token_weights(pairs["t5xxl"]))
    run_all("pixart", {"t5xxl": t5(1)}, model)


def of_diffusers(found, tensors, clip_path, t5_path):
    tokenizer, second = (transformers.CLIPTokenizer.from_pretrained(clip_path, pad_token=pad, model_max_length=77) for pad in ("<|endoftext|>", "!"))
    t5_tokenizer = T5Tokenizer(t5_path)
    clip_l, clip_g, t5 = (found[name][0] for name in ("clip_l", "clip_g", "t5"))
    text = TEXTS[0]

    sd3 = diffusers.StableDiffusion3Pipeline(
        transformer=None, scheduler=None, vae=None, text_encoder=clip_l, tokenizer=tokenizer, text_encoder_2=clip_g, tokenizer_2=second,
        text_encoder_3=t5, tokenizer_3=t5_tokenizer)
    states, _, pooled, _ = sd3.encode_prompt(text, None, None, do_classifier_free_guidance=False)
    tensors |= {"diffusers.sd3.tokens": short(states), "diffusers.sd3.pooled": short(pooled)}
    bare = transformers.CLIPTextModel(transformers.CLIPTextConfig(**CONFIGS["clip_l"])).float().eval()
    names = set(bare.state_dict())
    state = {key if key in names else key.removeprefix("text_model."): value for key, value in found["clip_l"][1].items()}
    result = bare.load_state_dict({key: value for key, value in state.items() if key in names}, strict=False)
    assert all(key.endswith("position_ids") for key in result.missing_keys), result
    flux = diffusers.FluxPipeline(transformer=None, scheduler=None, vae=None, text_encoder=bare, tokenizer=tokenizer, text_encoder_2=t5,
                                  tokenizer_2=t5_tokenizer)
    states, pooled, _ = flux.encode_prompt(text, None, max_sequence_length=256)
    tensors |= {"diffusers.flux.tokens": short(states), "diffusers.flux.pooled": short(pooled)}

    parts = dict(text_encoder=t5, tokenizer=t5_tokenizer, vae=None, transformer=None, scheduler=None)
    for name, pipeline in (("chroma", diffusers.ChromaPipeline(**parts)), ("pixart", diffusers.PixArtSigmaPipeline(**parts))):
        for i, text in enumerate(TEXTS[:3]):
            states, *rest = pipeline.encode_prompt(text, do_classifier_free_guidance=False, device="cpu")
            count = int(rest[1 if name == "chroma" else 0].sum())
            tensors[f"diffusers.{name}.{i}.tokens"] = short(states[:, :count])
    return tensors


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("comfyui", type=Path)
    comfyui_runs.prepare(parser.parse_args().comfyui.resolve())
    found, tensors = models(), {}
    with tempfile.TemporaryDirectory() as folder:
        paths = clip_folder(Path(folder)), GOLDEN / "tokenizers/qwen-t5/t5.json"
        comfyui(found, tensors, *paths)
        tensors = of_diffusers(found, tensors, *paths)
    path = GOLDEN / "comfyui/encoders.safetensors"
    save_file({key: value.clone().contiguous() for key, value in tensors.items()}, path, metadata={
        "script": "tools/golden/comfyui_encoders.py", "texts": json.dumps(TEXTS), "configs": json.dumps(CONFIGS), "nodes": json.dumps(NODES),
        "tensors": json.dumps({name: shapes for name, (_, _, shapes) in found.items()}, separators=(",", ":")),
        "versions": f"torch {torch.__version__}, transformers {transformers.__version__}, diffusers {diffusers.__version__}"})
    print(f"{path.name}: {path.stat().st_size} bytes, {len(tensors)} tensors")
    for key, value in tensors.items():
        assert value.isfinite().all(), key
        print(key, list(value.shape), f"{value.std().item():.3f}")


if __name__ == "__main__":
    main()
