"""The counts of a conversion: what was read, its scheme, what was repaired, what was written."""

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_hf_ner.core.wording import count, shorten
from spacy_hf_ner.corpus.cut_entities import find_cut_entities
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import Source
from spacy_hf_ner.corpus.texts import CUT, CUT_BUT_FOR

__all__ = ["ConversionReport", "FileReport", "PartReport", "Repairs", "write_report"]

N_EXAMPLES: Final = 5  # of cut entities, in a report
N_CONTEXT: Final = 10  # characters on either side of an example


@dataclass(slots=True)
class Repairs:
    """How often one kind of problem was met, and where first."""

    count: int
    first_line: int
    first_file: str = ""  # where the source is several files

    @property
    def place(self) -> str:
        """Where the first was, for people."""
        line = f"line {self.first_line}"
        if self.first_file:
            return f"{self.first_file}, {line}"
        return line


@dataclass(slots=True)
class FileReport:
    """The counts of one file.

    Attributes:
        name: The file.
        format: Its format.
        scheme: The tag scheme it was read in, or empty.
        scheme_share: Share of entity borders that obey the scheme.
        description: Encoding, columns and the like.
        n_documents: Documents written.
        n_sentences: Sentences written; a text whose sentences nobody has marked counts as one.
        n_unmarked: How many of them are such texts.
        n_words: Words written.
        n_missing: Words without annotation.
        entities: Entities by type, of the outermost level.
        n_nested: Entities of other levels, which are in ``doc.spans`` only.
        repairs: What was repaired or left out, by kind.
        n_cut: Entities whose borders are no token borders when spaCy's tokenizer reads the text.
        cut_examples: The first of them, with their types.
    """

    name: str
    format: str
    scheme: str = ""
    scheme_share: float = 1.0
    description: str = ""
    n_documents: int = 0
    n_sentences: int = 0
    n_unmarked: int = 0
    n_words: int = 0
    n_missing: int = 0
    entities: Counter[str] = field(default_factory=Counter)
    n_nested: int = 0
    repairs: dict[str, Repairs] = field(default_factory=dict)
    n_cut: int = 0
    cut_examples: list[str] = field(default_factory=list)

    @property
    def n_entities(self) -> int:
        """Entities of all types."""
        return sum(self.entities.values())

    def add(self, sentences: Iterable[Sentence]) -> None:
        """Count the sentences of one document."""
        self.n_documents += 1
        for sentence in sentences:
            self.n_sentences += 1
            self.n_unmarked += not sentence.is_bounded
            self.n_words += len(sentence.words)
            self.n_missing += len(sentence.missing)
            for span in sentence.spans:
                self.entities[span.entity_type] += 1
            for span in sentence.layers:
                self.n_nested += span not in sentence.spans

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Count problems by their kind."""
        for kind, line, file in problems:
            known = self.repairs.setdefault(kind, Repairs(0, line, file))
            known.count += 1
            if file == known.first_file:
                known.first_line = min(known.first_line, line)

    def add_cuts(self, doc: Doc, nlp: Language) -> None:
        """Count the entities that the pipeline's tokenizer cannot represent."""
        for entity in find_cut_entities(doc, nlp):
            self.n_cut += 1
            if len(self.cut_examples) < N_EXAMPLES:
                self.cut_examples.append(_show_in_context(entity))

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield the counts for people: names and values."""
        yield "format", ", ".join(filter(None, (self.format, self.description)))
        yield self._describe_sentences()
        yield "words", self._describe_words()
        yield "entities", self._describe_entities()
        if self.n_nested:
            nested = count(self.n_nested, "entity", "entities")
            yield "nested", f"{nested} of other levels, in doc.spans"
        if self.scheme:
            obeyed = f"obeyed by {self.scheme_share:.2%} of the entity borders"
            yield "scheme", f"{self.scheme}, {obeyed}"
        for kind, repairs in sorted(self.repairs.items()):
            yield "repaired", f"{repairs.count:,} × {kind} (first: {repairs.place})"
        unit = self._find_better_unit()
        if unit:
            yield "hint", f'offsets = "{unit}" would cut no token'
        if self.n_entities:
            preserved = f"{1 - self.n_cut / self.n_entities:.2%} preserved"
            entities = count(self.n_entities, "entity", "entities")
            yield "tokenizer", f"{self.n_cut:,} of {entities} cut by spaCy's ({preserved})"
        for example in self.cut_examples:
            yield "", example

    def _find_better_unit(self) -> str:
        """Return what offsets must count for no entity to cut a token, or nothing."""
        cuts = self.repairs.keys() & {CUT, *CUT_BUT_FOR.values()}
        for unit, kind in CUT_BUT_FOR.items():
            if cuts == {kind}:
                return unit
        return ""

    def _describe_sentences(self) -> tuple[str, str]:
        if self.n_sentences and self.n_unmarked == self.n_sentences:
            return "documents", f"{self.n_documents:,}, whose sentences are not marked"
        described = f"{self.n_sentences:,} in {count(self.n_documents, 'document')}"
        if self.n_unmarked:
            described += f", {self.n_unmarked:,} of them texts whose sentences are not marked"
        return "sentences", described

    def _describe_words(self) -> str:
        if not self.n_missing:
            return f"{self.n_words:,}"
        return f"{self.n_words:,}, {self.n_missing:,} without annotation"

    def _describe_entities(self) -> str:
        if not self.entities:
            return f"{self.n_entities:,}"
        by_type: list[str] = []
        for name, n in sorted(self.entities.items()):
            by_type.append(f"{name} {n:,}")
        return f"{self.n_entities:,}: {', '.join(by_type)}"


def _show_in_context(entity: Span) -> str:
    """Return an entity in brackets with the characters around it, and its type."""
    text = entity.doc.text
    before = text[max(0, entity.start_char - N_CONTEXT) : entity.start_char]
    after = text[entity.end_char : entity.end_char + N_CONTEXT]
    return f"{before}[{shorten(entity.text)}]{after} ({entity.label_})"


@dataclass(slots=True)
class PartReport:
    """The counts of one part that was written."""

    n_documents: int = 0
    n_sentences: int = 0
    n_words: int = 0
    n_entities: int = 0


@dataclass(slots=True)
class ConversionReport:
    """The counts of a conversion.

    Attributes:
        files: A report on each file that was read.
        parts: The counts of each part that was written, by name.
        losses: Documents of which the format that is written holds less, by what it lacks.
        compares_parts: Whether to remember the sentences, to find them again in other parts. That
            takes 8 bytes for each.
    """

    files: list[FileReport] = field(default_factory=list)
    parts: dict[str, PartReport] = field(default_factory=dict)
    losses: Counter[str] = field(default_factory=Counter)
    compares_parts: bool = True
    # The hashes of the sentences of each part.
    _hashes: dict[str, "array[int]"] = field(default_factory=dict, repr=False)

    def start_file(self, source: Source) -> FileReport:
        """Return an empty report on a source, and keep it."""
        origin = source.origin
        report = FileReport(
            origin.name, origin.format, source.scheme, source.share, origin.description
        )
        report.add_problems(origin.problems)
        self.files.append(report)
        return report

    def count_part(self, part: str, sentences: Iterable[Sentence]) -> None:
        """Count a document that was written to a part."""
        counts = self.parts.setdefault(part, PartReport())
        counts.n_documents += 1
        hashes = self._hashes.setdefault(part, array("q"))
        for sentence in sentences:
            counts.n_sentences += 1
            counts.n_words += len(sentence.words)
            counts.n_entities += len(sentence.spans)
            if self.compares_parts:
                hashes.append(hash(sentence.words))

    def count_loss(self, kind: str) -> None:
        """Count a document that loses something because the format has no form for it."""
        self.losses[kind] += 1

    def duplicates(self) -> dict[tuple[str, str], int]:
        """Return for each two parts how many sentences of the second are also in the first."""
        hashes = {}
        for part, found in self._hashes.items():
            if len(found):
                hashes[part] = np.frombuffer(found, dtype=np.int64)
        shared = {}
        for first, second in combinations(hashes, 2):
            n_shared = int(np.isin(hashes[second], hashes[first]).sum())
            if n_shared:
                shared[first, second] = n_shared
        return shared

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        files = []
        for file in self.files:
            record = asdict(file)
            record["entities"] = dict(sorted(file.entities.items()))
            files.append(record)
        duplicates = []
        for names, n_shared in self.duplicates().items():
            duplicates.append({"parts": list(names), "sentences": n_shared})
        parts = {name: asdict(part) for name, part in self.parts.items()}
        return {
            "files": files,
            "parts": parts,
            "losses": dict(self.losses),
            "duplicates": duplicates,
        }


def write_report(report: ConversionReport, path: Path) -> None:
    """Write a report as a JSON file."""
    text = json.dumps(report.to_json(), ensure_ascii=False, indent=2)
    path.write_text(f"{text}\n", encoding="utf-8")
