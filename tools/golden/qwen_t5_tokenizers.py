#!/usr/bin/env python3
"""Writes Tests/Golden/tokenizers/qwen-t5: small trained tokenizers of Qwen's and T5's kinds, and ids of texts.

    python tools/golden/qwen_t5_tokenizers.py

Trains, on text made here, a byte-level BPE with Qwen2's pipeline and a Unigram with T5's. Needs tokenizers and
sentencepiece. Written:
  qwen.json     a tokenizer.json: BPE, form C, Qwen2's pattern, Qwen's kinds of added tokens
  t5.json       a tokenizer.json: the Unigram of spiece.model with the pipeline of T5's own tokenizer.json
  spiece.model  the Unigram as SentencePiece's trainer wrote it, with byte fallback and a small table of replacements
  lines.json    texts with ids by Hugging Face's tokenizers (qwen, t5, and variants of both files, made by replacing
                text in them) and by SentencePiece (spiece; null where added tokens are in the text)

    python tools/golden/qwen_t5_tokenizers.py --compare COMFY DIR

takes the whole vocabularies of CLIP, Qwen2.5 and T5 from COMFY, the folder `comfy` of a checkout of ComfyUI, and writes
to DIR a tokenizer folder of each and lines.json, 10,000 texts with their ids. The test `wholeVocabularies` reads the
folder that DIORAMA_TOKENIZER_VOCABULARIES names and prints how many lines differ. Nothing of it is kept here.
"""
import argparse
import base64
import io
import json
import os
import pathlib
import random
import shutil
import unicodedata

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"
import sentencepiece  # noqa: E402
import tokenizers  # noqa: E402
from sentencepiece import sentencepiece_model_pb2 as proto  # noqa: E402
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers  # noqa: E402

SEED = 31
OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests/Golden/tokenizers/qwen-t5"
PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
           r"|\s*[\r\n]+|\s+(?!\S)|\s+")
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]

