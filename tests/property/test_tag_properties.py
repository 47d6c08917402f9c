"""What holds for all tags in all schemes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_hf_ner.core.labels import make_tag_set, read_labels
from spacy_hf_ner.core.schemes import OUTSIDE, SCHEMES, SchemeName, Tag
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import detect_scheme, read_tags, write_tags

every_scheme = pytest.mark.parametrize("name", SCHEMES)


@st.composite
def span_lists(draw: st.DrawFn) -> tuple[list[TokenSpan], int]:
    """Draw disjoint spans, many of them touching, and the number of tokens."""
    spans, end = [], 0
    for gap, length, entity_type in draw(
        st.lists(
            st.tuples(
                st.integers(0, 2), st.integers(1, 4), st.sampled_from(["X", "Y", "first-name"])
            ),
            max_size=6,
        )
    ):
        spans.append(TokenSpan(end + gap, end + gap + length, entity_type))
        end += gap + length
    return spans, end + draw(st.integers(0, 2))


def tag_lists(name: SchemeName) -> st.SearchStrategy[list[Tag | None]]:
    tags = [Tag(prefix, entity_type) for prefix in SCHEMES[name].prefixes for entity_type in "XY"]
    return st.lists(st.sampled_from([None, OUTSIDE, *tags]), max_size=10)


def _merge_touching(spans: list[TokenSpan]) -> list[TokenSpan]:
    """Return spans with those joined that touch and have the same type: all that IO can say."""
    merged: list[TokenSpan] = []
    for span in spans:
        if merged and (merged[-1].end, merged[-1].entity_type) == (span.start, span.entity_type):
            merged[-1] = TokenSpan(merged[-1].start, span.end, span.entity_type)
        else:
            merged.append(span)
    return merged


@every_scheme
@given(drawn=span_lists())
def test_spans_written_as_tags_are_read_back_without_a_violation(
    name: SchemeName, drawn: tuple[list[TokenSpan], int]
) -> None:
    spans, n_tokens = drawn
    reading = read_tags(write_tags(spans, n_tokens, SCHEMES[name]), SCHEMES[name])
    assert list(reading.spans) == (_merge_touching(spans) if name == "IO" else spans)
    assert reading.violations == ()


@every_scheme
@given(data=st.data())
def test_every_tagged_token_is_in_one_span_of_its_type(
    name: SchemeName, data: st.DataObject
) -> None:
    tags = data.draw(tag_lists(name))
    spans = read_tags(tags, SCHEMES[name]).spans
    read = [""] * len(tags)
    for span in spans:
        read[span.start : span.end] = [span.entity_type] * (span.end - span.start)
    assert read == [tag.entity_type if tag else "" for tag in tags]
    assert all(before.end <= after.start for before, after in pairwise(spans))


@every_scheme
@given(data=st.data())
def test_reading_repairs_tags_so_that_a_second_reading_finds_nothing_wrong(
    name: SchemeName, data: st.DataObject
) -> None:
    tags = data.draw(tag_lists(name))
    reading = read_tags(tags, SCHEMES[name])
    again = read_tags(write_tags(reading.spans, len(tags), SCHEMES[name]), SCHEMES[name])
    assert (again.spans, again.violations) == (reading.spans, ())


@every_scheme
@given(data=st.data())
def test_tags_without_a_violation_are_those_that_are_written_but_where_a_scheme_is_free(
    name: SchemeName, data: st.DataObject
) -> None:
    tags = data.draw(tag_lists(name))
    reading = read_tags(tags, SCHEMES[name])
    filled = [tag or OUTSIDE for tag in tags]
    if SCHEMES[name].lenient:  # free to start with B or I, or to end with E or I
        assert reading.violations == ()
    else:
        assert (write_tags(reading.spans, len(tags), SCHEMES[name]) == filled) == (
            not reading.violations
        )


@every_scheme
@given(drawn=st.lists(span_lists(), max_size=3))
def test_the_scheme_of_written_data_is_detected_or_one_that_reads_it_alike(
    name: SchemeName, drawn: list[tuple[list[TokenSpan], int]]
) -> None:
    written = [write_tags(spans, n_tokens, SCHEMES[name]) for spans, n_tokens in drawn]
    guess = detect_scheme(written)
    assert guess.share == 1.0
    for tags in written:
        assert read_tags(tags, guess.scheme).spans == read_tags(tags, SCHEMES[name]).spans


@every_scheme
@given(
    types=st.lists(
        st.from_regex(r"[A-Z][a-z0-9]{1,4}([-_][A-Za-z]{1,4}){0,2}", fullmatch=True),
        min_size=1,
        unique=True,
    ),
    separator=st.sampled_from("-_"),
    data=st.data(),
)
def test_prefixed_labels_in_any_order_are_read_as_the_tags_they_were(
    name: SchemeName, types: list[str], separator: str, data: st.DataObject
) -> None:
    tag_set = make_tag_set(types, SCHEMES[name])
    tags = data.draw(st.permutations(tag_set.tags))
    labels = [
        f"{tag.prefix}{separator}{tag.entity_type}" if tag.entity_type else "O" for tag in tags
    ]
    read = read_labels(labels)
    assert read.tags == tuple(tags)
    # Labels do not tell IOB1 from IOB2, nor IOE1 from IOE2.
    assert read.scheme.name == name.rstrip("12")
