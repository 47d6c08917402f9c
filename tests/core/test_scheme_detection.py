"""Which scheme tagged data is in: read as a stream, because corpora do not fit in memory."""

from collections.abc import Iterator

import pytest

from spacy_hf_ner.core.schemes import OUTSIDE, SCHEMES, Scheme, Tag
from spacy_hf_ner.core.tags import count_borders, detect_scheme, guess_scheme, obedience, read_tags
from spacy_hf_ner.errors import TagError


def make_tags(text: str) -> list[Tag]:
    """Return tags from a line such as ``"B-X I-X O"``."""
    return [Tag(word[0], word[2:]) for word in text.split()]


@pytest.mark.parametrize(
    ("lines", "name", "share"),
    [
        (["B-X I-X O", "B-Y"], "IOB2", 1.0),
        (["I-X I-X O", "I-X B-X"], "IOB1", 1.0),
        (["I-X I-X O"], "IO", 1.0),
        (["B-X O B-X O B-X O I-X"], "IOB2", 0.875),
        (["S-X B-X E-X"], "IOBES", 1.0),
        (["U-X B-X L-X"], "BILOU", 1.0),
        (["B-X M-X E-X S-Y"], "BMES", 1.0),
        (["B-X M-X E-X M-Y"], "BMES", 0.5),
        (["B-X I-X E-X O B-Y"], "BIE", 1.0),
        (["B-X I-X S-Y"], "BIS", 1.0),
        (["O O"], "IO", 1.0),
        ([], "IO", 1.0),
    ],
)
def test_detect_scheme_names_the_scheme_and_the_share_of_borders_that_obey_it(
    lines: list[str], name: str, share: float
) -> None:
    guess = detect_scheme([make_tags(line) for line in lines])
    assert (guess.scheme.name, guess.share) == (name, share)


def test_detect_scheme_reads_a_stream_once_and_keeps_only_counts() -> None:
    def stream() -> Iterator[list[Tag]]:
        for _ in range(3):
            yield make_tags("B-X I-X O")

    assert detect_scheme(stream()).scheme.name == "IOB2"
    assert count_borders(stream()) == {
        (OUTSIDE, Tag("B", "X")): 3,
        (Tag("B", "X"), Tag("I", "X")): 3,
        (Tag("I", "X"), OUTSIDE): 3,
        (OUTSIDE, OUTSIDE): 3,
    }


def test_a_missing_tag_counts_as_a_border() -> None:
    assert obedience(count_borders([[Tag("B", "X"), None, Tag("I", "X")]]), SCHEMES["IOB2"]) == 0.75


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda scheme: scheme.name)
def test_obedience_counts_the_borders_that_read_tags_reports(scheme: Scheme) -> None:
    prefixes = scheme.prefixes
    tags = [OUTSIDE, *(Tag(p, t) for p in prefixes for t in "XY")]
    sequence = [tag for pair in [(a, b) for a in tags for b in tags] for tag in pair]
    reading = read_tags(sequence, scheme)
    expected = 1 - len(reading.violations) / (2 * len(reading.spans))
    assert obedience(count_borders([sequence]), scheme) == pytest.approx(expected)


def test_prefixes_of_no_scheme_are_an_error_that_lists_the_schemes() -> None:
    with pytest.raises(TagError, match=r"\['B', 'Q'\] fit no scheme .*BILOU: B I L U"):
        guess_scheme(count_borders([make_tags("B-X Q-X")]))
