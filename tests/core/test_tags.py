import pytest

from spacy_hf_ner.core.schemes import OUTSIDE, SCHEMES, SchemeName, Tag
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import Violation, read_tags, write_tags
from spacy_hf_ner.errors import TagError

START, END = "starts without a start tag", "ends without an end tag"


def _tags(text: str) -> list[Tag | None]:
    """Read tags as a test writes them: "B-X O ?", "?" being a missing one."""
    split = [(word, *word.partition("-")) for word in text.split()]
    return [
        None if word == "?" else Tag(prefix, entity_type) for word, prefix, _, entity_type in split
    ]


def _spans(text: str) -> list[TokenSpan]:
    """Read spans as a test writes them: "0:2:X"."""
    parts = [word.split(":") for word in text.split()]
    return [TokenSpan(int(start), int(end), entity_type) for start, end, entity_type in parts]


LEGAL = [
    ("IO", "I-X I-X O I-X I-Y", "0:2:X 3:4:X 4:5:Y"),
    ("IOB", "I-X I-X B-X I-X I-Y B-Y", "0:2:X 2:4:X 4:5:Y 5:6:Y"),
    ("IOB1", "I-X I-X B-X I-X B-X", "0:2:X 2:4:X 4:5:X"),
    ("IOB1", "I-X I-Y", "0:1:X 1:2:Y"),
    ("IOB2", "B-X I-X B-X O B-Y", "0:2:X 2:3:X 4:5:Y"),
    ("IOBES", "B-X I-X E-X S-X S-X B-Y E-Y", "0:3:X 3:4:X 4:5:X 5:7:Y"),
    ("BILOU", "B-X I-X L-X U-X O U-Y", "0:3:X 3:4:X 5:6:Y"),
    ("BMES", "B-X M-X M-X E-X S-Y", "0:4:X 4:5:Y"),
    ("BIE", "B-X I-X E-X B-X B-X E-X O B-Y", "0:3:X 3:4:X 4:6:X 7:8:Y"),
    ("BIS", "B-X I-X I-X B-X I-X S-X S-Y", "0:3:X 3:5:X 5:6:X 6:7:Y"),
    ("IES", "I-X E-X I-X I-X E-X S-X S-Y", "0:2:X 2:5:X 5:6:X 6:7:Y"),
    ("BM", "B-X M-X B-X O B-Y", "0:2:X 2:3:X 4:5:Y"),
    ("IOB2", "B-creative-work I-creative-work", "0:2:creative-work"),
    ("IOB2", "", ""),
    ("IOB2", "O ? O", ""),
]


@pytest.mark.parametrize(("name", "tags", "spans"), LEGAL)
def test_legal_tags_are_read_without_a_violation(name: SchemeName, tags: str, spans: str) -> None:
    reading = read_tags(_tags(tags), SCHEMES[name])
    assert (list(reading.spans), reading.violations) == (_spans(spans), ())


ILLEGAL = [
    ("IOB1", "B-X", "0:1:X", [(0, START)]),
    ("IOB1", "O B-X I-X", "1:3:X", [(1, START)]),
    ("IOB1", "I-Y B-X", "0:1:Y 1:2:X", [(1, START)]),
    ("IOB2", "O I-X I-X", "1:3:X", [(1, START)]),
    ("IOB2", "B-X I-Y", "0:1:X 1:2:Y", [(1, START)]),
    ("IOBES", "B-X O", "0:1:X", [(0, END)]),
    ("IOBES", "B-X I-X", "0:2:X", [(1, END)]),
    ("IOBES", "I-X", "0:1:X", [(0, START), (0, END)]),
    ("IOBES", "E-X E-X", "0:1:X 1:2:X", [(0, START), (1, START)]),
    ("IOBES", "S-X I-X E-X", "0:1:X 1:3:X", [(1, START)]),
    ("IOBES", "B-X B-X E-X", "0:1:X 1:3:X", [(0, END)]),
    ("IOBES", "B-X E-Y", "0:1:X 1:2:Y", [(0, END), (1, START)]),
    ("BILOU", "B-X U-X", "0:1:X 1:2:X", [(0, END)]),
    ("BMES", "M-X E-X", "0:2:X", [(0, START)]),
    ("BIE", "B-X I-X O", "0:2:X", [(1, END)]),
    ("BIS", "B-X O", "0:1:X", [(0, END)]),
]


@pytest.mark.parametrize(("name", "tags", "spans", "violations"), ILLEGAL)
def test_illegal_tags_are_read_leniently_and_reported(
    name: SchemeName, tags: str, spans: str, violations: list[tuple[int, str]]
) -> None:
    reading = read_tags(_tags(tags), SCHEMES[name])
    assert list(reading.spans) == _spans(spans)
    assert [(violation.token_i, violation.kind) for violation in reading.violations] == violations


def test_a_missing_tag_ends_an_entity() -> None:
    reading = read_tags(_tags("B-X ? I-X"), SCHEMES["IOB2"])
    assert list(reading.spans) == _spans("0:1:X 2:3:X")
    assert reading.violations == (Violation(2, "starts without a start tag"),)


def test_read_tags_names_the_token_whose_prefix_is_not_in_the_scheme() -> None:
    with pytest.raises(
        TagError, match=r"^token 1: prefix 'E' of 'E-PER' is not in IOB2 \(B, I, O\)\.$"
    ):
        read_tags(_tags("B-PER E-PER"), SCHEMES["IOB2"])


WRITTEN = [
    ("IO", "I-X I-X I-X I-Y O I-X"),
    ("IOB", "B-X I-X B-X B-Y O B-X"),
    ("IOB1", "I-X I-X B-X I-Y O I-X"),
    ("IOB2", "B-X I-X B-X B-Y O B-X"),
    ("IOBES", "B-X E-X S-X S-Y O S-X"),
    ("BILOU", "B-X L-X U-X U-Y O U-X"),
    ("BMES", "B-X E-X S-X S-Y O S-X"),
]


@pytest.mark.parametrize(("name", "tags"), WRITTEN)
def test_spans_in_any_order_are_written_as_tags(name: SchemeName, tags: str) -> None:
    assert write_tags(_spans("5:6:X 3:4:Y 2:3:X 0:2:X"), 6, SCHEMES[name]) == _tags(tags)


def test_no_spans_are_written_as_outside_tags() -> None:
    assert write_tags([], 2, SCHEMES["IOB2"]) == [OUTSIDE, OUTSIDE]


def test_write_tags_refuses_spans_that_overlap() -> None:
    with pytest.raises(
        TagError, match=r"start=1, .* overlaps the span before it, which ends at token 2: .* nest"
    ):
        write_tags(_spans("0:2:X 1:3:Y"), 3, SCHEMES["IOB2"])


def test_write_tags_refuses_a_span_beyond_the_last_token() -> None:
    with pytest.raises(TagError, match=r"end=3, .* ends after the last of 2 tokens\."):
        write_tags(_spans("1:3:X"), 2, SCHEMES["IOB2"])
