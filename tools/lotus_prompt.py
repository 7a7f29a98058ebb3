"""The empty prompt of Lotus, which is part of the model: Sources/DioramaNodes/Conditioning/LotusPrompt.swift.

    python tools/lotus_prompt.py --model FOLDER       from a folder in diffusers' layout with `tokenizer` and `text_encoder`, of Stable
                                                      Diffusion 2 or Lotus; needs transformers
    python tools/lotus_prompt.py --comfyui COMFYUI    from ComfyUI's source, whose node has the same numbers

The numbers are the states of the start and the end of an empty text in the last layer of Stable Diffusion 2's text encoder, which has 865
MB; in float16, as ComfyUI has them.
"""
import argparse
import ast
import base64
from pathlib import Path

import numpy as np

OUTPUT = Path(__file__).resolve().parents[1] / "Sources/DioramaNodes/Conditioning/LotusPrompt.swift"
SHAPE = (1, 2, 1024)
TEXT = '''import FoundationEssentials

/// The empty prompt as Stable Diffusion 2's text encoder has it, which Lotus was trained with; written by `tools/lotus_prompt.py`.
enum LotusPrompt {{
    /// Tokens, and the width of each.
    static let shape = [{shape}]

    /// The states of the start and the end of the text, of `shape`.
    static var values: [Float] {{
        let bytes = Array(Data(base64Encoded: float16) ?? Data())
        return stride(from: 0, to: bytes.count - 1, by: 2).map {{
            Float(Float16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8))
        }}
    }}

    /// Little-endian, in base 64.
    private static let float16 = """
{lines}
        """
}}
'''


def from_model(folder):
    import torch
    from transformers import CLIPTextModel, CLIPTokenizer
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    encoder = CLIPTextModel.from_pretrained(folder / "text_encoder", torch_dtype=torch.float32)
    with torch.no_grad():
        return encoder(tokenizer("", return_tensors="pt").input_ids).last_hidden_state.numpy()


def from_comfyui(folder):
    tree = ast.parse((folder / "comfy_extras/nodes_lotus.py").read_text())
    lists = [node for node in ast.walk(tree) if isinstance(node, ast.List)]
    return np.array(ast.literal_eval(max(lists, key=lambda node: len(ast.dump(node)))))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--model", type=Path)
    source.add_argument("--comfyui", type=Path)
    arguments = parser.parse_args()
    values = from_model(arguments.model) if arguments.model else from_comfyui(arguments.comfyui)
    assert values.shape == SHAPE, values.shape
    text = base64.b64encode(values.astype("<f2").tobytes()).decode()
    lines = "\\\n".join(" " * 8 + text[start:start + 96] for start in range(0, len(text), 96))
    OUTPUT.write_text(TEXT.format(shape=", ".join(map(str, SHAPE)), lines=lines))
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size} bytes, {values.min():.4f} to {values.max():.4f}")


if __name__ == "__main__":
    main()
