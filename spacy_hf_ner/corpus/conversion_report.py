"""What a conversion saw: counts, the scheme, repairs with the first line of each, entities that tokenisation cuts."""

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np
from spacy.attrs import IDX, LENGTH
from spacy.language import Language
from spacy.tokens import Doc

from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import Source

N_EXAMPLES: Final = 5  # of cut entities, in a report


@dataclass(slots=True)
class Repairs:
    """How often one kind of problem was met, and where first."""

    count: int
    first_line: int
    first_file: str = ""  # where the source is several files


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
        n_sentences: Sentences written.
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
            self.n_words += len(sentence.words)
            self.n_missing += len(sentence.missing)
            self.entities.update(span.entity_type for span in sentence.spans)
            self.n_nested += sum(span not in sentence.spans for span in sentence.layers)

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Count problems by their kind."""
        for kind, line, file in problems:
            known = self.repairs.setdefault(kind, Repairs(0, line, file))
            known.count += 1
            if file == known.first_file:
                known.first_line = min(known.first_line, line)

    def add_cuts(self, doc: Doc, nlp: Language) -> None:
        """Count the entities that the pipeline's tokenizer cannot represent."""
        if not doc.ents:
            return
        borders = nlp.tokenizer(doc.text).to_array([IDX, LENGTH])
        starts = set(borders[:, 0].tolist())
        ends = set(borders.sum(axis=1).tolist())
        for entity in doc.ents:
            if entity.start_char not in starts or entity.end_char not in ends:
                self.n_cut += 1
                if len(self.cut_examples) < N_EXAMPLES:
                    left, right = max(0, entity.start_char - 10), entity.end_char + 10
                    context = doc.text[left : entity.start_char], doc.text[entity.end_char : right]
                    self.cut_examples.append(
                        f"{context[0]}[{entity.text}]{context[1]} ({entity.label_})"
                    )

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield what is to be told to people: names and values."""
        yield "format", self.format + (f", {self.description}" if self.description else "")
        yield "sentences", f"{self.n_sentences:,} in {self.n_documents:,} documents"
        yield (
            "words",
            f"{self.n_words:,}"
            + (f", {self.n_missing:,} without annotation" if self.n_missing else ""),
        )
        by_type = ", ".join(f"{name} {count:,}" for name, count in sorted(self.entities.items()))
        yield "entities", f"{self.n_entities:,}" + (f": {by_type}" if by_type else "")
        if self.n_nested:
            yield "nested", f"{self.n_nested:,} entities of other levels, in doc.spans"
        if self.scheme:
            yield (
                "scheme",
                f"{self.scheme}, obeyed by {self.scheme_share:.2%} of the entity borders",
            )
        for kind, repairs in sorted(self.repairs.items()):
            file = f"{repairs.first_file}, " if repairs.first_file else ""
            yield "repaired", f"{repairs.count:,} × {kind} (first: {file}line {repairs.first_line})"
        if self.n_entities:
            share = 1 - self.n_cut / self.n_entities
            yield (
                "tokenizer",
                f"{self.n_cut:,} of {self.n_entities:,} entities cut by spaCy's ({share:.2%} preserved)",
            )
        for example in self.cut_examples:
            yield "", example


@dataclass(slots=True)
class PartReport:
    """The counts of one part that was written."""

    n_documents: int = 0
    n_sentences: int = 0
    n_words: int = 0
    n_entities: int = 0


@dataclass(slots=True)
class ConversionReport:
    """What a conversion saw.

    Attributes:
        files: A report on each file that was read.
        parts: The counts of each part that was written, by name.
        compares_parts: Whether to remember sentences, to find them again in other parts: 8 bytes for each.
    """

    files: list[FileReport] = field(default_factory=list)
    parts: dict[str, PartReport] = field(default_factory=dict)
    compares_parts: bool = True
    _seen: dict[str, "array[int]"] = field(
        default_factory=dict, repr=False
    )  # hashes of the sentences of each part

    def start_file(self, source: Source) -> FileReport:
        """Return an empty report on a source, and keep it."""
        report = FileReport(
            source.name, source.format, source.scheme, source.share, source.description
        )
        report.add_problems(source.problems)
        self.files.append(report)
        return report

    def count_part(self, part: str, sentences: Iterable[Sentence]) -> None:
        """Count a document that was written to a part."""
        counts = self.parts.setdefault(part, PartReport())
        counts.n_documents += 1
        seen = self._seen.setdefault(part, array("q"))
        for sentence in sentences:
            counts.n_sentences += 1
            counts.n_words += len(sentence.words)
            counts.n_entities += len(sentence.spans)
            if self.compares_parts:
                seen.append(hash(sentence.words))

    def duplicates(self) -> dict[tuple[str, str], int]:
        """Return for each two parts how many sentences of the second are in the first, word by word."""
        hashes = {
            part: np.frombuffer(seen, dtype=np.int64)
            for part, seen in self._seen.items()
            if len(seen)
        }
        return {
            (first, second): count
            for first, second in combinations(hashes, 2)
            if (count := int(np.isin(hashes[second], hashes[first]).sum()))
        }

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        duplicates = [
            {"parts": list(parts), "sentences": count} for parts, count in self.duplicates().items()
        ]
        files = [
            {**asdict(file), "entities": dict(sorted(file.entities.items()))} for file in self.files
        ]
        return {
            "files": files,
            "parts": {name: asdict(part) for name, part in self.parts.items()},
            "duplicates": duplicates,
        }


def write_report(report: ConversionReport, path: Path) -> None:
    """Write a report as a JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(report.to_json(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