WORDS = """a the of and in on with photo painting red blue boat castle mountain sea sunset cat dog woman man astronaut riding horse mars
light cinematic detailed portrait highly quality best masterpiece city street night rain neon forest river house old young smiling
holding flower sky cloud snow winter summer style oil watercolor digital art bokeh 35mm f/1.8 8k uhd it's don't we'll I'm they've
text says "OPEN" sign reading Hello World! 1234 2026 3.14 (soft focus:1.2) wide-angle low_angle close-up""".split()
PHRASES = [
    "一只猫在月光下", "你好，世界", "日本語のテキスト", "カタカナとひらがな", "русский текст о море", "Ελληνικά κείμενα", "한국어 문장", "עברית שלום",
    "مرحبا بالعالم", "हिन्दी पाठ", "ภาษาไทย", "tiếng Việt có dấu", "ქართული", "தமிழ்", "façade naïve coöperate Ærø", "smørrebrød", "İstanbul ılık",
    "emoji 😀😃 👨‍👩‍👧 🏳️‍🌈 👍🏽", "∑ ∫ √ ≠ ≤", "½ ² ³ № ™ ﬁ ﬂ Ａｂｃ １２３", "def f(x):\n    return x\n", "<tag>value</tag>", "a\tb\r\nc",
]
WRITTEN = [
    "", " ", "  ", "\n", "\r\n", "\t", "a", " a", "a ", "  a  ", "a  b", "a   b    c", "a \n b", "a\n\n\nb", "a \r\n\r\n  b", "\n a", " \n", "\n ", " \n \n  x",
    "x\n  \ty", "x \t\n\t y", "\u3000a\u3000\u3000b", "a\u00a0\u00a0b", "a\u2003\u2003\nb", "a\x85b", "a\u2028b\u2029c", "a\x0b\x0cb", "a\u200bb\u200c\u200dc\u2060d", "\ufeffbom",
    "a\u180eb", "a\x1cb\x1d", "a\x00b", "\x01\x02a\x7f\x80b", "!!!\n\n", "!!! \n x", " !!!x", "  !!!", ".\r\n\r\n.", "?!\r", "x.\n\ny", "a!b", "!a", "\ta", "\na", "  \u732b", "_a_", "a_b", "-a -1 -- 1",
    "it's IT'S It'S 's 'S 't 're 'RE 'Re 've 'VE 'm 'll 'LL 'lL 'd", "'\u017f x'\u017f", "'sabc 'reabc 'lx 'l 'r 'v '", "''s '' ''ll", "don\u2019t", "'s's's", "x's1", "1's", "'S\u0301", "'s\u0301",
    "123 1 23 \u0661\u0662 \u2167 \u00bd \u00b2 \u2460 \u3007", "1a2b", "x86_64", "3.14159 1,000,000", "$3.50 + 20% = ?", "\U0001d7ce\U0001d400",
    "e\u0301 \u00e9", "e\u0301\u0302", "q\u0323\u0307 q\u0307\u0323", "\u1112\u1161\u11ab", "\ud558\u11ab", "\u0301a", " \u0301", "a\u0301\u0301", "\u212b \u2126 \u212a", "\ufb01 \ufb03", "\uff21\uff22 \uff76\uff9e",
    "\u0344 \u0f73 \u0958 \u2adc \ufb1d", "\u0915\u094d\u0937 \u0b95\u0bcd", "\u0e33 \u0eb3", "\u0903\u0903", "\u0600a \u06dd1", "\u0600\u0301", "a\u200d\u0301", "\u1100\u1161", "e" + "\u0301" * 40, "\u00df\u1e9e\u017f",
    "\u2581", "\u2581a", "a\u2581b", "a \u2581 b", "a\u2581", "\u2581\u2581", " \u2581 ", "\u2581\u2581a", "a \u2581", "hello\u2581world \u2581x",
    "</s>", "a</s>b", "<pad> b", "x<extra_id_0>y", "x <extra_id_1> y<extra_id_2>", "<extra_id_0><extra_id_1>", "<unk>", "a <unk>", "\u2603<unk>\u2603", "<extra_id_100>", "<0x41>", "<s>", "<extra_id_0> ", " <extra_id_0>",
    "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n", "<think>\n\n</think>\n\n", "<|endoftext|>", " <|endoftext|> x", "<|im_start", "<<|im_end|>>", "<|im_start|><|im_end|>", "<|IM_START|>",
    "caf\u00e9tok", "cafe\u0301tok", "a wordtok b", "wordtokx", "xwordtok", "a  striptok  b", "a\tstriptok\n b", "striptok", "a\n\n striptok",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1eb\U0001f1f7", "\u2764\ufe0f", "\U0001f44d\U0001f3fd", "\U0001f3f4\U000e0067\U000e007f", "\ue000\uf8ff\U000f0000\U0010ffff", "\ufffd\ufffe\uffff",
    "\u2603\u2604\u2605 \u2606", "\u2603 \u2604", "a\u2603b", "zzzzqqqqxxxx", "\u13a0\uab70\U00010400", "cat " * 40, "b" * 90, "1" * 50, "-" * 70, "\U0001f600" * 20, "\u732b" * 40, " " * 70 + "x", "\n" * 30, " \n" * 20,
]
BLOCKS = [
    "abcdefghijklmnopqrstuvwxyz" * 2 + "ABCDEFGHIJKLMNOPQRSTUVWXYZ  ", " \t\n\r\u00a0\u2003\u3000\u200b\x0b\x85\u2028", " \n\r", "0123456789\u0663\u2167\u00bd\u0be7",
    "'!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~", "\u00c0\u00e9\u00fc\u0130\u0131\u015e\u01c5\u03a3\u03c2\u0416\u1e9e\u212b\u017f",
    "\u0300\u0301\u0307\u0308\u030a\u0323\u0327\u0328\u0331\u0345", "\u1100\u1112\u1161\u1175\u11a8\u11c2\uac00\ud55c\ud7a3",
    "\u4e00\u732b\u3042\u30ab\u3099\u309a\uff21\uff11\uff76\uff9e", "\u0628\u064b\u0650\u0651\u05d0\u05b7\u0915\u093c\u094d\u0bc6\u0bbe\u0600",
    "\U0001f600\U0001f468\u200d\ufe0f\U0001f3fd\U0001f1eb\u2764", "\u2581 ", "\x00\x01\x1c\x7f\x80\u00ad\u2060",
]
CHUNKS = ["'s", "'re", "'LL", "'\u017f", " the ", "cat", "  ", "\u0301", "'", "\r\n", "\n\n", "!!\n", *CONTROL, "<extra_id_0>", "</s>", "<unk>", "wordtok", "striptok"]


def drawn(count, rng):
    assigned = [c for c in map(chr, range(0x110000)) if unicodedata.category(c) not in ("Cn", "Cs", "Co")]
    for _ in range(count):
        parts = []
        for _ in range(rng.randint(1, 12)):
            draw = rng.random()
            if draw < 0.15:
                parts.append(rng.choice(CHUNKS))
            elif draw < 0.4:
                parts.append(rng.choice(WORDS + PHRASES) + rng.choice(["", " "]))
            elif draw < 0.9:
                parts.append("".join(rng.choice(rng.choice(BLOCKS)) for _ in range(rng.randint(1, 5))))
            else:
                parts.append(rng.choice(assigned))
        yield "".join(parts)


