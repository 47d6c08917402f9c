"""brat standoff: a ``.txt`` with the text and a ``.ann`` with its entities, by characters.

Source: https://brat.nlplab.org/standoff.html
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from spacy_hf_ner.corpus.format import Format
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.text_files import open_text
from spacy_hf_ner.corpus.texts import CharSpan, make_text_sentence
from spacy_hf_ner.errors import CorpusError

_PART = r"\d{1,18} \d{1,18}"  # of a text; Python reads no number of thousands of digits
_ENTITY = re.compile(rf"T\d+\t(\S+) ({_PART}(?:;{_PART})*)(?:\t(.*))?")


def open_brat(path: Path, options: ReadOptions) -> Source:
    """Return a folder of ``.txt`` and ``.ann`` files, or one pair of them, as a source: each pair is a document.

    Raises:
        CorpusError: An annotation has no text beside it, or something else than entities is wanted.
    """
    if options.columns.task != "ner":
        raise CorpusError(
            f"{path}: expected --column ner for brat's entities, got {options.columns.task}. Leave it out."
        )
    annotations = sorted(path.rglob("*.ann")) if path.is_dir() else [path.with_suffix(".ann")]
    for annotation in annotations:
        if not annotation.with_suffix(".txt").is_file():
            raise CorpusError(
                f"{annotation}: expected its text in {annotation.with_suffix('.txt').name} beside it."
            )

    def sentences() -> Iterator[Sentence]:
        for annotation in annotations:
            yield _read_pair(annotation, options, name=_name(annotation, path))

    return Source(
        name=str(path),
        format="brat",
        read=sentences,
        has_documents=True,
        n_sentences=len(annotations),
        description=f"{len(annotations)} pairs of text and annotation",
        files=(*annotations, *(file.with_suffix(".txt") for file in annotations)),
    )


def _name(annotation: Path, path: Path) -> str:
    return (
        annotation.relative_to(path).with_suffix("").as_posix()
        if path.is_dir()
        else annotation.stem
    )


def _read_pair(annotation: Path, options: ReadOptions, *, name: str) -> Sentence:
    text_file = open_text(annotation.with_suffix(".txt"), encoding=options.encoding)
    file = open_text(annotation, encoding=options.encoding)
    problems = list(file.problems)
    spans: list[CharSpan] = []
    for number, line in file.lines():
        if line.startswith("T"):
            spans.append(_read_span(line, annotation, number, problems))
        elif line.strip() and not line.startswith("#"):
            problems.append(Problem("relation, event or attribute, left out", number))
    # Offsets count the carriage returns too.
    sentence = make_text_sentence(text_file.read(), spans, lang=options.lang, line=1, text_id=name)
    of_text = (problem._replace(file=str(text_file.path)) for problem in text_file.problems)
    of_spans = (
        problem._replace(file=str(annotation)) for problem in (*problems, *sentence.problems)
    )
    return replace(sentence, problems=(*of_text, *of_spans))


def _read_span(line: str, annotation: Path, number: int, problems: list[Problem]) -> CharSpan:
    match = _ENTITY.fullmatch(line)
    if match is None:
        raise CorpusError(
            f"{annotation}:{number}: expected 'T1<tab>TYPE START END<tab>TEXT', got {line[:60]!r}. "
            "Correct or delete the line."
        )
    offsets = [int(offset) for part in match[2].split(";") for offset in part.split()]
    is_hull = len(offsets) > 2  # noqa: PLR2004 - more than one start and end
    if is_hull:
        problems.append(Problem("entity in several parts, its hull kept in doc.spans only", number))
    surface = "" if is_hull else (match[3] or "")
    return CharSpan(min(offsets), max(offsets), match[1], surface, is_hull=is_hull, line=number)


def is_annotated(name: str) -> bool:
    """Tell whether this is a folder with annotations, or one of the two files of a pair."""
    path = Path(name)
    if path.is_dir():
        return any(path.rglob("*.ann"))
    return path.suffix.lower() == ".ann" or (
        path.suffix.lower() == ".txt" and path.with_suffix(".ann").is_file()
    )


def open_pairs(name: str, options: ReadOptions) -> Mapping[str, Source]:
    """Return a folder, or one pair, as the only part of a corpus."""
    path = Path(name)
    part = path.name if path.is_dir() else path.stem
    return {part: open_brat(path, options)}


BRAT: Final = Format(name="brat", suffixes=(".ann",), claims=is_annotated, open_whole=open_pairs)
