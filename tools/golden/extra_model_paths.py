"""Which folders ComfyUI takes from files like extra_model_paths.yaml, by its own function; COMFYUI is a checkout of it.

    python tools/golden/extra_model_paths.py COMFYUI

Writes nodes/extra_model_paths.json: texts with the folders of each kind, in their order. The file lies in `/lists`, the home folder is
`/home/user`, and `DISK` stands for `/disk`.
"""

import json
import os
import sys
import tempfile
import types
from pathlib import Path

OUT = Path(__file__).resolve().parents[2] / "Tests/Golden/nodes/extra_model_paths.json"

CASES = {
    "relative": "a111:\n    base_path: ui/\n    checkpoints: models/Stable-diffusion\n    vae: models/VAE # old\n",
    "block": "a111:\n  base_path: /ui\n  loras: |\n         models/Lora\n         models/LyCORIS\n\n  vae: models/VAE\n",
    "kept": "a:\n  loras: |+\n    /x\n\n    /y\nb:\n  loras: |-\n    /z\n",
    "no base": "a:\n  checkpoints: models/../here\n  unet: /there\n  clip: ../above\n",
    "quoted": "a:\n  'base_path': \"/with # and \\\\ in\"\n  \"loras\": 'it''s'   # comment\n  vae: C:\\\\models#1\n",
    "default": "a:\n  base_path: /a\n  is_default: true\n  loras: one\n  vae: v\nb:\n  base_path: /b\n  loras: two\n"
    "c:\n  base_path: /c\n  is_default: yes\n  loras: |\n    three\n    four\n",
    "absolute": "a:\n  base_path: /a\n  loras: /elsewhere/loras\n",
    "home": "a:\n  base_path: ~/ui\n  loras: l\nb:\n  base_path: $DISK/x${DISK}y$NOTHING${NOTHING}/$\n  loras: l\nc:\n  base_path: ~user/ui\n  loras: l\n",
    "empty": "# nothing\na:\nb: null\nc: # later\n    # still nothing\nd:\n  loras: /d\n",
    "again": "a:\n  loras: /one\nb:\n  loras: |\n    /two\n    /one\n",
    "windows": "a:\r\n  base_path: /a\r\n  loras: |\r\n    x\r\n    y\r\n",
    "dots": "a:\n  base_path: ./x/../y//z/\n  loras: ./l/\n",
}
WRONG = [
    "a:\n\tloras: x\n", "a:\n  loras: [x, y]\n", "a:\n  loras:\n    - x\n", "a:\n  loras: x: y\n", "loras: x\n",
    "a:\n  loras: x\n   vae: y\n", "a:\n  loras: 'x\n", "a:\n  loras: {x: y}\n", "a:\n  loras\n", "a:\n  loras: *x\n",
    "- a\n", "a:\n  loras: @x\n", "a:\n  loras: \"\\q\"\n", "a:\n  loras: 'x' y\n", "a:\n  loras:\n", "a:\n  base_path:\n",
]


def main():
    comfyui = Path(sys.argv[1])
    os.environ.update(HOME="/home/user", DISK="/disk")
    os.environ.pop("NOTHING", None)
    found = {}
    stub = types.ModuleType("folder_paths")
    legacy = {"unet": "diffusion_models", "clip": "text_encoders"}

    # As ComfyUI's add_model_folder_path, whose module needs all of ComfyUI's command line: the function's own source.
    text = (comfyui / "folder_paths.py").read_text()
    start = text.index("def add_model_folder_path")
    scope = {"folder_names_and_paths": found, "map_legacy": lambda name: legacy.get(name, name)}
    exec(text[start:text.index("\ndef ", start)], scope)
    stub.add_model_folder_path = scope["add_model_folder_path"]
    sys.modules["folder_paths"] = stub
    sys.path.insert(0, str(comfyui / "utils"))
    import extra_config

    def read(text):
        found.clear()
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder).resolve() / "lists"
            place.mkdir()
            file = place / "extra.yaml"
            file.write_bytes(text.encode())
            # The models folder's own comes first, as in ComfyUI.
            found["loras"] = (["/own/loras"], set())
            extra_config.load_extra_path_config(str(file))
            above = str(place.parent)
            return {kind: [path.replace(above, "") for path in paths] for kind, (paths, _) in sorted(found.items())}

    answers = {name: {"yaml": text, "folders": read(text)} for name, text in CASES.items()}
    for text in WRONG:
        try:
            read(text)
        except Exception:
            continue
        sys.exit(f"ComfyUI takes {text!r}")
    import yaml

    OUT.write_text(json.dumps({
        "script": "tools/golden/extra_model_paths.py", "versions": {"PyYAML": yaml.__version__},
        "cases": answers, "wrong": WRONG}, indent=1) + "\n")


main()
