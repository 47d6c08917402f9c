"""The functions of spacy_hf_ner.commands, called as a program of somebody else's would."""

import json
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from spacy_hf_ner.commands import (
    ConvertOptions,
    calibrate,
    compare,
    convert,
    evaluate,
    package,
    report,
    report_comparison,
)
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.fitting import TooFewSpansError
from tests.checkpoints import make_checkpoint


@pytest.fixture
def nlp() -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "PER", "pattern": "Merkel"}])  # type: ignore[attr-defined]
    return nlp


@pytest.fixture
def gold(nlp: Language) -> Doc:
    doc = nlp.make_doc("Merkel saw Paris.")
    doc.ents = [Span(doc, 0, 1, "PER"), Span(doc, 2, 3, "LOC")]
    return doc


def test_a_pipeline_in_memory_is_evaluated_on_docs(nlp: Language, gold: Doc) -> None:
    evaluation = evaluate(nlp, [gold], train=[gold])
    assert evaluation.strict.micro.recall == 0.5
    assert evaluation.title == "a pipeline without a name (entity_ruler)"
    assert "In the training data" in [slicing.name for slicing in evaluation.slices]


def test_a_folder_is_evaluated_on_a_file_and_both_are_named(
    nlp: Language, gold: Doc, tmp_path: Path
) -> None:
    nlp.to_disk(tmp_path / "model")
    DocBin(docs=[gold]).to_disk(tmp_path / "dev.spacy")
    evaluation = evaluate(str(tmp_path / "model"), tmp_path / "dev.spacy")
    assert evaluation.title == f"{tmp_path}/model (entity_ruler) on {tmp_path}/dev.spacy"


def test_a_report_is_three_files_in_a_folder_that_is_made(
    nlp: Language, gold: Doc, tmp_path: Path
) -> None:
    report(evaluate(nlp, [gold]), tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    assert json.loads((folder / "metrics.json").read_text(encoding="utf8"))["n_docs"] == 1
    lines = (folder / "errors.jsonl").read_text(encoding="utf8").splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["missed"]
    assert "a pipeline without a name" in (folder / "report.html").read_text(encoding="utf8")


def test_pipelines_are_compared_under_the_types_of_gold(
    nlp: Language, gold: Doc, tmp_path: Path
) -> None:
    nlp.to_disk(tmp_path / "model")
    gold.ents = [Span(gold, 0, 1, "HUMAN")]
    DocBin(docs=[gold]).to_disk(tmp_path / "dev.spacy")
    model = str(tmp_path / "model")
    standings = compare([model], tmp_path / "dev.spacy", label_maps={model: {"PER": "HUMAN"}})
    assert standings[0].measured.strict.micro.f1 == 1.0
    report_comparison(standings, tmp_path / "compared", data="dev")
    assert {path.name for path in (tmp_path / "compared").iterdir()} == {
        "comparison.json",
        "comparison.html",
    }


def test_a_corpus_is_converted_as_the_options_say(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text("Rome B-city\nfalls O\n\n" * 10, encoding="utf8")
    options = ConvertOptions(label_map={"city": "LOC"}, split="50/50/0")
    converted = convert(tmp_path / "a.conll", tmp_path / "corpus", options=options)
    assert {path.name for path in (tmp_path / "corpus").iterdir()} == {"train.spacy", "dev.spacy"}
    assert converted.files[0].entities == {"LOC": 10}


def test_a_pipeline_in_memory_is_calibrated_or_the_reason_is_given(
    gold: Doc, tmp_path: Path
) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner", config={"model": str(make_checkpoint(tmp_path / "checkpoint"))})
    reports = calibrate(nlp, [gold])
    assert isinstance(reports["hf_ner"], TooFewSpansError)
    calibrate(nlp, [gold], tmp_path / "saved")
    assert spacy.load(tmp_path / "saved").pipe_names == ["hf_ner"]
    with pytest.raises(ConfigError, match=r"expected output, a folder .* got None"):
        calibrate(tmp_path / "saved", [gold])


# spaCy's `package` leaves the files open that it has written.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_a_pipeline_becomes_a_wheel(nlp: Language, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path / "model")
    (wheel,) = package(tmp_path / "model", tmp_path / "packages", name="rules", version="1.2.0")
    assert wheel == tmp_path / "packages" / "en_rules-1.2.0-py3-none-any.whl"
    assert wheel.is_file()
