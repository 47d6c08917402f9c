import pytest

from spacy_hf_ner.core.schemes import (
    OUTSIDE,
    SCHEMES,
    SchemeName,
    Tag,
    get_scheme,
    scheme_of_prefixes,
)
from spacy_hf_ner.errors import TagError


@pytest.mark.parametrize(
    ("name", "prefixes"),
    [
        ("IO", "I"),
        ("IOB", "BI"),
        ("IOB1", "BI"),
        ("IOB2", "BI"),
        ("IOE", "IE"),
        ("IOE1", "IE"),
        ("IOE2", "IE"),
        ("IOBES", "BIES"),
        ("BILOU", "BILU"),
        ("BMES", "BMES"),
        ("BIE", "BIE"),
        ("BIS", "BIS"),
        ("IES", "IES"),
        ("BIL", "BIL"),
        ("BIU", "BIU"),
        ("BME", "BME"),
        ("BMS", "BMS"),
        ("BM", "BM"),
    ],
)
def test_a_scheme_knows_its_prefixes_in_the_order_of_an_entity(
    name: SchemeName, prefixes: str
) -> None:
    assert SCHEMES[name].prefixes == tuple(prefixes)


def test_every_scheme_name_has_one_row_under_its_own_name() -> None:
    assert [(name, SCHEMES[name].name) for name in SCHEMES] == [(name, name) for name in SCHEMES]


# For each scheme the prefixes that may open an entity, open one that touches its like, go on from,
# continue, end, and end one that its like touches.
ROLES = [
    ("IO", "I", "", "I", "I", "I", "I"),
    ("IOB", "BI", "B", "BI", "I", "BI", "BI"),
    ("IOB1", "I", "B", "BI", "I", "BI", "BI"),
    ("IOB2", "B", "B", "BI", "I", "BI", "BI"),
    ("IOE", "IE", "IE", "I", "IE", "IE", "IE"),
    ("IOE1", "IE", "IE", "I", "IE", "I", "E"),
    ("IOE2", "IE", "IE", "I", "IE", "E", "E"),
    ("IOBES", "BS", "BS", "BI", "IE", "ES", "ES"),
    ("BILOU", "BU", "BU", "BI", "IL", "LU", "LU"),
    ("BMES", "BS", "BS", "BM", "ME", "ES", "ES"),
    ("BIE", "B", "B", "BI", "IE", "BE", "BE"),
    ("BIS", "BS", "BS", "BI", "I", "IS", "IS"),
    ("IES", "IS", "IS", "I", "IE", "ES", "ES"),
    ("BIL", "B", "B", "BI", "IL", "BL", "BL"),
    ("BIU", "BU", "BU", "BI", "I", "IU", "IU"),
    ("BME", "B", "B", "BM", "ME", "BE", "BE"),
    ("BMS", "BS", "BS", "BM", "M", "MS", "MS"),
    ("BM", "B", "B", "BM", "M", "BM", "BM"),
]


@pytest.mark.parametrize(("name", "start", "touch", "go_on", "follow", "end", "end_touched"), ROLES)
def test_a_scheme_says_what_each_prefix_may_do(
    name: SchemeName,
    start: str,
    touch: str,
    go_on: str,
    follow: str,
    end: str,
    end_touched: str,
) -> None:
    scheme = SCHEMES[name]
    tests = [
        scheme.can_start,
        scheme.can_start_touching,
        scheme.can_go_on,
        scheme.can_continue,
        scheme.can_end,
        scheme.can_end_touched,
    ]
    assert ["".join(filter(test, scheme.prefixes)) for test in tests] == [
        start,
        touch,
        go_on,
        follow,
        end,
        end_touched,
    ]


