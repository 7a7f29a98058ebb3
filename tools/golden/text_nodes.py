"""Writes Tests/Golden/nodes/text.json: what Python's str, re and json give for what ComfyUI's nodes on texts do with them.

    python tools/golden/text_nodes.py      (needs Python 3.11 or newer, nothing else)

The file holds the version and five lists: `nodes`, runs of nodes with their inputs and outputs; `patterns`, a pattern with
its flags, a text and the spans of the whole and of each group in every match, or `error` where Python refuses the pattern;
`replacements`, likewise for re.sub; `numbers`, what float() and int() make of texts; `expressions`, what eval() makes of
expressions, without a value where that is an error or no finite number. Texts are indexed by code points.
"""

import builtins
import json
import math
import re
import sys
import warnings
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "Tests" / "Golden" / "nodes" / "text.json"
FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
TEXTS = [
    "", "a", "A red fox, 狐 🦊 and Émile's naïve café", " \t\n mixed \u00a0\u2003 spaces\u001f\r\n", "ὈΔΥΣΣΕΎΣ ΣΟΦΌΣ. Σ ΑΣ'Σ",
    "straße ﬁne ǆungla İstanbul ıŁ", "it's o'NEILL 3rd x2y", "👩‍👩‍👧 👍🏽 e\u0301", "aaa", "\\n is not \n",
]  # fmt: skip


def nodes():
    def run(node, out, **inputs):
        yield {"node": node, "inputs": inputs, "out": out}

    for text in TEXTS:
        yield from run("StringLength", len(text), string=text)
        for mode, method in (
            ("UPPERCASE", str.upper), ("lowercase", str.lower), ("Capitalize", str.capitalize), ("Title Case", str.title),
        ):  # fmt: skip
            yield from run("CaseConverter", method(text), string=text, mode=mode)
        for mode, method in (("Both", str.strip), ("Left", str.lstrip), ("Right", str.rstrip)):
            yield from run("StringTrim", method(text), string=text, mode=mode)
        for start, end in ((0, 3), (-3, 99), (2, -2), (5, 2), (-99, 1), (-(2**63), 2**63 - 1), (99, 100)):
            yield from run("StringSubstring", text[start:end], string=text, start=start, end=end)
        for find, replace in (("", "-"), ("a", ""), ("aa", "b"), ("é", "e"), ("\n", "\\n"), ("👩", "x"), ("e", "e\u0301")):
            yield from run("StringReplace", text.replace(find, replace), string=text, find=find, replace=replace)
        for part in ("", "FOX", "é", "e\u0301", "σ", text)[len(text) % 2 :: 2]:
            for exact in (True, False):
                a, b = (text, part) if exact else (text.lower(), part.lower())
                options = {"case_sensitive": exact}
                yield from run("StringContains", b in a, string=text, substring=part, **options)
                for mode, out in (("Starts With", a.startswith(b)), ("Ends With", a.endswith(b)), ("Equal", a == b)):
                    yield from run("StringCompare", out, string_a=text, string_b=part, mode=mode, **options)
    for a, b, delimiter in (("a", "b", ""), ("", "", ", "), ("é", "🦊", "\n")):
        yield from run("StringConcatenate", delimiter.join([a, b]), string_a=a, string_b=b, delimiter=delimiter)
    document = {
        "text": "a 'quoted' \"fox\" \\ \n", "": "empty", "whole": 12, "half": 0.5, "tiny": 1e-7, "huge": 1e22, "yes": True, "no": None,
        "list": [1, 2.0, "it's", 'say "x"', "both '\"", None, False, [], {}], "object": {"b": 1, "a": {"é": "\u200b\u2028\x07\t"}},
    }  # fmt: skip
    for key in [*document, "absent", "list.0"]:
        value = document.get(key)
        text = json.dumps(document, indent=1, ensure_ascii=len(key) % 2 == 0)
        yield from run("JsonExtractString", "" if value is None else str(value), json_string=text, key=key)
    for text in ("", "[1]", "{'a': 1}", '{"a": 1', '"a"', "null", '{"a": 1, "a": 2}', '{"a": NaN}'):
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        found = isinstance(value, dict) and value.get("a") is not None
        yield from run("JsonExtractString", str(value["a"]) if found else "", json_string=text, key="a")


