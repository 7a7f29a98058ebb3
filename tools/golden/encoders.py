"""Tiny text encoders with random weights, run by transformers in float32, and the shapes of real ones:
Tests/Golden/models/{t5,umt5,qwen3,open-clip}.safetensors and encoder-shapes.json.

    python tools/golden/encoders.py

Files of weights are as those of `models.py`, with whose functions they are filled. Where llama.cpp has other names, the
metadata's `gguf` tells them: gguf-py's own table, that of llama.cpp's converter. OpenCLIP's text tower is written here
from PyTorch's own attention, as in CLIP's original `model.py`, so that its tensors have their names from there.

`encoder-shapes.json` has the tensors of published encoders, as transformers makes them from their configurations: each
name with `*` for the number of a layer, and for each of those the shape.
"""
import json
import re
from collections import OrderedDict

import gguf
import torch
import transformers
from safetensors.torch import save_file
from torch import nn

from models import OUTPUT, fill

VERSIONS = f"torch {torch.__version__}, transformers {transformers.__version__}"


def gguf_names(architecture, keys, layers):
    """llama.cpp's name for each key that it has one for."""
    table = gguf.get_tensor_name_map(architecture, layers)
    names = {key: table.get_name(key, try_suffixes=(".weight", ".bias")) for key in keys}
    return {key: name for key, name in names.items() if name}


def save(name, weights, tensors, **metadata):
    weights = {"model." + key: value.half() for key, value in weights.items()}
    metadata = {key: json.dumps(value) for key, value in metadata.items()} | {
        "script": "tools/golden/encoders.py", "seed": "crc32 of each tensor's name", "versions": VERSIONS}
    path = OUTPUT / f"{name}.safetensors"
    save_file({k: v.clone().contiguous() for k, v in (weights | tensors).items()}, path, metadata=metadata)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def mask(lengths, length):
    return (torch.arange(length)[None] < torch.tensor(lengths)[:, None]).long()


def states(prefix, output):
    return {f"{prefix}.{i}": state for i, state in enumerate(output.hidden_states)}


def t5(name, config_class, model_class):
    """Two sequences, seen whole and in part, and one longer than the largest distance."""
    config = dict(vocab_size=60, d_model=20, d_kv=8, d_ff=28, num_layers=3, num_heads=3, feed_forward_proj="gated-gelu",
                  relative_attention_num_buckets=32, relative_attention_max_distance=128, layer_norm_epsilon=1e-6,
                  dropout_rate=0.0, tie_word_embeddings=False)
    model = fill(model_class(config_class(**config)))
    model.encoder.embed_tokens.weight.copy_(model.shared.weight)
    ids = torch.randint(0, 60, (2, 24), generator=torch.Generator().manual_seed(1))
    lengths = torch.tensor([5, 17])
    long = torch.randint(0, 60, (1, 300), generator=torch.Generator().manual_seed(2))
    whole = model(ids, output_hidden_states=True)
    part = model(ids, attention_mask=mask(lengths.tolist(), 24), output_hidden_states=True)
    weights = {k: v for k, v in model.state_dict().items() if k != "encoder.embed_tokens.weight"}
    save(name, weights,
         {"ids": ids, "lengths": lengths, "long.ids": long, "long.last": model(long).last_hidden_state}
         | states("hidden", whole) | states("masked", part),
         config=config, gguf=gguf_names(gguf.MODEL_ARCH.T5ENCODER, weights, 3))


def qwen3():
    """Two sequences, seen whole and in part; the last state is normed."""
    config = dict(vocab_size=60, hidden_size=20, intermediate_size=28, num_hidden_layers=3, num_attention_heads=4,
                  num_key_value_heads=2, head_dim=8, rms_norm_eps=1e-6, hidden_act="silu", attention_bias=False,
                  max_position_embeddings=64, tie_word_embeddings=True,
                  rope_parameters={"rope_type": "default", "rope_theta": 1000000.0})
    model = fill(transformers.Qwen3Model(transformers.Qwen3Config(**config)))
    ids = torch.randint(0, 60, (2, 24), generator=torch.Generator().manual_seed(3))
    lengths = torch.tensor([5, 17])
    whole = model(ids, output_hidden_states=True)
    part = model(ids, attention_mask=mask(lengths.tolist(), 24), output_hidden_states=True)
    weights = model.state_dict()
    names = gguf_names(gguf.MODEL_ARCH.QWEN3, ["model." + key for key in weights], 3)
    save("qwen3", weights, {"ids": ids, "lengths": lengths} | states("hidden", whole) | states("masked", part),
         config=config, gguf={key.removeprefix("model."): name for key, name in names.items()})


class ResidualAttentionBlock(nn.Module):
    def __init__(self, width, heads, inner):
        super().__init__()
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(OrderedDict(
            c_fc=nn.Linear(width, inner), gelu=nn.GELU(), c_proj=nn.Linear(inner, width)))
        self.ln_2 = nn.LayerNorm(width)

    def forward(self, x):
        causal = torch.full((x.shape[1], x.shape[1]), float("-inf")).triu(1)
        n = self.ln_1(x)
        x = x + self.attn(n, n, n, need_weights=False, attn_mask=causal)[0]
        return x + self.mlp(self.ln_2(x))


