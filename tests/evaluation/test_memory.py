"""Peak memory is that of the process itself, whoever started it."""

import subprocess
import sys

import pytest

from spacy_hf_ner.evaluation.memory import read_peak_memory

CHILD = """
from spacy_hf_ner.evaluation.memory import read_peak_memory
before = read_peak_memory()
held = b"x" * 100_000_000
print(before, read_peak_memory())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")
def test_the_peak_grows_with_what_is_held_and_is_not_that_of_the_parent() -> None:
    held = b"x" * 500_000_000  # more than the child needs
    done = subprocess.run([sys.executable, "-c", CHILD], check=True, capture_output=True, text=True)  # noqa: S603
    before, after = map(int, done.stdout.split())
    assert after - before > 90_000_000
    own = read_peak_memory()
    assert own is not None
    assert after < len(held) < own
