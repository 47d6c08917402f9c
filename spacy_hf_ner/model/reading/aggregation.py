"""Subword logits to one row of log-probabilities for each unit.

All is done in torch, so that training goes through it. To add a way to pool subwords, add a
function to :data:`AGGREGATIONS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its name everywhere

from spacy_hf_ner.core.alignment import Alignment, Spread
from spacy_hf_ner.core.arrays import Bools, Floats32, Ints
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.schemes import Tag

__all__ = [
    "AGGREGATIONS",
    "AGGREGATION_NAMES",
    "SUBWORD_LABELS_NAMES",
    "Aggregation",
    "SubwordLabels",
    "Subwords",
    "count_disagreements",
    "find_cut_units",
    "normalize",
    "score_continuing",
    "score_units",
    "score_units_for_training",
    "take_first",
    "take_last",
    "take_max",
    "take_mean",
    "take_type_mean",
]

SubwordLabels = Literal["first", "last", "all", "all_inside"]
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
        owns = (alignment.evidence >= 0) & ~alignment.is_shared
        return cls(
            logits=logits,
            owner=torch.from_numpy(alignment.owner).to(device),
            evidence=torch.from_numpy(alignment.evidence).to(device),
            owns=torch.from_numpy(owns).to(device),
        )


def normalize(logits: torch.Tensor) -> torch.Tensor:
    """Return log-probabilities. Shape: (n_rows, n_tags).

    torch's own ``log_softmax`` does the same, but starts threads even for a few rows. They would
    wait for those of ONNX Runtime, which look out for more work: 10 ms for one short text.
    """
    shifted = logits - logits.amax(dim=-1, keepdim=True)
    return shifted - shifted.logsumexp(dim=-1, keepdim=True)


def take_first(subwords: Subwords) -> torch.Tensor:
    """Return the log-probabilities of each unit's first subword. Shape: (n_units, n_tags)."""
    return normalize(subwords.logits[subwords.evidence])


def take_last(subwords: Subwords) -> torch.Tensor:
    """Return the log-probabilities of each unit's last subword.

    Of the subwords of a unit it is the only one that a causal network reads with the whole unit in
    sight. Shape: (n_units, n_tags).
    """
    return normalize(subwords.logits[_find_last(subwords)])


def take_mean(subwords: Subwords) -> torch.Tensor:
    """Return the log of the mean probabilities of each unit's subwords.

    Shape: (n_units, n_tags).
    """
    n_units = len(subwords.evidence)
    is_owned = subwords.owner >= 0
    owner = subwords.owner[is_owned]
    probs = normalize(subwords.logits).exp()
    total = probs.new_zeros(n_units, probs.shape[1]).index_add(0, owner, probs[is_owned])
    count = torch.bincount(owner, minlength=n_units).clamp(min=1)
    mean = torch.where(subwords.owns[:, None], total / count[:, None], probs[subwords.evidence])
    return _safe_log(mean)


def take_max(subwords: Subwords) -> torch.Tensor:
    """Return the log-probabilities of each unit's most confident subword.

    Of several that are equally confident it is the first. Shape: (n_units, n_tags).
    """
    log_probs = normalize(subwords.logits)
    n_units = len(subwords.evidence)
    owned = torch.nonzero(subwords.owner >= 0)[:, 0]
    owner = subwords.owner[owned]
    confidence = log_probs[owned].amax(dim=1)
    lowest = confidence.new_full((n_units,), -torch.inf)
    best = lowest.scatter_reduce(0, owner, confidence, "amax")
    is_best = confidence == best[owner]
    # A unit without subwords of its own keeps this number, which no subword has.
    no_subword = len(log_probs)
    chosen = owned.new_full((n_units,), no_subword)
    chosen = chosen.scatter_reduce(0, owner[is_best], owned[is_best], "amin")
    return log_probs[torch.where(chosen < no_subword, chosen, subwords.evidence)]


