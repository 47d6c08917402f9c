"""corpus/sample: what its guideline promises of the texts, the tags and the numbers."""

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from spacy_hf_ner.corpus.conversion import ConvertOptions, convert_corpus

FOLDER = Path(__file__).resolve().parents[1] / "corpus" / "sample"
SPLITS = ("train", "dev", "test")
TYPES = ("LOC", "MISC", "ORG", "PER")
DOCUMENT = "-DOCSTART- _ _ O"
LEAST_SENTENCES = {"train": 3000, "dev": 350, "test": 400}
LEAST_ENTITIES = {
    "train": {"LOC": 1200, "MISC": 700, "ORG": 1200, "PER": 900},
    "dev": dict.fromkeys(TYPES, 90),
    "test": dict.fromkeys(TYPES, 100),
}
# How many bytes the first edition has, and their sha256: results on it stay comparable.
FIRST_EDITION = {
    "train": (336489, "cbb512a4955f5be20af5b6baef679f530c49009c5504fe75712a230ab6162251"),
    "dev": (38596, "99aedf3a823f3874847e2e8b4d45ab4333e2a7365fb92932aa680e692f6bbc90"),
    "test": (46495, "a177911a69e0d888e9cf041e0a7ba94a68fde4e0c52d0a06d1c723ec11a8e888"),
}
# What the first edition has in common with CoNLL++: the sentence that press reviews begin with.
STOCK_PHRASE = (
    *("the", "agency", "has", "not", "verified", "these", "stories"),
    *("and", "does", "not", "vouch", "for", "their", "accuracy"),
)
MARKS = {
    *"""."',():;?!-–%$£&@/""",
    "--",
}  # tokens without a letter or a digit; all quotation marks are straight


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words and tags of one sentence, and the line of its first word."""

    line: int
    words: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def entities(self) -> list[tuple[str, str]]:
        """The names with their types, as IOB2 gives them."""
        starts = [i for i, tag in enumerate(self.tags) if tag.startswith("B-")]
        found = []
        for start in starts:
            end = start + 1
            while end < len(self.tags) and self.tags[end].startswith("I-"):
                end += 1
            found.append((" ".join(self.words[start:end]), self.tags[start][2:]))
        return found


Document = tuple[Sentence, ...]


def read_lines(split: str) -> list[str]:
    return (FOLDER / f"{split}.conll").read_text(encoding="utf8").split("\n")


@cache
def read_documents(split: str) -> tuple[Document, ...]:
    documents: list[list[Sentence]] = []
    rows: list[list[str]] = []
    for number, line in enumerate(read_lines(split), start=1):
        if line == DOCUMENT:
            documents.append([])
        elif line:
            rows.append(line.split(" "))
        elif rows:
            words, _, _, tags = zip(*rows, strict=True)
            documents[-1].append(Sentence(number - len(rows), words, tags))
            rows = []
    return tuple(tuple(document) for document in documents)


def read_sentences(*splits: str) -> list[Sentence]:
    return [
        sentence for split in splits for document in read_documents(split) for sentence in document
    ]


def count_entities(*splits: str) -> Counter[str]:
    return Counter(
        entity_type for sentence in read_sentences(*splits) for _, entity_type in sentence.entities
    )


def count_names() -> dict[str, Counter[str]]:
    """How often the whole corpus mentions each name, case-folded, by type."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for sentence in read_sentences(*SPLITS):
        for name, entity_type in sentence.entities:
            counts[entity_type][name.casefold()] += 1
    return counts


@cache
def list_phrases(split: str, n_words: int) -> set[tuple[str, ...]]:
    return {
        tuple(word.casefold() for word in sentence.words[i : i + n_words])
        for sentence in read_sentences(split)
        for i in range(len(sentence.words) - n_words + 1)
    }


def list_runs(words: Sequence[str]) -> set[tuple[str, ...]]:
    """Every eight words in a row, punctuation left out."""
    spoken = [word.casefold() for word in words if any(char.isalnum() for char in word)]
    return {tuple(spoken[i : i + 8]) for i in range(len(spoken) - 7)}


def read_words(path: Path) -> Iterator[list[str]]:
    """The words of the sentences of another corpus: its first column."""
    words: list[str] = []
    for line in path.read_text(encoding="utf8").splitlines():
        if columns := line.split():
            words.append(columns[0])
        else:
            yield words
            words = []
    yield words


def read_table(heading: str) -> list[list[str]]:
    """The rows of the table under a heading of the guideline, its header first."""
    section = (
        (FOLDER / "GUIDELINE.md")
        .read_text(encoding="utf8")
        .split(f"\n## {heading}\n")[1]
        .split("\n## ")[0]
    )
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows if not set("".join(row)) <= set("-: ")]


