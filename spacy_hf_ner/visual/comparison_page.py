"""``comparison.html``: pipelines side by side."""

from collections.abc import Sequence
from html import escape

from spacy_hf_ner.evaluation.comparison import Standing
from spacy_hf_ner.evaluation.comparison_table import HEADER, comparison_rows, type_header, type_rows
from spacy_hf_ner.visual.charts import Axis, Series, draw_chart
from spacy_hf_ner.visual.html_table import make_table
from spacy_hf_ner.visual.page import count, make_page, make_signature


def make_comparison_page(standings: Sequence[Standing], *, data: str) -> str:
    """Return a self-contained HTML page that compares pipelines.

    Args:
        standings: The pipelines, the one that others are compared with first.
        data: The name of the data set.
    """
    rows = comparison_rows(standings)
    points = [(s.measured.words_per_second, s.measured.strict.micro.f1 * 100) for s in standings]
    chart = draw_chart(
        [
            Series(row[0], [point], "dots", i)
            for i, (row, point) in enumerate(zip(rows, points, strict=True))
        ],
        title="F1 against throughput: the best is in the upper right corner.",
        x=Axis("words/s", 0, max(x for x, _ in points) * 1.1),
        y=Axis("F1", max(min(y for _, y in points) - 10, 0), 100),
    )
    per_type = make_table("F1 per entity type", type_header(standings), type_rows(standings))
    body = (
        "<header><h1>Side by side</h1>"
        f'<p class="lead">{count(len(rows), "pipeline")} on {escape(data)}</p></header><main>'
        + make_table("Strict spans, and what they cost", HEADER, rows)
        + '<p class="note">p: how often chance alone makes so large a difference of F1 to the first pipeline '
        "(documents’ outputs exchanged at random, 10,000 times). Memory: the most that a process with nothing but this "
        "pipeline held.</p>"
        + f'<div class="pair">{per_type}{chart}</div></main>'
        + make_signature(standing.measured.signature for standing in standings)
    )
    return make_page(title=f"Comparison on {data}", body=body, styles=["report.css"])