# A pattern, its flags, and texts to search.
PATTERNS = [
    ("", "", ["", "abc", "🦊"]),
    ("a|b|", "", ["abcab"]),
    ("fox", "i", ["A Fox, a fOX", "狐"]),
    (r"(\w+) (\w+)", "", ["hello big world", "é狐 _9 x"]),
    (r"\d+", "", ["12 ٣٤ 5x６"]),
    (r"(?a:\d+|\w+)", "", ["é12 ٣٤ ab"]),
    (r"\s+", "", ["a \u00a0\t\x1f\n b"]),
    (r"[^\W\d_]+", "", ["ab1_cé2"]),
    (r"\bfox\b", "", ["fox foxes a-fox fox2"]),
    (r"\Bo", "", ["foo o oo"]),
    (r"\B", "", ["", "ab", "a b"]),
    (r"\b", "", ["", "ab c", "é-狐"]),
    ("^a", "", ["a\na"]),
    ("^a", "m", ["a\na\nb"]),
    ("a$", "", ["a\na\n", "a\na", "a\n\n"]),
    ("a$", "m", ["a\na\nb"]),
    ("^", "m", ["a\n\nb\n"]),
    ("$", "m", ["a\n\nb\n"]),
    ("$", "", ["a\n", "a", ""]),
    (r"\Aa|a\Z", "m", ["a\na", "a\n"]),
    ("a.c", "", ["abc a\nc a🦊c"]),
    ("a.c", "s", ["abc a\nc"]),
    ("a*", "", ["baac", "aaa"]),
    ("a*?", "", ["baac"]),
    ("a+?b", "", ["aaab"]),
    ("<.+>", "", ["<a><b>"]),
    ("<.+?>", "", ["<a><b>"]),
    ("a{2}", "", ["aaaaa"]),
    ("a{2,3}", "", ["aaaaaaa"]),
    ("a{2,3}?", "", ["aaaaaaa"]),
    ("a{,2}b", "", ["aaab"]),
    ("a{2,}b", "", ["aaab ab"]),
    ("a{,}b", "", ["aaab"]),
    ("a{", "", ["a{"]),
    ("a{}", "", ["a{}"]),
    ("a{x}", "", ["a{x}"]),
    ("a{1,2", "", ["a{1,2"]),
    ("a{1", "", ["a{1"]),
    ("x{2}{", "", ["xx{"]),
    ("(ab){2,3}c", "", ["ababababc"]),
    ("(ab){2,3}?c", "", ["ababababc"]),
    ("(?:ab|a)(?:bc|c)", "", ["abc"]),
    ("(a|ab)(c|bcd)(d*)", "", ["abcd"]),
    ("(a)|(b)", "", ["ab"]),
    ("(a)?b", "", ["ab b"]),
    ("(a)?(b)?", "", ["ab"]),
    ("((a)|b)*", "", ["abab", "aab"]),
    ("(a*)*", "", ["aab", "b"]),
    ("(a*)+", "", ["b", "aa"]),
    ("(a|b*)*c", "", ["abbac"]),
    ("(?:a?)*?b", "", ["aab"]),
    ("(?:a?){3}b", "", ["aab"]),
    ("(a?)*?b", "", ["aab"]),
    ("(?:a|(b))+?c", "", ["abac"]),
    (r"(\w)\1", "", ["hello aAbB"]),
    (r"(\w)\1", "i", ["hello aAbB éÉ"]),
    (r"(?P<q>['\"]).*?(?P=q)", "", ["say \"it's\" 'x'"]),
    (r"(a)\1{2}", "", ["aaa"]),
    (r"(a*)b\1", "", ["aabaa"]),
    (r"(a)?\1b", "", ["b aab"]),
    ("a(?=b)", "", ["ab ac"]),
    ("a(?!b)", "", ["ab ac a"]),
    ("(?=(a+))a*b", "", ["aaab"]),
    ("(?!(a))b", "", ["ab"]),
    ("(?<=a)b", "", ["ab b cb"]),
    ("(?<!a)b", "", ["ab b cb"]),
    ("(?<=ab|cd)x", "", ["abx cdx adx"]),
    ("(?<=(a)(b))c", "", ["abc"]),
    ("(?<=^a)b", "", ["ab"]),
    (r"(?<=\bfox )\w+", "", ["fox run foxy go"]),
    ("(?<=a{3})b", "", ["aaab aab"]),
    ("(?>a+)b", "", ["aaab"]),
    ("(?>a+)ab", "", ["aaab"]),
    ("a++b", "", ["aaab"]),
    ("a++ab", "", ["aaab"]),
    ("(?:ab)*+a", "", ["ababa"]),
    ("a?+a", "", ["a", "aa"]),
    ("a{1,2}+a", "", ["aa", "aaa"]),
    ("(a)?(?(1)b|c)", "", ["ab c b"]),
    ("(?P<x>a)?(?(x)b)", "", ["ab b"]),
    ("(<)?a(?(1)>|$)", "", ["<a>", "a", "<a"]),
    ("(?(1)a|b)(c)?", "", ["bc"]),
    ("(?i)fox", "", ["FOX"]),
    ("(?im)^fox$", "", ["a\nFOX"]),
    ("(?s).", "", ["\n"]),
    ("(?i)(?m)^a", "", ["b\nA"]),
    ("(?i:a)b", "", ["Ab AB"]),
    ("(?-i:a)b", "i", ["aB AB"]),
    ("(?s-i:a.)b", "i", ["a\nB"]),
    ("(?x) a b # comment\n c", "", ["abc"]),
    ("(?x: a [ ] b )c d", "", ["a bc d"]),
    ("(?x)a +", "", ["aaa"]),
    ("(?x)\\ a\\#", "", [" a#"]),
    ("a(?#comment)b", "", ["ab"]),
    ("a(?#c)*", "", ["aa"]),
    ("[abc]+", "", ["xbcax"]),
    ("[^abc]+", "", ["xbcax\n"]),
    ("[]a]+", "", ["a]b"]),
    ("[^]a]+", "", ["a]b"]),
    ("[a-]+", "", ["a-b"]),
    ("[-a]+", "", ["a-b"]),
    ("[a-c-e]+", "", ["abc-ed"]),
    (r"[\d-x]+", "", ["1-x2"]),
    (r"[\]\\^-]+", "", ["]\\^-"]),
    (r"[\b\n\t]+", "", ["\b\n\tb"]),
    (r"[\x41-\x43\u0061-\u0063\U0001F98A]+", "", ["ABCabc🦊d"]),
    (r"[\101\60]+", "", ["A0"]),
    ("[a-z]+", "i", ["ABCıſKİ"]),
    ("[A-Z]+", "i", ["abcıſKİ"]),
    ("[^a-z]+", "i", ["ABC1ſ"]),
    ("[é-ü]+", "i", ["ÉÜ"]),
    ("k", "i", ["K\u212a"]),
    ("ſ", "i", ["sSſ"]),
    ("ß", "i", ["ßẞss"]),
    ("µ", "i", ["μΜµ"]),
    ("σ", "i", ["Σσς"]),
    ("İ", "i", ["iIİı"]),
    ("i", "i", ["iIİı"]),
    ("(?a)[a-z]+", "i", ["ABCıſK"]),
    ("(?a)é", "i", ["éÉ"]),
    ("狐+|🦊", "", ["狐狐🦊"]),
    ("[🦊狐]", "", ["🦊狐"]),
    (r"\n\t\r\f\v\a", "", ["\n\t\r\f\v\a"]),
    (r"\x41\u0042\U00000043", "", ["ABC"]),
    (r"\101\060\0", "", ["A0\0"]),
    (r"\08", "", ["\x008"]),
    (r"\.\*\-\ \é", "", [".*- é"]),
    (r"(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)\11", "", ["abcdefghijkk"]),
    (r"(a)\141", "", ["aa"]),
    ("(((((((((((a)))))))))))", "", ["a"]),
    ("(a+)(a+)", "", ["aaaa"]),
    ("(a+?)(a+)", "", ["aaaa"]),
    ("(.*)(\\d+)", "", ["abc123"]),
    ("(.*?)(\\d+)$", "", ["abc123"]),
    ("x*", "", ["axxb", "xx"]),
    ("|a", "", ["a"]),
    ("a|", "", ["ba"]),
    ("(|a)+", "", ["aa"]),
    ("(?:|a)+b", "", ["aab"]),
    ("()", "", ["a"]),
    ("(?:)", "", ["a"]),
    ("(?:){5}a", "", ["a"]),
    ("(?:(?:a){2}){2}", "", ["aaaaa"]),
    ("(?:a*){2}", "", ["aa"]),
    ("(?=a)*b", "", ["ab"]),
    ("(?:^a)+", "", ["aa"]),
    ("}", "", ["}"]),
    ("]", "", ["]"]),
    ("a\nb", "", ["a\nb"]),
    # Patterns that Python refuses.
    *[(p, "", ["a"]) for p in (
        "(", ")", "(a", "a)", "*", "a**", "a{2}{3}", "a+*", "+", "?a", "^*", "$+", "|*", "(*)", "[", "[a", "[]", "[^]", "[z-a]",
        r"[\d-\w]", r"[a-\d]", "\\", "a\\", r"\q", r"\8", r"\1", r"(a)\2", r"(a\1)", r"\400", r"[\400]", r"\x4", r"\u12",
        r"\U00110000", "a{3,2}", "(?P<a>x)(?P<a>y)", "(?P<1>x)", "(?P<>x)", "(?P<a", "(?P=b)", "(?P=a", "(?Pa)", "(?", "(?<a)",
        "(?<=a+)b", "(?<=a|bc)d", r"(?<=(a*)\1)b", "(?(1)a)", "(?(2)a)(b)", "(?(0)a)", "(?(x)a)", "(?(1)a|b|c)(d)", "(?z)", "(?i", "(?iz)",
        "a(?i)b", "(?-i)a", "(?i-:a)", "(?#a", "(?>a", "(?(", "(?L)a", r"[\q]", "(?:a", "a++*", "a{99999999999999999999}", "(?P<a b>c)",
    )],
]  # fmt: skip


