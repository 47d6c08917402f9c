"""Short excerpts of real files, one quirk each: exact words, tags and documents.

The words and tags that are expected are cut out of the file by one line of Python for each file,
which knows the file and nothing else.
"""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from spacy_hf_ner.corpus.docs import group_documents
from spacy_hf_ner.corpus.opening import open_corpus
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.tag_column import write_sentence_tags

Rows = list[tuple[str, str]]


def cut_blocks(
    text: str, separator: str, row: Callable[[list[str]], tuple[str, str]], *, first: str = ""
) -> list[Rows]:
    """Cut blocks between blank lines; rows begin with what matches `first`."""
    blocks = re.split(r"\n[ \t]*\n\s*?(?=\S|$)", text.strip("\n"))
    kept = [
        [line for line in block.split("\n") if line.strip() and re.match(first, line)]
        for block in blocks
    ]
    return [[row(line.split(separator)) for line in lines] for lines in kept if lines]


def cut_csv(text: str) -> list[Rows]:
    blocks: list[Rows] = [[]]
    for name, word, _, tag in list(csv.reader(text.splitlines()))[1:]:
        if name and blocks[-1]:
            blocks.append([])
        blocks[-1].append((word, tag))
    return blocks


def last(cells: list[str]) -> tuple[str, str]:
    return cells[0], cells[-1]


FILES: dict[str, tuple[Callable[[str], list[Rows]], list[int], list[str]]] = {
    # file: what cuts it, sentences in each document, entities
    "01_tab_only_separator_and_hashtag.conll": (
        lambda text: cut_blocks(text, "\t", last),
        [1, 1, 1, 1],
        ["AHFA/group", "Pxleyes/corporation"],
    ),
    "02b_space_token.conll": (
        lambda text: [
            [row for row in rows if row[0].strip()] for rows in cut_blocks(text, "\t", last)
        ],
        [1, 1],
        [],
    ),
    "05_iobes.tsv": (
        lambda text: cut_blocks(text, "\t", last),
        [1, 1],
        [
            "ataxia - telangiectasia/Disease",
            "sporadic T - cell leukaemia/Disease",
            "Ataxia - telangiectasia/Disease",
            "A - T/Disease",
            "recessive multi - system disorder/Disease",
        ],
    ),
    "06_germeval_nested_comments.tsv": (
        lambda text: cut_blocks(text, "\t", lambda cells: (cells[1], cells[2]), first=r"\d"),
        [1, 1],
        ["Sometime Ago/La Fiesta/OTH", "Corea/PER", "Sometime Ago/OTH"],
    ),
    "07_uner_tag_not_last.iob2": (
        lambda text: cut_blocks(text, "\t", lambda cells: (cells[1], cells[2]), first=r"\d"),
        [1, 2, 1],
        ["Equistar/ORG", "Miramar/LOC", "Argentina/LOC"],
    ),
    "08_multiconer_double_blank_id_tab.conll": (
        lambda text: cut_blocks(text, " ", last, first="[^#]"),
        [1, 1, 1],
        [
            "eli lilly/OtherPER",
            "eli lilly and company/PublicCorp",
            "christoph haberland/OtherPER",
            "pulpit/OtherPROD",
            "italy/HumanSettlement",
        ],
    ),
    "09_norne_tag_in_misc.conllu": (
        lambda text: cut_blocks(
            text,
            "\t",
            lambda cells: (cells[1], cells[9].partition("name=")[2].partition("|")[0]),
            first=r"\d",
        ),
        [1, 1, 1],
        ["Hellas/GPE_LOC", "Bangladesh/GPE_LOC", "EPA/MISC"],
    ),
    "10_bare_type_tags.tsv": (
        lambda text: cut_blocks(text, "\t", last),
        [1, 1],
        [
            "RNGTr/AI/ML/DL-technique",
            "BERT/NLP-algorithm/tool",
            "Surface Realization ( SR )/NLP-focus",
            "unordered dependency tree/NLP-term",
            "error analysis/AI/ML/DL-focus",
        ],
    ),
    "11_gmb_quoted_crlf.csv": (
        cut_csv,
        [1, 1, 1],
        ["London/geo", "Iraq/geo", "British/gpe", "Bush/per"],
    ),
    "11c_truncated_no_newline.csv": (cut_csv, [1, 1, 1], ["Kurdistan/geo", "Ramadan/per"]),
    "12b_char_plus_digit_type_switch.conll": (
        lambda text: cut_blocks(text, "\t", last),
        [1, 1],
        ["雯0 子1/PER.NAM", "小0 菇1 凉0/PER.NOM"],
    ),
    "13_zwsp.conll": (
        lambda text: cut_blocks(text, "\t", last),
        [1],
        ["Ryan/person", "Cancoon/location", "NoBiggieTV/person"],
    ),
    "13b_bom_inside_token.conll": (
        lambda text: cut_blocks(text, "\t", last),
        [1, 1, 1],
        ["Dubbz\ufeff/person"],
    ),
    "13c_vs16_only_token.conll": (
        lambda text: cut_blocks(text, "\t", last),
        [1, 1],
        ["SG TRY/creative-work"],
    ),
}


