"""How long attention takes on the CPU, by torch's kernel and by two products with a softmax.

Both ways in turns, on 4,096 subwords, for heads of 32 and 64 and rows of several lengths; least and
median of the turns, in ms. `attend` of spacy_hf_ner chooses by what this prints.

    python benchmarks/attention.py [--turns 15]
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch.nn import functional

from spacy_hf_ner.model.engines.cpu import attention

N_SUBWORDS = 4096
N_HEADS = 12
N_WARM_UPS = 2


def run_kernel(projected: torch.Tensor) -> torch.Tensor:
    """Return what all heads read, by torch's kernel."""
    query, key, value = projected.permute(2, 0, 3, 1, 4)
    read = functional.scaled_dot_product_attention(query, key, value, scale=1.0)
    return read.transpose(1, 2).flatten(-2)


def run_products(projected: torch.Tensor) -> torch.Tensor:
    """Return what all heads read, by two products."""
    read = attention.attend_by_products(projected.permute(2, 0, 3, 1, 4), None)
    return read.transpose(1, 2).flatten(-2)


def measure(ways: dict[str, Callable[[torch.Tensor], torch.Tensor]], n_turns: int) -> None:
    """Print a line for each type, size of heads and length of rows."""
    print(f"{'type':<10}{'head':>5}{'length':>8}" + "".join(f"{name:>20}" for name in ways))
    for dtype in (torch.bfloat16, torch.float32):
        for head_size in (32, 64):
            for length in (16, 32, 64, 128, 256, 512):
                shape = (N_SUBWORDS // length, length, 3, N_HEADS, head_size)
                projected = (torch.randn(shape) * head_size**-0.25).to(dtype)
                times: dict[str, list[float]] = {name: [] for name in ways}
                for turn in range(N_WARM_UPS + n_turns):
                    for name, run in ways.items():
                        start = time.perf_counter()
                        run(projected)
                        if turn >= N_WARM_UPS:
                            times[name].append(1000 * (time.perf_counter() - start))
                figures = (f"{min(t):.2f} ({statistics.median(t):.2f})" for t in times.values())
                cells = "".join(f"{figure:>20}" for figure in figures)
                print(f"{str(dtype)[6:]:<10}{head_size:>5}{length:>8}{cells}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=15)
    args = parser.parse_args()
    with torch.inference_mode():
        measure({"kernel": run_kernel, "products": run_products}, args.turns)


if __name__ == "__main__":
    main()
