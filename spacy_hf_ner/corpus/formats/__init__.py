"""The list of formats; each has a file: its reader, its writer, the Format that names both."""

from typing import Final

from spacy_hf_ner.corpus.format import Format
from spacy_hf_ner.corpus.formats.brat import BRAT
from spacy_hf_ner.corpus.formats.conll import CONLL
from spacy_hf_ner.corpus.formats.conll2012 import CONLL_2012
from spacy_hf_ner.corpus.formats.conllu import CONLLU
from spacy_hf_ner.corpus.formats.csv_table import CSV
from spacy_hf_ner.corpus.formats.hf_datasets import DATASETS
from spacy_hf_ner.corpus.formats.iob_lines import IOB_LINES
from spacy_hf_ner.corpus.formats.json_records import JSON_FORMATS
from spacy_hf_ner.corpus.formats.spacy_docs import SPACY

__all__ = ["FORMATS"]

# In the order in which they are asked what is theirs: CoNLL takes any text that no other takes.
FORMATS: Final[list[Format]] = [
    SPACY,
    DATASETS,
    BRAT,
    *JSON_FORMATS,
    CONLLU,
    CONLL_2012,
    IOB_LINES,
    CSV,
    CONLL,
]
