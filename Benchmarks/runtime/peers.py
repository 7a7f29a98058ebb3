"""PyTorch's measurements, each in a process of its own; prints a line of JSON.

    python Benchmarks/runtime/peers.py linear 1024 1536 6144 --precision bf16 --threads 2
    python Benchmarks/runtime/peers.py transformer FOLDER --size 512 --tokens 333
"""
import argparse
import json
import resource
import sys
import time


def linear(options, dtype):
    import torch
    rows, inputs, outputs = map(int, options.arguments)
    layer, x = torch.nn.Linear(inputs, outputs).to(dtype), torch.randn(rows, inputs, dtype=dtype)
    return lambda: layer(x)


def attention(options, dtype):
    import torch
    tokens, heads, dim = map(int, options.arguments)
    q, k, v = (torch.randn(1, heads, tokens, dim, dtype=dtype) for _ in range(3))
    return lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v)


def loaded(model, folder, dtype):
    """A model of diffusers or transformers in `dtype`."""
    name = "dtype" if model.__module__.startswith("transformers") else "torch_dtype"
    return model.from_pretrained(folder, use_safetensors=True, local_files_only=True, **{name: dtype}).eval()


def vae(options, dtype):
    import torch
    from diffusers import AutoencoderKL
    model = loaded(AutoencoderKL, options.arguments[0], dtype)
    latent = torch.randn(1, model.config.latent_channels, options.size // 8, options.size // 8, dtype=dtype)
    return lambda: model.decode(latent).sample


def transformer(options, dtype):
    """A step with guidance of Stable Diffusion 3, or one of Z-Image or FLUX.1 for a single prompt."""
    import torch
    import diffusers
    folder, side = options.arguments[0], options.size // 8
    with open(f"{folder}/config.json") as file:
        name = json.load(file)["_class_name"]
    model = loaded(getattr(diffusers, name), folder, dtype)
    if name == "ZImageTransformer2DModel":
        latent, time_ = [torch.randn(16, 1, side, side, dtype=dtype)], torch.tensor([0.5], dtype=dtype)
        text = [torch.randn(options.tokens, model.config.cap_feat_dim, dtype=dtype)]
        return lambda: model(latent, time_, text)
    if name == "FluxTransformer2DModel":
        return flux(model, side // 2, options.tokens, dtype)
    latent = torch.randn(2, model.config.in_channels, side, side, dtype=dtype)
    text = torch.randn(2, options.tokens, model.config.joint_attention_dim, dtype=dtype)
    pooled, time_ = torch.randn(2, model.config.pooled_projection_dim, dtype=dtype), torch.full((2,), 500.0)
    return lambda: model(latent, text, pooled, time_).sample


def flux(model, side, tokens, dtype):
    """A step of FLUX.1-schnell. Its 19 and 38 blocks are one of each kind, asked as often: the work is the same, and each block's weights
    (0.68 and 0.28 GB in bf16) are more than any cache holds; only the memory is not the whole model's."""
    import torch
    model.transformer_blocks = torch.nn.ModuleList([model.transformer_blocks[0]] * 19)
    model.single_transformer_blocks = torch.nn.ModuleList([model.single_transformer_blocks[0]] * 38)
    latent, text = torch.randn(1, side * side, 64, dtype=dtype), torch.randn(1, tokens, 4096, dtype=dtype)
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    places = torch.stack([torch.zeros_like(rows), rows, columns], dim=-1).reshape(-1, 3).to(dtype)
    pooled, time_ = torch.randn(1, 768, dtype=dtype), torch.tensor([0.5], dtype=dtype)
    return lambda: model(latent, text, pooled, time_, places, torch.zeros(tokens, 3, dtype=dtype)).sample


def t5(options, dtype):
    import torch
    from transformers import T5EncoderModel
    model = loaded(T5EncoderModel, options.arguments[0], dtype)
    ids = torch.arange(options.tokens)[None] * 7919 % model.config.vocab_size
    return lambda: model(ids).last_hidden_state


PARTS = dict(linear=linear, attention=attention, vae=vae, transformer=transformer, t5=t5)


def main():
    parser = argparse.ArgumentParser(description="Measures PyTorch.")
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("arguments", nargs="+", help="sizes, or a folder")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--tokens", type=int, default=333)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="bf16")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    import torch
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    seconds = []
    with torch.inference_mode():
        body = PARTS[options.part](options, {"f32": torch.float32, "bf16": torch.bfloat16}[options.precision])
        body()
        for _ in range(options.runs):
            start = time.perf_counter()
            body()
            seconds.append(time.perf_counter() - start)
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps({"seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}))


if __name__ == "__main__":
    main()