@pytest.mark.parametrize(
    ("name", "alone", "long", "touching_alone", "touching_long"),
    [
        ("IO", "I", "III", "I", "III"),
        ("IOB", "B", "BII", "B", "BII"),
        ("IOB1", "I", "III", "B", "BII"),
        ("IOB2", "B", "BII", "B", "BII"),
        ("IOE", "E", "IIE", "E", "IIE"),
        ("IOE1", "I", "III", "I", "III"),
        ("IOE2", "E", "IIE", "E", "IIE"),
        ("IOBES", "S", "BIE", "S", "BIE"),
        ("BILOU", "U", "BIL", "U", "BIL"),
        ("BMES", "S", "BME", "S", "BME"),
        ("BIE", "B", "BIE", "B", "BIE"),
        ("BIS", "S", "BII", "S", "BII"),
        ("IES", "S", "IIE", "S", "IIE"),
        ("BME", "B", "BME", "B", "BME"),
        ("BM", "B", "BMM", "B", "BMM"),
    ],
)
def test_a_role_follows_from_place_length_and_neighbour(
    name: SchemeName, alone: str, long: str, touching_alone: str, touching_long: str
) -> None:
    role = SCHEMES[name].role
    assert role(0, 1) == alone
    assert "".join(role(i, 3) for i in range(3)) == long
    assert role(0, 1, touches=True) == touching_alone
    assert "".join(role(i, 3, touches=True) for i in range(3)) == touching_long


@pytest.mark.parametrize(("touches"), [False, True])
def test_only_ioe1_marks_an_entity_that_another_one_touches(touches: bool) -> None:
    for name, scheme in SCHEMES.items():
        for length in (1, 3):
            untouched = [scheme.role(i, length, touches=touches) for i in range(length)]
            touched = [
                scheme.role(i, length, touches=touches, is_touched=True) for i in range(length)
            ]
            expected = untouched
            if name == "IOE1":
                expected = [*untouched[:-1], "E"]
            assert touched == expected


@pytest.mark.parametrize(
    ("name", "prefix", "parts"),
    [
        ("IO", "I", "III"),
        ("IOB", "B", "BII"),
        ("IOB", "I", "III"),
        ("IOB1", "I", "III"),
        ("IOB1", "B", "BII"),
        ("IOB2", "B", "BII"),
        ("IOB2", "I", "III"),
        ("IOE1", "I", "III"),
        ("IOE1", "E", "IIE"),
        ("IOE2", "I", "III"),
        ("IOE2", "E", "IIE"),
        ("IOBES", "S", "BIE"),
        ("IOBES", "B", "BII"),
        ("IOBES", "I", "III"),
        ("IOBES", "E", "IIE"),
        ("BILOU", "U", "BIL"),
        ("BILOU", "L", "IIL"),
        ("BMES", "S", "BME"),
        ("BMES", "M", "MMM"),
        ("BIE", "B", "BIE"),
        ("BIS", "S", "BII"),
        ("BM", "B", "BMM"),
    ],
)
def test_a_tag_that_is_spread_over_tokens_stays_one_entity(
    name: SchemeName, prefix: str, parts: str
) -> None:
    assert SCHEMES[name].split(prefix) == tuple(parts)


@pytest.mark.parametrize(
    ("prefixes", "expected"),
    [
        ("", "IO"),
        ("I", "IO"),
        ("B", "IOB"),
        ("BI", "IOB"),
        ("E", "IOE"),
        ("EI", "IOE"),
        ("S", "BIS"),
        ("BE", "BIE"),
        ("BIES", "IOBES"),
        ("BES", "IOBES"),
        ("BIE", "BIE"),
        ("BIS", "BIS"),
        ("IES", "IES"),
        ("BILU", "BILOU"),
        ("BU", "BIU"),
        ("BIL", "BIL"),
        ("BMES", "BMES"),
        ("BME", "BME"),
        ("BMS", "BMS"),
        ("M", "BM"),
        ("BIESU", None),
        ("BIM", None),
        ("b", None),
    ],
)
def test_prefixes_name_the_smallest_scheme_that_has_them(
    prefixes: str, expected: SchemeName | None
) -> None:
    assert scheme_of_prefixes(prefixes) == (SCHEMES[expected] if expected else None)


def test_get_scheme_returns_the_row_of_a_name() -> None:
    assert [get_scheme(name) for name in SCHEMES] == list(SCHEMES.values())


@pytest.mark.parametrize("name", ["BIO", "iob2", "auto", ""])
def test_get_scheme_names_the_schemes_there_are(name: str) -> None:
    expected = f"^unknown tag scheme '{name}': expected one of {', '.join(SCHEMES)}.$"
    with pytest.raises(TagError, match=expected):
        get_scheme(name)


def test_a_tag_is_written_as_prefix_and_type() -> None:
    assert (str(Tag("B", "creative-work")), str(OUTSIDE)) == ("B-creative-work", "O")
