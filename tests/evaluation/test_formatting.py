import pytest

from spacy_hf_ner.evaluation.formatting import (
    format_duration,
    format_interval,
    format_percent,
    format_size,
)
from spacy_hf_ner.evaluation.resampling import Interval


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0.00"), (0.12345, "12.35"), (1.0, "100.00"), (None, "")]
)
def test_a_share_is_shown_in_percent(share: float | None, text: str) -> None:
    assert format_percent(share) == text


@pytest.mark.parametrize(("difference", "text"), [(0.25, "+25.00"), (-0.25, "-25.00")])
def test_a_difference_has_a_sign(difference: float, text: str) -> None:
    assert format_percent(difference, sign=True) == text


def test_an_interval_is_shown_in_percent_and_none_is_blank() -> None:
    assert format_interval(Interval(0.891, 0.92)) == "89.1–92.0"
    assert format_interval(None) == ""


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(None, ""), (400, "0 kB"), (999_000, "999 kB"), (10**6, "1 MB"), (5 * 10**9, "5,000 MB")],
)
def test_a_size_is_in_megabytes_from_one_of_them(n_bytes: int | None, text: str) -> None:
    assert format_size(n_bytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (3600, "1:00:00")]
)
def test_a_duration_names_hours_if_there_are_any(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
