"""``report.html`` of a pipeline that sets no entities: its labels of tokens."""

from html import escape
from typing import Final

from spacy_hf_ner.evaluation.formatting import format_interval
from spacy_hf_ner.evaluation.tagging import TaggingEvaluation
from spacy_hf_ner.visual.error_browser import make_error_browser
from spacy_hf_ner.visual.labels_section import make_labels
from spacy_hf_ner.visual.page import count_tile, make_page, make_signature, make_tiles

__all__ = ["make_tagging_report"]

_BODY: Final = (
    '<header><h1>How good is it?</h1><p class="lead">{title}</p>{tiles}</header>'
    "<main>{sections}</main>{signature}"
)
_SECTION: Final = (
    '<section id="{id}" aria-labelledby="{id}-title"><h2 id="{id}-title">{title}</h2>'
    "{content}</section>"
)


def make_tagging_report(evaluation: TaggingEvaluation) -> str:
    """Return the report as a self-contained HTML page."""
    sections: list[str] = []
    tiles: list[tuple[str, str]] = []
    for scores in evaluation.labels:
        name = f"accuracy, {scores.target}"
        if scores.interval is not None:
            name += f" ({format_interval(scores.interval)})"
        tiles.append((f"{scores.accuracy:.1%}", name))
        if scores.confidence is not None:
            error = scores.confidence.equal_mass.expected_error
            tiles.append((f"{error:.3f}", f"calibration error, {scores.target}"))
        section = _SECTION.format(
            id=f"labels-{scores.target}",
            title=f"Labels: {escape(scores.target)}",
            content=make_labels(scores),
        )
        sections.append(section)
    first = evaluation.labels[0]
    browser = make_error_browser(first.pairs, first.matches)
    title = f"Error browser: {escape(first.target)}"
    sections.append(_SECTION.format(id="browser", title=title, content=browser))
    tiles.append((f"{evaluation.words_per_second:,.0f}", "words/s"))
    tiles.append(count_tile(len(first.pairs), "document"))
    body = _BODY.format(
        title=escape(evaluation.title),
        tiles=make_tiles(tiles),
        sections="".join(sections),
        signature=make_signature(evaluation.signature),
    )
    return make_page(
        title=f"Evaluation · {evaluation.title}",
        body=body,
        styles=["report.css"],
        scripts=["report.js"],
    )