def patterns():
    for pattern, letters, texts in PATTERNS:
        for text in texts:
            record = {"pattern": pattern, "flags": letters, "text": text}
            try:
                compiled = re.compile(pattern, sum(FLAGS[letter] for letter in letters))
            except (re.error, OverflowError):
                record["error"] = True
            else:
                groups = range(compiled.groups + 1)
                spans = [[match.span(group) for group in groups] for match in compiled.finditer(text)]
                record["matches"] = [[list(span) if span[0] >= 0 else None for span in match] for match in spans]
            yield record


REPLACEMENTS = [
    ("a", "b", "banana"), ("x*", "-", "abxd"), ("", "-", "ab"), ("b|", "-", "abc"), ("(a)(b)?", r"[\1\2]", "ab a"),
    (r"(\w+) (\w+)", r"\2 \1", "hello world"), (r"(?P<first>\w)(\w*)", r"\g<2>\g<first>\g<0>", "ab cd"), ("a", r"\n\t\\\r", "a"),
    ("a", r"\.\-\ ", "a"), ("a", r"\0", "a"), ("a", r"\012x\101\08", "a"), ("(a)", r"\10", "a"), ("(a)", r"\g<1>0", "a"),
    ("(a)", r"\1414", "a"), ("a", "🦊\\\\é", "cat"), ("a", r"\q", "a"), ("a", r"\1", "a"), ("a", "\\", "a"), ("a", r"\g", "a"),
    ("a", r"\g<", "a"), ("a", r"\g<>", "a"), ("a", r"\g<x>", "a"), ("a", r"\g<1x>", "a"), ("(a)", r"\2", "a"), ("a", r"\400", "a"),
    ("a", r"\g<0>\g<00>", "a"), ("(?i)FOX", "狐", "fox Fox"), ("^", "> ", "a\nb"), ("(?m)^", "> ", "a\nb"), (r"\s+", " ", "a  b\n\nc"),
    ("a", r"\b\f\a\v", "a"), ("(", "x", "a"), (r"\d{2}", "", "12345"),
]  # fmt: skip


