"""``comparison.html``: pipelines side by side."""

from collections.abc import Sequence
from html import escape
from typing import Final

from spacy_hf_ner.core.wording import count
from spacy_hf_ner.evaluation.comparison import Standing
from spacy_hf_ner.evaluation.comparison_table import HEADER, comparison_rows, type_header, type_rows
from spacy_hf_ner.visual.charts import Axis, Series, draw_chart
from spacy_hf_ner.visual.html_table import make_table
from spacy_hf_ner.visual.page import make_page, make_signatures

__all__ = ["make_comparison_page"]

_BODY: Final = (
    '<header><h1>Side by side</h1><p class="lead">{lead}</p></header><main>{table}'
    '<p class="note">p: how often chance alone makes so large a difference of F1 to the first '
    "pipeline (documents’ outputs exchanged at random, 10,000 times). Memory: the most that a "
    "process with nothing but this pipeline held.</p>"
    '<div class="pair">{per_type}{chart}</div></main>{signature}'
)


def make_comparison_page(standings: Sequence[Standing], *, data: str) -> str:
    """Return a self-contained HTML page that compares pipelines.

    Args:
        standings: The pipelines, the one that others are compared with first.
        data: The name of the data set.
    """
    rows = comparison_rows(standings)
    names = [row[0] for row in rows]
    signatures = [standing.measured.signature for standing in standings]
    body = _BODY.format(
        lead=f"{count(len(rows), 'pipeline')} on {escape(data)}",
        table=make_table("Strict spans, and what they cost", HEADER, rows),
        per_type=make_table("F1 per entity type", type_header(standings), type_rows(standings)),
        chart=_draw_f1_over_speed(names, standings),
        signature=make_signatures(names, signatures),
    )
    return make_page(title=f"Comparison on {data}", body=body, styles=["report.css"])


def _draw_f1_over_speed(names: Sequence[str], standings: Sequence[Standing]) -> str:
    series: list[Series] = []
    highest_speed = 0.0
    lowest_f1 = 100.0
    for i, standing in enumerate(standings):
        speed = standing.measured.words_per_second
        f1 = standing.measured.strict.micro.f1 * 100
        series.append(Series(names[i], [(speed, f1)], "dots", i))
        highest_speed = max(highest_speed, speed)
        lowest_f1 = min(lowest_f1, f1)
    return draw_chart(
        series,
        title="F1 against throughput: the best is in the upper right corner.",
        x=Axis("words/s", 0, highest_speed * 1.1),
        y=Axis("F1", max(lowest_f1 - 10, 0), 100),
    )
