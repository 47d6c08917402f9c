"""A sample of families is as docs/families.md says, and the page names all that there are."""

from pathlib import Path

import pytest
import transformers

from tests.families.checks import CHECKS, check_onnx
from tests.families.outcomes import PAGE, list_families, look_at, read_outcomes, render_page
from tests.families.recipes import SAMPLE

# Exporting takes as long as all else together; `make families` does it.
_QUICK_CHECKS = tuple(check for check in CHECKS if check is not check_onnx)


def _get_versions() -> list[str]:
    """Return the versions on the page that the installed one is likest to."""
    major = transformers.__version__.partition(".")[0]
    return [version for version in read_outcomes() if version.partition(".")[0] == major]


@pytest.mark.filterwarnings("ignore::UserWarning")  # what families say of torch is theirs
@pytest.mark.parametrize("family", SAMPLE)
def test_a_family_is_as_the_page_says(family: str, tmp_path: Path) -> None:
    version = transformers.__version__
    expected = read_outcomes().get(version, {}).get(family)
    if expected is None:
        pytest.skip(f"the page says nothing of {family} with transformers {version}")
    outcome = look_at(family, tmp_path, checks=_QUICK_CHECKS)
    assert outcome.verdict == expected.verdict, outcome.reason


def test_the_page_names_every_family_of_the_installed_transformers() -> None:
    named = {family for version in _get_versions() for family in read_outcomes()[version]}
    assert not set(list_families()) - named


def test_the_page_shows_what_was_found() -> None:
    assert PAGE.read_text(encoding="utf8") == render_page(read_outcomes())
