"""A comparison as JSON and as rows of text."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spacy_hf_ner.evaluation.comparison import Standing

HEADER = (
    "Pipeline",
    "F1",
    "95 %",
    "P",
    "R",
    "macro F1",
    "to the first",
    "p",
    "words/s",
    "memory",
    "size",
)


def comparison_rows(standings: Sequence[Standing]) -> list[tuple[str, ...]]:
    """Return a row of text for each pipeline, under :data:`HEADER`."""
    first = standings[0].measured.strict.micro.f1
    rows: list[tuple[str, ...]] = []
    for i, (standing, name) in enumerate(zip(standings, _names(standings), strict=True)):
        one, strict = standing.measured, standing.measured.strict
        interval = standing.intervals and standing.intervals.f1
        rows.append(
            (
                name,
                f"{strict.micro.f1 * 100:.2f}",
                f"{interval.low * 100:.1f}–{interval.high * 100:.1f}" if interval else "",
                f"{strict.micro.precision * 100:.2f}",
                f"{strict.micro.recall * 100:.2f}",
                f"{strict.macro.f1 * 100:.2f}",
                f"{(strict.micro.f1 - first) * 100:+.2f}" if i else "",
                "" if standing.p_value is None else f"{standing.p_value:.4f}",
                f"{one.words_per_second:,.0f}",
                _size(one.peak_memory),
                _size(one.size),
            )
        )
    return rows


def type_rows(standings: Sequence[Standing]) -> list[tuple[str, ...]]:
    """Return a row of text for each entity type: its F1 under each pipeline."""
    types = sorted({t for standing in standings for t in standing.measured.strict.per_type})
    rows: list[tuple[str, ...]] = []
    for entity_type in types:
        counts = [standing.measured.strict.per_type.get(entity_type) for standing in standings]
        rows.append((entity_type, *(f"{row.f1 * 100:.2f}" if row else "" for row in counts)))
    return rows


def type_header(standings: Sequence[Standing]) -> tuple[str, ...]:
    """Return the header of :func:`type_rows`."""
    return ("Type", *_names(standings))


def comparison_json(standings: Sequence[Standing]) -> list[dict[str, Any]]:
    """Return the comparison as it is written to ``comparison.json``."""
    return [
        {
            "model": standing.measured.model,
            "description": standing.measured.description,
            "precision": standing.measured.strict.micro.precision,
            "recall": standing.measured.strict.micro.recall,
            "f1": standing.measured.strict.micro.f1,
            "macro_f1": standing.measured.strict.macro.f1,
            "f1_per_type": {t: row.f1 for t, row in standing.measured.strict.per_type.items()},
            "f1_interval_95": standing.intervals
            and [standing.intervals.f1.low, standing.intervals.f1.high],
            "p_value_to_first": standing.p_value,
            "words_per_second": standing.measured.words_per_second,
            "peak_memory_bytes": standing.measured.peak_memory,
            "size_bytes": standing.measured.size,
            "n_unjudged": standing.measured.n_unjudged,
            "signature": standing.measured.signature.to_json(),
        }
        for standing in standings
    ]


def _names(standings: Sequence[Standing]) -> list[str]:
    """Return the shortest ends of the pipelines' paths that differ, without the end that all share.

    training/shared/model-best and training/tuned/model-best are called shared and tuned.
    """
    paths = [Path(standing.measured.model).parts for standing in standings]
    if len(set(paths)) == 1:
        return ["/".join(parts[-2:]) for parts in paths]
    while min(map(len, paths)) > 1 and len({parts[-1] for parts in paths}) == 1:
        paths = [parts[:-1] for parts in paths]
    length = 1
    while len({parts[-length:] for parts in paths}) < len(set(paths)):
        length += 1
    return ["/".join(parts[-length:]) for parts in paths]


def _size(n_bytes: int | None) -> str:
    if n_bytes is None:
        return ""
    return f"{n_bytes / 1e6:,.0f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:,.0f} kB"  # noqa: PLR2004 - a megabyte
