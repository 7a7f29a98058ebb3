"""Tiny networks that make pictures larger, run by spandrel in float32: Tests/Golden/upscaling/*.safetensors.

    python tools/golden/upscaling.py COMFYUI        COMFYUI is a checkout of it, for how it blends tiles

A file holds the weights under `model.` in the spelling of Real-ESRGAN (float16, run in float32), a picture, the same picture larger in
one piece and by tiles of 8 pixels that overlap by 2, and in its metadata the names of the same weights in older spellings: `old` as
spandrel itself has them, `trunk` as BSRGAN and RealSR do, which spandrel reads too (ESRGAN+ in the old one alone). Weights depend on their names alone. ESRGAN's dense blocks
grow by 8 channels here rather than by 32, so that the files stay small.
"""
import ast
import itertools
import json
import re
import sys
import zlib
from pathlib import Path

import spandrel
import torch
from safetensors.torch import save_file
from spandrel.architectures.ESRGAN import ESRGAN, ESRGANArch
from spandrel.architectures.__arch_helpers import block

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Golden/upscaling"
torch.set_num_threads(1)
torch.set_grad_enabled(False)
rrdb = block.RRDB
block.RRDB = lambda **options: rrdb(**(options | {"gc": GROWTH}))
WIDTH, GROWTH = 16, 8


def random(name, *shape):
    """Normal noise that depends on the name alone."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))


def tiled_scale(comfyui):
    """ComfyUI's function, out of its file, whose imports are not needed for it."""
    tree = ast.parse((comfyui / "comfy/utils.py").read_text())
    wanted = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "tiled_scale_multidim"]
    names = {"torch": torch, "itertools": itertools}
    exec(compile(ast.Module(wanted, []), "comfy/utils.py", "exec"), names)
    return names["tiled_scale_multidim"]


def esrgan(inputs, blocks, doublings, plus=False):
    """Shapes of the weights in Real-ESRGAN's spelling."""
    def conv(name, i, o, kernel=3):
        shapes[name + ".weight"] = (o, i, kernel, kernel)
        if kernel > 1:
            shapes[name + ".bias"] = (o,)

    shapes = {}
    conv("conv_first", inputs, WIDTH)
    for number in range(blocks):
        for dense in (1, 2, 3):
            for index in range(5):
                conv(f"body.{number}.rdb{dense}.conv{index + 1}", WIDTH + index * GROWTH, WIDTH if index == 4 else GROWTH)
            if plus:
                conv(f"body.{number}.rdb{dense}.conv1x1", WIDTH, GROWTH, 1)
    for name in ["conv_body"] + [f"conv_up{number + 1}" for number in range(doublings)] + ["conv_hr"]:
        conv(name, WIDTH, WIDTH)
    conv("conv_last", WIDTH, 3)
    return shapes


def compact(convs, factor):
    shapes = {"body.0.weight": (WIDTH, 3, 3, 3), "body.0.bias": (WIDTH,), "body.1.weight": (WIDTH,)}
    for index in range(2, 2 * convs + 2, 2):
        shapes |= {f"body.{index}.weight": (WIDTH, WIDTH, 3, 3), f"body.{index}.bias": (WIDTH,), f"body.{index + 1}.weight": (WIDTH,)}
    last = 2 * convs + 2
    return shapes | {f"body.{last}.weight": (3 * factor ** 2, WIDTH, 3, 3), f"body.{last}.bias": (3 * factor ** 2,)}


def weights(shapes):
    values = {}
    for name, shape in shapes.items():
        noise = random(name, *shape)
        values[name] = (noise / noise[0].numel() ** 0.5 if len(shape) > 1 else 0.1 * noise).half().float()
    if "conv_last.bias" in values:
        values["conv_last.bias"] = (values["conv_last.bias"] + 0.5).half().float()
    return values


def trunk(name):
    """BSRGAN's spelling of a name."""
    name = re.sub(r"^body\.(\d+)\.rdb", r"RRDB_trunk.\1.RDB", name)
    for new, old in (("conv_body", "trunk_conv"), ("conv_up", "upconv"), ("conv_hr", "HRconv")):
        name = name.replace(new, old)
    return name


def plus_name(name):
    """The old spelling of a name of ESRGAN+ with one block and one doubling, the only one in which spandrel reads it."""
    name = re.sub(r"^body\.0\.rdb(\d)\.conv(\d)\.", r"model.1.sub.0.RDB\1.conv\2.0.", name)
    name = re.sub(r"^body\.0\.rdb(\d)\.conv1x1\.", r"model.1.sub.0.RDB\1.conv1x1.", name)
    layers = {"conv_first": "model.0", "conv_body": "model.1.sub.1", "conv_up1": "model.3", "conv_hr": "model.5", "conv_last": "model.7"}
    return re.sub(r"^conv_\w+", lambda found: layers[found[0]], name)


def write(name, shapes, height, width, tiled):
    values = weights(shapes)
    is_plus = any("conv1x1" in key for key in values)
    model = spandrel.ModelLoader().load_from_state_dict({plus_name(key) if is_plus else key: value for key, value in values.items()})
    image = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(7))
    tensors = {"image": image, "larger": model(image.clone())}
    tensors["tiled"] = tiled(image, lambda part: model(part.clone()), tile=(8, 8), overlap=2, upscale_amount=model.scale)
    tensors["tiled"] = tensors["tiled"].clamp(0, 1)
    spellings = {}
    if isinstance(model.architecture, ESRGANArch):
        own = model.model.state_dict()
        spellings["old"] = {key: next(o for o, value in own.items() if value.shape == values[key].shape and value.equal(values[key])) for key in values}
        assert len(set(spellings["old"].values())) == len(own)
        if not is_plus:
            spellings["trunk"] = {key: trunk(key) for key in values}
        for names in spellings.values():
            again = spandrel.ModelLoader().load_from_state_dict({names[key]: value for key, value in values.items()})
            assert again(image.clone()).equal(tensors["larger"])
    metadata = {
        "script": "tools/golden/upscaling.py", "seed": "crc32 of each tensor's name; 7 for the picture", "scale": str(model.scale),
        "versions": f"torch {torch.__version__}, spandrel {spandrel.__version__}",
    } | {key: json.dumps(names) for key, names in spellings.items()}
    tensors |= {"model." + key: value.half() for key, value in values.items()}
    path = OUTPUT / f"{name}.safetensors"
    save_file({key: value.contiguous() for key, value in tensors.items()}, path, metadata=metadata)
    larger = tensors["larger"]
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB, {tuple(larger.shape)}, inside {((larger > 0) & (larger < 1)).float().mean():.2f}")


def main():
    OUTPUT.mkdir(exist_ok=True)
    tiled = tiled_scale(Path(sys.argv[1]))
    write("esrgan-x4", esrgan(3, 2, 2), 13, 18, tiled)
    write("esrgan-x2-unshuffle", esrgan(12, 1, 2), 13, 18, tiled)
    write("esrgan-x1-unshuffle", esrgan(48, 1, 2), 15, 17, tiled)
    write("esrgan-plus-x2", esrgan(3, 1, 1, plus=True), 9, 14, tiled)
    write("compact-x4", compact(2, 4), 9, 14, tiled)


if __name__ == "__main__":
    main()
