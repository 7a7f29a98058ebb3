#!/usr/bin/env python3
"""Writes Tests/Golden/tokenizers: ids of transformers' CLIPTokenizer, for the tests of DioramaTokenizers.

    python tools/golden/clip_tokenizer.py bpe_simple_vocab_16e6.txt.gz

The argument is CLIP's vocabulary as the PyPI package open_clip_torch carries it (folder open_clip). Needs transformers.
With `--full DIR` only the whole CLIP-L vocabulary is written to DIR as vocab.json and merges.txt; the test
`wholeVocabulary` reads it from the folder that DIORAMA_CLIP_VOCABULARY names.

Written:
  strings.json        the texts (or bytes, hexadecimal), each with the ids of both tokenizers of diorama-tiny and CLIP-L
  encodings.json      texts cut and padded to several lengths
  folders.json        tokenizer folders with other settings, as files and replacements, with the ids they give
  compositions.json   texts before and after CLIP's normalization
  clip-l/             the pieces and merges of CLIP-L that any of the texts tries: the same ids from a small part of it
"""
import argparse
import gzip
import json
import os
import pathlib
import random
import shutil
import tempfile
import unicodedata

os.environ["HF_HUB_OFFLINE"] = "1"
import tokenizers  # noqa: E402
import transformers  # noqa: E402
from transformers import CLIPTokenizer  # noqa: E402

SEED = 20
ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "samples/models/diorama-tiny"
OUT = ROOT / "Tests/Golden/tokenizers"

