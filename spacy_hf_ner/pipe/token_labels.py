"""What gold teaches a tagger: a label for each token of the predicted Doc, or nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from spacy.training import Example

from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.schemes import Tag
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.errors import TagError
from spacy_hf_ner.model.training.loss import MISSING, Targets
from spacy_hf_ner.pipe.token_attributes import TokenAttribute

__all__ = ["LabelTargets", "align_labels", "find_token_labels", "read_label_targets"]


@dataclass(frozen=True, slots=True)
class LabelTargets:
    """The gold label of each token of a Doc.

    Attributes:
        columns: The column of each token's label; ``MISSING`` where it has none.
            Shape: (n_tokens,).
    """

    columns: Ints

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to learn."""
        return not (self.columns != MISSING).any()

    @property
    def cut_tokens(self) -> Ints:
        """None: no label ends inside of a token. Shape: (0,)."""
        return np.zeros(0, dtype=np.int64)

    def place(self, predicted: UnitRows, tag_set: TagSet) -> Targets:
        """Return what the rows of the Doc's units should say."""
        return Targets(self.write_columns(predicted.units.token_i, tag_set))

    def write_columns(self, token_i: Ints, tag_set: TagSet) -> Ints:  # noqa: ARG002 - as for spans
        """Return the column of the gold label of each unit; ``MISSING`` where it has none.

        All units of a token have its label. Shape of both: (n_units,).
        """
        return self.columns[token_i]


def find_token_labels(examples: Iterable[Example], attribute: TokenAttribute) -> list[str]:
    """Return the labels in the gold of Examples, sorted; those of white space are none."""
    labels: set[str] = set()
    for example in examples:
        for token in example.reference:
            if not token.is_space:
                labels.add(attribute.read(token))
    return sorted(labels - {""})


def read_label_targets(
    example: Example, attribute: TokenAttribute, tag_set: TagSet
) -> LabelTargets:
    """Return what an Example teaches.

    Missing annotation, and tokens on which gold tokens disagree, teach nothing.

    Args:
        example: Gold in the reference, tokens in the predicted Doc.
        attribute: What the labels are.
        tag_set: The tags of the model.

    Raises:
        TagError: The model lacks a label.
    """
    columns = np.full(len(example.predicted), MISSING, dtype=np.int64)
    for token_i, label in enumerate(align_labels(example, attribute.read_all(example.reference))):
        if not label or example.predicted[token_i].is_space:
            continue
        column = tag_set.columns.get(Tag("", label))
        if column is None:
            raise _unknown_label_error(label, tag_set)
        columns[token_i] = column
    return LabelTargets(columns)


def align_labels(example: Example, labels: Sequence[str]) -> list[str]:
    """Return the label of each token of the predicted Doc; empty where there is none, or several.

    Args:
        example: Two Docs of one text.
        labels: The label of each token of the reference.
    """
    alignment = example.alignment.x2y
    if len(example.predicted) == len(labels) and (alignment.lengths == 1).all():
        return list(labels)
    aligned: list[str] = []
    for token in example.predicted:
        found = {labels[gold_i] for gold_i in alignment[token.i].tolist()}
        aligned.append(found.pop() if len(found) == 1 else "")
    return aligned


def _unknown_label_error(label: str, tag_set: TagSet) -> TagError:
    return TagError(
        f"a gold token has the label {label!r}, but the model knows "
        f"{', '.join(tag_set.entity_types)}. A head does not grow in the middle of training. In "
        "Python, call add_label before, or nlp.initialize with data that has all labels. In a "
        "config, do not source the component, as sourced ones are not initialized: give it "
        'factory = "hf_tagger", keep_checkpoint_labels = true, and in its model name = '
        '"…/model-best/hf_tagger/model".'
    )
