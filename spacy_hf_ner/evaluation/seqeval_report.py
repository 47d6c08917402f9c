"""seqeval's report, in both of its modes. The only file that imports seqeval."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from spacy_hf_ner.core.schemes import OUTSIDE
from spacy_hf_ner.errors import MissingExtraError
from spacy_hf_ner.evaluation.strict import Averages
from spacy_hf_ner.evaluation.tokens import PairTags

__all__ = ["SeqevalMode", "SeqevalScores", "require_seqeval", "score_with_seqeval"]

SeqevalMode = Literal["default", "strict"]

_AVERAGES: Final = ("micro avg", "macro avg", "weighted avg")
_OUTSIDE: Final = str(OUTSIDE)

# Stands at both ends of a type while seqeval has it. Without it, seqeval would take hyphens off the
# type, and a type called "micro avg" would replace the row of that name.
_GUARD: Final = "/"


@dataclass(frozen=True, slots=True)
class SeqevalScores:
    """The scores that seqeval reports.

    Attributes:
        mode: ``"default"`` reads tags as the CoNLL script does, ``"strict"`` as IOB2 demands. On
            entities of Docs, which always make valid tag sequences, the two agree.
        micro: Over all entities.
        macro: The mean over entity types.
        weighted: The mean over entity types, weighted by their gold entities.
        per_type: The scores of each entity type.
    """

    mode: SeqevalMode
    micro: Averages
    macro: Averages
    weighted: Averages
    per_type: dict[str, Averages]


def require_seqeval() -> Callable[..., dict[str, dict[str, Any]]]:
    """Return seqeval's ``classification_report``.

    Raises:
        MissingExtraError: seqeval is not installed.
    """
    try:
        from seqeval.metrics import classification_report
    except ImportError as error:
        raise MissingExtraError("seqeval", extra="eval", purpose="seqeval's report") from error
    report: Callable[..., dict[str, dict[str, Any]]] = classification_report
    return report


def score_with_seqeval(texts: Iterable[PairTags], *, mode: SeqevalMode) -> SeqevalScores:
    """Return seqeval's scores in one of its modes.

    Raises:
        MissingExtraError: seqeval is not installed.
    """
    report = require_seqeval()
    from seqeval.scheme import IOB2

    gold, predicted = _read_sequences(texts)
    if not gold:
        return SeqevalScores(mode, Averages(), Averages(), Averages(), {})
    settings: dict[str, Any] = {}
    if mode == "strict":
        settings = {"mode": "strict", "scheme": IOB2}
    rows = report(gold, predicted, output_dict=True, zero_division=0, **settings)

    per_type: dict[str, Averages] = {}
    for name, row in rows.items():
        if name not in _AVERAGES:
            entity_type = name.removeprefix(_GUARD).removesuffix(_GUARD)
            per_type[entity_type] = _read_row(row)
    micro, macro, weighted = (_read_row(rows[name]) for name in _AVERAGES)
    return SeqevalScores(mode, micro, macro, weighted, per_type)


def _read_sequences(texts: Iterable[PairTags]) -> tuple[list[list[str]], list[list[str]]]:
    """Return the tags of all texts without the tokens that are outside on both sides.

    Such a token is no part of an entity, and none is needed to part two, because every entity
    starts with B. seqeval's time grows with the number of tokens, so this makes it several times
    faster.
    """
    gold_sequences: list[list[str]] = []
    predicted_sequences: list[list[str]] = []
    for tags in texts:
        gold: list[str] = []
        predicted: list[str] = []
        for gold_tag, predicted_tag in zip(tags.gold, tags.predicted, strict=True):
            if gold_tag == predicted_tag == _OUTSIDE:
                continue
            gold.append(_guard(gold_tag))
            predicted.append(_guard(predicted_tag))
        if gold:
            gold_sequences.append(gold)
            predicted_sequences.append(predicted)
    return gold_sequences, predicted_sequences


def _guard(tag: str) -> str:
    """Return ``"B-PER"`` as ``"B-/PER/"``."""
    if tag == _OUTSIDE:
        return tag
    prefix_and_hyphen = tag[:2]
    entity_type = tag[2:]
    return f"{prefix_and_hyphen}{_GUARD}{entity_type}{_GUARD}"


def _read_row(row: dict[str, Any]) -> Averages:
    return Averages(float(row["precision"]), float(row["recall"]), float(row["f1-score"]))
