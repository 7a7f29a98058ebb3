"""The two CLIP tokenizers: byte-pair encoding learnt from the captions, in the files CLIP has."""
import json

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer

MAX_LENGTH = 32            # tokens of a prompt, start and end marks included
BOS, EOS = "<|startoftext|>", "<|endoftext|>"
FOLDERS = {"tokenizer": EOS, "tokenizer_2": "!"}       # what each pads with; the second pads with id 0, as in SD3


def byte_alphabet():
    """CLIP's 256 printable stand-ins for bytes, in CLIP's order ("!" is id 0)."""
    keep = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    others = 256 - len(keep)
    return [chr(b) for b in keep] + [chr(256 + i) for i in range(others)]


def learn_merges(captions, vocabulary_size):
    """The merges of byte pairs, the most frequent first."""
    probe = CLIPTokenizer(vocab={BOS: 0, EOS: 1}, merges=[])
    tokenizer = Tokenizer(models.BPE(continuing_subword_prefix="", end_of_word_suffix="</w>", unk_token=EOS))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = probe.backend_tokenizer.pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), end_of_word_suffix="</w>",
        show_progress=False)
    tokenizer.train_from_iterator(captions, trainer)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return [tuple(merge.split(" ")) if isinstance(merge, str) else tuple(merge) for merge in merges]


def train_tokenizers(captions, folder, vocabulary_size=1200):
    """Writes tokenizer/ and tokenizer_2/ into `folder`; returns the size of their common vocabulary.

    The vocabulary is laid out as CLIP's: bytes, bytes at the end of a word, merges, start and end marks.
    """
    merges, alphabet = learn_merges(captions, vocabulary_size), byte_alphabet()
    words = alphabet + [c + "</w>" for c in alphabet] + ["".join(merge) for merge in merges] + [BOS, EOS]
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys(words))}
    for name, padding in FOLDERS.items():
        path = folder / name
        path.mkdir(parents=True, exist_ok=True)
        tokenizer = CLIPTokenizer(vocab=vocabulary, merges=merges, pad_token=padding, model_max_length=MAX_LENGTH)
        tokenizer.save_pretrained(path)
        # transformers 5 writes tokenizer.json alone; other programs read these
        (path / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
        (path / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
        marks = {"bos_token": BOS, "eos_token": EOS, "unk_token": EOS, "pad_token": padding}
        (path / "special_tokens_map.json").write_text(json.dumps(marks, indent=2))
    return len(vocabulary)


def load_tokenizers(folder):
    """Both tokenizers, from the folder they were written to."""
    return [CLIPTokenizer.from_pretrained(folder / name) for name in FOLDERS]


def token_ids(tokenizer, texts):
    """Token ids, [texts, 32] int64, padded and truncated."""
    return tokenizer(
        texts, padding="max_length", max_length=MAX_LENGTH, truncation=True, return_tensors="pt").input_ids
