"""``report.html``: one self-contained page about a pipeline on a data set.

Each section of the page has a file of its own; here they are put together under a summary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from spacy_hf_ner.checking.check_report import CheckReport
from spacy_hf_ner.evaluation.results import Evaluation
from spacy_hf_ner.evaluation.tables import interval_of
from spacy_hf_ner.evaluation.training_log import TrainingStep
from spacy_hf_ner.visual.check_section import make_check
from spacy_hf_ner.visual.confidence_section import make_confidence
from spacy_hf_ner.visual.error_browser import make_error_browser
from spacy_hf_ner.visual.failures_section import make_failures
from spacy_hf_ner.visual.labels_section import make_labels
from spacy_hf_ner.visual.page import count_tile, make_page, make_signature, make_tiles
from spacy_hf_ner.visual.scores_section import make_scores
from spacy_hf_ner.visual.training_section import make_training

__all__ = ["make_report"]

_BODY: Final = (
    '<a class="skip" href="#scores">Skip to the scores</a><header><h1>How good is it?</h1>'
    '<p class="lead">{title}</p>{tiles}'
    '<nav class="contents" aria-label="Sections">{links}</nav></header><main>{sections}</main>'
    "{signature}"
)
_LINK: Final = '<a href="#{id}">{title}</a>'
_SECTION: Final = (
    '<section id="{id}" aria-labelledby="{id}-title"><h2 id="{id}-title">{title}</h2>'
    "{content}</section>"
)


@dataclass(frozen=True, slots=True)
class _Section:
    """A part of the page that has a title and is linked from the top.

    Attributes:
        id: What links name it by.
        title: Plain text.
        content: HTML.
    """

    id: str
    title: str
    content: str


def make_report(
    evaluation: Evaluation,
    *,
    data: str | None = None,
    training: Sequence[TrainingStep] = (),
    checked: CheckReport | None = None,
) -> str:
    """Return the report as a self-contained HTML page.

    Args:
        evaluation: What to report.
        data: What to call the data, where the evaluation has no name for it.
        training: The training run, if there is a log of it.
        checked: What checks have found in the data, if they were made.
    """
    title = evaluation.title
    if data is not None and evaluation.data is None:
        title += f" on {data}"
    links: list[str] = []
    sections: list[str] = []
    for section in _make_sections(evaluation, training, checked):
        links.append(_LINK.format(id=section.id, title=section.title))
        sections.append(
            _SECTION.format(id=section.id, title=section.title, content=section.content)
        )
    body = _BODY.format(
        title=escape(title),
        tiles=_make_summary(evaluation),
        links="".join(links),
        sections="".join(sections),
        signature=make_signature(evaluation.signature),
    )
    return make_page(
        title=f"Evaluation · {title}",
        body=body,
        styles=["report.css"],
        scripts=["report.js"],
    )


def _make_sections(
    evaluation: Evaluation, training: Sequence[TrainingStep], checked: CheckReport | None
) -> list[_Section]:
    sections = [
        _Section("scores", "Scores", make_scores(evaluation)),
        _Section("slices", "Where it fails", make_failures(evaluation)),
    ]
    if evaluation.confidence:
        content = make_confidence(evaluation.confidence, evaluation.thresholds)
        sections.append(_Section("confidence", "Can the scores be trusted?", content))
    for scores in evaluation.labels:
        title = f"Labels: {escape(scores.target)}"
        sections.append(_Section(f"labels-{scores.target}", title, make_labels(scores)))
    if training:
        sections.append(_Section("training", "Training", make_training(training)))
    if checked is not None:
        sections.append(_Section("data", "Is the data right?", make_check(checked)))
    browser = make_error_browser(evaluation.pairs, evaluation.matches)
    sections.append(_Section("browser", "Error browser", browser))
    return sections


def _make_summary(evaluation: Evaluation) -> str:
    """Return the figures that the page begins with."""
    micro = evaluation.strict.micro
    interval = interval_of(evaluation)
    f1_name = "F1, strict spans"
    if interval:
        f1_name += f" ({interval})"
    tiles = [
        (f"{micro.f1:.1%}", f1_name),
        (f"{micro.precision:.1%}", "precision"),
        (f"{micro.recall:.1%}", "recall"),
        (f"{evaluation.strict.macro.f1:.1%}", "macro F1"),
    ]
    if evaluation.token_accuracy is not None:
        tiles.append((f"{evaluation.token_accuracy:.1%}", "token accuracy"))
    tiles.append((f"{evaluation.words_per_second:,.0f}", "words/s"))
    tiles.append(count_tile(len(evaluation.pairs), "document"))
    tiles.append(count_tile(micro.n_gold, "gold entity", "gold entities"))
    if evaluation.confidence:
        calibration_error = evaluation.confidence.equal_mass.expected_error
        tiles.append((f"{calibration_error:.3f}", "calibration error"))
    return make_tiles(tiles)
