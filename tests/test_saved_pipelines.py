"""Pipelines that version 0.1 of this package saved find today what they found then.

Each folder of ``tests/fixtures`` was written by ``nlp.to_disk``: a blank pipeline with one tiny
``hf_ner`` that was trained for a few steps. The JSON file of the same name holds what that version
found in a few texts. Nobody writes them again: what a later version cannot read, or reads in
another way, is a defect of that version.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy

FIXTURES = Path(__file__).parent / "fixtures"
MAX_BYTES = 300_000

# How far a score may be from what it was: sums are in another order on another processor.
TOLERANCES = {"hf_token_classifier": 1e-6, "token_classifier": 1e-6, "onnx": 1e-5}


def load(name: str) -> Any:
    if name == "onnx":
        pytest.importorskip("onnxruntime")
    return spacy.load(FIXTURES / name)


def read_expected(name: str) -> list[dict[str, Any]]:
    expected: list[dict[str, Any]] = json.loads((FIXTURES / f"{name}.json").read_text("utf8"))
    return expected


def test_all_saved_pipelines_are_compared() -> None:
    assert {path.name for path in FIXTURES.iterdir() if path.is_dir()} == set(TOLERANCES)


@pytest.mark.parametrize("name", TOLERANCES)
def test_a_saved_pipeline_finds_the_entities_that_it_found_when_it_was_saved(name: str) -> None:
    expected = read_expected(name)
    docs = list(load(name).pipe(record["text"] for record in expected))
    for doc, record in zip(docs, expected, strict=True):
        assert [[ent.start, ent.end, ent.label_] for ent in doc.ents] == record["ents"]


@pytest.mark.parametrize(("name", "tolerance"), TOLERANCES.items())
def test_a_saved_pipeline_gives_the_scores_that_it_gave_when_it_was_saved(
    name: str, tolerance: float
) -> None:
    expected = read_expected(name)
    docs = list(load(name).pipe(record["text"] for record in expected))
    assert any(record["spans"] for record in expected)
    for doc, record in zip(docs, expected, strict=True):
        group = doc.spans["hf_ner"]
        found = [[span.start, span.end, span.label_] for span in group]
        assert found == [span[:3] for span in record["spans"]]
        scores = [span[3] for span in record["spans"]]
        assert list(group.attrs["scores"]) == pytest.approx(scores, abs=tolerance)


@pytest.mark.parametrize("name", TOLERANCES)
def test_a_saved_pipeline_that_is_saved_again_has_the_same_files_and_a_card(
    name: str, tmp_path: Path
) -> None:
    load(name).to_disk(tmp_path)
    expected = {path.relative_to(FIXTURES / name) for path in (FIXTURES / name).rglob("*.*")}
    if name != "token_classifier":  # a head alone is no checkpoint
        expected.add(Path("hf_ner", "model", "README.md"))
    found = {path.relative_to(tmp_path) for path in tmp_path.rglob("*.*")}
    assert found == expected


@pytest.mark.parametrize("name", TOLERANCES)
def test_a_saved_pipeline_is_small(name: str) -> None:
    files = [path for path in (FIXTURES / name).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MAX_BYTES
