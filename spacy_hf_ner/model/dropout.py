"""Dropout rates of a Hugging Face network, which hides them in modules and in plain attributes."""

from torch import nn

from spacy_hf_ner.model.network import Network

# Where the families keep the rate that they hand to functional dropout (attention kernels, mostly).
_RATE_ATTRIBUTES = ("dropout_prob", "drop_prob", "attention_dropout", "activation_dropout", "dropout", "p")


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
