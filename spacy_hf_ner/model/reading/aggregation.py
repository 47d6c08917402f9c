"""Subword logits to one row of log-probabilities for each unit; in torch, so that training goes through it.

To add a way to pool subwords, add a function to :data:`AGGREGATIONS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its name everywhere

from spacy_hf_ner.core.alignment import Alignment, Spread
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.schemes import Tag

SubwordLabels = Literal["first", "all", "all_inside"]
SUBWORD_LABELS_NAMES: tuple[SubwordLabels, ...] = get_args(SubwordLabels)


@dataclass(frozen=True, slots=True)
class Subwords:
    """Subword logits and the units they speak for, on one device.

    Attributes:
        logits: Shape: (n_subwords, n_tags).
        owner: The unit of each subword, or -1. Shape: (n_subwords,).
        evidence: The subword that speaks first for each unit, or -1. Shape: (n_units,).
        owns: Whether a unit has subwords of its own. Shape: (n_units,).
    """

    logits: torch.Tensor
    owner: torch.Tensor
    evidence: torch.Tensor
    owns: torch.Tensor

    @classmethod
    def from_alignment(cls, logits: torch.Tensor, alignment: Alignment) -> "Subwords":
        """Return the logits with an alignment moved to their device."""
        device = logits.device
        return cls(
            logits=logits,
            owner=torch.from_numpy(alignment.owner).to(device),
            evidence=torch.from_numpy(alignment.evidence).to(device),
            owns=torch.from_numpy((alignment.evidence >= 0) & ~alignment.is_shared).to(device),
        )


def normalize(logits: torch.Tensor) -> torch.Tensor:
    """Return log-probabilities, as torch's own ``log_softmax`` does, but without threads for a few rows.

    Its threads would wait for those of ONNX Runtime, which look out for more work: 10 ms for one short text.
    Shape: (n_rows, n_tags).
    """
    shifted = logits - logits.amax(dim=-1, keepdim=True)
    return shifted - shifted.logsumexp(dim=-1, keepdim=True)


def take_first(subwords: Subwords) -> torch.Tensor:
    """Return the log-probabilities of each unit's first subword. Shape: (n_units, n_tags)."""
    return normalize(subwords.logits[subwords.evidence])


def take_mean(subwords: Subwords) -> torch.Tensor:
    """Return the log of the mean probabilities of each unit's subwords. Shape: (n_units, n_tags)."""
    owned = subwords.owner >= 0
    owner = subwords.owner[owned]
    probs = normalize(subwords.logits).exp()
    total = probs.new_zeros(len(subwords.evidence), probs.shape[1]).index_add(
        0, owner, probs[owned]
    )
    count = torch.bincount(owner, minlength=len(subwords.evidence)).clamp(min=1)
    mean = torch.where(subwords.owns[:, None], total / count[:, None], probs[subwords.evidence])
    return mean.clamp(min=torch.finfo(mean.dtype).tiny).log()


def take_max(subwords: Subwords) -> torch.Tensor:
    """Return the log-probabilities of each unit's most confident subword. Shape: (n_units, n_tags)."""
    log_probs = normalize(subwords.logits)
    owned = torch.nonzero(subwords.owner >= 0)[:, 0]
    owner, confidence = subwords.owner[owned], log_probs[owned].amax(dim=1)
    n_units = len(subwords.evidence)
    best = confidence.new_full((n_units,), -torch.inf).scatter_reduce(0, owner, confidence, "amax")
    is_best = confidence == best[owner]
    none = len(log_probs)
    chosen = owned.new_full((n_units,), none).scatter_reduce(
        0, owner[is_best], owned[is_best], "amin"
    )
    return log_probs[torch.where(chosen < none, chosen, subwords.evidence)]


AGGREGATIONS: dict[str, Callable[[Subwords], torch.Tensor]] = {
    "first": take_first,
    "mean": take_mean,
    "max": take_max,
}
"""The ways to pool the subwords of a unit, by the name that configs use."""

AGGREGATION_NAMES = tuple(AGGREGATIONS)

if TYPE_CHECKING:
    Aggregation = str
else:
    # What a config may say, for pydantic: made from the table, so that it cannot lag behind.
    Aggregation = Literal[AGGREGATION_NAMES]


def take_type_mean(subwords: Subwords, tag_set: TagSet) -> torch.Tensor:
    """Return the mean over subwords for the entity types, and the first subword's word on the prefixes.

    For models whose continuing subwords were trained on "I-X", or on repeated "B-X", a plain mean would drown the
    first subword's prefix. Shape: (n_units, n_tags).
    """
    column_type = torch.tensor(tag_set.type_i, device=subwords.logits.device) + 1  # 0 is outside
    member = F.one_hot(column_type, len(tag_set.entity_types) + 1).to(subwords.logits.dtype)
    by_type = take_mean(subwords).exp() @ member
    first = take_first(subwords)
    first_by_type = (first.exp() @ member).clamp(min=torch.finfo(first.dtype).tiny)
    return (
        first
        + (by_type.clamp(min=torch.finfo(first.dtype).tiny).log() - first_by_type.log())[
            :, column_type
        ]
    )


