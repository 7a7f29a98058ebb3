"""Weights in prompts as ComfyUI reads them: Tests/Golden/comfyui/prompt_weights.json.

    python tools/golden/prompt_weights.py COMFYUI

COMFYUI is a checkout of ComfyUI; the functions of its sd1_clip.py run as they are.
"""
import ast
import json
import sys
from pathlib import Path

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/comfyui/prompt_weights.json"
PROMPTS = [
    "", "a cat", "a (cat)", "a (cat:1.3)", "((cat))", "((cat:1.2) and (dog:0.5):1.5)", "(a)(b)(c)", "(a:1.2)b(c:.5)", "\\(cat\\)",
    "a \\(b\\) (c \\(d\\):1.4)", "(a", "a)", "a) (b)", "(a))", "((a)", "()", "(:1.2)", "( :1.2)", "(a:)", "(a:b)", "(a:1.2:1.3)",
    "(a: 1.25 )", "(a:-1)", "(a:0)", "(a:1e1)", "(a:+.5)", "(a:1.)", "(a (b:2) c:0.5)", "x(((((y)))))z", "(中文:1.1) 한국어", "(a:1.2)\n(b)",
    "one, two (three, four:1.21), five", "(a:1_0)", "a:1.2", "(a:1.2", "\\\\(a)", "((a:1.5):2)", "(a) )( (b)", "(𝒳y:1.5)", "(a:0x10)",
]


def main():
    source = (Path(sys.argv[1]) / "comfy/sd1_clip.py").read_text()
    wanted = {"parse_parentheses", "token_weights", "escape_important", "unescape_important"}
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name in wanted]
    scope = {}
    exec(compile(ast.Module(functions, []), "sd1_clip.py", "exec"), scope)
    prompts = []
    for text in PROMPTS:
        pieces = scope["token_weights"](scope["escape_important"](text), 1.0)
        prompts.append({"text": text, "pieces": [[scope["unescape_important"](piece), weight] for piece, weight in pieces]})
    OUTPUT.write_text(json.dumps({"script": "tools/golden/prompt_weights.py", "prompts": prompts}, ensure_ascii=False) + "\n")
    print(f"{OUTPUT.name}: {len(prompts)} prompts")


if __name__ == "__main__":
    main()
