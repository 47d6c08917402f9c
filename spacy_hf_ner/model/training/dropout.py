"""Dropout inside a Hugging Face network: its rates, which hide in modules and in plain attributes, and its price."""

import torch
from torch import nn

from spacy_hf_ner.model.network import Network

# Where the families keep the rate that they hand to functional dropout (attention kernels, mostly).
_RATE_ATTRIBUTES = (
    "dropout_prob",
    "drop_prob",
    "attention_dropout",
    "activation_dropout",
    "dropout",
    "p",
)

_N_LEVELS = 1 << 16


class CheapDropout(nn.Dropout):
    """Dropout that draws 16 random bits a unit on the CPU: torch's own draws a float, and takes seven times as long.

    Rates are rounded to 1/65536.
    """

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs with some units dropped and the others scaled up, if in training."""
        if not self.training or self.p <= 0.0 or inputs.device.type != "cpu":
            return super().forward(inputs)
        n = inputs.numel()
        bits = torch.empty((n + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
        n_kept = round((1.0 - self.p) * _N_LEVELS)
        keep = bits.view(torch.int16)[:n].view(inputs.shape) < n_kept - _N_LEVELS // 2
        return torch.where(keep, inputs * (_N_LEVELS / max(n_kept, 1)), 0.0)


def make_dropout_cheap(module: nn.Module) -> None:
    """Replace the dropout layers inside a module, in place."""
    for name, child in list(module.named_children()):
        if type(child) is nn.Dropout:
            setattr(module, name, CheapDropout(child.p))
        else:
            make_dropout_cheap(child)


def set_dropout(network: Network, rate: float) -> None:
    """Put a network in the mode for one training step, dropping ``rate`` of its units wherever it drops any.

    A rate of zero is the network's eval mode, which is exact. Where the checkpoint drops nothing, nothing is dropped.
    """
    if rate <= 0.0:
        network.eval()
        return
    network.train()
    for module in network.modules():
        for attribute in _RATE_ATTRIBUTES:
            if attribute == "p" and not isinstance(module, nn.Dropout):
                continue
            current = getattr(module, attribute, None)
            if isinstance(current, float) and current > 0.0:
                setattr(module, attribute, rate)
