"""A section of the report about labels of tokens: accuracy, per label, confusion, calibration."""

from typing import Final

from spacy_hf_ner.evaluation.tables import PER_LABEL_HEADER, per_label_rows
from spacy_hf_ner.evaluation.tagging import LabelScores
from spacy_hf_ner.visual.confidence_section import make_reliability
from spacy_hf_ner.visual.failures_section import make_confusion_matrix
from spacy_hf_ner.visual.html_table import make_table

__all__ = ["make_labels"]

_NOTE: Final = (
    '<p class="note">A label is right if gold has a token with the same characters and the same '
    "label. Intervals: 95 %, documents drawn 1,000 times with replacement.</p>"
)


def make_labels(scores: LabelScores) -> str:
    """Return the HTML of the section on one kind of labels."""
    per_label = make_table("Per label", PER_LABEL_HEADER, per_label_rows(scores), n_sums=1)
    matrix = make_confusion_matrix(
        scores.confusion, "Gold labels (rows) taken for predicted labels (columns)"
    )
    section = _NOTE + per_label + matrix
    if scores.confidence is not None:
        section += make_reliability(scores.confidence, "labels")
    return section
