"""``hf-ner rewrite``: texts with other names."""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app
from spacy_hf_ner.core.expected_recall import count_found
from spacy_hf_ner.pipe.calibration import Calibration
from tests.checkpoints import make_checkpoint
from tests.cli.boxes import unwrap
from tests.rewriting.extras import needs_gazetteers
from tests.rewriting.texts import make_pipeline

TEXTS = ["Sarah met Merkel in Paris.", "", "SARAH's Toyota is in New York\u2028."]
REDACTED = ["[PER] met [PER] in [LOC].", "", "[PER]'s [ORG] is in [LOC]\u2028."]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    make_pipeline().to_disk(folder := tmp_path_factory.mktemp("model"))
    return folder


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    file = tmp_path / "texts.txt"
    file.write_text("\n".join(TEXTS) + "\n", encoding="utf8")
    return file


def run(*arguments: object, stdin: str = "", code: int = 0) -> Any:
    command = ["rewrite", *map(str, arguments)]
    result = CliRunner().invoke(app, command, input=stdin)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def test_lines_stay_lines_with_all_that_is_around_names(
    model: Path, texts: Path, tmp_path: Path
) -> None:
    run(model, texts, tmp_path / "new.txt", "--how", "redact")
    assert (tmp_path / "new.txt").read_bytes() == ("\n".join(REDACTED) + "\n").encode()


def test_stdin_goes_to_stdout_and_nothing_else_does(model: Path) -> None:
    result = run(model, "-", "-", "--how", "mask", stdin="Sarah left\nParis\n")
    assert result.stdout == "***** left\n*****\n"


def test_records_hold_the_new_entities_and_no_old_name(
    model: Path, texts: Path, tmp_path: Path
) -> None:
    run(model, texts, tmp_path / "new.jsonl", "--how", "redact")
    lines = (tmp_path / "new.jsonl").read_text(encoding="utf8").split("\n")[:-1]
    records = [json.loads(line) for line in lines]
    assert [record["text"] for record in records] == REDACTED
    for record in records:
        for entity in record["entities"]:
            assert record["text"][entity["start"] : entity["end"]] == f"[{entity['label']}]"
    assert "Sarah" not in "".join(lines)


def test_docs_are_read_and_written(model: Path, texts: Path, tmp_path: Path) -> None:
    run(model, texts, tmp_path / "new.spacy", "--how", "redact")
    docs = list(DocBin().from_disk(tmp_path / "new.spacy").get_docs(spacy.blank("en").vocab))
    assert [doc.text for doc in docs] == REDACTED
    assert [e.text for e in docs[0].ents] == ["[PER]", "[PER]", "[LOC]"]
    run(model, tmp_path / "new.spacy", tmp_path / "again.txt", "--how", "redact")
    assert (tmp_path / "again.txt").read_text(encoding="utf8").split("\n")[:-1] == REDACTED


def test_the_table_tells_what_was_replaced_where(model: Path, texts: Path, tmp_path: Path) -> None:
    arguments = ["--how", "redact", "--numbered", "--types", "PER, ORG"]
    run(model, texts, tmp_path / "new.txt", *arguments, "--table", tmp_path / "table.jsonl")
    new = (tmp_path / "new.txt").read_text(encoding="utf8").split("\n")
    rows = [json.loads(line) for line in (tmp_path / "table.jsonl").read_text().splitlines()]
    assert [(row["index"], row["old"], row["new"]) for row in rows] == [
        (0, "Sarah", "[PER 1]"),
        (0, "Merkel", "[PER 2]"),
        (2, "SARAH", "[PER 1]"),
        (2, "Toyota", "[ORG 1]"),
    ]
    for row in rows:
        assert list(row) == [
            "index",
            "old",
            "new",
            "entity_type",
            "old_start",
            "old_end",
            "new_start",
            "new_end",
        ]
        assert TEXTS[row["index"]][row["old_start"] : row["old_end"]] == row["old"]
        assert new[row["index"]][row["new_start"] : row["new_end"]] == row["new"]


def test_hashes_are_the_same_in_all_files_with_one_key(model: Path, tmp_path: Path) -> None:
    arguments = ["--how", "hash", "--key-file", tmp_path / "key"]
    first = run(model, "-", "-", *arguments, stdin="Sarah\n").stdout
    second = run(model, "-", "-", *arguments, stdin="Paris, Sarah\n").stdout
    assert first.strip() == second.split(", ")[1].strip()


def test_what_remains_is_said(model: Path, texts: Path, tmp_path: Path) -> None:
    result = run(model, texts, tmp_path / "new.txt", "--how", "redact", "--json")
    assert json.loads(result.stdout) == {
        "output": str(tmp_path / "new.txt"),
        "n_texts": 3,
        "n_failed": 0,
        "n_replaced": 6,
        "below_threshold": 0,
        "kept": 0,
        "missed": 0,
        "expected_recall": None,
    }
    assert "How many names the model does not find at all is not known" in unwrap(result.stderr)


