"""What a network does with padding, with short texts and with its own state, found by running it.

Transformers does not say which families let padding into the rows of other subwords, need a few
subwords at least, or are changed by what they read. So a network reads some subwords when it is
loaded, and is used as it was found to be.
"""

import contextlib
import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.core.windows import Window
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.engines.torch_backend import TorchBackend
from spacy_hf_ner.model.network import Network, share_weights
from spacy_hf_ner.model.reading.batching import Budget, make_batches
from spacy_hf_ner.model.reading.encoding import Template
from spacy_hf_ner.model.reading.limits import Limits

__all__ = ["Behaviour", "probe_network"]

_N_SHORT = 5  # subwords of the window that is padded
_N_LONG = 11  # subwords of the window that it is padded to
_MAX_SHORTEST = 16  # where the search for the shortest input ends
_TOLERANCE = 1e-3  # of logits, where the largest is 1 or less; rounding is a hundredth of it
_ROUNDING = 1e-5
_DRAWN_STD = 0.5  # large enough for attention to be felt in every logit
_N_HASHED = 1000  # what subwords are drawn from where a network hashes them
_TOGETHER = Budget(1_000_000, padding=1_000_000)  # all windows in one batch

# The parts of a module that hold other modules, tensors and functions.
_NO_STATE = {"_parameters", "_buffers", "_modules", "training"}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a network wants to be used.

    Attributes:
        shortest: The fewest subwords that it reads, special tokens and padding included.
        takes_padding: Whether rows stay as they are beside padding.
        keeps_state: Whether reading changes it.
        is_causal: Whether subwords do not see those after them.
    """

    shortest: int
    takes_padding: bool
    keeps_state: bool
    is_causal: bool


def probe_network(network: Network, template: Template, limits: Limits, *, name: str) -> Behaviour:
    """Return how a network, which is in eval mode and is not changed, wants to be used.

    Args:
        network: The network.
        template: The special tokens around each window.
        limits: What it can read.
        name: What to call it in messages.

    Raises:
        CheckpointError: It cannot read a text alone, gives no numbers, or reads each subword by
            itself.
    """
    with torch.inference_mode(), _keep_random_state():
        copied = share_weights(network)
        state = _list_state(copied)
        probe = _Probe(copied, template, limits)
        shortest = probe.find_shortest(name)
        alone = probe.read()
        _check_numbers(alone, probe, name)
        _check_attention(alone, probe, name)
        scale = max(1.0, float(alone.abs().max()))
        difference = float((probe.read_padded() - alone).abs().max())
        keeps_state = _list_state(copied) != state
        return Behaviour(
            shortest=shortest,
            # BigBird reads a short text in another way where it is padded to a long one.
            takes_padding=difference <= _TOLERANCE * scale and not keeps_state,
            keeps_state=keeps_state,
            is_causal=_is_causal(alone, probe),
        )


class _Probe:
    """Has a network read a window of random subwords.

    Args:
        network: The network.
        template: The special tokens around each window.
        limits: What it can read.
    """

    def __init__(self, network: Network, template: Template, limits: Limits) -> None:
        self.network = network
        self._backend = TorchBackend(network)
        self._template = template
        self._limits = limits
        n_known = limits.n_embeddings or _N_HASHED
        self._ids = np.random.default_rng(0).integers(0, n_known, 2 * _N_LONG)
        n_short = min(_N_SHORT, limits.max_subwords)
        n_long = min(_N_LONG, limits.max_subwords)
        self._short = Window(0, n_short, 0, n_short)
        self._long = Window(n_short, n_short + n_long, n_short, n_short + n_long)
        self._shortest = 1

    def draw_again(self) -> "_Probe":
        """Return a probe of the same network with weights drawn at random."""
        network = copy.deepcopy(self.network)
        for parameter in network.parameters():
            nn.init.normal_(parameter, std=_DRAWN_STD)
        drawn = _Probe(network, self._template, self._limits)
        drawn._shortest = self._shortest
        return drawn

    def find_shortest(self, name: str) -> int:
        """Return the fewest subwords that the network reads, and pad to these from now on.

        Raises:
            CheckpointError: It reads none.
        """
        first_error: Exception | None = None
        n_special = len(self._template)
        for length in range(n_special + 1, n_special + _MAX_SHORTEST):
            self._shortest = length
            try:
                self._read(self._ids, [Window(0, 1, 0, 1)])
            except Exception as error:  # noqa: BLE001 - networks fail with whatever breaks first
                first_error = first_error or error
            else:
                return length if first_error else 1
        raise CheckpointError(
            f"{name}: {type(self.network).__name__} cannot read a text by itself: {first_error}. "
            "A network that needs boxes, images or sound beside the text has no place in a "
            "pipeline of texts. In any other, config.json lacks something or does not fit the "
            "weights."
        ) from first_error

    def read(self, *, only: int | None = None) -> torch.Tensor:
        """Return the logits of the window. Shape: (n_subwords, n_tags).

        Args:
            only: The subword that stays as it is, where all others of the window are changed.
        """
        ids = self._ids
        if only is not None:
            ids = np.roll(ids, 1)
            ids[only] = self._ids[only]
        return self._read(ids, [self._short])

    def read_padded(self) -> torch.Tensor:
        """Return the logits of the window, read beside a longer one. Shape as in :meth:`read`."""
        return self._read(self._ids, [self._short, self._long])

    def _read(self, ids: Ints, windows: list[Window]) -> torch.Tensor:
        """Return the logits of the first window."""
        (batch,) = make_batches(
            ids,
            windows,
            template=self._template,
            limits=replace(self._limits, shortest=self._shortest),
            budget=_TOGETHER,
        )
        logits = self._backend.run(batch).flatten(0, 1)
        is_first = batch.target < windows[0].end
        return logits[torch.from_numpy(batch.source[is_first]).to(logits.device)]


def _check_numbers(alone: torch.Tensor, probe: _Probe, name: str) -> None:
    """Check that logits are finite numbers.

    Raises:
        CheckpointError: Some are not.
    """
    if not bool(torch.isfinite(alone).all()):
        raise CheckpointError(
            f"{name}: {type(probe.network).__name__} gives NaN or infinity for a text: its weights "
            "are so large that sums of them overflow, or a number in config.json is wrong. Copy "
            "the checkpoint again from where it is whole."
        )


def _check_attention(alone: torch.Tensor, probe: _Probe, name: str) -> None:
    """Check that the last subword of a window sees something of the others.

    It may be the weights that see nothing, as in a network that was made by hand. So the network
    is asked again with weights drawn at random.

    Raises:
        CheckpointError: It does not, whatever its weights are.
    """
    if len(alone) == 1 or _sees_others(alone, probe):
        return
    drawn = probe.draw_again()
    if not _sees_others(drawn.read(), drawn):
        raise CheckpointError(
            f"{name}: {type(probe.network).__name__} reads each subword as if it stood alone. Its "
            "attention does nothing, because a kernel that it needs is not there. Use a checkpoint "
            "of another family."
        )


def _sees_others(alone: torch.Tensor, probe: _Probe) -> bool:
    """Tell whether the last subword of a window is read in another way among other subwords."""
    among_others = probe.read(only=len(alone) - 1)
    return not torch.equal(alone[-1], among_others[-1])


def _is_causal(alone: torch.Tensor, probe: _Probe) -> bool:
    """Tell whether the first subword of a window sees nothing of the others."""
    if len(alone) == 1:
        return False
    difference = float((alone[0] - probe.read(only=0)[0]).abs().max())
    # Not nothing at all: experts add up other subwords beside it.
    return difference <= _ROUNDING * max(1.0, float(alone.abs().max()))


def _list_state(network: nn.Module) -> list[object]:
    """Return what can be compared of a network besides its weights: classes and attributes."""
    state: list[object] = []
    for name, module in network.named_modules():
        state.append((name, type(module)))
        for attribute, value in vars(module).items():
            if attribute not in _NO_STATE:
                state.append((name, attribute, _identify(value)))
    return state


def _identify(value: object) -> object:
    """Return a number or a text itself, and of anything else which object it is."""
    if isinstance(value, bool | int | float | str):
        return value
    return id(value)


@contextlib.contextmanager
def _keep_random_state() -> Iterator[None]:
    """Leave the random numbers of the process as they are: some networks set a seed."""
    state = np.random.get_state()  # noqa: NPY002 - what BigBird sets
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
