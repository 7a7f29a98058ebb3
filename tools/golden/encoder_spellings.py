"""Text encoders and an autoencoder in every precision of files, and GGUF files with tokenizers.

    python tools/golden/encoder_spellings.py

Written are Tests/Golden/spellings/{t5,qwen3,vae}.safetensors as spellings.py does it, without weights: what transformers and diffusers
give in float32 with what the files' bytes stand for; and Tests/Golden/tokenizers/gguf/{t5,qwen3}.gguf, whole small files written by
gguf-py under llama.cpp's names with the tokenizers of qwen_t5_tokenizers.py in the metadata, and expected.safetensors beside them:
for each text of its metadata the states that transformers gives for the ids of Hugging Face's tokenizers.
"""
import base64
import json

import diffusers
import gguf
import spellings
import torch
import transformers
from gguf import GGMLQuantizationType as Type
from models import random
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import Qwen3Config, Qwen3Model, T5Config, T5EncoderModel

ROOT = spellings.OUTPUT.parents[2]
TOKENIZERS = ROOT / "Tests/Golden/tokenizers"
TEXTS = ["a red boat on the sea", "一只猫在月光下", "  holding a flower,  8k "]
IDS = torch.tensor([[5, 17, 3, 60, 44, 1]])
NAMES = ["float16", "bfloat16", "fp8", "fp8 e5m2", "scaled_fp8", "comfy_quant", "int8", "int8 convrot", "gguf Q8_0"]
VARIANTS = {name: ("diffusers", kind, "", *rest) for name in NAMES for _, kind, _, *rest in [spellings.VARIANTS[name]]}
VARIANTS |= {"gguf K": ("diffusers", "gguf", "", "", ["Q4_K", "Q6_K", "Q5_K"], "F16", "F32")}
kind_of_layer = spellings.kind_of


def kind_of(name, shape, turn, matrices, tables, rest):
    """Tables of embeddings and of relative positions are no layers."""
    is_table = any(part in name for part in ("shared.", "embed_tokens.", "relative_attention_bias."))
    return tables if is_table else kind_of_layer(name, shape, turn, matrices, tables, rest)


class Named:
    """A model by the names that its file has: one of those that are tied."""
    def __init__(self, model, skipped=()):
        self.model, self.skipped = model.eval(), skipped

    def state_dict(self):
        return {key: value for key, value in self.model.state_dict().items() if key not in self.skipped}

    def load_state_dict(self, state):
        missing, unexpected = self.model.load_state_dict(state, strict=False)
        assert not unexpected and set(missing) <= set(self.skipped), (missing, unexpected)