WRITTEN = [
    "", " ", "a", "a cat", "a photo of a cat", "A  Photo,\nof a CAT!!", "caf\u00e9 na\u00efve", "cafe\u0301 nai\u0308ve",
    "it's 1234 don't", "DON'T we'LL I'M they'Re", "\U0001f600 smile", "hi \U0001f468\u200d\U0001f469\u200d\U0001f467 family",
    "\u0130stanbul", "\u4e00\u53ea\u732b", "\u4f60\u597d\uff0c\u4e16\u754c", "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8",
    "\u0623\u0647\u0644\u0627 \u0628\u0643", "\u0939\u093f\u0928\u094d\u0926\u0940", "\ud55c\uad6d\uc5b4",
    "\u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u0442\u0435\u043a\u0441\u0442", "trail  ", "  lead", "a   b    c",
    "line\nbreak\ttab", "Hello, world's 123  x\n\n y", "\ufb01ligree \xfcber", "full\u3000width \uff21\uff22\uff23",
    "nb\xa0sp\u200bzw", "x_y-z/w\\v", "(masterpiece:1.2), best quality, 8k uhd", "\"quoted text\" and 'single'",
    "$3.50 + 20% = ?", "f(x)=\u221ax \xb2 \xbd", "\u2014em\u2014dash\u2026", "<pad> b", "x<extra_id_0>y",
    "<|endoftext|> x", "<|im_start|>user\nhi<|im_end|>", "hello</w>world", "a\r\nb\r\n", "\xdf \u1e9e \u017f", "\ufeffbom",
    "a\x00b", "a" * 40, "supercalifragilisticexpialidocious", "https://example.com/a?b=c&d=1", "3.14159 1,000,000",
    "#hash @at *star* ~tilde `tick`", "\U0001f1eb\U0001f1f7 flag", "tab\tend ", "'s alone", "\u2581under_bar",
    "<think>\n\n</think>\n\n",
    # Prompts.
    "a red boat on the sea at sunset, mountains behind", "A castle on a hill under a full moon, snow", "sailboat, ocean, small waves",
    "cinematic photo of an astronaut riding a horse on mars, 35mm, f/1.8, bokeh", "low quality, blurry, deformed, (worst quality:1.4)",
    # Markers in the text, in capitals, without a space, cut short.
    "<|startoftext|>", "<|startoftext|>a<|endoftext|>b", "<|STARTOFTEXT|>a<|EndOfText|>!!", "!!<|ENDOFTEXT|>", "x<|ENDOFTEXT|><|ENDOFTEXT|>",
    "<|endoftext", "<|endoftext|", "<|ENDOFTEXT|", "<<|endoftext|>>", "<|endoftext|><|endoftext|>", "<|startoftext|><|STARTOFTEXT|>",
    # Exclamation marks: the padding token of the second tokenizer.
    "!", "!!", "! !", "hi!", "wow!!!great", "!a!b!", "\u00a1hola!",
    # Contractions.
    "'", "''", "'''s", "'s's", "'re", "'r", "'r e", "'ll'll", "'l l", "x'", "x'd'd", "rock'n'roll", "'\u017f", "\u2019s", "'S'T'RE'VE'M'LL'D", "!'s", "'!s", "'ve'",
    # White space: Unicode's White_Space and what only looks like it.
    "a\x85b", "a\u1680b", "a\u2000\u2001\u200ab", "a\u2028b\u2029c", "a\u202fb\u205fc", "a\u200bb\u200cc\u200dd\u2060e", "a\u180eb", "a\x1cb\x1fc", "\t\n\x0b\x0c\r x", "\u3000", "a\u00a0",
    # Numbers: digits, letter numbers, fractions.
    "\u0661\u0662\u0663", "\u2167 \u216b", "\u00b2\u00b3\u00bc", "\u2460\u2461", "\u3007\u3021", "\u0be7\u0bf0", "1\u0661a2", "x86_64",
    # Case.
    "\u03a3\u03a3 \u039f\u03a3", "\u01c5 \u01c4", "I\u0307 \u0130 \u0131", "\u1e9e", "\u2126 \u212a \u212b", "\u13a0 \uab70", "\U00010400", "\u10a0\u1c90",
    # Composition.
    "A\u030a", "\u1112\u1161\u11ab", "\ud558\u11ab", "\u1100\u1161\u1161", "q\u0307\u0323", "q\u0323\u0307", "\u0344", "\u0f73", "\u0958", "\u2adc", "\ufb1d", "\u0b47\u0b3e", "\u0301a", "a\u0301\u0301", "\u1e0b\u0323",
    "\U0001d15e", "\U0002f800", "o\u0302\u0301 \u1ed1", "e" + "\u0301" * 50,
    # Scripts and symbols.
    "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "\u05e9\u05b8\u05dc\u05d5\u05b9\u05dd", "\u0baa\u0bc2\u0ba9\u0bc8", "\u10e5\u10d0\u10e0\u10d7\u10e3\u10da\u10d8",
    "\u1820\u1821", "\u304b\u3099", "\u2764\ufe0f", "\U0001f44d\U0001f3fd", "\U0001f3f4\U000e0067\U000e0062\U000e007f", "\u20ac5 \u00a35", "\u221e\u2260\u2264", "\U0001d400\U0001d7ce",
    "\ue000\uf8ff", "\U000f0000", "\U0010ffff", "\ufffd", "\x7f\x80",
    # Length.
    "cat " * 100, "b" * 200, "ab" * 150, "1" * 90, "-" * 130, "\U0001f600" * 40, "\u732b" * 60, "the sea " * 30 + "!" * 20,
]

# Text that is not UTF-8, decoded with errors="replace".
MALFORMED = [
    b"\xff", b"a\x80b", b"\xc3", b"\xc3(", b"\xe2\x82", b"\xe2\x82a", b"\xe2(\xa1", b"\xf0\x9f\x98", b"\xf0\x9f\x98 x", b"\xf0\x28\x8c\xbc",
    b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xed\xa0\x80", b"\xed\xa0\xbd\xed\xb8\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfe\xff",
    b"cat\xe9 dog", b"\xf1\x80\x80\xe1\x80\xc2b\x80c\x80\xbfd", b"\xef\xbb\xbfbom", b"<|endoftext|\xff>",
]

