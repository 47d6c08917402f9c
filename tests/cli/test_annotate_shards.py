"""``hf-ner annotate`` into a folder: what it says, refuses, and returns."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app
from tests.cli.boxes import unwrap
from tests.cli.models import make_model

pq = pytest.importorskip("pyarrow.parquet")

N_TEXTS = 30


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("annotate"))


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.jsonl"
    records = [{"name": f"n{i}", "text": f"Kofi Annan, day {i}.", "day": i} for i in range(N_TEXTS)]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf8")
    return path


def run(*arguments: object, stdin: str = "", code: int = 0) -> str:
    command = ["annotate", *map(str, arguments)]
    result = CliRunner().invoke(app, command, input=stdin)
    assert result.exit_code == code, (result.output, result.exception)
    return result.output if code else result.stdout


def test_a_folder_gets_shards_of_parquet(model: Path, texts: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    command = (model, texts, output, "--workers", 2, "--shard-size", 10)
    columns = ("--id-column", "name", "--keep", "day")
    report = json.loads(run(*command, *columns, "--json"))
    assert report["n_texts"] == report["n_annotated"] == N_TEXTS
    assert report["n_shards"] == 3
    rows = [
        row for file in sorted(output.glob("shards/*")) for row in pq.read_table(file).to_pylist()
    ]
    assert [row["id"] for row in rows] == [f"n{i}" for i in range(N_TEXTS)]
    assert [row["day"] for row in rows] == [str(i) for i in range(N_TEXTS)]
    assert sum(len(row["entities"]) for row in rows) == report["n_entities"] > 0
    shown = unwrap(run(*command, *columns))
    assert "in 30 texts, in 3 shards" in shown
    assert "3 shards were whole before." in shown
    shown = unwrap(run(*command, code=1))
    assert "its id_column is name, not None" in shown


def test_a_text_that_is_set_aside_is_said_and_the_exit_code_is_one(
    model: Path, texts: Path, tmp_path: Path
) -> None:
    with texts.open("a", encoding="utf8") as file:
        file.write(json.dumps({"name": "long", "text": "x" * 200}) + "\n")
    shown = unwrap(run(model, texts, tmp_path / "out", "--max-chars", 100, code=1))
    assert "1 text of 31 set aside: see" in shown
    (row,) = pq.read_table(tmp_path / "out" / "errors.parquet").to_pylist()
    assert row["reason"] == "expected at most 100 characters, got 200 characters"
    assert row["place"].endswith("texts.jsonl:31")


def test_a_dry_run_estimates_and_writes_nothing(model: Path, texts: Path, tmp_path: Path) -> None:
    command = (model, texts, tmp_path / "out", "--dry-run", "--workers", 2, "--shard-size", 10)
    estimate = json.loads(run(*command, "--json"))
    assert (estimate["n_texts"], estimate["n_shards"], estimate["n_sampled"]) == (30, 3, 30)
    assert estimate["seconds"] > 0
    assert estimate["n_bytes"] > 0
    assert not (tmp_path / "out").exists()
    assert "30 texts in 3 shards: about" in unwrap(run(*command))


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("out.jsonl", "--workers", 2), "OUTPUT must be a folder with --workers, got a file"),
        (("out", "--sort", "uncertain"), "--sort must be left out where OUTPUT is a folder"),
        (("out", "--executor", "spark"), '--executor must be one of local, ray, got "spark"'),
        (("out", "--address", "auto"), "--address must be left out, and so must --gpus-per-worker"),
        (("out", "--rows", "tokens"), '--rows must be "documents" or "entities"'),
        (("out", "--output-format", "xml"), "--output-format must be one of parquet, jsonl,"),
        (("out", "--keep", "year"), "expected 'year', which is to be kept"),
    ],
)
def test_options_that_mean_nothing_are_refused(
    arguments: tuple[object, ...], shown: str, model: Path, texts: Path, tmp_path: Path
) -> None:
    output, *options = arguments
    assert shown in unwrap(run(model, texts, tmp_path / str(output), *options, code=1))


def test_stdin_cannot_be_gone_on_with(model: Path, tmp_path: Path) -> None:
    assert "stdin cannot be" in unwrap(run(model, "-", tmp_path / "out", stdin="a\n", code=1))
