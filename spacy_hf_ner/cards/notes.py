"""What a card says that no file of a model knows: results, and what people say of its origin."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from spacy_hf_ner.errors import ConfigError

__all__ = ["CardNotes", "CardResults", "Scores", "read_card_notes"]


@dataclass(frozen=True, slots=True)
class Scores:
    """Precision, recall and F1 of one type, or of all together; each in [0, 1]."""

    name: str
    precision: float
    recall: float
    f1: float
    n_gold: int


@dataclass(frozen=True, slots=True)
class CardResults:
    """The figures of one evaluation, with what signs them.

    Attributes:
        pipeline: The name of the pipeline that was judged, as its meta.json has it.
        data: The name of the gold data; None where it came from no file.
        sha256: Digest of the gold data; None where it came from no file.
        n_docs: Documents judged.
        judged: How they were judged, such as ``"by strict spans"``.
        date: When the result was signed.
        signature: What it was made with, in one line.
        overall: Scores of all types together: strict spans for entities, tokens for labels.
        per_type: Scores of each type, in alphabetical order.
        calibration_error: Expected calibration error of the scores; None where there are none.
        calibration_noise: What chance alone gives of it.
    """

    pipeline: str
    data: str | None
    sha256: str | None
    n_docs: int
    judged: str
    date: str
    signature: str
    overall: Scores
    per_type: tuple[Scores, ...]
    calibration_error: float | None = None
    calibration_noise: float | None = None


@dataclass(frozen=True, slots=True)
class CardNotes:
    """What is noted for the card of a model; None is unknown, and the card says so.

    Attributes:
        license: The license of the weights, as the hub names it: ``"mit"``, ``"apache-2.0"``.
        base_model: The repository on the hub that training started from.
        data_name: The training data.
        data_license: The license of the training data.
        data_url: Where the training data is found.
        results: Signed results; None before an evaluation, and after the weights have changed.
    """

    license: str | None = None
    base_model: str | None = None
    data_name: str | None = None
    data_license: str | None = None
    data_url: str | None = None
    results: CardResults | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values that :func:`read_card_notes` reads."""
        return asdict(self)


def read_card_notes(values: Mapping[str, Any] | None) -> CardNotes:
    """Return what :meth:`CardNotes.to_json` wrote; nothing noted for None.

    Raises:
        ConfigError: It is not what that wrote.
    """
    if values is None:
        return CardNotes()
    try:
        stored = dict(values)
        if stored.get("results") is not None:
            stored["results"] = _read_results(stored["results"])
        notes = CardNotes(**stored)
        for name in ("license", "base_model", "data_name", "data_license", "data_url"):
            if not isinstance(getattr(notes, name), str | None):
                raise TypeError(f"{name} is {stored[name]!r}")  # noqa: TRY301 - said as one error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"what is noted for the model card is damaged ({type(error).__name__}: {error}). "
            'Remove "card" from cfg, and run `hf-ner card` again.'
        ) from error
    return notes


def _read_results(values: Mapping[str, Any]) -> CardResults:
    stored = dict(values)
    stored["overall"] = _read_scores(stored["overall"])
    stored["per_type"] = tuple(_read_scores(scores) for scores in stored["per_type"])
    return CardResults(**stored)


def _read_scores(values: Mapping[str, Any]) -> Scores:
    scores = Scores(**values)
    for share in (scores.precision, scores.recall, scores.f1):
        if not isfinite(share):
            raise ValueError(f"{scores.name} has the score {share!r}")
    return scores
