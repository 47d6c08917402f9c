"""Keep the lower layers of an encoder as they are in training."""

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.network import Network
from spacy_hf_ner.model.training.layers import LayerOrder

__all__ = ["freeze_layers"]


def freeze_layers(network: Network, n_layers: int) -> None:
    """Freeze the embeddings and the lowest layers of a network, and free all others.

    Families name and nest their layers differently, so what lies below is what runs first::

        embeddings  layer 0  layer 1  layer 2  norm  head
        [------ n_layers = 2 -------)

    Args:
        network: The network.
        n_layers: How many layers; 0 freezes nothing, -1 the whole encoder.

    Raises:
        ConfigError: The encoder has fewer layers.
    """
    network.requires_grad_(True)
    if n_layers == 0:
        return
    if n_layers < 0:
        network.base_model.requires_grad_(False)
        return
    order = LayerOrder(network)
    if n_layers > order.n_layers:
        raise ConfigError(
            f"frozen_layers must be -1 (the whole encoder), 0 (nothing) or 1..{order.n_layers} for "
            f"this encoder, got {n_layers}."
        )
    for parameter in order.find_parameters_below(n_layers):
        parameter.requires_grad_(False)
