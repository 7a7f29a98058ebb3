"""How ComfyUI cuts long prompts into sequences and weighs their states: Tests/Golden/comfyui/prompt_sections.*.

    python tools/golden/prompt_sections.py COMFYUI

COMFYUI is a checkout of ComfyUI; `SDTokenizer.tokenize_with_weights` and `ClipTokenWeightEncoder.encode_token_weights` of its
sd1_clip.py run as they are, over a toy tokenizer (a token for each word: the number of its letters) and a toy encoder (a token's
state is noise that depends on the id, its place and its neighbour). The .json has sequences of ids and weights for many texts and
layouts, and which sequences are encoded; the .safetensors has the encoder's states and the weighted ones for some.
"""
import ast
import itertools
import json
import re
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace

import torch
from safetensors.torch import save_file

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/comfyui"
torch.set_grad_enabled(False)

# The arguments of SDTokenizer: what CLIP-L, CLIP-G and T5 have (start 98, end 99), at their own lengths and at short ones.
LAYOUTS = {
    "clip_l": dict(start=98, end=99, pad=99, max_length=77, pad_to_max_length=True),
    "clip_g": dict(start=98, end=99, pad=0, max_length=77, pad_to_max_length=True),
    "clip_short": dict(start=98, end=99, pad=0, max_length=12, pad_to_max_length=True),
    "t5_flux": dict(end=99, pad=0, max_length=99999999, min_length=256),
    "t5_sd3": dict(end=99, pad=0, max_length=99999999, min_length=77),
    "t5_pixart": dict(end=99, pad=0, max_length=99999999, min_length=1),
    "t5_padded": dict(end=99, pad=0, max_length=99999999, min_length=20, min_padding=9),
}
LONG = " ".join("abcdefghijk"[: 1 + (7 * i) % 11] for i in range(200))


def words(count, start=0):
    return " ".join(LONG.split()[start : start + count])


TEXTS = [
    "", "cat", "a (small:1.3) cat", words(10), words(11), words(74), words(75), words(76), words(150), words(151), words(180),
    # Short pieces are kept together, long ones are broken, at the end of a sequence.
    f"{words(72)} (ab cde:1.2) f", f"{words(72)} (a bc def:1.2) g", f"{words(73)} (a bc def ghij a bc def:0.5) g",
    f"{words(70)} (a bc def ghij a bc def ghij:0.5) g", f"{words(75)} (a:1.1)", f"{words(9)} (ab:1.5) (cde fg:0.2) {words(8)}",
    f"({words(90)}:1.4) {words(3)}", f"{words(5)} ({words(30, 7)}:0.7) (x:-1) (y z:2) ({words(7)}:1.1) {words(40)}", "(a:1)(b:1.0)", "(:1.2)",
    " ".join(f"(ab cd ef:1.{i % 10})" for i in range(40)), f"({words(7)})" * 12, f"({words(8)})" * 12,
]


def functions(path, wanted, **scope):
    """Functions of a module as they stand in its source; "Class.name" is a method."""
    for node in ast.parse(path.read_text()).body:
        of_class = isinstance(node, ast.ClassDef)
        found = [f for f in (node.body if of_class else [node])
                 if isinstance(f, ast.FunctionDef) and (f"{node.name}.{f.name}" if of_class else f.name) in wanted]
        exec(compile(ast.Module(found, []), path.name, "exec"), scope)
    return scope


def tokenizer(layout):
    """What `tokenize_with_weights` needs of its class; the toy tokenizer puts start and end around ids as those of transformers do."""
    before, after = ([layout["start"]] if "start" in layout else []), [layout["end"]]
    return SimpleNamespace(
        embedding_key="toy", min_length=layout.get("min_length"), min_padding=layout.get("min_padding"), embedding_identifier="embedding:",
        embedding_directory=None, tokenizer_adds_end_token=True, tokens_start=len(before), start_token=layout.get("start"),
        end_token=layout["end"], pad_token=layout["pad"], max_word_length=8, max_length=layout["max_length"],
        pad_to_max_length=layout.get("pad_to_max_length", False),
        tokenizer=lambda text: {"input_ids": before + [len(word) % 50 + 1 for word in text.split()] + after})


class Encoder:
    """Counts what is encoded, and gives noise for it."""

    def __init__(self, layout):
        self.special_tokens = {key: layout[key] for key in ("start", "end", "pad") if key in layout}
        self.encoded = None

    def encode(self, tokens):
        self.encoded = tokens
        if len({len(row) for row in tokens}) > 1:
            return torch.zeros(len(tokens), max(map(len, tokens)), 3), None
        seeds = [[zlib.crc32(f"{row[i - 1]} {row[i]} {i}".encode()) for i in range(len(row))] for row in tokens]
        self.states = torch.stack([torch.stack([torch.randn(3, generator=torch.Generator().manual_seed(s)) for s in row]) for row in seeds])
        return self.states.clone(), self.states[:, -1].clone()


def main():
    source = Path(sys.argv[1]) / "comfy"
    scope = functions(source / "sd1_clip.py", {
        "gen_empty_tokens", "parse_parentheses", "token_weights", "escape_important", "unescape_important",
        "ClipTokenWeightEncoder.encode_token_weights", "SDTokenizer.tokenize_with_weights"}, re=re, torch=torch,
        model_management=SimpleNamespace(intermediate_device=lambda: torch.device("cpu")))
    # PixArt's T5 fills with pads alone; the method asks the function of the same name.
    fill = functions(source / "text_encoders/pixart_t5.py", {"T5XXLModel.gen_empty_tokens"})
    fill, names = fill["gen_empty_tokens"], fill
    names["gen_empty_tokens"] = scope["gen_empty_tokens"]

    cases, tensors = [], {}
    for name, layout in LAYOUTS.items():
        for index, text in enumerate(TEXTS):
            pairs = scope["tokenize_with_weights"](tokenizer(layout), text)
            encoder = Encoder(layout)
            if name == "t5_pixart":
                encoder.gen_empty_tokens = lambda *rest, encoder=encoder: fill(encoder, *rest)
            out, pooled = scope["encode_token_weights"](encoder, pairs)
            rows = [short(row) for row in pairs]
            extra = encoder.encoded[len(pairs):]
            cases.append({"layout": name, "text": index, "sections": rows, "empty": short([(id, 1.0) for id in extra[0]]) if extra else None})
            if name in ("clip_short", "t5_padded", "t5_pixart") and index in (2, 5, 16, 18, 20):
                key = f"{name}.{index}"
                tensors |= {f"{key}.states": encoder.states.contiguous(), f"{key}.weighted": out.contiguous(),
                            f"{key}.pooled": pooled.contiguous()}
                cases[-1]["states"] = key
    about = {"script": "tools/golden/prompt_sections.py"}
    path = OUTPUT / "prompt_sections.json"
    path.write_text(json.dumps(about | {"layouts": LAYOUTS, "texts": TEXTS, "cases": cases}, separators=(",", ":")) + "\n")
    save_file(tensors, OUTPUT / "prompt_sections.safetensors", metadata=about)
    print(f"{len(cases)} cases, {path.stat().st_size} bytes; {len(tensors)} tensors")


def short(row):
    """[ids, how often the last is repeated, [[weight, count], ...]], so that the file stays small."""
    ids, weights = [pair[0] for pair in row], [pair[1] for pair in row]
    last = next((i for i in range(len(ids)) if len(set(ids[-1 - i :])) > 1), len(ids))
    return [ids[: len(ids) - last + 1], last, [[weight, len(list(group))] for weight, group in itertools.groupby(weights)]]


if __name__ == "__main__":
    main()
