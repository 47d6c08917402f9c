"""Pipelines that leave ``doc.ents`` alone: ``annotate = "spans"``, with spans that overlap."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app
from tests.checkpoints import make_checkpoint

TEXTS = [f"Angela Merkel met Tim Cook in Berlin, and {i} others." for i in range(24)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    nlp = spacy.blank("en")
    name = str(make_checkpoint(tmp_path_factory.mktemp("checkpoint"), head_scale=10.0))
    config = {"model": {"name": name}, "annotate": "spans", "threshold": 0.05, "spans_key": "found"}
    nlp.add_pipe("hf_ner", config=config)
    nlp.to_disk(folder := tmp_path_factory.mktemp("model"))
    return folder


@pytest.fixture(scope="module")
def gold(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    """Return gold entities, half of which the model finds."""
    docs = list(spacy.load(model).pipe(TEXTS))
    assert any(one.end > other.start for doc in docs for one, other in pairwise(doc.spans["found"]))
    for i, doc in enumerate(docs):
        scores = doc.spans["found"].attrs["scores"]
        doc.ents = [doc.spans["found"][scores.index(max(scores))]] if i % 2 else []
        del doc.spans["found"]
    DocBin(docs=docs).to_disk(path := tmp_path_factory.mktemp("data") / "dev.spacy")
    return path


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_evaluate_judges_the_span_group(model: Path, gold: Path, tmp_path: Path) -> None:
    output = run("evaluate", model, gold, "--output", tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf8"))
    assert metrics["strict"]["micro"]["n_correct"] == metrics["strict"]["micro"]["n_gold"] == 12
    assert metrics["strict"]["micro"]["n_predicted"] > 24
    assert metrics["spacy"]["spans_found_r"] == 1.0
    assert metrics["confidence"]["n"] == metrics["strict"]["micro"]["n_predicted"]
    assert (metrics["token_accuracy"], metrics["seqeval"]) == (None, {})
    assert "Entities overlap" in output
    assert "spaCy's Scorer" in output
    assert "Error browser" in (tmp_path / "report.html").read_text(encoding="utf8")


def test_compare_judges_the_span_group(model: Path, gold: Path, tmp_path: Path) -> None:
    run("compare", model, gold, "--output", tmp_path)
    (row,) = json.loads((tmp_path / "comparison.json").read_text(encoding="utf8"))
    assert row["recall"] == 1.0


def test_visualise_shows_the_span_group(model: Path, gold: Path, tmp_path: Path) -> None:
    run("visualise", model, gold, "--output", tmp_path / "page.html")
    assert "Overlapping:" in (tmp_path / "page.html").read_text(encoding="utf8")


def test_calibrate_changes_scores_and_no_spans(model: Path, gold: Path, tmp_path: Path) -> None:
    run("calibrate", model, gold, tmp_path / "out")
    config = {"components": {"hf_ner": {"threshold": None}}}
    docs = [spacy.load(path, config=config)(TEXTS[1]) for path in (model, tmp_path / "out")]
    before, after = (doc.spans["found"] for doc in docs)
    assert [(s.start, s.end, s.label_) for s in before] == [
        (s.start, s.end, s.label_) for s in after
    ]
    assert before.attrs["scores"] != after.attrs["scores"]


def test_gold_in_the_span_group_is_what_calibrate_and_evaluate_read(
    model: Path, tmp_path: Path
) -> None:
    docs = list(
        spacy.load(model, config={"components": {"hf_ner": {"threshold": None}}}).pipe(TEXTS)
    )
    assert not any(doc.has_annotation("ENT_IOB") for doc in docs)
    n_predicted = sum(len(doc.spans["found"]) for doc in docs)
    for doc in docs[::3]:
        doc.spans["found"] = []
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "dev.spacy")
    output = run("calibrate", model, tmp_path / "dev.spacy", tmp_path / "out")
    assert f"{n_predicted} spans" in output
    run("evaluate", model, tmp_path / "dev.spacy", "--output", tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf8"))
    assert metrics["strict"]["micro"]["n_gold"] == sum(len(doc.spans["found"]) for doc in docs)


def test_a_pipeline_that_sets_no_entities_gets_a_sentence(gold: Path, tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "blank")
    result = CliRunner().invoke(
        app, ["evaluate", str(tmp_path / "blank"), str(gold), "--output", str(tmp_path)]
    )
    assert result.exit_code == 1
    assert "sets neither. Add a component" in " ".join(result.output.split())
