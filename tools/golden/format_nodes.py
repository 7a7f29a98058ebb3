"""What Python's str.format gives for the node StringFormat: Tests/Golden/nodes/format.json.

    python tools/golden/format_nodes.py      (needs Python 3.11 or newer, nothing else)

`filled`: a template, values by name (each a type and its text), and what Python gives. `refused`: templates and values that
Python refuses.
"""
import json
import sys
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "Tests/Golden/nodes/format.json"
TEXTS = ["", "fox", "狐 🦊 é", "it's", "a\n\"b\"\u200b\\"]
WHOLES = [0, 1, -7, 65, 1234, -123456, 2**63 - 1, -(2**63), 255]
NUMBERS = [0.0, -0.0, 1.0, 0.5, -2.5, 1234.5, 12345.678, 99.96, 0.0001234, 0.00001, 1e16, 1e22, 1.7976931348623157e308, 5e-324, 123456789.0,
           float("nan"), float("inf"), float("-inf"), 0.1 + 0.2, -0.001, 2.675, 5.0, 15.0, 1e-7, 100.0]  # fmt: skip
SPECS = """
5 <6 >6 ^7 =8 *^9 🦊<4 0 05 010 +d -d =+9 x<04 012, +012, _ , ,d _d b o x X #b #o #x #X #010x _x #_x 020_b 020_x c 5c n 7n d 5d e E f F g G % .0e .3e #.0f .0f
.2f .10f ,.2f 015,.2f 016_.3f +.1% .0% .1g .3g #.3g 08.2g .17g .0 .1 .2 .3 .5 .12 #.3 # 010 =10 <010 ^010 +10.2f z.1f z.0e +z.2f 012.3e {>8} }<8 s 5s .2s ^9.3s *>7.2
""".split() + [" ", " d", " .3f", "05 ", "q", "5x5", ".", ".f", ",,", "_,", "==", ",s", ",x", "_c", ".3d", "zd", "#s", "+s", "=s", "99999999999999999999"]


def typed(value):
    """A value in JSON."""
    return {"type": type(value).__name__, "text": str(value)}


def attempt(template, values):
    """What Python gives, or None."""
    try:
        return template.format(**values)
    except (ValueError, KeyError, IndexError, TypeError, OverflowError):
        return None


def cases():
    """Templates with their values."""
    for value in [*TEXTS, *WHOLES, *NUMBERS, True, False]:
        shown = []
        for spec in SPECS:
            if "{" in spec or "}" in spec:
                continue
            template = "{a:" + spec + "}"
            if attempt(template, {"a": value}) is None:
                if repr(value) in ("'fox'", "-7", "9223372036854775807", "-2.5", "True"):
                    yield template, {"a": value}
            else:
                shown.append(template)
        yield "|".join(["{a}", "{a!s}", "{a!r}", "{a!a}", "{a!r:>12}", *shown]), {"a": value}
    values = {"a": "fox", "b": 3.14159, "c": 7, "z": True}
    for template in [
        "", "no values", "{{}}", "{{{a}}}", "}}{{", "{a}{b}{c}{z}", "{b:.{c}f}", "{a:{c}}", "{a:>{c}}", "{a:{a[0]}}", "{b:{c}.{c}}",
        "{b:{{}}", "{c:{z:d}}", "{a:}}", "{a:}", "{a!r:}", "{", "}", "{a", "a}", "{a:", "{a!", "{a!}", "{a!r", "{a!q}", "{a!rr}", "{d}", "{a{b}}",
        "{a:{b:{c}}}", "{a:{c:{c}}}", "{a b}", "{ a}", "{a!r }", "{A}", "é {a} 🦊", "{a:🦊^{c}}", "{{a}", "{a}}", "{a:{}}", "{a:{c}", "{a::<7}", "{a:!<7}",
        "{z!s:>7}", "{c!r:>4}", "{b!s:.4}",
    ]:  # fmt: skip
        yield template, values


def main():
    """Write the file."""
    rows = {"filled": [], "refused": []}
    for template, values in cases():
        record = {"template": template, "values": {name: typed(value) for name, value in values.items()}}
        out = attempt(template, values)
        if out is None:
            rows["refused"].append(record)
        else:
            rows["filled"].append({**record, "out": out})
    about = {"script": "tools/golden/format_nodes.py", "python": sys.version.split()[0]}
    FILE.write_text(json.dumps({"about": about, **rows}, separators=(",", ":")) + "\n")
    print(FILE.name, FILE.stat().st_size, "bytes,", len(rows["filled"]), "filled,", len(rows["refused"]), "refused")


if __name__ == "__main__":
    main()