class TextTower(nn.Module):
    def __init__(self, vocabulary, positions, width, heads, inner, layers, projection):
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.positional_embedding = nn.Parameter(torch.empty(positions, width))
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.ModuleList(ResidualAttentionBlock(width, heads, inner) for _ in range(layers))
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.empty(width, projection))

    def forward(self, ids):
        x = self.token_embedding(ids) + self.positional_embedding[: ids.shape[1]]
        hidden = [x]
        for block in self.transformer.resblocks:
            x = block(x)
            hidden.append(x)
        last = self.ln_final(x)
        pooled = last[torch.arange(len(ids)), ids.argmax(-1)]
        return hidden, last, pooled @ self.text_projection


def open_clip():
    """A text tower of one head of 64: the shapes tell all of its configuration."""
    model = TextTower(vocabulary=40, positions=9, width=64, heads=1, inner=20, layers=2, projection=12)
    for name, module in model.named_modules():  # `fill` knows norms by their names.
        if isinstance(module, nn.LayerNorm):
            module.weight.data.normal_(1, 0.1, generator=torch.Generator().manual_seed(len(name)))
    kept = {k: v.half().float() for k, v in model.state_dict().items() if "ln_" in k and k.endswith("weight")}
    fill(model).load_state_dict(kept, strict=False)
    ids = torch.tensor([[38, 5, 6, 7, 39, 39, 39, 39, 39], [38, 1, 2, 3, 4, 5, 6, 7, 39]])
    hidden, last, projected = model(ids)
    save("open-clip", model.state_dict(), {"ids": ids, "last": last, "projected": projected}
         | {f"hidden.{i}": state for i, state in enumerate(hidden)})


def shapes(model):
    """The names of a model's tensors, with `*` for a layer's number, and their shapes; a layer's are those of layer 1, and of
    layer 0 where only that one has it."""
    rows = {}
    for key, value in model.state_dict().items():
        if not value.is_floating_point():
            continue
        pattern, layer = re.subn(r"(layers|block|blocks|resblocks)\.(\d+)\.", r"\1.*.", key, count=1)
        rows.setdefault(pattern, {})[key] = list(value.shape)
    result = {}
    for pattern, found in rows.items():
        if len(found) == 1:
            key, shape = next(iter(found.items()))
            result[key] = shape
        else:
            result[pattern] = next(iter(found.values()))
    return result