def corpus(rng):
    syllables = "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo yu zen tra ble sta nor mar ing ous ent ly".split()
    made = ["".join(rng.choice(syllables) for _ in range(rng.randint(2, 4))) for _ in range(600)]
    lists = [WORDS, WORDS, made, PHRASES]
    return [" ".join(rng.choice(rng.choice(lists)) for _ in range(rng.randint(3, 14))) for _ in range(4000)]


def qwen(lines, size=900):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), behavior="isolated", invert=False), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, special_tokens=[], show_progress=False))
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in CONTROL])
    tokenizer.add_tokens([AddedToken(t, normalized=False) for t in ("<think>", "</think>")])
    tokenizer.add_tokens([AddedToken("caf\u00e9tok", normalized=True), AddedToken("wordtok", normalized=False, single_word=True),
                          AddedToken("striptok", normalized=False, lstrip=True, rstrip=True)])
    return tokenizer


def rules():
    """SentencePiece's rules of replacement: what NFKC does with some characters, and white space and control characters."""
    chars = {c for text in WRITTEN + PHRASES + BLOCKS for c in text} | set(map(chr, range(0xc0, 0x180)))
    table = {}
    for c in sorted(chars):
        k = unicodedata.normalize("NFKC", c)
        if c in "\t\n\r\u00a0\u2003\u3000\u2028\u2029\x85":
            table[c] = " "
        elif unicodedata.category(c) == "Cc" or c in "\u200b\u2060\u00ad\ufeff":
            table[c] = ""
        elif k != c:
            table[c] = k
        d = unicodedata.normalize("NFD", c)
        if len(d) > 1 and len(d) < 4 and "\0" not in d:
            table[d] = k
    table["\uff76\uff9e"] = "\u30ac"
    table.pop("\0", None)
    table["e\u0301\u0302"] = "\u1ebf"
    return "".join(" ".join(f"{ord(x):X}" for x in a) + "\t" + " ".join(f"{ord(x):X}" for x in b) + "\n" for a, b in sorted(table.items()) if a != b)


def spiece(lines, folder):
    path = folder / "rules.tsv"
    path.write_text(rules())
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, vocab_size=1000, model_type="unigram", byte_fallback=True, normalization_rule_tsv=str(path),
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, pad_piece="<pad>", character_coverage=0.99, minloglevel=2, num_threads=1, max_sentencepiece_length=12)
    path.unlink()
    parsed = proto.ModelProto.FromString(model.getvalue())
    parsed.trainer_spec.ClearField("input")
    parsed.normalizer_spec.ClearField("normalization_rule_tsv")
    return parsed


def t5(model, byte_fallback=False):
    vocab = [(p.piece, p.score) for p in model.pieces]
    tokenizer = Tokenizer(models.Unigram(vocab, unk_id=2, byte_fallback=byte_fallback))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap), normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "\u2581")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="first")
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in ("<pad>", "</s>", "<unk>", "<extra_id_2>", "<extra_id_1>", "<extra_id_0>")])
    return tokenizer


def ids(tokenizer, text):
    return tokenizer.encode(text, add_special_tokens=False).ids


def compact(tokenizer):
    return json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"))


T5_STEPS = '{"type":"Strip","strip_left":false,"strip_right":true},{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"\u2581"}'
METASPACE = '"pre_tokenizer":{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"first","split":true}'
ALWAYS = METASPACE.replace("first", "always")
VARIANTS = [
    ("qwen", "ignores merges", [('"ignore_merges":false', '"ignore_merges":true')]),
    ("t5", "the pipeline of transformers 5", [
        ("," + T5_STEPS, ""),
        (METASPACE, '"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},' + ALWAYS.split(":", 1)[1] + ']}')]),
    ("t5", "falls back to bytes", [('"byte_fallback":false', '"byte_fallback":true')]),
    ("t5", "a mark before every stretch, words not split", [(METASPACE, ALWAYS.replace('"split":true', '"split":false'))]),
    ("t5", "no mark, spaces replaced one by one, both ends stripped", [
        (METASPACE, METASPACE.replace("first", "never")), ('"strip_left":false', '"strip_left":true'),
        ('{"Regex":" {2,}"},"content":"\u2581"', '{"String":" "},"content":"\u2581"')]),
    ("t5", "a normalized added token", [('"content":"<extra_id_0>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false', '"content":"cat","single_word":false,"lstrip":false,"rstrip":false,"normalized":true')]),
]


def about():
    return {"script": "tools/golden/qwen_t5_tokenizers.py", "seed": SEED, "versions": f"tokenizers {tokenizers.__version__}, sentencepiece {sentencepiece.__version__}"}