@pytest.mark.parametrize("split", SPLITS)
def test_every_line_has_four_columns_and_the_middle_ones_are_empty(split: str) -> None:
    for number, line in enumerate(read_lines(split), start=1):
        assert re.fullmatch(r"(\S+ _ _ (O|[BI]-(LOC|MISC|ORG|PER)))?", line), (
            f"{split}:{number}: {line!r}"
        )


@pytest.mark.parametrize("split", SPLITS)
def test_documents_and_sentences_are_set_apart_by_one_blank_line(split: str) -> None:
    text = "\n".join(read_lines(split))
    assert text.startswith(f"{DOCUMENT}\n\n")
    assert text.endswith("\n\n")
    assert "\n\n\n" not in text
    assert text.count("-DOCSTART-") == text.count(f"{DOCUMENT}\n\n") == len(read_documents(split))


@pytest.mark.parametrize("split", SPLITS)
def test_the_tags_are_iob2(split: str) -> None:
    for sentence in read_sentences(split):
        for before, tag in zip(("O", *sentence.tags), sentence.tags, strict=False):
            assert not tag.startswith("I-") or before[2:] == tag[2:], (
                f"{split}:{sentence.line}: {sentence.text}"
            )


@pytest.mark.parametrize("split", SPLITS)
def test_the_converter_finds_nothing_to_repair(split: str, tmp_path: Path) -> None:
    convert_corpus(
        str(FOLDER / f"{split}.conll"), tmp_path / "docs.spacy", options=ConvertOptions(strict=True)
    )


@pytest.mark.parametrize("split", SPLITS)
def test_a_document_has_5_to_20_sentences(split: str) -> None:
    assert {len(document) for document in read_documents(split)} <= set(range(5, 21))


@pytest.mark.parametrize("split", SPLITS)
def test_there_are_enough_sentences_and_entities_of_each_type(split: str) -> None:
    assert len(read_sentences(split)) >= LEAST_SENTENCES[split]
    counts = count_entities(split)
    assert set(counts) == set(TYPES)
    assert not {
        name: counts[name] for name, least in LEAST_ENTITIES[split].items() if counts[name] < least
    }


@pytest.mark.parametrize("split", SPLITS)
def test_about_a_fifth_of_the_sentences_have_no_entity(split: str) -> None:
    sentences = read_sentences(split)
    assert 0.15 <= sum(not sentence.entities for sentence in sentences) / len(sentences) <= 0.30


def test_no_sentence_occurs_twice() -> None:
    counts = Counter(sentence.text.casefold() for sentence in read_sentences(*SPLITS))
    assert not [text for text, n in counts.items() if n > 1]


@pytest.mark.parametrize(
    ("first", "second"), [("train", "dev"), ("train", "test"), ("dev", "test")]
)
def test_two_splits_share_no_turn_of_phrase(first: str, second: str) -> None:
    # Six words in a row would betray a shared document, or one that was written after the pattern
    # of another.
    assert not list_phrases(first, 6) & list_phrases(second, 6)


@pytest.mark.parametrize("split", SPLITS)
def test_the_first_edition_stays_as_it_is(split: str) -> None:
    n_bytes, digest = FIRST_EDITION[split]
    content = (FOLDER / f"{split}.conll").read_bytes()
    assert hashlib.sha256(content[:n_bytes]).hexdigest() == digest
    assert content[n_bytes:].startswith(f"{DOCUMENT}\n".encode())


@pytest.mark.parametrize(
    "name",
    [
        "wikigold/wikigold.conll.txt",
        "wnut17/wnut17train.conll",
        "wnut17/emerging.dev.conll",
        "conllpp/conllpp_train.txt",
        "conllpp/conllpp_dev.txt",
    ],
)
def test_no_eight_words_in_a_row_are_those_of_another_corpus(name: str, shared_data: Path) -> None:
    ours = set().union(*(list_runs(sentence.words) for sentence in read_sentences(*SPLITS)))
    ours -= list_runs(STOCK_PHRASE)
    theirs = list(read_words(shared_data / name))
    assert len(theirs) > 1000
    assert not [run for words in theirs for run in list_runs(words) & ours]


@pytest.mark.parametrize("split", ["dev", "test"])
def test_full_names_of_people_are_not_those_of_training(split: str) -> None:
    people = {
        part: {
            name.casefold()
            for s in read_sentences(part)
            for name, t in s.entities
            if t == "PER" and " " in name
        }
        for part in ("train", split)
    }
    assert not people["train"] & people[split]


@pytest.mark.parametrize("split", ["dev", "test"])
def test_most_entities_were_never_seen_in_training(split: str) -> None:
    seen = {entity for sentence in read_sentences("train") for entity in sentence.entities}
    entities = [entity for sentence in read_sentences(split) for entity in sentence.entities]
    assert sum(entity in seen for entity in entities) / len(entities) < 0.25


