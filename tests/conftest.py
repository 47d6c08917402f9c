"""Fixtures shared by all tests."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Measure no coverage of tests that run the same lines hundreds of times.

    Tracing each line makes such a test take two thirds longer, and reaches no line that those with
    a single example do not.
    """
    for item in items:
        function = getattr(item, "obj", None)
        has_many_examples = getattr(function, "is_hypothesis_test", False)
        reads_real_data = "shared_data" in getattr(item, "fixturenames", ())
        if has_many_examples or reads_real_data:
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real NER data that lies beside the repository, or skip where there is
    none."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real data at {SHARED_DATA}: see docs/development.md")
    return SHARED_DATA
