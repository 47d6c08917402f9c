"""Every target makes its cases and checks a few; ``make fuzz`` checks many."""

import sys

import pytest

from tests.fuzz.__main__ import TARGETS
from tests.fuzz.runner import Batch, Runner


@pytest.mark.skipif(sys.platform != "linux", reason="forks, and limits of Linux")
@pytest.mark.parametrize("target", sorted(TARGETS))
def test_cases_are_made_and_checked(target: str) -> None:
    with Runner(TARGETS[target]) as runner:
        result = runner.run(Batch(seed=0, n_cases=5))
    assert result.n_cases > 0
    assert result.n_readings >= result.n_cases
    assert set(result.outcomes) != {"refused"}