def t5(width, vocabulary, head=64):
    config = T5Config(d_model=width, d_kv=head, d_ff=width, num_layers=2, num_heads=width // head, vocab_size=vocabulary, feed_forward_proj="gated-gelu")
    return config, Named(T5EncoderModel(config), ["encoder.embed_tokens.weight"])


def qwen3(width, vocabulary):
    config = Qwen3Config(hidden_size=width, intermediate_size=width, num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=1,
                         head_dim=64, vocab_size=vocabulary, rope_theta=1e6, rms_norm_eps=1e-6)
    return config, Named(Qwen3Model(config))


def compressed():
    spellings.kind_of = kind_of

    def write(name, model, config, inputs, run):
        table = {key: ([key], False) for key in model.state_dict()}
        spellings.write(name, model, config, table, inputs, lambda model: run(model.model), VARIANTS)

    # Scores are not scaled in T5: narrow heads keep those of random weights apart from the step that they become.
    config, model = t5(256, 64, head=4)
    write("t5", model, {}, {"ids": IDS.float()}, lambda model: model(IDS).last_hidden_state)
    config, model = qwen3(256, 64)
    write("qwen3", model, {}, {"ids": IDS.float()}, lambda model: model(IDS, output_hidden_states=True).hidden_states[-2])
    levels = dict(down_block_types=["DownEncoderBlock2D"] * 2, up_block_types=["UpDecoderBlock2D"] * 2, block_out_channels=[32, 64],
                  layers_per_block=1, norm_num_groups=32)
    model = Named(diffusers.AutoencoderKL(**levels, latent_channels=4, use_quant_conv=False, use_post_quant_conv=False))
    latent = random("latent", 1, 4, 6, 5)
    write("vae", model, {}, {"latent": latent}, lambda model: model.decode(latent).sample)


def file(name, arch, model, layers, kinds, add_tokenizer):
    """A GGUF file of a model, whose weights become those that it stands for."""
    writer = gguf.GGUFWriter(TOKENIZERS / f"gguf/{name}.gguf", gguf.MODEL_ARCH_NAMES[arch])
    names, state = gguf.get_tensor_name_map(arch, layers), {}
    for turn, (key, value) in enumerate(model.state_dict().items()):
        array = spellings.value(spellings.floats(key, value.numel(), "F32", spellings.size(value.shape) if value.ndim > 1 else 0,
                                                 spread=4 if value.ndim > 1 else 1, signed=value.ndim > 1), "F32").reshape(value.shape).numpy()
        other = names.get_name("model." + key if arch == gguf.MODEL_ARCH.QWEN3 else key, try_suffixes=(".weight",))
        kind = kinds[turn % len(kinds)] if value.ndim > 1 and "relative" not in key else Type.F32
        data = gguf.quantize(array, kind)
        writer.add_tensor(other, data, raw_dtype=kind)
        state[key] = torch.from_numpy(gguf.dequantize(data, kind).copy()).reshape(value.shape)
    add_tokenizer(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    model.load_state_dict(state)


def described(name):
    path = TOKENIZERS / f"qwen-t5/{name}.json"
    about = json.loads(path.read_text())
    vocabulary = about["model"]["vocab"]
    tokens = [row[0] for row in vocabulary] if name == "t5" else sorted(vocabulary, key=vocabulary.get)
    tokens += [token["content"] for token in sorted(about["added_tokens"], key=lambda token: token["id"]) if token["id"] >= len(tokens)]
    return Tokenizer.from_file(str(path)), about, tokens


def carried():
    (TOKENIZERS / "gguf").mkdir(exist_ok=True)
    tensors = {}
    tokenizer, about, tokens = described("t5")
    _, model = t5(64, len(tokens))

    def add_t5(writer):
        control = {token["content"] for token in about["added_tokens"] if token["special"]}
        charsmap = next(part for part in about["normalizer"]["normalizers"] if part["type"] == "Precompiled")["precompiled_charsmap"]
        writer.add_tokenizer_model("t5")
        writer.add_token_list(tokens)
        scores = [row[1] for row in about["model"]["vocab"]]
        writer.add_token_scores(scores + [0.0] * (len(tokens) - len(scores)))
        writer.add_token_types([2 if token == "<unk>" else 3 if token in control else 1 for token in tokens])
        writer.add_precompiled_charsmap(base64.b64decode(charsmap))
        writer.add_add_space_prefix(True)
        writer.add_remove_extra_whitespaces(True)
        writer.add_unk_token_id(2)
        writer.add_eos_token_id(1)
        writer.add_pad_token_id(0)

    file("t5", gguf.MODEL_ARCH.T5ENCODER, model, 2, [Type.Q8_0, Type.Q4_0, Type.Q5_1], add_t5)
    for index, text in enumerate(TEXTS):
        ids = tokenizer.encode(text, add_special_tokens=False).ids + [1]
        tensors[f"t5.{index}"] = model.model(torch.tensor([ids])).last_hidden_state

    tokenizer, about, tokens = described("qwen")
    _, model = qwen3(64, len(tokens))

    def add_qwen(writer):
        control = {token["content"] for token in about["added_tokens"] if token["special"]}
        added = {token["content"] for token in about["added_tokens"]}
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("qwen2")
        writer.add_token_list(tokens)
        writer.add_token_types([3 if token in control else 4 if token in added else 1 for token in tokens])
        writer.add_token_merges([" ".join(pair) for pair in about["model"]["merges"]])
        writer.add_pad_token_id(tokens.index("<|endoftext|>"))

    file("qwen3", gguf.MODEL_ARCH.QWEN3, model, 3, [Type.Q8_0, Type.Q4_0, Type.Q5_1], add_qwen)
    for index, text in enumerate(TEXTS):
        ids = tokenizer.encode(f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n").ids
        tensors[f"qwen3.{index}"] = model.model(torch.tensor([ids]), output_hidden_states=True).hidden_states[-2]
    save_file({key: value.contiguous() for key, value in tensors.items()}, TOKENIZERS / "gguf/expected.safetensors",
              metadata={"script": "tools/golden/encoder_spellings.py",
                        "versions": f"torch {torch.__version__}, transformers {transformers.__version__}", "texts": json.dumps(TEXTS)})


if __name__ == "__main__":
    carried()
    compressed()
