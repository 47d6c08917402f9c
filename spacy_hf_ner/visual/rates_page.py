"""``rates.html``: the loss over the learn rate, as a sweep found it."""

import math
from html import escape
from typing import Final

from spacy_hf_ner.runs.rate_finder import RATE_HEADER, RateSweep, tabulate_rates
from spacy_hf_ner.visual.charts import Axis, Series, draw_chart
from spacy_hf_ner.visual.html_table import make_table
from spacy_hf_ner.visual.page import make_page
from spacy_hf_ner.visual.side_by_side import put_side_by_side

__all__ = ["make_rates_page"]

_BODY: Final = (
    "<header><h1>Which learn rate?</h1>"
    '<p class="lead">{title}</p></header><main>{content}'
    '<p class="note">Suggested: {suggestion:.0e}, a tenth of the rate at which the smoothed loss '
    "is the lowest ({lowest:.1e}). It falls most steeply at {steepest:.1e}. The config goes up to "
    "{configured:.1e}.</p></main>"
)

# A curve is cut above so many times its first loss: there it says no more than that it left.
_MAX_SHOWN: Final = 1.5


def make_rates_page(sweep: RateSweep, *, title: str) -> str:
    """Return a self-contained HTML page with the curve, which is an SVG, and a table.

    Args:
        sweep: What the sweep found.
        title: What was trained, as plain text.
    """
    table = make_table("Some of the steps", RATE_HEADER, tabulate_rates(sweep))
    body = _BODY.format(
        title=escape(title),
        content=put_side_by_side(_draw(sweep), table),
        suggestion=sweep.suggestion,
        lowest=sweep.lowest.rate,
        steepest=sweep.steepest.rate,
        configured=sweep.configured,
    )
    return make_page(title=f"Learn rates · {title}", body=body, styles=["report.css"])


def _draw(sweep: RateSweep) -> str:
    highest = _MAX_SHOWN * sweep.trials[0].loss
    points: list[tuple[float, float]] = []
    line: list[tuple[float, float]] = []
    for trial in sweep.trials:
        x = math.log10(trial.rate)
        points.append((x, min(trial.loss, highest)))
        line.append((x, min(trial.smoothed, highest)))
    guides: list[Series] = []
    for colour, (name, rate) in enumerate(
        [("suggested", sweep.suggestion), ("in the config", sweep.configured)], start=2
    ):
        if rate > 0.0:
            x = math.log10(rate)
            guides.append(Series(name, [(x, 0.0), (x, highest)], "line", colour))
    everything = [x for series in guides for x, _ in series.points] + [x for x, _ in line]
    return draw_chart(
        [Series("loss", points, "dots", 0), Series("smoothed", line, "line", 1), *guides],
        title="The loss before each step, over its learn rate.",
        x=Axis("learn rate, as a power of ten", min(everything), max(everything)),
        y=Axis("loss", 0.0, highest or 1.0),
    )