def test_a_text_of_several_lines_cannot_be_a_line(model: Path, tmp_path: Path) -> None:
    (tmp_path / "texts.jsonl").write_text('{"text": "Sarah\\nParis"}\n')
    result = run(model, tmp_path / "texts.jsonl", tmp_path / "n.txt", "--how", "redact", code=1)
    assert "expected a text of one line" in unwrap(result.output)
    assert not (tmp_path / "n.txt").exists()


def test_a_text_that_fails_leaves_nothing_of_itself(model: Path, tmp_path: Path) -> None:
    (tmp_path / "texts.jsonl").write_text('{"text": "Sarah"}\n{"text": 3}\n"Paris"\n')
    for name in ("new.txt", "new.jsonl"):
        run(model, tmp_path / "texts.jsonl", tmp_path / name, "--how", "redact", code=1)
    assert (tmp_path / "new.txt").read_text() == "[PER]\n\n[LOC]\n"
    lines = (tmp_path / "new.jsonl").read_text().splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["[PER]", "", "[LOC]"]


def test_entities_below_the_threshold_of_hf_ner_are_counted(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    name = str(make_checkpoint(tmp_path / "checkpoint", seed=3, head_scale=4.0))
    component = nlp.add_pipe("hf_ner", config={"model": {"name": name, "precision": "fp32"}})
    doc = nlp("Kofi Annan was born in Kumasi.")
    scores = sorted(entity._.score for entity in doc.ents)
    assert len(scores) > 1
    threshold = (scores[0] + scores[-1]) / 2
    n_below = sum(score < threshold for score in scores)
    # As if it was calibrated, with all of its gold entities in the middle of all scores.
    recall = count_found({"PER": 4, "MISC": 9}, [("PER", threshold + 0.02), ("PER", 0.0)])
    component.cfg["calibration"] = Calibration("viterbi", 1.0, recall=recall).to_json()  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "texts.txt").write_text(doc.text)
    arguments = [tmp_path / "model", tmp_path / "texts.txt", tmp_path / "new.txt"]
    options = ["--how", "mask", "--threshold", threshold, "--json"]
    result = run(*arguments, *options)
    report = json.loads(result.stdout)
    assert report["below_threshold"] == n_below
    assert report["n_replaced"] == len(scores) - n_below
    assert report["expected_recall"] == pytest.approx(1 / 13)
    assert "the model found 7.7% of 13 gold entities" in unwrap(result.stderr)
    of_persons = run(*arguments, *options, "--types", "PER")
    assert json.loads(of_persons.stdout)["expected_recall"] == 0.25


def test_spans_that_are_no_ents_are_rewritten_in_their_group(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    name = str(make_checkpoint(tmp_path / "checkpoint", seed=3, head_scale=4.0))
    model = {"name": name, "precision": "fp32"}
    nlp.add_pipe("hf_ner", config={"model": model, "annotate": "spans"})
    nlp.to_disk(tmp_path / "model")
    expected = len(nlp("Kofi Annan was born in Kumasi.").spans["hf_ner"])
    assert expected
    arguments = [tmp_path / "model", "-", tmp_path / "new.spacy", "--how", "mask"]
    run(*arguments, stdin="Kofi Annan was born in Kumasi.\n")
    (doc,) = DocBin().from_disk(tmp_path / "new.spacy").get_docs(spacy.blank("en").vocab)
    assert len(doc.spans["hf_ner"]) == expected
    assert not doc.ents


@needs_gazetteers
def test_pseudonyms_lead_back_by_their_key_file(model: Path, texts: Path, tmp_path: Path) -> None:
    options = ["--how", "pseudonym", "--key-file", tmp_path / "key.json"]
    run(model, texts, tmp_path / "new.txt", *options)
    new = (tmp_path / "new.txt").read_text(encoding="utf8")
    assert not any(name in new for name in ("Sarah", "Merkel", "Paris", "Toyota", "New York"))
    run(model, tmp_path / "new.txt", tmp_path / "old.txt", *options, "--reverse")
    assert (tmp_path / "old.txt").read_bytes() == texts.read_bytes()


def test_the_way_back_needs_a_key_file(model: Path, texts: Path) -> None:
    result = run(model, texts, "-", "--how", "redact", "--reverse", code=1)
    assert "--reverse must come with --how pseudonym and --key-file" in unwrap(result.output)


@needs_gazetteers
def test_analogies_take_vectors_from_a_file(model: Path, tmp_path: Path) -> None:
    lines = ["america 0 1", "india 0 -1", "paris 1 1", "mumbai 1 -1", "delhi 1 -0.8"]
    (tmp_path / "vectors.txt").write_text("\n".join(lines), encoding="utf8")
    contexts = ["--source", "america", "--target", "india"]
    options = ["--how", "analogy", *contexts, "--vectors", tmp_path / "vectors.txt"]
    # The pipeline knows neither of the Indian cities, so none is good.
    result = run(model, "-", "-", *options, stdin="In Paris.\n")
    assert result.stdout == "In Paris.\n"
    assert "nothing good was found for them: 1 name" in unwrap(result.stderr)
    nlp = make_pipeline()
    nlp.get_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Delhi"}])  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path / "model")
    assert run(tmp_path / "model", "-", "-", *options, stdin="In Paris.\n").stdout == "In Delhi.\n"
