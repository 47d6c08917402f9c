"""``check.html``: what is known of gold data, before anybody trains on it."""

from collections import Counter
from html import escape
from typing import Final

from spacy_hf_ner.checking.check_report import CheckReport
from spacy_hf_ner.visual.check_section import make_check
from spacy_hf_ner.visual.page import count_tile, make_page, make_tiles

__all__ = ["make_check_page"]

_BODY: Final = (
    '<header><h1>Is the data right?</h1><p class="lead">{parts}</p>{tiles}</header>'
    "<main>{content}</main>"
)


def make_check_page(checked: CheckReport) -> str:
    """Return a self-contained HTML page of what checks have found."""
    parts = ", ".join(checked.n_docs)
    n_entities = 0
    for counts in checked.n_entities.values():
        n_entities += sum(counts.values())
    tiles = [
        count_tile(sum(checked.n_docs.values()), "document"),
        count_tile(n_entities, "entity", "entities"),
    ]
    n_findings: Counter[str] = Counter()
    for finding in checked.findings:
        n_findings[finding.severity] += 1
    for severity in ("error", "warning", "note"):
        tiles.append(count_tile(n_findings[severity], severity))
    tiles.append(count_tile(len(checked.suggestions), "suggestion"))
    body = _BODY.format(parts=escape(parts), tiles=make_tiles(tiles), content=make_check(checked))
    return make_page(title=f"Check · {parts}", body=body, styles=["report.css"])