BLOCKS = [
    "abcdefghijklmnopqrstuvwxyz" * 2 + "ABCDEFGHIJ  ", " \t\n\r\u00a0\u2003\u3000\u200b", "0123456789\u0663\u2167\u00bd",
    "'!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~", "\u00c0\u00e9\u00fc\u0130\u0131\u015e\u01c5\u03a3\u03c2\u0416\u1e9e\u212b",
    "\u0300\u0301\u0307\u0308\u030a\u0323\u0327\u0328\u0331\u0345", "\u1100\u1112\u1161\u1175\u11a8\u11c2\uac00\ud55c\ud7a3",
    "\u4e00\u732b\u3042\u30ab\u3099\u309a\uff21\uff11", "\u0628\u064b\u0650\u0651\u05d0\u05b7\u0915\u093c\u094d\u0bc6\u0bbe",
    "\U0001f600\U0001f468\u200d\ufe0f\U0001f3fd\U0001f1eb\u2764",
]
CHUNKS = ["'s", "'re", "'LL", "<|endoftext|>", "<|STARTOFTEXT|>", "!!", " the ", "cat", "sailboat", "  ", "\u0301", "'"]


def generated(count):
    rng = random.Random(SEED)
    assigned = [c for c in map(chr, range(0x110000)) if unicodedata.category(c) not in ("Cn", "Cs", "Co")]
    texts = []
    for _ in range(count):
        parts = []
        for _ in range(rng.randint(1, 14)):
            draw = rng.random()
            if draw < 0.25:
                parts.append(rng.choice(CHUNKS))
            elif draw < 0.9:
                block = rng.choice(BLOCKS)
                parts.append("".join(rng.choice(block) for _ in range(rng.randint(1, 5))))
            else:
                parts.append(rng.choice(assigned))
        texts.append("".join(parts))
    return texts


def about(what):
    return {
        "about": what, "script": "tools/golden/clip_tokenizer.py", "seed": SEED,
        "versions": f"transformers {transformers.__version__}, tokenizers {tokenizers.__version__}, "
        f"Unicode {unicodedata.unidata_version} for the drawn characters",
    }


def write(name, what, rows):
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    head = json.dumps(about(what))[:-1]
    (OUT / name).write_text(f'{head}, "rows": [\n{lines}\n]}}\n')


def inner(tokenizer, text):
    ids = tokenizer(text)["input_ids"]
    assert ids[0] == tokenizer.bos_token_id and ids[-1] == tokenizer.eos_token_id
    return ids[1:-1]


# ---- CLIP-L

def byte_alphabet():
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [b for b in range(256) if b not in visible]
    return [chr(b) for b in visible] + [chr(256 + n) for n in range(len(hidden))], visible + hidden


def clip_l(path):
    """The vocabulary and merges of CLIP-L in Hugging Face's form."""
    lines = gzip.open(path, "rt", encoding="utf-8").read().split("\n")
    merges = [tuple(line.split()) for line in lines[1:49152 - 256 - 2 + 1]]
    alphabet, _ = byte_alphabet()
    pieces = alphabet + [c + "</w>" for c in alphabet] + ["".join(m) for m in merges]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    return {piece: i for i, piece in enumerate(pieces)}, merges


def write_folder(folder, vocabulary, merges):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":")) + "\n")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))


def tried(tokenizer, merges, texts):
    """The merges whose pair stands side by side at any time while the texts are encoded."""
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    found = set()
    backend = tokenizer.backend_tokenizer
    words = set()
    for text in texts:
        for part in text.replace("<|startoftext|>", "<|endoftext|>").split("<|endoftext|>"):
            words.update(w for w, _ in backend.pre_tokenizer.pre_tokenize_str(backend.normalizer.normalize_str(part)))
    for word in words:
        symbols = [*word[:-1], word[-1] + "</w>"]
        while True:
            pairs = [p for p in zip(symbols, symbols[1:]) if p in ranks]
            found.update(pairs)
            if not pairs:
                break
            best = min(pairs, key=ranks.get)
            at = list(zip(symbols, symbols[1:])).index(best)
            symbols[at:at + 2] = ["".join(best)]
    return [m for m in merges if m in found]


# ---- Folders

def added(content, **flags):
    return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False, **flags}


