"""One step of Z-Image's transformer in diffusers, bf16, random weights of true size: the peer of Benchmarks/true_size.py.

    python Benchmarks/peer_step.py [--tokens 192] [--threads 2]

Prints seconds a step (of one prompt, 512 x 512) and the peak resident memory. Needs 14 GB.
"""
import argparse
import resource
import time

import torch
from diffusers import ZImageTransformer2DModel


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=192)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.set_grad_enabled(False)
    with torch.device("meta"):
        model = ZImageTransformer2DModel(axes_lens=[1536, 512, 512])
    model = model.to(torch.bfloat16).to_empty(device="cpu").eval()
    for parameter in model.parameters():
        scale = 0.02 if parameter.ndim > 1 else 1
        parameter.fill_(scale) if parameter.ndim < 2 else parameter.uniform_(-scale, scale)
    latent = [torch.randn(16, 1, 64, 64, dtype=torch.bfloat16)]
    text = [torch.randn(arguments.tokens, 2560, dtype=torch.bfloat16)]
    times = []
    for _ in range(3):
        start = time.perf_counter()
        model(latent, torch.tensor([0.5], dtype=torch.bfloat16), text)
        times.append(time.perf_counter() - start)
        print(f"step: {times[-1]:.2f} s", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"best {min(times):.2f} s a step, peak {peak:.1f} GB")


if __name__ == "__main__":
    main()
