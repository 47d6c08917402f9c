import pytest
from spacy.displacy.render import DEFAULT_LABEL_COLORS

from spacy_hf_ner.visual.colours import DISPLACY_COLOURS, colour_of
from tests.visual.contrast import contrast


@pytest.mark.parametrize(
    "entity_type",
    ["PER", "LOC", "MISC", "creative-work", "地名", *(f"TYPE_{i}" for i in range(99))],
)
def test_black_text_is_readable_on_every_colour(entity_type: str) -> None:
    assert contrast(colour_of(entity_type), "#000") >= 7


def test_a_colour_never_changes() -> None:
    assert (colour_of("Gene"), colour_of("PER")) == ("#efcba9", "#aa9cfc")


def test_types_are_told_apart_by_name_not_by_case() -> None:
    assert colour_of("gene") == colour_of("GENE")
    assert colour_of("GENE") != colour_of("CELL")


def test_colours_of_displacy_are_kept() -> None:
    assert not DISPLACY_COLOURS.keys() & DEFAULT_LABEL_COLORS.keys()
    assert all(colour_of(t) == colour for t, colour in DEFAULT_LABEL_COLORS.items())
