"""Twins of published checkpoints do what a person would expect, and docs/checkpoints.md says."""

import re
from pathlib import Path

import pytest

from tests.twins.checks import check_twin
from tests.twins.facts import TWINS, Twin
from tests.twins.page import PAGE, render_page

_ROOT = Path(__file__).parents[2]

# Where examples name checkpoints, and how they do.
_PAGES = (
    "README.md",
    "docs/start/published.md",
    "docs/training.md",
    "docs/training-in-python.md",
    "docs/pipelines.md",
)
_NAMED = re.compile(r'(?:"model": "|"name": "|--encoder |encoder = ")(?P<name>[\w.-]+/[\w.-]+)')


@pytest.mark.filterwarnings("ignore::UserWarning")  # what families say of torch is theirs
@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.name)
def test_a_twin_is_loaded_as_expected_or_refused(twin: Twin, tmp_path: Path) -> None:
    check_twin(twin, tmp_path)


def test_the_page_shows_what_is_tested() -> None:
    assert PAGE.read_text(encoding="utf8") == render_page()


def test_checkpoints_that_examples_name_load_as_they_are() -> None:
    named: set[str] = set()
    for page in _PAGES:
        text = (_ROOT / page).read_text(encoding="utf8")
        named |= {match["name"] for match in _NAMED.finditer(text)}
    published = {name for name in named if not name.startswith(("path/", "training/"))}
    assert published
    loads = {twin.name for twin in TWINS if not twin.refusal and not twin.since}
    assert published <= loads