def test_no_name_carries_more_than_two_percent_of_its_type() -> None:
    for entity_type, names in count_names().items():
        ((name, n),) = names.most_common(1)
        assert n / names.total() <= 0.02, f"{name}: {n} of {names.total()} {entity_type}"


def test_a_name_has_one_type_unless_the_guideline_says_that_it_means_several_things() -> None:
    stated: dict[str, set[str]] = {}
    for names, several in read_table("Names that mean several things")[1:]:
        stated |= {name: set(several.split(", ")) for name in names.casefold().split(", ")}
    types: dict[str, set[str]] = defaultdict(set)
    for entity_type, counts in count_names().items():
        for name in counts:
            types[name].add(entity_type)
    assert {name: found for name, found in types.items() if len(found) > 1} == stated


@pytest.mark.parametrize("split", SPLITS)
def test_quotation_marks_are_straight_and_paired_and_brackets_close(split: str) -> None:
    for sentence in read_sentences(split):
        assert sentence.words.count('"') % 2 == 0, f"{split}:{sentence.line}: {sentence.text}"
        depths = [
            sentence.words[:i].count("(") - sentence.words[:i].count(")")
            for i in range(len(sentence.words) + 1)
        ]
        assert set(depths) <= {0, 1}, f"{split}:{sentence.line}: {sentence.text}"
        assert depths[-1] == 0, f"{split}:{sentence.line}: {sentence.text}"


@pytest.mark.parametrize("split", SPLITS)
def test_tokens_are_cut_as_the_guideline_says(split: str) -> None:
    for sentence in read_sentences(split):
        for word in sentence.words:
            where = f"{split}:{sentence.line}: {word!r} in {sentence.text}"
            assert word == unicodedata.normalize("NFC", word), where
            assert all(unicodedata.category(char)[0] not in "CZ" for char in word), where
            if not any(char.isalnum() for char in word):
                assert word in MARKS, where
            else:
                assert not re.search(r"^[\"(),:;?!$£]|[\"(),:;?!%'-]$", word), where
                assert not re.search(r".'(s|S|re|ve|ll|d|m)$", word), where


@pytest.mark.parametrize("split", SPLITS)
def test_an_entity_is_a_name_without_article_or_title_and_with_its_brackets(split: str) -> None:
    titles = {
        "Mr.",
        "Mrs.",
        "Ms",
        "Dr.",
        "Sir",
        "President",
        "Professor",
        "Captain",
        "Judge",
        "Minister",
    }
    for sentence in read_sentences(split):
        for name, entity_type in sentence.entities:
            where = f"{split}:{sentence.line}: [{entity_type} {name}] in {sentence.text}"
            words = name.split()
            assert words[0] not in {"the", "a", "an", *titles}, where
            assert words[0] != "The" or entity_type in {"MISC", "ORG", "LOC"}, where
            assert words[-1] not in MARKS - {")", "."}, where
            assert words[-1].lower() != "'s" or entity_type in {"ORG", "LOC"}, where
            assert words.count("(") == words.count(")"), where
            assert words.count('"') % 2 == 0, where


def test_headlines_come_in_capitals_and_in_small_letters() -> None:
    texts = [sentence.text for sentence in read_sentences(*SPLITS) if sentence.entities]
    assert sum(text.isupper() and len(text.split()) > 4 for text in texts) >= 10
    assert sum(text.islower() and len(text.split()) > 4 for text in texts) >= 4


def test_the_numbers_in_the_guideline_are_the_real_ones() -> None:
    header, *rows = read_table("The numbers")
    assert header[1:] == [*SPLITS, "all"]
    stated = {name: dict(zip(header[1:], map(int, cells), strict=True)) for name, *cells in rows}
    for column, splits in {**{split: (split,) for split in SPLITS}, "all": SPLITS}.items():
        sentences, entities = read_sentences(*splits), count_entities(*splits)
        real = {
            "documents": sum(len(read_documents(split)) for split in splits),
            "sentences": len(sentences),
            "sentences without entities": sum(not sentence.entities for sentence in sentences),
            "tokens": sum(len(sentence.words) for sentence in sentences),
            "entities": entities.total(),
            **{f"`{entity_type}`": entities[entity_type] for entity_type in TYPES},
        }
        assert {name: cells[column] for name, cells in stated.items()} == real


def test_every_document_is_of_one_kind_and_every_kind_is_there() -> None:
    header, *rows = read_table("The texts")
    assert header == ["kind", *SPLITS]
    assert len({kind for kind, *_ in rows}) == len(rows)
    for split, *cells in zip(SPLITS, *(row[1:] for row in rows), strict=True):
        numbers = [int(number) for cell in cells for number in cell.split(",") if number.strip()]
        assert sorted(numbers) == list(range(1, len(read_documents(split)) + 1)), split
    assert all(row[1] for row in rows), "training data has every kind"
