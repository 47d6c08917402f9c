"""What all commands have in common."""

import ast
import io
import json
import shlex
from collections import Counter
from contextlib import redirect_stdout
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from typer.main import get_command
from typer.testing import CliRunner

import spacy_hf_ner.cli
from spacy_hf_ner import __version__
from spacy_hf_ner.cli.app import app
from spacy_hf_ner.cli.command_app import PROGRAM, CommandApp
from spacy_hf_ner.cli.messages import msg, show_messages
from tests.cli.boxes import unwrap

CLI = Path(spacy_hf_ner.cli.__file__).parent
COMMANDS = get_command(app).commands  # type: ignore[attr-defined]


def make_toy() -> CommandApp:
    toy = CommandApp()

    @toy.callback()
    def main() -> None:
        """Hold commands."""

    @toy.command("count", example="3")
    def count(number: int) -> dict[str, int]:
        """Count."""
        msg.info("counting")
        msg.divider("numbers")
        msg.table([("one", number)])
        msg.warn("that is little")
        return {"number": number}

    return toy


def test_a_command_prints_what_it_says_to_people() -> None:
    result = CliRunner().invoke(make_toy(), ["count", "3"])
    assert result.exit_code == 0, result.output
    for message in ("counting", "numbers", "one", "that is little"):
        assert message in result.output


def test_quiet_leaves_warnings_alone() -> None:
    result = CliRunner().invoke(make_toy(), ["count", "3", "--quiet"])
    assert result.output == "⚠ that is little\n"


def test_json_is_all_that_is_on_stdout() -> None:
    result = CliRunner().invoke(make_toy(), ["count", "3", "--json"])
    assert json.loads(result.stdout.replace("⚠ that is little\n", "")) == {"number": 3}


def test_warnings_go_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    msg.warn("look out")
    msg.info("by the way")
    shown = capfd.readouterr()
    assert "look out" in shown.err
    assert "look out" not in shown.out
    assert "by the way" in shown.out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_shows_an_example_that_it_understands(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0, result.output
    shown = unwrap(result.output)
    assert f"Example: {PROGRAM} {name} " in shown
    example = shlex.split(shown.partition(f"Example: {PROGRAM} {name} ")[2])
    monkeypatch.chdir(tmp_path)
    for argument in example:
        if Path(argument).suffix:
            (tmp_path / argument).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / argument).touch()
    COMMANDS[name].make_context(name, example)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_the_common_options(name: str) -> None:
    flags = {flag for parameter in COMMANDS[name].params for flag in parameter.opts}
    assert {"--quiet", "--json"} <= flags


def test_an_option_has_one_short_form_and_a_short_form_one_option() -> None:
    short_forms: dict[str, set[str]] = {}
    options: dict[str, set[str]] = {}
    for command in COMMANDS.values():
        for parameter in command.params:
            long = next((opt for opt in parameter.opts if opt.startswith("--")), None)
            if long is None:
                continue
            short = next((opt for opt in parameter.opts if not opt.startswith("--")), "none")
            short_forms.setdefault(long, set()).add(short)
            options.setdefault(short, set()).add(long)
    del options["none"]
    assert {long: found for long, found in short_forms.items() if len(found) > 1} == {}
    assert {short: found for short, found in options.items() if len(found) > 1} == {}


def test_no_help_of_an_option_is_written_twice() -> None:
    # What several commands share stands in options.py.
    written: Counter[str] = Counter()
    for path in CLI.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            if isinstance(node, ast.keyword) and node.arg == "help":
                written[ast.unparse(node.value)] += 1
    assert len(written) > 50
    assert [text for text, n in written.items() if n > 1] == []


def test_arguments_are_called_the_same_everywhere() -> None:
    names = set()
    for command in COMMANDS.values():
        for parameter in command.params:
            if parameter.param_type_name == "argument":
                names.add(parameter.metavar)
    one = {"INPUT", "OUTPUT", "MODEL", "DATA", "CONFIG", "METRICS"}
    several = {"MODEL …", "[MODEL …]", "MODEL MODEL … DATA"}
    assert names == one | several


def test_the_version_is_shown() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.output == f"spacy-hf-ner {__version__}\n"


def test_the_program_is_the_group_of_spacys_command_line() -> None:
    (program,) = entry_points(group="console_scripts", name="hf-ner")
    assert program.load() is app


def test_visualize_is_visualise(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["visualize", "a", "b", "--output", str(tmp_path / "x.png")])
    assert result.exit_code == 1
    assert "expected OUTPUT to be an HTML file" in unwrap(result.output)


def test_a_refusal_is_all_that_json_and_quiet_leave(tmp_path: Path) -> None:
    for option in ("--json", "--quiet"):
        result = CliRunner().invoke(app, ["package", str(tmp_path), "out", "--name", "x", option])
        assert result.exit_code == 1
        assert unwrap(result.output).startswith("✘ ")


def test_an_evaluation_is_printed_as_json(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Oslo"}])  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path / "model")
    DocBin(docs=[nlp("Oslo calls.")]).to_disk(tmp_path / "dev.spacy")
    model = str(tmp_path / "model")
    data = str(tmp_path / "dev.spacy")
    output = str(tmp_path / "metrics")
    for command in ("evaluate", "compare"):
        result = CliRunner().invoke(app, [command, model, data, "-o", output, "--json"])
        assert result.exit_code == 0, result.output
        stored = "metrics.json" if command == "evaluate" else "comparison.json"
        written = json.loads((tmp_path / "metrics" / stored).read_text(encoding="utf8"))
        assert json.loads(result.stdout) == written


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("value", "is_obeyed"), [("1", True), ("", False)])
def test_no_color_is_obeyed(value: str, is_obeyed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", value)
    with redirect_stdout(Terminal()) as terminal, show_messages():
        msg.good("done")
    assert ("\x1b[" not in terminal.getvalue()) is is_obeyed
    assert "done" in terminal.getvalue()


def test_what_is_no_terminal_gets_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    with redirect_stdout(io.StringIO()) as file, show_messages():
        msg.good("done")
    assert file.getvalue() == "✔ done\n"
