"""Numbers as tables, pages and messages show them."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    # The logger of a training run needs no resampling.
    from spacy_hf_ner.evaluation.resampling import Interval

__all__ = [
    "format_duration",
    "format_interval",
    "format_percent",
    "format_score",
    "format_size",
]

_KILOBYTE: Final = 1e3
_MEGABYTE: Final = 1e6

_MAX_SCORE_DECIMALS: Final = 4


def format_percent(share: float | None, *, sign: bool = False) -> str:
    """Return a share in percent, with two decimals; blank if it is not known.

    Args:
        share: In [0, 1], or the difference of two shares.
        sign: Write a plus, too.

    >>> format_percent(0.9123), format_percent(0.01, sign=True), format_percent(None)
    ('91.23', '+1.00', '')
    """
    if share is None:
        return ""
    if sign:
        return f"{share * 100:+.2f}"
    return f"{share * 100:.2f}"


def format_interval(interval: "Interval | None") -> str:
    """Return an interval in percent, such as ``"89.1–92.0"``; blank if there is none."""
    if interval is None:
        return ""
    return f"{interval.low * 100:.1f}–{interval.high * 100:.1f}"


def format_score(score: float, *, n_decimals: int = 2) -> str:
    """Return a score that reads as 0 or 1 only if it is.

    It has more decimals where it would be rounded to either, and at the fourth it is cut off: a
    reader takes 1.00 for certainty.

    Args:
        score: In [0, 1].
        n_decimals: How many decimals it has at least.

    >>> format_score(0.52), format_score(0.998), format_score(0.99999), format_score(1.0)
    ('0.52', '0.998', '0.9999', '1.00')
    """
    if score in (0.0, 1.0):
        return f"{score:.{n_decimals}f}"
    for n in range(n_decimals, _MAX_SCORE_DECIMALS + 1):
        text = f"{score:.{n}f}"
        if 0.0 < float(text) < 1.0:
            return text
    nearest = 10.0**-_MAX_SCORE_DECIMALS
    if score > nearest:
        nearest = 1.0 - nearest
    return f"{nearest:.{_MAX_SCORE_DECIMALS}f}"


def format_size(n_bytes: int | None) -> str:
    """Return a size in MB, or in kB below that; blank if it is not known.

    >>> format_size(1_234_000_000), format_size(12_000), format_size(None)
    ('1,234 MB', '12 kB', '')
    """
    if n_bytes is None:
        return ""
    if n_bytes >= _MEGABYTE:
        return f"{n_bytes / _MEGABYTE:,.0f} MB"
    return f"{n_bytes / _KILOBYTE:,.0f} kB"


def format_duration(seconds: float) -> str:
    """Return minutes and seconds, with hours in front if there are any.

    >>> format_duration(65.4), format_duration(3661)
    ('1:05', '1:01:01')
    """
    all_minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(all_minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}"
