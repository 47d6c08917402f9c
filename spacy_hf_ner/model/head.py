"""The last layer of a network: found, and given the rows of another tag set."""

import torch
from torch import nn

from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.network import Network

__all__ = ["find_head", "name_labels", "set_head"]

_DEFAULT_STD = 0.02  # of new weights, where the config of a family names none


def find_head(network: Network) -> tuple[str, nn.Linear]:
    """Return the name and module of the linear layer that makes the logits.

    Raises:
        CheckpointError: The network has no such layer outside its encoder.
    """
    encoder_prefix = f"{network.base_model_prefix}."
    n_labels = network.config.num_labels
    heads: list[tuple[str, nn.Linear]] = []
    for name, module in network.named_modules():
        if name.startswith(encoder_prefix) or not isinstance(module, nn.Linear):
            continue
        if module.out_features == n_labels:
            heads.append((name, module))
    if not heads:
        raise CheckpointError(
            f"{type(network).__name__} has no linear layer with {n_labels} outputs outside its "
            "encoder, so its labels cannot be changed. Use a family whose head ends in a linear "
            "layer, such as BERT."
        )
    return heads[-1]


def set_head(network: Network, tag_set: TagSet, *, known: TagSet | None) -> None:
    """Give a network the columns of a tag set, in place.

    Rows of tags that the network knows already are kept. New ones are drawn as the family draws
    new weights (normal with the config's ``initializer_range``), with a bias of zero.

    Args:
        network: The network.
        tag_set: What its columns shall be.
        known: What its columns are, or None if its head was never trained.
    """
    name, old_head = find_head(network)
    has_bias = old_head.bias is not None
    head = nn.Linear(old_head.in_features, len(tag_set), bias=has_bias).to(old_head.weight)
    nn.init.normal_(head.weight, std=getattr(network.config, "initializer_range", _DEFAULT_STD))
    with torch.no_grad():
        if has_bias:
            head.bias.zero_()
        if known is not None:
            for row, old_row in enumerate(tag_set.columns_in(known)):
                if old_row is None:
                    continue
                head.weight[row] = old_head.weight[old_row]
                if has_bias:
                    head.bias[row] = old_head.bias[old_row]
    parent, _, attribute = name.rpartition(".")
    setattr(network.get_submodule(parent), attribute, head)
    name_labels(network, tag_set)


def name_labels(network: Network, tag_set: TagSet) -> None:
    """Write the tags as ``B-PER`` into the network's config, from where Hugging Face reads them."""
    config = network.config
    config.id2label = dict(enumerate(tag_set.labels))
    config.label2id = {str(tag): column for tag, column in tag_set.columns.items()}
    config.architectures = [type(network).__name__]
    if hasattr(network, "num_labels"):  # a copy of what the config says, in some families
        network.num_labels = len(tag_set)