PAIR = ["vocab.json", "merges.txt"]
FOLDER_TEXTS = [
    "hi!! <|ENDOFTEXT|>!! a <|endoftext|> b the <foo> <FOO> x<foo>y", "&<pad>& <sep> \u00e9 <unk>", "a!b ! cat", "<FOO>s  <foo> 's",
    "the small sailboat sailing on the water of the ocean with the red boat and the mountains behind the sea at sunset",
]
SPECIALS = {
    "bos_token": added("<|startoftext|>"), "eos_token": added("<|endoftext|>"), "unk_token": added("<|endoftext|>"),
    "pad_token": "<|endoftext|>",
}
FOLDERS = [
    ("vocabulary and merges alone", PAIR, {}, []),
    ("tokenizer.json alone", ["tokenizer.json"], {}, []),
    ("Stable Diffusion 1.5", PAIR, {"tokenizer_config.json": {**SPECIALS, "model_max_length": 77}, "special_tokens_map.json": SPECIALS}, []),
    ("Stable Diffusion 3", PAIR, {"tokenizer_config.json": {
        "added_tokens_decoder": {"0": added("!", normalized=False, special=True), "746": added("<|startoftext|>", special=True),
                                 "747": added("<|endoftext|>", normalized=False, special=True)},
        "pad_token": "!", "model_max_length": 77}}, []),
    ("tokens that take white space", PAIR, {"tokenizer_config.json": {"added_tokens_decoder": {
        "746": added("<|startoftext|>", special=True), "747": added("<|endoftext|>", special=True, lstrip=True, rstrip=True),
        "748": added("<FOO>", special=False)}}}, []),
    ("a token that is a single word", PAIR, {"tokenizer_config.json": {"added_tokens_decoder": {
        "748": added("<foo>", normalized=False, single_word=True, lstrip=True), "749": added("cat", special=False, single_word=True)}}}, []),
    ("the map goes before the configuration", PAIR, {"tokenizer_config.json": {"pad_token": "!", "model_max_length": 8}, "special_tokens_map.json": {"pad_token": "&"}}, []),
    ("the listed tokens shut the map out", PAIR, {"tokenizer_config.json": {"pad_token": "!", "added_tokens_decoder": {"746": added("<|startoftext|>", special=True)}}, "special_tokens_map.json": {"pad_token": "&"}}, []),
    ("a new padding token", PAIR, {"tokenizer_config.json": {"pad_token": "<pad>", "model_max_length": 12}}, []),
    ("another unknown token", PAIR, {"tokenizer_config.json": {"unk_token": "a", "model_max_length": 77.0}}, []),
    ("a new unknown token", PAIR, {"tokenizer_config.json": {"unk_token": "<unk>"}}, []),
    ("additional tokens", PAIR, {"tokenizer_config.json": {"extra_special_tokens": ["<foo>", "<sep>"], "sep_token": "<sep>"}}, []),
    ("special tokens read as text", PAIR, {"tokenizer_config.json": {"split_special_tokens": True}}, []),
    ("padded and cut on the left", PAIR, {"tokenizer_config.json": {"padding_side": "left", "truncation_side": "left", "model_max_length": 10}}, []),
    ("sides from tokenizer.json", ["tokenizer.json"], {}, [
        ('"truncation": null', '"truncation": {"direction": "Left", "max_length": 10, "strategy": "LongestFirst", "stride": 0}'),
        ('"padding": null', '"padding": {"strategy": {"Fixed": 12}, "direction": "Left", "pad_to_multiple_of": null, "pad_id": 5, "pad_type_id": 0, "pad_token": "&"}')]),
    ("normalized tokens in tokenizer.json", ["tokenizer.json"], {}, [('"normalized": false', '"normalized": true')]),
    ("an added token in tokenizer.json", ["tokenizer.json"], {}, [('"added_tokens": [', '"added_tokens": [{"id": 900, "content": "<foo>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": false},')]),
    ("listed tokens go before tokenizer.json", ["tokenizer.json"], {"tokenizer_config.json": {"added_tokens_decoder": {"747": added("<|endoftext|>", special=True)}, "pad_token": "!"}}, []),
    ("a byte without a piece", ["tokenizer.json"], {}, [('"b</w>": 321,', "")]),
    ("added_tokens.json", PAIR, {"added_tokens.json": {"<foo>": 748, "<FOO>": 749}}, []),
]


