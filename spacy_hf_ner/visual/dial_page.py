"""``dial.html``: precision, recall and F1 over the bias of a component's decoder."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from spacy_hf_ner.core.dial import DIAL_HEADER, Dial, DialPoint, tabulate_dial
from spacy_hf_ner.visual.charts import Axis, Series, draw_chart
from spacy_hf_ner.visual.html_table import make_table
from spacy_hf_ner.visual.page import make_page
from spacy_hf_ner.visual.side_by_side import put_side_by_side

__all__ = ["make_dial_page"]

_BODY: Final = (
    "<header><h1>More entities, or surer ones?</h1>"
    '<p class="lead">{title}</p></header><main>{sections}'
    '<p class="note">A bias is added to the log score of each entity in decoding: over 0 more are '
    "found, under 0 fewer. Each curve is read on the data of this page.</p></main>"
)
_SECTION: Final = "<section><h2>{name}</h2>{content}</section>"


def make_dial_page(dials: Mapping[str, Dial], *, title: str) -> str:
    """Return a self-contained HTML page with the curve of each component.

    Args:
        dials: What the bias of each component does, by the component's name.
        title: What the curves are of, as plain text.
    """
    sections: list[str] = []
    for name, dial in dials.items():
        table = make_table("Where the dial stands", DIAL_HEADER, tabulate_dial(dial))
        content = put_side_by_side(_draw(dial), table)
        sections.append(_SECTION.format(name=escape(name), content=content))
    body = _BODY.format(title=escape(title), sections="".join(sections))
    return make_page(title=f"The dial · {title}", body=body, styles=["report.css"])


def _draw(dial: Dial) -> str:
    points = _cut_flat_ends(dial.points)
    lines: list[Series] = []
    dots: list[Series] = []
    for colour, (name, measure) in enumerate(
        [("precision", "precision"), ("recall", "recall"), ("F1", "f1")]
    ):
        curve = [(point.bias, getattr(point, measure)) for point in points]
        lines.append(Series(name, curve, "line", colour))
        dots.append(Series("", [(dial.after.bias, getattr(dial.after, measure))], "dots", colour))
    low = min(points[0].bias, dial.after.bias)
    high = max(points[-1].bias, dial.after.bias)
    return draw_chart(
        [*lines, *dots],
        title="Precision, recall and F1 over the bias. Dots: where the dial stands.",
        x=Axis("bias", low, high),
        y=Axis("share", 0, 1),
    )


def _cut_flat_ends(points: Sequence[DialPoint]) -> Sequence[DialPoint]:
    """Return a curve without the steps at its ends at which nothing changes any more."""
    first, last = 0, len(points) - 1
    while first < last and _is_same(points[first], points[first + 1]):
        first += 1
    while last > first and _is_same(points[last], points[last - 1]):
        last -= 1
    return points[first : last + 1]


def _is_same(point: DialPoint, other: DialPoint) -> bool:
    return (point.precision, point.recall) == (other.precision, other.recall)
