"""A comparison as JSON, and as rows of text for a console table or a page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from spacy_hf_ner.evaluation.comparison import Standing
from spacy_hf_ner.evaluation.formatting import format_interval, format_percent, format_size
from spacy_hf_ner.evaluation.resampling import Interval

__all__ = ["HEADER", "comparison_json", "comparison_rows", "type_header", "type_rows"]

HEADER: Final = (
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
    names = _short_names(standings)
    first_f1 = standings[0].measured.strict.micro.f1
    rows: list[tuple[str, ...]] = []
    for i, standing in enumerate(standings):
        measured = standing.measured
        micro = measured.strict.micro
        # The first has nothing to be compared with.
        difference = ""
        if i > 0:
            difference = format_percent(micro.f1 - first_f1, sign=True)
        p_value = ""
        if standing.p_value is not None:
            p_value = f"{standing.p_value:.4f}"
        rows.append(
            (
                names[i],
                format_percent(micro.f1),
                format_interval(_f1_interval(standing)),
                format_percent(micro.precision),
                format_percent(micro.recall),
                format_percent(measured.strict.macro.f1),
                difference,
                p_value,
                f"{measured.words_per_second:,.0f}",
                format_size(measured.peak_memory),
                format_size(measured.size),
            )
        )
    return rows


def type_rows(standings: Sequence[Standing]) -> list[tuple[str, ...]]:
    """Return a row of text for each entity type: its F1 under each pipeline.

    A cell is blank where the pipeline does not know the type and gold has none of it.
    """
    entity_types: set[str] = set()
    for standing in standings:
        entity_types.update(standing.measured.strict.per_type)

    rows: list[tuple[str, ...]] = []
    for entity_type in sorted(entity_types):
        row = [entity_type]
        for standing in standings:
            counts = standing.measured.strict.per_type.get(entity_type)
            if counts is None:
                row.append("")
            else:
                row.append(format_percent(counts.f1))
        rows.append(tuple(row))
    return rows


def type_header(standings: Sequence[Standing]) -> tuple[str, ...]:
    """Return the header of :func:`type_rows`."""
    return ("Type", *_short_names(standings))


def comparison_json(standings: Sequence[Standing]) -> list[dict[str, Any]]:
    """Return the comparison as it is written to ``comparison.json``."""
    return list(map(_standing_json, standings))


def _standing_json(standing: Standing) -> dict[str, Any]:
    measured = standing.measured
    micro = measured.strict.micro
    interval = _f1_interval(standing)
    f1_per_type: dict[str, float] = {}
    for entity_type, counts in measured.strict.per_type.items():
        f1_per_type[entity_type] = counts.f1
    json: dict[str, Any] = {
        "model": measured.model,
        "description": measured.description,
        "precision": micro.precision,
        "recall": micro.recall,
        "f1": micro.f1,
        "macro_f1": measured.strict.macro.f1,
        "f1_per_type": f1_per_type,
        "f1_interval_95": None,
        "p_value_to_first": standing.p_value,
        "words_per_second": measured.words_per_second,
        "peak_memory_bytes": measured.peak_memory,
        "size_bytes": measured.size,
        "n_unjudged": measured.n_unjudged,
        "signature": measured.signature.to_json(),
    }
    if interval is not None:
        json["f1_interval_95"] = [interval.low, interval.high]
    return json


def _f1_interval(standing: Standing) -> Interval | None:
    if standing.intervals is None:
        return None
    return standing.intervals.f1


def _short_names(standings: Sequence[Standing]) -> list[str]:
    """Return the shortest ends of the pipelines' paths that differ, without the end that all share.

    ::

        training/shared/model-best        shared
        training/tuned/model-best         tuned
    """
    paths = [Path(standing.measured.model).parts for standing in standings]
    n_paths = len(set(paths))
    if n_paths == 1:
        return list(map("/".join, _take_ends(paths, n_parts=2)))

    # A path of one part is left alone: its end is the whole name.
    while min(map(len, paths)) > 1 and len(set(_take_ends(paths, n_parts=1))) == 1:
        paths = [parts[:-1] for parts in paths]
    # The whole paths differ, so that this ends.
    n_parts = 1
    ends = _take_ends(paths, n_parts=n_parts)
    while len(set(ends)) < n_paths:
        n_parts += 1
        ends = _take_ends(paths, n_parts=n_parts)
    return list(map("/".join, ends))


def _take_ends(paths: Sequence[tuple[str, ...]], *, n_parts: int) -> list[tuple[str, ...]]:
    """Return the last parts of each path."""
    return [parts[-n_parts:] for parts in paths]
