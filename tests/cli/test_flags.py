"""Errors name settings; whoever runs a command reads flags."""

from pathlib import Path

import pytest
import spacy
from click import Argument, Option
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app
from spacy_hf_ner.cli.flags import CONVERT_FIRST, explain, find_flags
from spacy_hf_ner.errors import CorpusError
from tests.cli.boxes import unwrap

FLAGS = {"tag_column": "--tag-column", "scheme": "--scheme", "format": "--format"}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Name it with tag_column.", "Name it with --tag-column."),
        ('Read it with scheme = "bare".', "Read it with --scheme bare."),
        ("Read it with format = csv.", "Read it with --format csv."),
        ("Leave scheme out, or tag_column.", "Leave --scheme out, or --tag-column."),
        ("the schemes are in my_scheme", "the schemes are in my_scheme"),
        ("Pass --scheme bare.", "Pass --scheme bare."),
        ('scheme = ""', "--scheme "),
    ],
)
def test_a_setting_is_written_as_the_flag_of_the_command(message: str, expected: str) -> None:
    error = CorpusError(message, settings=tuple(FLAGS))
    assert explain(error, flags=FLAGS, convert_flags={}) == expected


def test_a_setting_that_the_message_does_not_mark_stays_as_it_is() -> None:
    error = CorpusError("the column scheme is empty. Name tag_column.", settings=["tag_column"])
    expected = "the column scheme is empty. Name --tag-column."
    assert explain(error, flags=FLAGS, convert_flags={}) == expected


def test_settings_of_convert_point_to_convert() -> None:
    error = CorpusError("Name tag_column.", settings=["tag_column"])
    message = explain(error, flags={}, convert_flags=FLAGS)
    assert message == f"Name --tag-column. {CONVERT_FIRST}"


def test_a_setting_that_no_command_has_keeps_its_name() -> None:
    error = CorpusError("Set window = 510.", settings=["window"])
    assert explain(error, flags=FLAGS, convert_flags=FLAGS) == "Set window = 510."


def test_the_flags_of_a_command_are_its_long_options() -> None:
    parameters = [Argument(["data"]), Option(["--spans-key", "-k"]), Option(["-q"])]
    assert find_flags(parameters) == {"spans_key": "--spans-key"}


def test_options_of_convert_are_said_to_be_its_own(tmp_path: Path) -> None:
    data = tmp_path / "gen.txt"
    data.write_text("import os\nfor x in y:\n    print(x)\n", encoding="utf8")
    spacy.blank("en").to_disk(tmp_path / "pipeline")
    arguments = [str(tmp_path / "pipeline"), str(data), "--output", str(tmp_path / "metrics")]
    result = CliRunner().invoke(app, ["evaluate", *arguments])
    assert result.exit_code == 1
    assert "--tag-column" in unwrap(result.output)
    assert CONVERT_FIRST in unwrap(result.output)
