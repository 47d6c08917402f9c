"""Dropout inside a Hugging Face network: its rates, and its price.

The rates hide in modules and in plain attributes.
"""

import torch
from torch import nn

from spacy_hf_ner.model.network import Network

__all__ = ["CheapDropout", "make_dropout_cheap", "set_dropout"]

# What other rates are called that drop whole layers.
_OF_LAYERS = ("layerdrop", "layer_drop", "drop_path")

_N_LEVELS = 1 << 16  # values of 16 random bits


class CheapDropout(nn.Dropout):
    """Dropout that draws 16 random bits for each value on the CPU.

    torch's own draws a float, and takes seven times as long. Rates are rounded to 1/65536.
    """

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs with some values dropped and the others scaled up, if in training."""
        if not self.training or self.p <= 0.0 or inputs.device.type != "cpu":
            return super().forward(inputs)
        # Each random number of 64 bits is read as four of 16.
        n_values = inputs.numel()
        bits = torch.empty((n_values + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
        levels = bits.view(torch.int16)[:n_values].view(inputs.shape)
        # Levels are signed, from -32768: as many as are kept lie below this one.
        n_kept = round((1.0 - self.p) * _N_LEVELS)
        is_kept = levels < n_kept - _N_LEVELS // 2
        return torch.where(is_kept, inputs * (_N_LEVELS / max(n_kept, 1)), 0.0)


def make_dropout_cheap(module: nn.Module) -> None:
    """Replace the dropout layers inside a module, in place."""
    for name, child in list(module.named_children()):
        if type(child) is nn.Dropout:
            setattr(module, name, CheapDropout(child.p))
        else:
            make_dropout_cheap(child)


def set_dropout(network: Network, rate: float) -> None:
    """Put a network in the mode for one training step, dropping ``rate`` wherever it drops any.

    A rate of zero is the network's eval mode, which is exact. Where the checkpoint drops nothing,
    nothing is dropped.
    """
    if rate <= 0.0:
        network.eval()
        return
    network.train()
    for module in network.modules():
        for attribute, current in list(vars(module).items()):
            is_dropping = isinstance(current, float) and current > 0.0
            if is_dropping and _is_rate(attribute, module):
                setattr(module, attribute, rate)


def _is_rate(attribute: str, module: nn.Module) -> bool:
    """Tell whether a module keeps a rate of dropout under some name.

    Layers of dropout do, and whatever hands the rate to a function, such as attention kernels.
    """
    if attribute == "p":
        return isinstance(module, nn.Dropout)
    return "drop" in attribute and not any(name in attribute for name in _OF_LAYERS)
