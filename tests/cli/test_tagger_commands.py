"""The commands with a pipeline that labels tokens, and one that finds entities besides."""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app
from spacy_hf_ner.commands import calibrate, evaluate, evaluate_labels
from spacy_hf_ner.errors import CorpusError
from tests.checkpoints import make_checkpoint

LABELS = ("NOUN", "VERB", "PROPN", "PUNCT", "ADP", "NUM")
TEXTS = [f"Angela Merkel met Tim Cook in Berlin, and {i} others." for i in range(16)]
N_TOKENS = 12  # of each text


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a pipeline that labels tokens."""
    nlp = spacy.blank("en")
    name = str(make_checkpoint(tmp_path_factory.mktemp("tagger"), labels=LABELS))
    nlp.add_pipe("hf_tagger", config={"model": {"name": name, "precision": "fp32"}})
    nlp.to_disk(folder := tmp_path_factory.mktemp("model"))
    return folder


@pytest.fixture(scope="module")
def gold(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    """Return gold labels: those of the model, but for the first token of each text."""
    docs: list[Doc] = []
    for doc in spacy.load(model).pipe(TEXTS):
        doc.user_data.clear()
        first = LABELS.index(doc[0].pos_)
        doc[0].pos_ = LABELS[first - 1]
        docs.append(doc)
    DocBin(docs=docs).to_disk(path := tmp_path_factory.mktemp("data") / "dev.spacy")
    return path


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf8"))


def test_evaluate_judges_labels(model: Path, gold: Path, tmp_path: Path) -> None:
    output = run("evaluate", model, gold, "--output", tmp_path)
    metrics = read_json(tmp_path / "metrics.json")
    scores = metrics["labels"]["pos"]
    assert scores["accuracy"] == pytest.approx(1 - 1 / N_TOKENS)
    assert metrics["spacy"]["pos_acc"] == pytest.approx(scores["accuracy"])
    assert scores["interval_95"]["low"] <= scores["accuracy"] <= scores["interval_95"]["high"]
    assert scores["confidence"]["n"] == N_TOKENS * len(TEXTS)
    assert set(scores["confusion"]["labels"]) <= {*LABELS, ""}
    assert "accuracy" in output
    assert "91.67" in output
    report = (tmp_path / "report.html").read_text(encoding="utf8")
    assert '<section id="labels-pos"' in report
    assert "taken for predicted labels" in report
    assert "Error browser: pos" in report


def test_labels_are_judged_beside_entities(model: Path, gold: Path, tmp_path: Path) -> None:
    nlp = spacy.load(model)
    name = str(make_checkpoint(tmp_path / "ner"))
    nlp.add_pipe("hf_ner", config={"model": {"name": name}})
    docs = list(DocBin().from_disk(gold).get_docs(nlp.vocab))
    for doc in docs:
        doc.ents = [doc.char_span(0, 13, label="PER")]  # type: ignore[list-item]
    evaluation = evaluate(nlp, docs)
    (scores,) = evaluation.labels
    assert scores.target == "pos"
    assert scores.accuracy == pytest.approx(1 - 1 / N_TOKENS)
    assert evaluation.strict.micro.n_gold == len(TEXTS)


def test_gold_without_labels_is_an_error_that_says_what_the_pipeline_sets(model: Path) -> None:
    nlp = spacy.load(model)
    with pytest.raises(CorpusError, match=r"of the kind that the pipeline sets \(pos\)"):
        evaluate_labels(nlp, [nlp.make_doc(TEXTS[0])])


def test_visualise_shows_labels(model: Path, gold: Path, tmp_path: Path) -> None:
    run("visualise", model, gold, "--output", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf8")
    assert "wrong type" in page
    assert "PROPN" in page


def test_calibrate_fits_the_scores_of_labels(model: Path, gold: Path, tmp_path: Path) -> None:
    output = run("calibrate", model, gold, tmp_path / "calibrated")
    assert "hf_tagger: temperature" in output
    calibrated = spacy.load(tmp_path / "calibrated")
    raw = spacy.load(model)
    assert calibrated(TEXTS[0])[1]._.pos_score != pytest.approx(raw(TEXTS[0])[1]._.pos_score)
    assert calibrated.get_pipe_config("hf_tagger")["calibrated"] is True


def test_a_tagger_whose_gold_is_missing_stays_as_it_is(model: Path) -> None:
    nlp = spacy.load(model)
    reports = calibrate(nlp, [nlp.make_doc(TEXTS[0])])
    assert "tokens with gold labels, got none" in str(reports["hf_tagger"])


def test_annotate_writes_labels_with_their_scores(model: Path, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text(f"{TEXTS[0]}\n", encoding="utf8")
    run("annotate", model, tmp_path / "texts.txt", tmp_path / "out.jsonl")
    record = read_json(tmp_path / "out.jsonl")
    assert len(record["tokens"]) == N_TOKENS
    first = record["tokens"][0]
    assert (first["start"], first["end"]) == (0, 6)
    assert first["pos"] in LABELS
    assert 0 < first["pos_score"] <= 1
    run("annotate", model, tmp_path / "texts.txt", tmp_path / "out.spacy")
    (doc,) = DocBin().from_disk(tmp_path / "out.spacy").get_docs(spacy.blank("en").vocab)
    assert doc[0].pos_ == first["pos"]
    assert doc[0]._.pos_score == pytest.approx(first["pos_score"], abs=1e-6)
