#!/usr/bin/env python3
"""Large vocabularies with 10,000 lines and their ids, for the test `wholeVocabularies`; `make tokenizers` runs both.

    python tools/golden/tokenizer_lines.py bpe_simple_vocab_16e6.txt.gz DIR

The first argument is CLIP's vocabulary as the PyPI package open_clip_torch carries it. A byte-level BPE of Qwen's kind and a Unigram of
T5's are trained on text made of CLIP's words and of words in other scripts. Written to DIR: a tokenizer folder of each (clip; qwen
with vocab.json and merges.txt, qwen-json; t5, and t5-spiece with SentencePiece's own file), and lines.json, whose ids are those of
transformers' CLIPTokenizer, of Hugging Face's tokenizers and of SentencePiece. Nothing of it is kept in the repository.
"""
import argparse
import io
import json
import pathlib
import random
import unicodedata

import clip_tokenizer
import sentencepiece
from clip_tokenizer import CLIPTokenizer
from qwen_t5_tokenizers import PHRASES, SEED, WORDS, WRITTEN, about, drawn, ids, qwen, t5, write_rows
from sentencepiece import sentencepiece_model_pb2 as proto
from tokenizers import Tokenizer

BPE_SIZE, UNIGRAM_SIZE, LINES = 60_000, 32_000, 10_000
# Where words of other scripts are drawn from: the first and the last character.
SCRIPTS = ["\u00c0\u024f", "\u0370\u03ff", "\u0400\u04ff", "\u0531\u0587", "\u05d0\u05ea", "\u0620\u064a", "\u0905\u0939", "\u0b85\u0bb9", "\u0e01\u0e2e", "\u10d0\u10f0",
           "\u1100\u1112", "\u1e00\u1eff", "\u3041\u3096", "\u30a1\u30fa", "\u4e00\u4fff", "\u7000\u72ff", "\uac00\uadff", "\uff21\uff5a", "\U0001f300\U0001f64f"]
MARKS = [" "] * 12 + [", ", ", ", ". ", "! ", "? ", ": ", "; ", " - ", " (", ") ", "\n", "  ", "/", "'s ", "... ", "-", "_", " \"", "\" "]


def words(vocabulary, rng):
    """CLIP's words, the frequent ones first, and made ones of other scripts."""
    bytes_of = dict(zip(*clip_tokenizer.byte_alphabet()))
    known = sorted((piece for piece in vocabulary if piece.endswith("</w>")), key=vocabulary.get)
    own = [bytes(bytes_of[c] for c in piece.removesuffix("</w>")).decode(errors="ignore") for piece in known]
    others = []
    for first, last in SCRIPTS:
        letters = [c for c in map(chr, range(ord(first), ord(last) + 1)) if unicodedata.category(c)[0] in "LMS"]
        others += ["".join(rng.choices(letters, k=rng.randint(1, 6))) for _ in range(400)]
    return [word for word in own if word], others


def prose(count, own, others, rng):
    """Lines of words, of which the first of a list come most often."""
    def word():
        draw = rng.random()
        if draw < 0.08:
            return str(rng.choice([rng.randint(0, 99), rng.randint(100, 9999), rng.random()]))[:8]
        if draw < 0.2:
            return rng.choice(others)
        chosen = own[int(len(own) * rng.random() ** 3)] if draw < 0.9 else rng.choice(WORDS)
        return rng.choice([chosen, chosen, chosen, chosen.capitalize(), chosen.upper()])
    return ["".join(word() + rng.choice(MARKS) for _ in range(rng.randint(3, 25))) for _ in range(count)]


def spiece(lines):
    """A Unigram as T5's was made: SentencePiece's rules of replacement, no bytes."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, vocab_size=UNIGRAM_SIZE, model_type="unigram", normalization_rule_name="nmt_nfkc",
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, pad_piece="<pad>", character_coverage=0.9995, hard_vocab_limit=False, minloglevel=2, num_threads=1)
    return proto.ModelProto.FromString(model.getvalue())


def write_qwen(tokenizer, folder):
    """The same vocabulary in both layouts of folders."""
    (folder / "qwen").mkdir(parents=True, exist_ok=True)
    (folder / "qwen-json").mkdir(exist_ok=True)
    text = tokenizer.to_str()
    (folder / "qwen-json/tokenizer.json").write_text(text)
    whole = json.loads(text)
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in whole["model"]["merges"]]
    added = {str(token.pop("id")): token for token in whole["added_tokens"]}
    (folder / "qwen/vocab.json").write_text(json.dumps(whole["model"]["vocab"], ensure_ascii=False))
    (folder / "qwen/merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    (folder / "qwen/tokenizer_config.json").write_text(json.dumps({"added_tokens_decoder": added, "pad_token": "<|endoftext|>"}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vocabulary", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    options = parser.parse_args()
    rng, out = random.Random(SEED), options.out
    vocabulary, merges = clip_tokenizer.clip_l(options.vocabulary)
    clip_tokenizer.write_folder(out / "clip", vocabulary, merges)
    own, others = words(vocabulary, rng)
    text = prose(60_000, own, others, rng) + PHRASES * 20
    write_qwen(qwen(text, BPE_SIZE), out)
    model = spiece([line.strip() for line in text if line.strip()])
    unigram = t5(model)
    (out / "t5").mkdir(exist_ok=True)
    unigram.save(str(out / "t5/tokenizer.json"))
    (out / "t5-spiece").mkdir(exist_ok=True)
    (out / "t5-spiece/spiece.model").write_bytes(model.SerializeToString())

    clip = CLIPTokenizer.from_pretrained(out / "clip")
    bpe = Tokenizer.from_file(str(out / "qwen-json/tokenizer.json"))
    library = sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())
    texts = dict.fromkeys(WRITTEN + PHRASES + prose(4000, own, others, rng))
    for line in drawn(LINES, rng):
        texts.setdefault(line)
    rows = []
    for line in list(texts)[:LINES]:
        special = any(token in line for token in ("<pad>", "</s>", "<unk>", "<extra_id_"))
        rows.append({"text": line, "clip": clip(line)["input_ids"][1:-1], "qwen": ids(bpe, line), "t5": ids(unigram, line),
                     "spiece": None if special else library.encode(line)})
    assert len(rows) == LINES
    write_rows(out / "lines.json", about() | {"script": "tools/golden/tokenizer_lines.py"}, rows)
    used = {name: len({id for row in rows for id in row[name] or ()}) for name in ("clip", "qwen", "t5")}
    sizes = {"clip": len(clip), "qwen": bpe.get_vocab_size(), "t5": unigram.get_vocab_size()}
    print(*(f"{name}: {sizes[name]} pieces, {used[name]} of them in the lines" for name in used), sep="\n")


if __name__ == "__main__":
    main()
