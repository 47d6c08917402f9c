"""All checks, in the order in which their findings are shown.

To add one, write a file beside this one with a function that takes :class:`CheckedData` and yields
findings, and add its line to the list.
"""

from collections.abc import Callable, Iterator
from typing import Final

from spacy_hf_ner.checking.checks.class_imbalance import check_class_imbalance
from spacy_hf_ner.checking.checks.duplicates import check_duplicates
from spacy_hf_ner.checking.checks.few_examples import check_few_examples
from spacy_hf_ner.checking.checks.label_sets import check_label_sets
from spacy_hf_ner.checking.checks.leaks import check_leaks
from spacy_hf_ner.checking.checks.missing_annotation import check_missing_annotation
from spacy_hf_ner.checking.checks.overlapping import check_overlapping
from spacy_hf_ner.checking.checks.scripts import check_scripts
from spacy_hf_ner.checking.checks.sentence_borders import check_sentence_borders
from spacy_hf_ner.checking.checks.subword_borders import check_subword_borders
from spacy_hf_ner.checking.checks.text_encoding import check_text_encoding
from spacy_hf_ner.checking.checks.token_borders import check_token_borders
from spacy_hf_ner.checking.checks.token_labels import check_token_labels
from spacy_hf_ner.checking.checks.white_space import check_white_space
from spacy_hf_ner.checking.checks.window_share import check_window_share
from spacy_hf_ner.checking.checks.wrong_sequences import check_wrong_sequences
from spacy_hf_ner.checking.findings import Finding
from spacy_hf_ner.checking.parts import CheckedData

__all__ = ["CHECKS", "Check"]

Check = Callable[[CheckedData], Iterator[Finding]]

CHECKS: Final[tuple[Check, ...]] = (
    check_few_examples,
    check_label_sets,
    check_class_imbalance,
    check_missing_annotation,
    check_token_borders,
    check_subword_borders,
    check_white_space,
    check_overlapping,
    check_wrong_sequences,
    check_duplicates,
    check_leaks,
    check_text_encoding,
    check_scripts,
    check_sentence_borders,
    check_window_share,
    check_token_labels,
)
