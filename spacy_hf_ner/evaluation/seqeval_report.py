"""seqeval's report, in both of its modes. The only file that imports seqeval."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from spacy_hf_ner.errors import MissingExtraError
from spacy_hf_ner.evaluation.strict import Averages
from spacy_hf_ner.evaluation.tokens import PairTags

SeqevalMode = Literal["default", "strict"]
_AVERAGES = ("micro avg", "macro avg", "weighted avg")
_GUARD = "/"  # at both ends of a type: seqeval takes hyphens off, and calls its averages as a type may be called


@dataclass(frozen=True, slots=True)
class SeqevalScores:
    """What seqeval says.

    Attributes:
        mode: ``"default"`` reads tags as the CoNLL script does, ``"strict"`` as IOB2 demands. On entities of Docs,
            which always make valid tag sequences, the two agree.
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
    how = {"mode": "strict", "scheme": IOB2} if mode == "strict" else {}
    rows = report(gold, predicted, output_dict=True, zero_division=0, **how)
    micro, macro, weighted = (_read_row(rows[name]) for name in _AVERAGES)
    per_type = {name[1:-1]: _read_row(row) for name, row in rows.items() if name not in _AVERAGES}
    return SeqevalScores(mode, micro, macro, weighted, per_type)


def _read_sequences(texts: Iterable[PairTags]) -> tuple[list[list[str]], list[list[str]]]:
    """Return the tags of all texts without the tokens that are outside on both sides.

    Such a token is no part of an entity, and none is needed to part two, because every entity starts with B.
    seqeval's time grows with the number of tokens, so this makes it several times faster.
    """
    golds: list[list[str]] = []
    predictions: list[list[str]] = []
    for tags in texts:
        rows = [row for row in zip(tags.gold, tags.predicted, strict=True) if row != ("O", "O")]
        if rows:
            golds.append([_guard(gold) for gold, _ in rows])
            predictions.append([_guard(predicted) for _, predicted in rows])
    return golds, predictions


def _guard(tag: str) -> str:
    """Return ``"B-PER"`` as ``"B-/PER/"``."""
    return tag if tag == "O" else f"{tag[:2]}{_GUARD}{tag[2:]}{_GUARD}"


def _read_row(row: dict[str, Any]) -> Averages:
    return Averages(float(row["precision"]), float(row["recall"]), float(row["f1-score"]))
