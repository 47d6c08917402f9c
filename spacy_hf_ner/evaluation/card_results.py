"""The results in ``metrics.json`` as model cards show them, with the signature that they carry."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy_hf_ner.cards.notes import CardResults, Scores
from spacy_hf_ner.errors import CorpusError
from spacy_hf_ner.evaluation.signature import Draws, GoldData, Signature

__all__ = ["NotedResults", "read_card_results"]


@dataclass(frozen=True, slots=True)
class NotedResults:
    """What of an evaluation is noted in a pipeline.

    Attributes:
        pipeline: Name, version and components of the pipeline that was judged.
        results: What cards show.
        performance: All scores that spaCy's own Scorer gave, for meta.json.
    """

    pipeline: str
    results: CardResults
    performance: Mapping[str, Any]


def read_card_results(file: Path) -> NotedResults:
    """Return the results in ``metrics.json`` of entities, or else of the first kind of labels.

    Raises:
        CorpusError: The file is no such file, or is not signed.
    """
    try:
        metrics = json.loads(file.read_text(encoding="utf8"))
        signature = _read_signature(metrics["signature"])
        return NotedResults(
            pipeline=signature.pipeline,
            results=_read_results(metrics, signature),
            performance=metrics["spacy"],
        )
    except (OSError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise CorpusError(
            f"{file}: expected the metrics.json of `hf-ner evaluate MODEL DATA --output FOLDER`, "
            f"with its signature, got something else ({type(error).__name__}: {error})."
        ) from error


def _read_signature(values: Mapping[str, Any]) -> Signature:
    stored = dict(values)
    stored["data"] = GoldData(**stored["data"])
    stored["draws"] = {name: Draws(**draws) for name, draws in stored["draws"].items()}
    return Signature(**stored)


def _read_results(metrics: Mapping[str, Any], signature: Signature) -> CardResults:
    if "strict" in metrics:
        judged = "by strict spans"
        overall = _read_scores("all", metrics["strict"]["micro"])
        rows = metrics["strict"]["per_type"]
        confidence = metrics["confidence"]
    else:
        target, labels = next(iter(metrics["labels"].items()))
        judged = f"{target}, token by token"
        # Of labels that each token has, precision, recall and F1 are all the accuracy.
        accuracy = labels["accuracy"]
        rows = labels["per_label"]
        n_gold = sum(row["n_gold"] for row in rows.values())
        overall = Scores("all", accuracy, accuracy, accuracy, n_gold)
        confidence = labels["confidence"]
    per_type = tuple(_read_scores(name, row) for name, row in sorted(rows.items()))
    return CardResults(
        pipeline=signature.pipeline.split(" ", maxsplit=1)[0],
        data=signature.data.name,
        sha256=signature.data.sha256,
        n_docs=signature.data.n_docs,
        judged=judged,
        date=signature.date,
        signature=str(signature),
        overall=overall,
        per_type=per_type,
        calibration_error=None if confidence is None else confidence["ece_equal_mass"],
        calibration_noise=None if confidence is None else confidence["ece_noise"],
    )


def _read_scores(name: str, row: Mapping[str, Any]) -> Scores:
    return Scores(name, row["precision"], row["recall"], row["f1"], row["n_gold"])