def replacements():
    for pattern, replacement, text in REPLACEMENTS:
        for count in (0, 1, 2):
            record = {"pattern": pattern, "replacement": replacement, "text": text, "count": count}
            try:
                record["out"] = re.sub(pattern, replacement, text, count=count)
            except (re.error, IndexError):
                record["error"] = True
            yield record


# Values by name, and expressions over them; the functions are those of ComfyUI's Math Expression.
VALUES = {"a": 7, "b": -2.5, "c": 3, "d": True, "e": 0}
EXPRESSIONS = [
    "a + b", "a - b * c", "-a ** 2", "2 ** -1", "2 ** 3 ** 2", "(-8) ** c", "2.0 ** 0.5", "a / 2", "a // 2", "-a // 2", "a % c", "-a % c",
    "a % -c", "b // 2", "b % 2", "-b % -2", "7.5 // -2", "-0.0 // 3", "1e308 * 10 > 1", "a // 0.3", "6 % 0.1", "--a", "+-+a", "~a", "not a", "not e",
    "a & 3", "a | 8", "a ^ 2", "a << 3", "-a >> 1", "d + d", "d & True", "d | False", "d ^ d", "d & 3", "-d", "~d", "True == 1", "a == 7.0", "a != 7", "a < b",
    "1 < a < 10", "1 < a < 5 < 1 / e", "10 > a >= 7 == 7 != 6", "a < c < 1", "a in values", "4 in values", "4 not in values", "1 == 1 in values", "a and b", "e and 1 / e",
    "e or b", "a or 1 / e", "e or False or 0.0", "a and c and e", "not a or c", "not (a or c)", "a if d else b", "a if e else b", "1 / e if e else 5",
    "1 if e else 2 if e else 3", "(1 if d else 2) + 1", "1 if a > 5 and b < 0 else 0", "values[0]", "values[-1] + values[1]", "values[a - 6]",
    "sum(values)", "sum(1, 2.5, a)", "sum()", "sum(values) / 5", "min(values)", "max(values)", "min(a, b, c)", "max(1, 1.0)", "min(1.0, 1)", "max(d, e)", "abs(b)", "abs(-a)", "abs(d)",
    "round(2.5)", "round(3.5)", "round(-2.5)", "round(b)", "round(2.675, 2)", "round(1234.5678, -2)", "round(1250, -2)", "round(1350, -2)", "round(-1250, -2)", "round(a, 2)",
    "round(0.5 + 1e-9)", "round(1e22, 3)", "round(0.15, 1)", "round(1e-9, 5)", "round(5, -1)", "round(15, -1)", "round(4, -30)", "pow(2, 10)", "pow(2, -2)", "pow(2.5, 2)", "sqrt(a)", "sqrt(16)", "ceil(b)", "floor(b)", "ceil(a)",
    "floor(-0.5)", "log(a)", "log(8, 2)", "log2(8)", "log10(1000)", "sin(1)", "cos(1)", "tan(1)", "int(-2.9)", "int(b)", "int(d)", "float(a)", "0x1F + 0b101 + 0o17", "1_000 + 1e3 + .5 + 5. + 1.e2 + 1E-2",
    "00 + 0", "9223372036854775807", "-9223372036854775807 - 1", "2 ** 62", "(a)", "((a + (c)))", "a\t+\n  c", "sqrt(abs(b) ** 2 + c ** 2)", "a * c if a > c else a / c", "round(1024 / 8) * 8",
    "max(min(a, 5), 2,)", "0 ** 0", "0.0 ** 0", "1 ** 1000", "(-1) ** 1001", "1.5e3 // 7", "True + True", "3 - -3", "2 * -3", "2 ** --1", "a if not e else b", "-a ** -2", "(1 < 2) + 1",
    # What Python refuses or cannot compute.
    "", "  ", "a +", "+", "(a", "a)", "a b", "2x", "1..2", "1__0", "1_", "012", "0x", "1e", "a(", "sin()", "sin(1, 2)", "foo(1)", "unknown", "1 / 0", "1 // 0", "1 % 0", "1.0 / 0", "1.0 // 0.0", "0 ** -1", "0.0 ** -1",
    "(-8) ** 0.5", "sqrt(-1)", "log(0)", "log(-1)", "log(2, 1)", "log(2, 0)", "values[9]", "values[-9]", "values[1.5]", "values", "a[0]", "b & 1", "b | 1", "~b", "b << 1", "1 << -1", "a if b", "a else b", "if a else b", "and a",
    "a and", "not", "a not b", "a < ", "a = 1", "a; b", "[1, 2", "(,)", "sin(,)", "max()", "max(1)", "values + 1", "-values", "round(1.5, 1.5)", "10.0 ** 400", "int(1e400)", "ceil(1e400 - 1e400)", "1e400", "a.b",
    "a @ b", "a ! b", "a $ b", "狐", "'a'", "None", "lambda: 1", "a, b", "sum(values, values)", "1 in 2", "__import__('os')", "a.__class__", "min(values, 1)", "abs(values)", "1 if a else", "a if b if c else e else d",
]  # fmt: skip