def score_units(
    logits: torch.Tensor,
    alignment: Alignment,
    tag_set: TagSet,
    *,
    aggregation: Aggregation,
    subword_labels: SubwordLabels,
) -> torch.Tensor:
    """Return each unit's log-probabilities for prediction; NaN where no subword speaks for it.

    Args:
        logits: Shape: (n_subwords, n_tags).
        alignment: Which subwords speak for which unit.
        tag_set: The tags of the columns.
        aggregation: How the subwords of a unit are pooled.
        subword_labels: How the model was trained.

    Returns:
        Shape: (n_units, n_tags), float32.
    """
    n_units, n_tags = len(alignment.evidence), logits.shape[1]
    if len(logits) == 0:
        return logits.new_full((n_units, n_tags), torch.nan)
    subwords = Subwords.from_alignment(logits, alignment)
    if aggregation == "mean" and subword_labels != "first":
        rows = take_type_mean(subwords, tag_set)
    else:
        rows = AGGREGATIONS[aggregation](subwords)
    for part in (Spread.FIRST, Spread.MIDDLE, Spread.LAST):
        units = torch.from_numpy(np.flatnonzero(alignment.spread == part)).to(rows.device)
        if len(units):
            moved = rows[units].exp() @ torch.from_numpy(_spread_matrix(tag_set, part)).to(rows)
            rows = rows.index_copy(0, units, moved.clamp(min=torch.finfo(rows.dtype).tiny).log())
    return torch.where((subwords.evidence >= 0)[:, None], rows, torch.nan)


def score_units_for_training(
    logits: torch.Tensor, alignment: Alignment, tag_set: TagSet, *, subword_labels: SubwordLabels
) -> torch.Tensor:
    """Return the log-probability that all supervised subwords of a unit are labelled as each tag wants it.

    With ``"first"`` that is the first subword's log-probabilities; with ``"all"`` their sum over the unit's subwords;
    with ``"all_inside"`` the continuing subwords are read as inside tags. The negative of a gold tag's entry is the
    loss summed over supervised subwords. Units without subwords of their own get NaN: they teach nothing.

    Returns:
        Shape: (n_units, n_tags), float32.
    """
    if len(logits) == 0:
        return logits.new_full((len(alignment.evidence), logits.shape[1]), torch.nan)
    subwords = Subwords.from_alignment(logits, alignment)
    rows = take_first(subwords)
    if subword_labels != "first":
        log_probs = F.log_softmax(logits, dim=-1)
        if subword_labels == "all_inside":
            log_probs = log_probs[:, torch.from_numpy(_inside_columns(tag_set)).to(logits.device)]
        owned = subwords.owner >= 0
        continues = owned & (
            subwords.evidence[subwords.owner.clamp(min=0)]
            != torch.arange(len(owned)).to(owned.device)
        )
        rows = rows.index_add(0, subwords.owner[continues], log_probs[continues])
    return torch.where(subwords.owns[:, None], rows, torch.nan)


def count_disagreements(
    logits: torch.Tensor, alignment: Alignment, tag_set: TagSet
) -> tuple[int, int]:
    """Return how many units have subwords that disagree on the entity type, and how many have several subwords."""
    column_type = np.array(tag_set.type_i)
    owned = np.flatnonzero(alignment.owner >= 0)
    owner = alignment.owner[owned]
    subword_type = column_type[logits.argmax(dim=1).cpu().numpy()[owned]]
    follows = owner[1:] == owner[:-1]
    differs = follows & (subword_type[1:] != subword_type[:-1])
    return len(np.unique(owner[1:][differs])), len(np.unique(owner[1:][follows]))


def _spread_matrix(tag_set: TagSet, part: Spread) -> np.ndarray:
    """Return [j, k] = 1 where the mass of tag j goes to tag k on this part of a subword that covers several units."""
    matrix = np.zeros((len(tag_set), len(tag_set)), dtype=np.float32)
    for j, tag in enumerate(tag_set.tags):
        k = j
        if tag.entity_type:
            prefix = tag_set.scheme.split(tag.prefix)[part - Spread.FIRST]
            k = tag_set.columns.get(Tag(prefix, tag.entity_type), j)
        matrix[j, k] = 1.0
    return matrix


def _inside_columns(tag_set: TagSet) -> np.ndarray:
    """Return, for each tag, the column that a continuing subword is labelled with. Shape: (n_tags,)."""
    scheme = tag_set.scheme
    starts = {scheme.begin, scheme.single, scheme.touching}
    inside = [
        Tag(scheme.inside if tag.prefix in starts else tag.prefix, tag.entity_type)
        for tag in tag_set.tags
    ]
    return np.array([tag_set.columns.get(tag, k) for k, tag in enumerate(inside)], dtype=np.int64)