def published():
    """Encoders by their published configurations: kind as `TextEncoderKind` describes it, layers, tensors, names in GGUF."""
    T, meta = transformers, torch.device("meta")
    qwen3 = dict(vocab_size=151936, head_dim=128, num_key_value_heads=8)
    qwen25 = dict(hidden_size=3584, intermediate_size=18944, num_hidden_layers=28, num_attention_heads=28,
                  num_key_value_heads=4, vocab_size=152064)
    t5 = dict(vocab_size=32128, d_model=4096, d_kv=64, d_ff=10240, num_layers=24, num_heads=64,
              feed_forward_proj="gated-gelu")
    arch = gguf.MODEL_ARCH
    rows = [
        ("CLIP-L", T.CLIPTextModelWithProjection, T.CLIPTextConfig(
            hidden_size=768, intermediate_size=3072, projection_dim=768, num_hidden_layers=12, num_attention_heads=12,
            hidden_act="quick_gelu", eos_token_id=49407), None),
        ("CLIP-H", T.CLIPTextModelWithProjection, T.CLIPTextConfig(
            hidden_size=1024, intermediate_size=4096, projection_dim=1024, num_hidden_layers=24, num_attention_heads=16,
            hidden_act="gelu", eos_token_id=49407), None),
        ("CLIP-G", T.CLIPTextModelWithProjection, T.CLIPTextConfig(
            hidden_size=1280, intermediate_size=5120, projection_dim=1280, num_hidden_layers=32, num_attention_heads=20,
            hidden_act="gelu", eos_token_id=49407), None),
        ("T5-XXL", T.T5EncoderModel, T.T5Config(**t5), arch.T5ENCODER),
        ("T5-XL", T.T5EncoderModel, T.T5Config(**t5 | dict(d_model=2048, d_ff=5120, num_heads=32)), arch.T5ENCODER),
        ("UMT5-XXL", T.UMT5EncoderModel, T.UMT5Config(**t5 | dict(vocab_size=256384)), arch.T5ENCODER),
        ("mT5, 2048 wide, whose vocabulary is not that of T5", T.MT5EncoderModel, T.MT5Config(
            **t5 | dict(vocab_size=250112, d_model=2048, d_ff=5120, num_heads=32)), arch.T5ENCODER),
        ("T5 1.0, 1024 wide, whose perceptron has no gate", T.T5EncoderModel, T.T5Config(
            **t5 | dict(d_model=1024, d_kv=128, d_ff=65536, num_heads=128, feed_forward_proj="relu")), arch.T5ENCODER),
        ("Qwen3-0.6B", T.Qwen3ForCausalLM, T.Qwen3Config(
            hidden_size=1024, intermediate_size=3072, num_hidden_layers=28, num_attention_heads=16, **qwen3), arch.QWEN3),
        ("Qwen3-1.7B", T.Qwen3ForCausalLM, T.Qwen3Config(
            hidden_size=2048, intermediate_size=6144, num_hidden_layers=28, num_attention_heads=16, **qwen3), arch.QWEN3),
        ("Qwen3-4B", T.Qwen3ForCausalLM, T.Qwen3Config(
            hidden_size=2560, intermediate_size=9728, num_hidden_layers=36, num_attention_heads=32, **qwen3), arch.QWEN3),
        ("Qwen3-8B", T.Qwen3ForCausalLM, T.Qwen3Config(
            hidden_size=4096, intermediate_size=12288, num_hidden_layers=36, num_attention_heads=32, **qwen3), arch.QWEN3),
        ("Gemma 2, 2304 wide", T.Gemma2Model, T.Gemma2Config(
            hidden_size=2304, intermediate_size=9216, num_hidden_layers=26, num_attention_heads=8, num_key_value_heads=4,
            head_dim=256), arch.GEMMA2),
        ("Gemma 3, 2560 wide", T.Gemma3TextModel, T.Gemma3TextConfig(
            hidden_size=2560, intermediate_size=10240, num_hidden_layers=34, num_attention_heads=8, num_key_value_heads=4,
            head_dim=256), arch.GEMMA3),
        ("Llama 3, 4096 wide", T.LlamaForCausalLM, T.LlamaConfig(
            vocab_size=128256, hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, num_attention_heads=32,
            num_key_value_heads=8), arch.LLAMA),
        ("Mistral 3, 5120 wide", T.Mistral3ForConditionalGeneration, T.Mistral3Config(
            text_config=dict(model_type="mistral", vocab_size=131072, hidden_size=5120, intermediate_size=32768,
                             num_hidden_layers=40, num_attention_heads=32, num_key_value_heads=8, head_dim=128),
            vision_config=dict(model_type="pixtral", hidden_size=1024, intermediate_size=4096, num_hidden_layers=24,
                               num_attention_heads=16)), None),
        ("Qwen2.5-VL 7B, 3584 wide", T.Qwen2_5_VLForConditionalGeneration, T.Qwen2_5_VLConfig(
            text_config=qwen25, vision_config=dict(depth=2, out_hidden_size=3584)), None),
        ("Qwen3-VL, 2560 wide", T.Qwen3VLForConditionalGeneration, T.Qwen3VLConfig(
            text_config=dict(hidden_size=2560, intermediate_size=9728, num_hidden_layers=36, num_attention_heads=32,
                             **qwen3), vision_config=dict(depth=27, out_hidden_size=2560)), None),
        ("Qwen3.5, 2048 wide", T.Qwen3_5TextModel, T.Qwen3_5TextConfig(
            vocab_size=248320, hidden_size=2048, intermediate_size=6144, num_hidden_layers=4), None),
    ]
    entries = {}
    for kind, model_class, config, architecture in rows:
        with meta:
            model = model_class(config)
        tensors = shapes(model)
        text = config.get_text_config()
        layers = text.num_layers if hasattr(text, "num_layers") else text.num_hidden_layers
        entry = {"kind": kind, "layers": layers, "tensors": tensors, "config": known(config)}
        if architecture is not None:
            names = gguf_names(architecture, [key.replace(".*.", ".1.") for key in tensors], 2)
            entry["gguf"] = {key: names[key.replace(".*.", ".1.")].replace(".1.", ".*.") for key in tensors
                             if key.replace(".*.", ".1.") in names}
        entries[kind] = entry
        if kind.startswith("CLIP"):
            with meta:
                tower = TextTower(49408, 77, config.hidden_size, config.num_attention_heads, config.intermediate_size,
                                  layers, config.projection_dim)
            entries[kind + " in OpenCLIP's spelling"] = entry | {"tensors": shapes(tower)}
    path = OUTPUT / "encoder-shapes.json"
    text = ",\n".join(f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items())
    path.write_text(f'{{"script": "tools/golden/encoders.py", "versions": "{VERSIONS}", "encoders": {{\n{text}\n}}}}\n')
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def known(config):
    """What the tensors should tell again."""
    keys = ("vocab_size", "hidden_size", "d_model", "d_kv", "d_ff", "num_heads", "num_layers", "intermediate_size",
            "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "projection_dim",
            "max_position_embeddings", "hidden_act", "eos_token_id", "feed_forward_proj", "layer_norm_eps", "rms_norm_eps")
    return {key: getattr(config, key) for key in keys if isinstance(getattr(config, key, None), (int, str, float))}


def main():
    t5("t5", transformers.T5Config, transformers.T5EncoderModel)
    t5("umt5", transformers.UMT5Config, transformers.UMT5EncoderModel)
    qwen3()
    open_clip()
    published()


if __name__ == "__main__":
    main()