def open_nasty(shared_data: Path, name: str) -> Source:
    return open_corpus(shared_data / "nasty" / name, ReadOptions())


def test_no_excerpt_is_left_untested(shared_data: Path) -> None:
    names = {path.name for path in (shared_data / "nasty").iterdir()}
    assert names - set(FILES) == {"16_jsonl_missing_spans_ignore_blank_astral.jsonl"}


@pytest.mark.parametrize("name", FILES)
def test_an_excerpt_has_exactly_its_words_and_tags(shared_data: Path, name: str) -> None:
    cut, _, _ = FILES[name]
    expected = cut((shared_data / "nasty" / name).read_bytes().decode().replace("\r", ""))
    source = open_nasty(shared_data, name)
    # A type that changes inside of an entity starts a new one, whatever its prefix says.
    repaired = {"12b_char_plus_digit_type_switch.conll": [("小0", "B-PER.NOM")]}.get(name, [])
    found = [
        list(zip(s.words, write_sentence_tags(s, source.scheme), strict=True))
        for s in source.read()
        if s.words
    ]
    changed = [
        after
        for a, b in zip(expected, found, strict=True)
        for before, after in zip(a, b, strict=True)
        if before != after
    ]
    assert changed == repaired


@pytest.mark.parametrize("name", FILES)
def test_an_excerpt_has_exactly_its_documents_and_entities(shared_data: Path, name: str) -> None:
    _, sizes, entities = FILES[name]
    source = open_nasty(shared_data, name)
    documents = list(group_documents(source.read(), has_documents=source.has_documents))
    found = [
        f"{' '.join(s.words[span.start : span.end])}/{span.entity_type}"
        for document in documents
        for s in document
        for span in s.spans
    ]
    assert [len(document) for document in documents] == sizes
    assert found == entities


def test_what_an_excerpt_lost_is_reported(shared_data: Path) -> None:
    def report(name: str) -> list[tuple[str, int]]:
        return [(p.kind, p.line) for s in open_nasty(shared_data, name).read() for p in s.problems]

    assert report("02b_space_token.conll") == [
        ("blank word, left out", 12),
        ("blank word, left out", 13),
    ]
    assert report("12b_char_plus_digit_type_switch.conll") == [
        ("IOB2: entity starts without a start tag", 12)
    ]
    assert [name for name in FILES if report(name)] == [
        "02b_space_token.conll",
        "12b_char_plus_digit_type_switch.conll",
    ]


def test_texts_come_back_to_the_letter_where_the_source_has_them(shared_data: Path) -> None:
    for name in ("07_uner_tag_not_last.iob2", "09_norne_tag_in_misc.conllu"):
        lines = (shared_data / "nasty" / name).read_text(encoding="utf8").split("\n")
        texts = [line.removeprefix("# text = ") for line in lines if line.startswith("# text = ")]
        sentences = list(open_nasty(shared_data, name).read())
        joined = [
            "".join(w + (g or "") for w, g in zip(s.words, s.gaps, strict=True)) for s in sentences
        ]
        assert joined == texts


def test_jsonl_with_ignored_and_blank_records_and_characters_beyond_the_first_plane(
    shared_data: Path,
) -> None:
    name = "16_jsonl_missing_spans_ignore_blank_astral.jsonl"
    records = [
        json.loads(line)
        for line in (shared_data / "nasty" / name).read_text(encoding="utf8").splitlines()
    ]
    sentences = list(open_nasty(shared_data, name).read())
    first, north_face = (s for s in sentences if s.words)
    assert (
        "".join(w + (g or "") for w, g in zip(first.words, first.gaps, strict=True))
        == records[0]["text"]
    )
    assert (first.spans, first.missing) == ((), ())
    assert [" ".join(north_face.words[s.start : s.end]) for s in north_face.spans] == ["north face"]
    assert north_face.words[-1] == "\U0001f924"
    kinds = [(p.kind, p.line) for s in sentences for p in s.problems]
    assert kinds == [
        ("record answered 'ignore', left out", 2),
        ("record answered 'ignore', left out", 3),
        ("record answered 'ignore', left out", 4),
        ("record answered 'ignore', left out", 5),
        ("text of white space only, left out", 6),
        ("text of white space only, left out", 7),
    ]
