"""The last layer of a token-classification network: find it, and give it the rows of another tag set."""

import torch
from torch import nn

from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.network import Network


def find_head(network: Network) -> tuple[str, nn.Linear]:
    """Return the name and module of the linear layer that makes the logits.

    Raises:
        CheckpointError: The network has no such layer outside its encoder.
    """
    encoder = f"{network.base_model_prefix}."
    heads = [
        (name, module)
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear)
        and not name.startswith(encoder)
        and module.out_features == network.config.num_labels
    ]
    if not heads:
        raise CheckpointError(
            f"{type(network).__name__} has no linear layer with {network.config.num_labels} outputs outside its "
            "encoder, so its labels cannot be changed. Use a family whose head ends in a linear layer, such as BERT."
        )
    return heads[-1]


def set_head(network: Network, tag_set: TagSet, *, known: TagSet | None) -> None:
    """Give a network the columns of a tag set, in place.

    Rows of tags that the network knows already are kept; new ones are drawn as the family draws new weights
    (normal with the config's ``initializer_range``), with a bias of zero.

    Args:
        network: The network.
        tag_set: What its columns shall be.
        known: What its columns are, or None if its head was never trained.
    """
    name, old = find_head(network)
    weight = old.weight
    new = nn.Linear(old.in_features, len(tag_set), bias=old.bias is not None).to(weight)
    nn.init.normal_(new.weight, std=getattr(network.config, "initializer_range", 0.02))
    with torch.no_grad():
        if new.bias is not None:
            new.bias.zero_()
        for row, kept in enumerate(tag_set.columns_in(known) if known else ()):
            if kept is not None:
                new.weight[row] = weight[kept]
                if new.bias is not None:
                    new.bias[row] = old.bias[kept]
    parent, _, attribute = name.rpartition(".")
    setattr(network.get_submodule(parent), attribute, new)
    name_labels(network, tag_set)


def name_labels(network: Network, tag_set: TagSet) -> None:
    """Write the tags as ``B-PER`` into the network's config, which is what Hugging Face reads back."""
    network.config.id2label = dict(enumerate(tag_set.labels))
    network.config.label2id = {str(tag): column for tag, column in tag_set.columns.items()}
    network.config.architectures = [type(network).__name__]
    if hasattr(network, "num_labels"):
        network.num_labels = len(tag_set)
