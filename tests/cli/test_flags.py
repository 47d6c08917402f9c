"""Settings in errors become flags, in one place."""

from pathlib import Path

import pytest
import spacy
import typer
from spacy.tokens import DocBin, Span
from typer.main import get_command
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app
from spacy_hf_ner.cli.flags import CONVERT_FIRST, explain, list_flags
from spacy_hf_ner.errors import CorpusError
from tests.cli.boxes import unwrap

COMMANDS = get_command(app).commands  # type: ignore[attr-defined]
CONVERT = COMMANDS["convert"]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Name it with tag_column.", "Name it with --tag-column."),
        ('Read it with scheme = "bare".', "Read it with --scheme bare."),
        ('Set format = "csv", please.', "Set --format csv, please."),
        ("Set format to that of the file.", "Set --format to that of the file."),
        ("Expected a format of ours.", "Expected a format of ours."),
        ("tag_column = -1 is the last.", "--tag-column -1 is the last."),
        ('Set label_map = "PER=A B".', "Set --label-map 'PER=A B'."),
        ("Set strict = true.", "Set --strict."),
        ("Expected strict = None or more.", "Expected no --strict or more."),
        ("Convert it without strict.", "Convert it without --strict."),
        ("format must be known.", "--format must be known."),
        ("The format must be known.", "The format must be known."),
        (
            "/data/tag_column/x.conll: bad tag_column.",
            "/data/tag_column/x.conll: bad --tag-column.",
        ),
        ("tag_column.conll:1: bad tag_columns.", "tag_column.conll:1: bad tag_columns."),
    ],
)
def test_a_setting_is_shown_as_the_flag_of_the_command(message: str, shown: str) -> None:
    settings = ("tag_column", "scheme", "format", "label_map", "strict")
    assert explain(CorpusError(message, settings=settings), CONVERT, CONVERT) == shown


def test_what_an_error_does_not_call_a_setting_stays() -> None:
    error = CorpusError("Name it with tag_column.")
    assert explain(error, CONVERT, CONVERT) == "Name it with tag_column."


@pytest.mark.parametrize("name", ["evaluate", "compare", "visualise", "calibrate"])
def test_settings_of_convert_are_its_flags_and_said_to_be_its_own(name: str) -> None:
    error = CorpusError("Name it with tag_column.", settings=("tag_column",))
    assert explain(error, COMMANDS[name], CONVERT) == f"Name it with --tag-column. {CONVERT_FIRST}"


def test_settings_of_no_command_stay_as_they_are() -> None:
    error = CorpusError("Set aggregation = true.", settings=("aggregation",))
    assert explain(error, COMMANDS["evaluate"], CONVERT) == "Set aggregation = true."


def test_the_flags_of_a_command_are_its_long_ones() -> None:
    toy = typer.Typer()

    @toy.command()
    def run(n_sents: int = typer.Option(0, "--n-sents", "-n"), name: str = "") -> None:
        """Do nothing."""

    found = list_flags(get_command(toy))
    assert (found["n_sents"], found["name"]) == ("--n-sents", "--name")


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_a_command_names_its_flag_where_the_library_names_a_setting(
    command: str, tmp_path: Path
) -> None:
    nlp = spacy.blank("en")
    nlp.to_disk(tmp_path / "model")
    doc = nlp.make_doc("Oslo calls.")
    doc.spans["other"] = [Span(doc, 0, 1, "LOC")]
    DocBin(docs=[doc]).to_disk(tmp_path / "dev.spacy")
    arguments = [command, str(tmp_path / "model"), str(tmp_path / "dev.spacy")]
    result = CliRunner().invoke(app, [*arguments, "--output", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "Span groups found: other. Name one with --spans-key." in unwrap(result.output)


def make_pipeline(folder: Path) -> Path:
    spacy.blank("en").to_disk(folder)
    return folder


def test_a_file_that_is_no_corpus_is_refused_with_flags_of_convert(tmp_path: Path) -> None:
    gen = tmp_path / "gen.txt"
    gen.write_text("def generate(n):\n    for i in range(n):\n        yield i\n", encoding="utf8")
    pipeline = make_pipeline(tmp_path / "model")
    arguments = ["evaluate", str(pipeline), str(gen), "--output", str(tmp_path)]
    result = CliRunner().invoke(app, arguments)
    shown = unwrap(result.output)
    assert result.exit_code == 1
    assert "expected a column of tags" in shown
    assert shown.endswith(
        f"Name it with --tag-column, or set --format to that of the file. {CONVERT_FIRST}"
    )


# Words and tags without types; the flags that are given, and what the message then says.
CORPUS = "Oslo O\nis B\nfar I\n"


@pytest.mark.parametrize(
    ("text", "options", "shown"),
    [
        (CORPUS, [], "name another column with --tag-column, or read them with --scheme bare."),
        (CORPUS, ["--tag-column", "7"], "counted from 0. Correct --tag-column."),
        (CORPUS, ["--tag-column", "ner"], "Set --tag-column to the index of the column, from 0."),
        (CORPUS, ["--label-map", "A"], "--label-map must be OLD=NEW"),
        (
            CORPUS,
            ["--scheme", "bare", "--split", "1"],
            "--split must be shares of train, dev and test",
        ),
        (CORPUS, ["--lang", "zz"], "--lang must be a language code"),
        ("a b\nc d\n", [], "Name it with --tag-column, or set --format to that of the file."),
        ("a B-X\nb I-Y\n", ["--strict"], "or convert it without --strict"),
        ('{"x": 1}\n', [], "or name them with --token-column and --tag-column."),
        (
            "1\ta\ta\tX\tX\t_\t0\troot\t_\t_\n",
            [],
            "read parts of speech with --column pos, or read the file with --format conll.",
        ),
    ],
)
def test_corpora_that_convert_refuses_are_answered_with_its_flags(
    text: str, options: list[str], shown: str, tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text(text, encoding="utf8")
    result = CliRunner().invoke(app, ["convert", str(corpus), str(tmp_path / "out"), *options])
    assert result.exit_code == 1
    assert shown in unwrap(result.output)