def expressions():
    functions = {name: getattr(math, name) for name in "sqrt ceil floor log log2 log10 sin cos tan".split()}
    functions |= {name: getattr(builtins, name) for name in "min max abs round pow int float".split()}
    functions["sum"] = lambda *args: sum(args[0] if len(args) == 1 and isinstance(args[0], list) else args)
    names = VALUES | {"values": list(VALUES.values())} | functions
    for text in EXPRESSIONS:
        record = {"text": text}
        try:
            # Parentheses, since several lines are one expression here.
            value = eval(f"({text}\n)", {"__builtins__": {}}, names)
            kind = type(value).__name__
            if kind in ("int", "float", "bool") and math.isfinite(value):
                record |= {"type": kind, "value": value}
        except Exception:
            pass
        yield record


def numbers():
    for text in (
        "12", " -7\n", "+3", "1_000", "1__0", "_1", "0x10", "1e3", "-2.9", ".5", "5.", "1e400", "inf", "nan", "", "  ", "a", "1 2", "0b1",
        "9223372036854775807", "-9223372036854775808", "1e18", "True", "007", "1_0.5", "1e-5", "--1", "1.5.2",
    ):  # fmt: skip
        record = {"text": text}
        try:
            number = float(text)
            if math.isfinite(number):
                try:
                    record["whole"] = int(text)
                except ValueError:
                    record["whole"] = int(number)
                record["number"] = number
        except ValueError:
            pass
        yield record


def main() -> None:
    warnings.simplefilter("ignore")
    about = {"script": "tools/golden/text_nodes.py", "python": sys.version.split()[0]}
    parts = {part.__name__: list(part()) for part in (nodes, patterns, replacements, numbers, expressions)}
    rows = [
        f' "{name}": [\n' + ",\n".join("  " + json.dumps(row) for row in rows) + "\n ]" for name, rows in parts.items()
    ]
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text("{\n" + ",\n".join([f' "about": {json.dumps(about)}', *rows]) + "\n}\n")


if __name__ == "__main__":
    main()
