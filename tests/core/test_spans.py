import pytest

from spacy_hf_ner.core.spans import TokenSpan


@pytest.mark.parametrize(("start", "end"), [(2, 2), (3, 2), (-1, 1)])
def test_a_span_refuses_borders_that_hold_no_token(start: int, end: int) -> None:
    with pytest.raises(
        ValueError, match=rf"at least one token \(0 <= start < end\), got {start}:{end}\."
    ):
        TokenSpan(start, end, "PER")


def test_a_span_refuses_an_empty_type() -> None:
    with pytest.raises(ValueError, match="needs an entity type, got an empty string"):
        TokenSpan(0, 1, "")


def test_spans_sort_by_start_then_end_then_type() -> None:
    spans = [TokenSpan(1, 2, "A"), TokenSpan(0, 2, "A"), TokenSpan(0, 1, "B"), TokenSpan(0, 1, "A")]
    assert sorted(spans) == [
        TokenSpan(0, 1, "A"),
        TokenSpan(0, 1, "B"),
        TokenSpan(0, 2, "A"),
        TokenSpan(1, 2, "A"),
    ]
