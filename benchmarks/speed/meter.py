"""How long forward passes take, how much they compute, and how much the machine could."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from speed.runner import Device
from transformers import AutoConfig

_SIZE = {"cpu": 2048, "cuda": 8192}  # rows of the square matrices that are multiplied
_N_PRODUCTS = 4


@dataclass(frozen=True, slots=True)
class Work:
    """What one subword costs in a network of BERT's kind.

    Attributes:
        flop: Floating-point operations of a subword, attention to others left out.
        flop_per_neighbour: Those of its attention to each subword of its row.
    """

    flop: float
    flop_per_neighbour: float

    def count(self, lengths: Sequence[int]) -> float:
        """Return the operations that rows of these lengths need; padding is no work."""
        return sum(length * (self.flop + self.flop_per_neighbour * length) for length in lengths)


def read_work(checkpoint: str) -> Work:
    """Return what a subword costs, from the checkpoint's config.

    A product of a vector with a matrix of n × m takes 2 n m operations. In each layer there are
    four of width × width (query, key, value, output) and two of width × intermediate width; and
    attention takes two sums over the row.
    """
    config: Any = AutoConfig.from_pretrained(checkpoint)
    width, layers = config.hidden_size, config.num_hidden_layers
    inner = getattr(config, "intermediate_size", None) or 4 * width
    return Work(
        flop=layers * (4 * 2 * width * width + 2 * 2 * width * inner)
        + 2 * width * config.num_labels,
        flop_per_neighbour=layers * 2 * 2 * width,
    )


class ForwardMeter:
    """Adds up the time and the work of forward passes; on a GPU it waits for each to end."""

    def __init__(self, work: Work, device: Device) -> None:
        self.seconds = 0.0
        self.flop = 0.0
        self._work = work
        self._device = device
        self._started = 0.0

    def start(self) -> None:
        """Begin a forward pass."""
        synchronise(self._device)
        self._started = time.perf_counter()

    def stop(self) -> None:
        """End it."""
        synchronise(self._device)
        self.seconds += time.perf_counter() - self._started

    def count(self, lengths: Sequence[int]) -> None:
        """Add its work; the lengths are those of its rows, without padding."""
        self.flop += self._work.count(lengths)

    @contextmanager
    def watch(self, module: torch.nn.Module) -> Iterator[None]:
        """Measure a network whenever it is called."""

        def after(
            _module: torch.nn.Module,
            _args: Any,  # noqa: ANN401
            kwargs: dict[str, Any],
            _output: Any,  # noqa: ANN401
        ) -> None:
            self.stop()
            self.count(kwargs["attention_mask"].sum(dim=1).tolist())

        hooks = [
            module.register_forward_pre_hook(lambda _module, _args: self.start()),
            module.register_forward_hook(after, with_kwargs=True),
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


def synchronise(device: Device) -> None:
    """Wait until a GPU has done what it was asked for."""
    if device == "cuda":
        torch.cuda.synchronize()


def measure_matmul(dtype: torch.dtype, device: Device) -> float:
    """Return the operations per second of large matrix products: the best of a few."""
    n = _SIZE[device]
    left, right = (torch.randn(n, n, device=device).to(dtype) for _ in range(2))
    best = float("inf")
    for _ in range(_N_PRODUCTS):
        synchronise(device)
        start = time.perf_counter()
        torch.mm(left, right)
        synchronise(device)
        best = min(best, time.perf_counter() - start)
    return 2 * n**3 / best
