#!/usr/bin/env python3
"""Writes Sources/DioramaTokenizers/Text/CanonicalDecompositions.swift from Python's copy of the Unicode Character Database.

    python3 tools/unicode/decompositions.py > Sources/DioramaTokenizers/Text/CanonicalDecompositions.swift

Hangul syllables are left out: they are computed.
"""
import sys
import textwrap
import unicodedata

entries = []
for point in range(sys.maxunicode + 1):
    mapping = unicodedata.decomposition(chr(point))
    if mapping and not mapping.startswith("<"):
        entries.append(" ".join(f"{int(part, 16):X}" for part in [f"{point:X}", *mapping.split()]))

print(f"""\
/// The canonical decompositions of the Unicode Character Database {unicodedata.unidata_version}, Hangul left out.
///
/// Written by `tools/unicode/decompositions.py`. Entries end in a semicolon: a scalar and the one or two scalars it
/// decomposes into, hexadecimal.
enum CanonicalDecompositions {{
    static let table: StaticString = \"\"\"""")
print(" \\\n".join("        " + line for line in textwrap.wrap("; ".join(entries) + ";", 98)))
print('        """\n}')
