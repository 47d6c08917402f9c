"""The table of jobs names tests and pages that there are."""

import re
from pathlib import Path

import pytest

from tests.jobs.commands import ROOT

TABLE = (Path(__file__).with_name("README.md")).read_text(encoding="utf8")
ROWS = re.findall(r"^\| (\d+) \| (.+?) \| (\S+) \| (\S+)::(\w+) \|$", TABLE, re.MULTILINE)


def test_there_are_24_jobs() -> None:
    assert [int(number) for number, *_ in ROWS] == list(range(1, 25))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_job_has_a_page_and_a_test(row: tuple[str, ...]) -> None:
    _, _, page, file, test = row
    assert (ROOT / page).is_file()
    assert f"def {test}(" in (ROOT / file).read_text(encoding="utf8")
