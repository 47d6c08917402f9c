"""Sentences as the tests of formats look at them."""

import json
from pathlib import Path

from spacy_hf_ner.corpus.opening import open_corpus
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.source import ReadOptions


def read(path: Path, options: ReadOptions | None = None) -> list[Sentence]:
    """Return the sentences of a file that have words."""
    return [
        sentence
        for sentence in open_corpus(path, options or ReadOptions()).read()
        if sentence.words
    ]


def show(sentence: Sentence) -> list[str]:
    """Return text and type of each entity."""
    return [f"{' '.join(sentence.words[s.start : s.end])}/{s.entity_type}" for s in sentence.spans]


def text_of(sentence: Sentence) -> str:
    """Return the text, whose white space must be known."""
    return sentence.lead + "".join(
        w + (g or "") for w, g in zip(sentence.words, sentence.gaps, strict=True)
    )


def kinds(sentence: Sentence) -> list[str]:
    """Return what was repaired."""
    return [problem.kind for problem in sentence.problems]


def write_jsonl(folder: Path, *records: object) -> Path:
    """Write records into ``data.jsonl``, one a line."""
    path = folder / "data.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf8")
    return path


def missing(sentence: Sentence) -> list[str]:
    """Return the words that are not annotated."""
    return [sentence.words[i] for i in sentence.missing]