def write_rows(path, head, rows):
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    path.write_text(f'{json.dumps(head)[:-1]}, "rows": [\n{lines}\n]}}\n')


def goldens():
    rng = random.Random(SEED)
    OUT.mkdir(parents=True, exist_ok=True)
    lines = corpus(rng)
    model = spiece(lines, OUT)
    files = {"qwen": compact(qwen(lines)), "t5": compact(t5(model))}
    (OUT / "qwen.json").write_text(files["qwen"] + "\n")
    (OUT / "t5.json").write_text(files["t5"] + "\n")
    (OUT / "spiece.model").write_bytes(model.SerializeToString())
    library = sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())
    variants = []
    for file, name, replacements in VARIANTS:
        text = files[file]
        for old, new in replacements:
            assert old in text, (name, old)
            text = text.replace(old, new)
        variants.append((file, name, replacements, Tokenizer.from_str(text)))
    loaded = {name: Tokenizer.from_str(text) for name, text in files.items()}
    texts = WRITTEN + PHRASES + list(drawn(200, rng))
    rows = []
    for text in texts:
        special = any(t in text for t in ("<pad>", "</s>", "<unk>", "<extra_id_"))
        row = {"text": text, "qwen": ids(loaded["qwen"], text), "t5": ids(loaded["t5"], text), "spiece": None if special else library.encode(text)}
        other = [ids(v[3], text) for v in variants]
        # What is equal to the file's own ids is left out.
        row["variants"] = [None if x == row[v[0]] else x for v, x in zip(variants, other)]
        rows.append(row)
    head = about() | {"variants": [{"file": f, "name": n, "replace": r} for f, n, r, _ in variants]}
    write_rows(OUT / "lines.json", head, rows)


def compare(comfy, out):
    from transformers import CLIPTokenizer, Qwen2Tokenizer
    rng = random.Random(SEED)
    encoders = comfy / "text_encoders"
    for name, source in (("clip", comfy / "sd1_tokenizer"), ("qwen", encoders / "qwen25_tokenizer"), ("t5", encoders / "t5_tokenizer")):
        shutil.copytree(source, out / name, dirs_exist_ok=True)
    clip = CLIPTokenizer.from_pretrained(out / "clip")
    large = Qwen2Tokenizer.from_pretrained(out / "qwen")
    (out / "qwen-json").mkdir(exist_ok=True)
    large.backend_tokenizer.save(str(out / "qwen-json/tokenizer.json"))
    unigram = Tokenizer.from_file(str(out / "t5/tokenizer.json"))
    whole = json.loads((out / "t5/tokenizer.json").read_text())
    # The scores as the file has them, as transformers 5 takes them: the library's own reader of JSON rounds some of them
    # in the last place, which decides between equally probable ways to cut 70 hyphens.
    unigram.model = models.Unigram([tuple(p) for p in whole["model"]["vocab"]], unk_id=whole["model"]["unk_id"], byte_fallback=False)
    # A SentencePiece model of the same pieces.
    model = proto.ModelProto()
    types = {"<pad>": 3, "</s>": 3, "<unk>": 2}
    for piece, score in whole["model"]["vocab"][:32000]:
        model.pieces.add(piece=piece, score=score, type=types.get(piece, 1))
    model.trainer_spec.model_type = 1
    model.trainer_spec.pad_id, model.trainer_spec.eos_id, model.trainer_spec.unk_id, model.trainer_spec.bos_id = 0, 1, 2, -1
    model.normalizer_spec.precompiled_charsmap = base64.b64decode(whole["normalizer"]["normalizers"][0]["precompiled_charsmap"])
    (out / "t5-spiece").mkdir(exist_ok=True)
    (out / "t5-spiece/spiece.model").write_bytes(model.SerializeToString())
    library = sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())
    rows = []
    for text in WRITTEN + PHRASES + corpus(rng)[:1500] + list(drawn(10_000 - 1500 - len(WRITTEN) - len(PHRASES), rng)):
        special = any(t in text for t in ("<pad>", "</s>", "<unk>", "<extra_id_"))
        rows.append({"text": text, "clip": clip(text)["input_ids"][1:-1], "qwen": large(text)["input_ids"],
                     "t5": ids(unigram, text), "spiece": None if special else library.encode(text)})
    write_rows(out / "lines.json", about(), rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compare", nargs=2, metavar=("COMFY", "DIR"), type=pathlib.Path, help="write 10,000 lines for whole vocabularies")
    options = parser.parse_args()
    if options.compare:
        compare(*options.compare)
    else:
        goldens()


if __name__ == "__main__":
    main()