def folder_row(name, keep, files, replacements):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for file in keep:
            shutil.copy(MODEL / "tokenizer" / file, folder)
        for old, new in replacements:
            path = folder / keep[0]
            text = path.read_text()
            assert old in text, (name, old)
            path.write_text(text.replace(old, new))
        for file, content in files.items():
            (folder / file).write_text(json.dumps(content))
        tokenizer = CLIPTokenizer.from_pretrained(folder)
    limited = tokenizer.model_max_length < 1e20
    length = tokenizer.model_max_length if limited else 20
    padded = [tokenizer(t, padding="max_length", truncation=True, max_length=int(length)) for t in FOLDER_TEXTS]
    return {
        "name": name, "keep": keep, "files": {file: json.dumps(content) for file, content in files.items()},
        "replace": replacements, "bos": tokenizer.bos_token_id, "eos": tokenizer.eos_token_id, "pad": tokenizer.pad_token_id,
        "maxLength": int(tokenizer.model_max_length) if limited else None, "count": len(tokenizer), "length": int(length),
        "texts": FOLDER_TEXTS, "ids": [inner(tokenizer, t) for t in FOLDER_TEXTS],
        "encodings": [p["input_ids"] for p in padded], "masks": [p["attention_mask"] for p in padded],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vocabulary", help="bpe_simple_vocab_16e6.txt.gz")
    parser.add_argument("--full", metavar="DIR", type=pathlib.Path, help="write the whole CLIP-L vocabulary there, and nothing else")
    options = parser.parse_args()
    vocabulary, merges = clip_l(options.vocabulary)
    if options.full:
        return write_folder(options.full, vocabulary, merges)
    OUT.mkdir(parents=True, exist_ok=True)

    one, two = (CLIPTokenizer.from_pretrained(MODEL / name) for name in ("tokenizer", "tokenizer_2"))
    large = CLIPTokenizer(vocab=vocabulary, merges=merges)
    rows = [{"text": t} for t in WRITTEN + generated(260)] + [{"bytes": b.hex()} for b in MALFORMED]
    texts = [r["text"] if "text" in r else bytes.fromhex(r["bytes"]).decode(errors="replace") for r in rows]
    for row, text in zip(rows, texts):
        row |= {"one": inner(one, text), "two": inner(two, text), "large": inner(large, text)}
    write("strings.json", "ids without start and end", rows)

    part = tried(large, merges, texts)
    names = set(vocabulary) & {*byte_alphabet()[0], *(c + "</w>" for c in byte_alphabet()[0]), "<|startoftext|>", "<|endoftext|>"}
    names |= {"".join(m) for m in part}
    names |= {piece for m in part for piece in m}
    part_vocabulary = {piece: i for piece, i in vocabulary.items() if piece in names}
    small = CLIPTokenizer(vocab=part_vocabulary, merges=part)
    for row, text in zip(rows, texts):
        assert inner(small, text) == row["large"], text
    write_folder(OUT / "clip-l", part_vocabulary, part)

    lengths = [None, 2, 3, 4, 5, 8, 13, 77]
    write("encodings.json", "ids and masks with padding=max_length and truncation; length null is the tokenizer's", [
        {"text": text, "length": length, **{
            name: [e["input_ids"], e["attention_mask"], len(inner(tokenizer, text))]
            for name, tokenizer in (("one", one), ("two", two))
            for e in [tokenizer(text, padding="max_length", truncation=True, max_length=length)]}}
        for text in ["", "a", "a red boat!", "cat " * 100, "<|endoftext|>", "\U0001f600!", "the sea at sunset, mountains"] for length in lengths])
    write("folders.json", "tokenizer folders made of diorama-tiny's with other settings", [folder_row(*f) for f in FOLDERS])
    normalizer = one.backend_tokenizer.normalizer
    write("compositions.json", "texts before and after the normalizer", [
        {"text": text, "normalized": normalizer.normalize_str(text)} for text in texts])


if __name__ == "__main__":
    main()
