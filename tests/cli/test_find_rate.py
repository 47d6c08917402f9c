import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app
from tests.cli.boxes import unwrap
from tests.runs.small_run import make_config


def test_a_rate_is_suggested_and_drawn(tmp_path: Path) -> None:
    config = make_config(tmp_path)
    command = ["find-rate", str(config), "--code", str(tmp_path / "code.py")]
    page = tmp_path / "rates.html"
    arguments = ["--output", str(page), "--n-steps", "12", "--high", "0.1", "--json"]
    result = CliRunner().invoke(app, [*command, *arguments, "--training.max_steps", "4"])
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert len(printed["trials"]) == 12
    assert printed["trials"][-1][0] == pytest.approx(0.1)
    assert "<svg" in page.read_text(encoding="utf8")
    refused = CliRunner().invoke(app, [*command, "--n-steps", "3"])
    assert refused.exit_code == 1
    assert "--n-steps must be over 10, got 3" in unwrap(refused.output)
