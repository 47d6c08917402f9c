"""brat standoff: a ``.txt`` with the text and a ``.ann`` with its entities, by characters.

Source: https://brat.nlplab.org/standoff.html
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from spacy_hf_ner.core.wording import count
from spacy_hf_ner.corpus.format import Format
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import Origin, ReadOptions, Source
from spacy_hf_ner.corpus.text_files import open_text
from spacy_hf_ner.corpus.texts import CharSpan, TextRecord, make_text_sentence, make_text_source
from spacy_hf_ner.corpus.visible import list_visible
from spacy_hf_ner.errors import CorpusError

__all__ = ["BRAT", "open_brat"]

_PART = r"\d{1,18} \d{1,18}"  # of a text; Python reads no number of thousands of digits
_ENTITY = re.compile(rf"T\d+\t(\S+) ({_PART}(?:;{_PART})*)(?:\t(.*))?")


def open_brat(path: Path, options: ReadOptions) -> Source:
    """Return a folder of ``.txt`` and ``.ann`` files, or one such pair, as a source.

    Each pair is a document.

    Raises:
        CorpusError: An annotation has no text beside it, or something else than entities is wanted.
    """
    task = options.columns.task
    if task != "ner":
        raise CorpusError(
            f'{path}: expected column = "ner" for brat\'s entities, got "{task}". Leave it out.',
            settings=("column",),
        )
    annotations = _list_annotations(path)
    texts: list[Path] = []
    for annotation in annotations:
        text = annotation.with_suffix(".txt")
        if not text.is_file():
            raise CorpusError(f"{annotation}: expected its text in {text.name} beside it.")
        texts.append(text)

    pairs = count(len(annotations), "pair")

    def sentences() -> Iterator[Sentence]:
        for annotation in annotations:
            yield _read_pair(annotation, options, name=_name_document(annotation, path))

    origin = Origin(str(path), "brat", f"{pairs} of text and annotation")
    source = make_text_source(sentences, origin)
    return replace(source, n_sentences=len(annotations), files=(*annotations, *texts))


def _list_annotations(path: Path) -> list[Path]:
    """Return the annotations of a folder, or of one pair."""
    if path.is_dir():
        return list_visible(path, "*.ann")
    return [path.with_suffix(".ann")]


def _name_document(annotation: Path, path: Path) -> str:
    if not path.is_dir():
        return annotation.stem
    return annotation.relative_to(path).with_suffix("").as_posix()


def _read_pair(annotation: Path, options: ReadOptions, *, name: str) -> Sentence:
    text_file = open_text(annotation.with_suffix(".txt"), encoding=options.encoding)
    span_file = open_text(annotation, encoding=options.encoding)
    problems = list(span_file.problems)
    spans: list[CharSpan] = []
    for number, line in span_file.lines():
        if line.startswith("T"):
            span = _read_span(line, annotation, number)
            spans.append(span)
            if span.parts:
                kind = "entity in several parts, its hull kept in doc.spans only"
                problems.append(Problem(kind, number))
        elif line.strip() and not line.startswith("#"):
            problems.append(Problem("relation, event or attribute, left out", number))
    record = TextRecord(
        text=text_file.read(),  # with its line ends as they are: offsets count carriage returns too
        spans=spans,
        text_id=name,
        problems=problems,
    )
    sentence = make_text_sentence(record, lang=options.lang, offsets=options.offsets)
    of_text = _place(text_file.problems, text_file.path)
    of_spans = _place(sentence.problems, annotation)
    return replace(sentence, problems=(*of_text, *of_spans))


def _place(problems: Iterable[Problem], file: Path) -> list[Problem]:
    """Return problems that know which of the two files they are in."""
    placed: list[Problem] = []
    for problem in problems:
        placed.append(problem._replace(file=str(file)))
    return placed


def _read_span(line: str, annotation: Path, number: int) -> CharSpan:
    match = _ENTITY.fullmatch(line)
    if match is None:
        raise CorpusError(
            f"{annotation}:{number}: expected 'T1<tab>TYPE START END<tab>TEXT', got {line[:60]!r}. "
            "Correct or delete the line."
        )
    entity_type, parts, surface = match.groups(default="")
    offsets = list(map(int, parts.replace(";", " ").split()))
    ranges = list(zip(offsets[::2], offsets[1::2], strict=True))
    span = CharSpan(min(offsets), max(offsets), entity_type, line=number)
    if len(ranges) > 1:
        return replace(span, parts=tuple(ranges))  # the text is theirs, not that of the hull
    return replace(span, surface=surface)


def is_annotated(name: str) -> bool:
    """Tell whether this is a folder with annotations, or one of the two files of a pair."""
    path = Path(name)
    if path.is_dir():
        return bool(list_visible(path, "*.ann"))
    suffix = path.suffix.lower()
    return suffix == ".ann" or (suffix == ".txt" and path.with_suffix(".ann").is_file())


def open_pairs(name: str, options: ReadOptions) -> Mapping[str, Source]:
    """Return a folder, or one pair, as the only part of a corpus."""
    path = Path(name)
    part = path.name if path.is_dir() else path.stem
    return {part: open_brat(path, options)}


BRAT: Final = Format(name="brat", suffixes=(".ann",), claims=is_annotated, open_whole=open_pairs)
