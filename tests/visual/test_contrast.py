"""Text on the pages is readable: WCAG 2.2 AA (4.5 : 1; 3 : 1 for lines), in light and in dark."""

import re
from importlib.resources import files

import pytest

from spacy_hf_ner.visual.colours import colour_of
from tests.visual.contrast import contrast, mix

ASSETS = files("spacy_hf_ner.visual") / "assets"
KINDS = [f"k{i}" for i in range(7)]
LINES = [f"s{i}" for i in range(8)]
TEXT = ["ink", "soft", "good", "bad", "accent"]


def read_variables(*, dark: bool) -> dict[str, str]:
    """Return the values of the style sheets' variables in one of the two looks."""
    variables: dict[str, str] = {}
    for name in ("page.css", "report.css"):
        css = (ASSETS / name).read_text("utf8").partition("@media print")[0]
        light, _, other = css.partition("@media (prefers-color-scheme: dark)")
        for block in re.findall(r":root \{(.*?)\}", light, re.DOTALL):
            variables |= dict(re.findall(r"--(\w+): ([^;]+);", block))
        if dark:
            variables |= dict(re.findall(r"--(\w+): ([^;]+);", other[: other.index("}")]))
    return variables


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_is_readable_on_page_and_cards(dark: bool) -> None:
    colours = read_variables(dark=dark)
    assert all(
        contrast(colours[text], colours[on]) >= 4.5 for text in TEXT for on in ("paper", "card")
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_is_readable_on_every_kind_of_match(dark: bool) -> None:
    colours = read_variables(dark=dark)
    assert all(contrast(colours["ink"], colours[kind]) >= 4.5 for kind in KINDS)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_is_readable_on_the_tint_of_every_entity_type(dark: bool) -> None:
    colours = read_variables(dark=dark)
    share = float(colours["tint"].removesuffix("%")) / 100
    tints = [mix(colour_of(f"TYPE_{i}"), colours["card"], share) for i in range(99)]
    assert all(contrast(colours["ink"], tint) >= 4.5 for tint in tints)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_lines_of_charts_stand_out(dark: bool) -> None:
    colours = read_variables(dark=dark)
    assert all(contrast(colours[line], colours["card"]) >= 3 for line in LINES)
