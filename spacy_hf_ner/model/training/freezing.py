"""Keep the lower layers of an encoder as they are in training."""

from torch import nn

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.network import Network

__all__ = ["freeze_layers"]


def freeze_layers(network: Network, n_layers: int) -> None:
    """Freeze the embeddings and the lowest layers of a network, and free all others.

    Args:
        network: The network.
        n_layers: How many layers; 0 freezes nothing, -1 the whole encoder.

    Raises:
        ConfigError: The encoder has fewer layers.
    """
    network.requires_grad_(True)
    if n_layers == 0:
        return
    encoder = network.base_model
    if n_layers < 0:
        encoder.requires_grad_(False)
        return
    # The families name their layers differently; they are the longest list of modules.
    stacks = [module for module in encoder.modules() if isinstance(module, nn.ModuleList)]
    layers = max(stacks, key=len, default=nn.ModuleList())
    if n_layers > len(layers):
        raise ConfigError(
            f"frozen_layers must be -1 (the whole encoder), 0 (nothing) or 1..{len(layers)} for "
            f"this encoder, got {n_layers}."
        )
    encoder.requires_grad_(False)
    for layer in list(layers)[n_layers:]:
        layer.requires_grad_(True)
