"""How fast each part of a network learns, beside the learn rate of the step."""

from torch import nn

from spacy_hf_ner.model.network import Network
from spacy_hf_ner.model.training.layers import LayerOrder

__all__ = ["find_rate_factors"]


def find_rate_factors(
    network: Network, head: nn.Module, *, head_learn_rate: float, layer_decay: float
) -> dict[nn.Parameter, float]:
    """Return the parameters that are trained, each with what its learn rate is multiplied by.

    ::

        layer_decay = 0.9     embeddings  layer 0  layer 1  norm  head
                              0.81        0.9      1        1     head_learn_rate

    Args:
        network: The network; what needs no gradient is left out.
        head: The head of it.
        head_learn_rate: The factor of the head.
        layer_decay: The factor from each layer to the one below, and from the lowest layer to the
            embeddings.

    Source: Howard & Ruder (2018), https://arxiv.org/abs/1801.06146, section 3.2, which divides by
    2.6; as a factor, Clark et al. (2020), https://arxiv.org/abs/2003.10555, appendix B.
    """
    in_head = set(head.parameters())
    levels: dict[nn.Parameter, int] = {}
    if layer_decay != 1.0:
        levels = LayerOrder(network).find_levels()
    highest_layer = max(levels.values(), default=0) - 1
    factors: dict[nn.Parameter, float] = {}
    for parameter in network.parameters():
        if not parameter.requires_grad:
            continue
        if parameter in in_head:
            factors[parameter] = head_learn_rate
            continue
        n_layers_above = max(0, highest_layer - levels.get(parameter, highest_layer))
        factors[parameter] = layer_decay**n_layers_above
    return factors