AGGREGATIONS: dict[str, Callable[[Subwords], torch.Tensor]] = {
    "first": take_first,
    "last": take_last,
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
    """Return types as the mean over subwords has them, and prefixes as the first subword has them.

    For models whose continuing subwords were trained on "I-X", or on repeated "B-X": a plain mean
    would drown the first subword's prefix. Within an entity type, the first subword says how
    probable each prefix is::

        row[tag] = first[tag] * mean[type of tag] / first[type of tag]        (probabilities)

    Shape: (n_units, n_tags).
    """
    first = take_first(subwords)
    # Outside is -1 in the tag set, and the first type here.
    column_type = torch.tensor(tag_set.type_i, device=first.device) + 1
    is_of_type = F.one_hot(column_type, len(tag_set.entity_types) + 1).to(first.dtype)
    type_mean = _safe_log(take_mean(subwords).exp() @ is_of_type)
    type_first = _safe_log(first.exp() @ is_of_type)
    change = type_mean - type_first
    return first + change[:, column_type]


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
    if len(logits) == 0:
        return _rows_of_nan(logits, alignment)
    subwords = Subwords.from_alignment(logits, alignment)
    if aggregation == "mean" and subword_labels in {"all", "all_inside"}:
        rows = take_type_mean(subwords, tag_set)
    else:
        rows = AGGREGATIONS[aggregation](subwords)
    rows = _spread_shared(rows, alignment, tag_set)
    return torch.where((subwords.evidence >= 0)[:, None], rows, torch.nan)


def score_units_for_training(
    logits: torch.Tensor, alignment: Alignment, tag_set: TagSet, *, subword_labels: SubwordLabels
) -> torch.Tensor:
    """Return the log-probability that a unit's supervised subwords are labelled as each tag wants.

    With ``"first"`` that is the first subword's log-probabilities, with ``"last"`` the last one's;
    with ``"all"`` their sum over the unit's subwords; with ``"all_inside"`` the continuing subwords
    are read as inside tags. The
    negative of a gold tag's entry is the loss summed over supervised subwords. Units without
    subwords of their own get NaN: they teach nothing.

    Args:
        logits: Shape: (n_subwords, n_tags).
        alignment: Which subwords speak for which unit.
        tag_set: The tags of the columns.
        subword_labels: Which subwords are supervised, and how.

    Returns:
        Shape: (n_units, n_tags), float32.
    """
    if len(logits) == 0:
        return _rows_of_nan(logits, alignment)
    subwords = Subwords.from_alignment(logits, alignment)
    rows = take_last(subwords) if subword_labels == "last" else take_first(subwords)
    rows = _add_continuing(rows, subwords, tag_set, subword_labels)
    return torch.where(subwords.owns[:, None], rows, torch.nan)


def score_continuing(
    logits: torch.Tensor, alignment: Alignment, tag_set: TagSet, *, subword_labels: SubwordLabels
) -> torch.Tensor:
    """Return the part of the rows for training that the subwords make which continue a unit.

    For the arguments see :func:`score_units_for_training`.

    Returns:
        0 where a unit has no such subwords, or they are not supervised.
        Shape: (n_units, n_tags), float32.
    """
    none = logits.new_zeros(len(alignment.evidence), logits.shape[1])
    if len(logits) == 0:
        return none
    subwords = Subwords.from_alignment(logits, alignment)
    return _add_continuing(none, subwords, tag_set, subword_labels)


def _add_continuing(
    rows: torch.Tensor, subwords: Subwords, tag_set: TagSet, subword_labels: SubwordLabels
) -> torch.Tensor:
    """Return rows with the log-probabilities of continuing subwords added, if they are supervised.

    Shape: (n_units, n_tags).
    """
    if subword_labels not in {"all", "all_inside"}:
        return rows
    log_probs = F.log_softmax(subwords.logits, dim=-1)
    if subword_labels == "all_inside":
        inside_columns = torch.from_numpy(_inside_columns(tag_set)).to(rows.device)
        log_probs = log_probs[:, inside_columns]
    continues = _find_continuing(subwords)
    return rows.index_add(0, subwords.owner[continues], log_probs[continues])


def count_disagreements(
    logits: torch.Tensor, alignment: Alignment, tag_set: TagSet
) -> tuple[int, int]:
    """Return how many units have subwords of several entity types, and how many several subwords.

    Args:
        logits: Shape: (n_subwords, n_tags).
        alignment: Which subwords speak for which unit.
        tag_set: The tags of the columns.
    """
    owned = np.flatnonzero(alignment.owner >= 0)
    owner = alignment.owner[owned]
    best_column = logits.argmax(dim=1).cpu().numpy()[owned]
    subword_type = np.array(tag_set.type_i)[best_column]
    # The subwords of a unit are neighbours, and differ somewhere only if two neighbours do.
    second = owner[1:]
    is_same_unit = second == owner[:-1]
    differs = is_same_unit & (subword_type[1:] != subword_type[:-1])
    return len(np.unique(second[differs])), len(np.unique(second[is_same_unit]))


def find_cut_units(
    logits: torch.Tensor, alignment: Alignment, tag_set: TagSet, *, subword_labels: SubwordLabels
) -> Bools:
    """Return which units have subwords that cannot be of one entity, or of none, together.

    Their likeliest tags are of several types, or a subword that continues the unit begins an
    entity::

        subwords    [김][태][웅][이고]      [Ber][lin]        [Ann][Lee]
        best tag    B   I   I   O         B    I           B    B
        cut         yes                   no               yes

    Where continuing subwords repeat the tag of the first (``subword_labels = "all"``), only types
    tell.

    Args:
        logits: Shape: (n_subwords, n_tags).
        alignment: Which subwords speak for which unit.
        tag_set: The tags of the columns.
        subword_labels: How the model was trained.

    Returns:
        Shape: (n_units,).
    """
    is_cut = np.zeros(len(alignment.evidence), dtype=bool)
    owned = np.flatnonzero(alignment.owner >= 0)
    owner = alignment.owner[owned]
    continues = owner[1:] == owner[:-1]
    if not continues.any():
        return is_cut
    best_column = logits.argmax(dim=1).cpu().numpy()[owned]
    subword_type = np.array(tag_set.type_i)[best_column]
    differs = subword_type[1:] != subword_type[:-1]
    if subword_labels != "all":
        # What begins an entity is another tag than what continues one.
        begins = _inside_columns(tag_set) != np.arange(len(tag_set))
        differs |= begins[best_column[1:]]
    is_cut[owner[1:][continues & differs]] = True
    return is_cut


def _find_last(subwords: Subwords) -> torch.Tensor:
    """Return the last subword of each unit; of one without subwords of its own, what speaks for it.

    Shape: (n_units,).
    """
    owned = torch.nonzero(subwords.owner >= 0)[:, 0]
    none = owned.new_full((len(subwords.evidence),), -1)
    last = none.scatter_reduce(0, subwords.owner[owned], owned, "amax")
    return torch.where(last >= 0, last, subwords.evidence)


def _safe_log(probs: torch.Tensor) -> torch.Tensor:
    """Return logarithms that are finite where a probability has become zero."""
    return probs.clamp(min=torch.finfo(probs.dtype).tiny).log()


def _rows_of_nan(logits: torch.Tensor, alignment: Alignment) -> torch.Tensor:
    """Return rows that say that nothing is known of any unit. Shape: (n_units, n_tags)."""
    return logits.new_full((len(alignment.evidence), logits.shape[1]), torch.nan)


def _find_continuing(subwords: Subwords) -> torch.Tensor:
    """Return which subwords continue a unit that an earlier one begins. Shape: (n_subwords,)."""
    is_owned = subwords.owner >= 0
    first_of_unit = subwords.evidence[subwords.owner.clamp(min=0)]
    subword_i = torch.arange(len(is_owned)).to(is_owned.device)
    return is_owned & (first_of_unit != subword_i)


def _spread_shared(rows: torch.Tensor, alignment: Alignment, tag_set: TagSet) -> torch.Tensor:
    """Return rows in which units that share a subword are parts of one entity.

    They have the same row, and each would start an entity of its own::

        units       10      km                    10      km
        best tag    B-QTY   B-QTY       ->        B-QTY   I-QTY

    Args:
        rows: Shape: (n_units, n_tags).
        alignment: Which part of a shared subword each unit has.
        tag_set: The tags of the columns.
    """
    for part in (Spread.FIRST, Spread.MIDDLE, Spread.LAST):
        units = torch.from_numpy(np.flatnonzero(alignment.spread == part)).to(rows.device)
        if len(units):
            matrix = torch.from_numpy(_spread_matrix(tag_set, part)).to(rows)
            probs = rows[units].exp() @ matrix
            rows = rows.index_copy(0, units, _safe_log(probs))
    return rows


def _spread_matrix(tag_set: TagSet, part: Spread) -> Floats32:
    """Return where the mass of each tag goes in one part of a shared subword.

    Entry [j, k] is 1 where that of tag j goes to tag k. Shape: (n_tags, n_tags).
    """
    matrix = np.zeros((len(tag_set), len(tag_set)), dtype=np.float32)
    for j, tag in enumerate(tag_set.tags):
        k = j
        if tag.entity_type:
            prefix = tag_set.scheme.split(tag.prefix)[part - Spread.FIRST]
            k = tag_set.columns.get(Tag(prefix, tag.entity_type), j)
        matrix[j, k] = 1.0
    return matrix


def _inside_columns(tag_set: TagSet) -> Ints:
    """Return the column that continuing subwords of each tag are labelled with.

    Shape: (n_tags,).
    """
    scheme = tag_set.scheme
    # What ends an entity stays as it is, also where an entity of one token has it (IOE2).
    starts = {scheme.begin, scheme.single, scheme.touching} - {scheme.end}
    columns: list[int] = []
    for column, tag in enumerate(tag_set.tags):
        inside = tag
        if tag.prefix in starts:
            inside = Tag(scheme.inside, tag.entity_type)
        columns.append(tag_set.columns.get(inside, column))
    return np.array(columns, dtype=np.int64)
