"""The loop of docs/training-in-python.md, as a reader would copy it."""

import re
from pathlib import Path
from typing import Any

import pytest
from thinc.api import fix_random_seed

from tests.conformance.pipelines import find

PAGE = Path(__file__).parents[2] / "docs" / "training-in-python.md"


def test_the_loop_of_the_page_trains_and_goes_on(
    encoder_checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    match = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf8"), re.DOTALL)
    assert match is not None
    code = match[1].replace("path/to/encoder", encoder_checkpoint.as_posix())
    code = code.replace("Adam(1e-4)", "Adam(5e-3)")  # the tiny encoder of the tests asks for more
    fix_random_seed(0)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - a page of our own
    nlp = names["nlp"]
    assert find(nlp("Who is Shaka Khan?")) == [("Shaka Khan", "PERSON")]
    assert nlp.get_pipe("hf_ner").labels == ("LOC", "PERSON", "DRUG")
    assert float(names["sgd"].learn_rate) == 5e-3
    assert not caplog.records
