"""The card beside the weights, through saving and loading."""

import shutil
from pathlib import Path

import pytest
import spacy
from spacy.training import Example

from spacy_hf_ner.commands import card
from tests.cards.conftest import TEXT, make_gold, read_metadata

README = Path("hf_ner", "model", "README.md")


@pytest.fixture
def pipeline(judged: Path, tmp_path: Path) -> Path:
    shutil.copytree(judged / "saved", tmp_path / "pipeline")
    return tmp_path / "pipeline"


def test_a_checkpoint_is_saved_with_a_card_that_the_hub_reads(pipeline: Path) -> None:
    saved = (pipeline / README).read_text(encoding="utf8")
    metadata = read_metadata(saved)
    assert metadata["license"] == "unknown"
    assert metadata["language"] == "en"
    assert metadata["pipeline_tag"] == "token-classification"
    assert "`PER`, `ORG`, `LOC`, `MISC`" in saved
    assert "| training data | unknown |" in saved
    assert "no signed results for these weights yet" in saved


def test_signed_results_are_noted_and_stay_through_saving(
    judged: Path, pipeline: Path, tmp_path: Path
) -> None:
    card(pipeline, judged / "metrics.json", license="mit", base_model="owner/name")
    noted = (pipeline / README).read_text(encoding="utf8")
    metadata = read_metadata(noted)
    (result,) = metadata["model-index"][0]["results"]
    assert {metric["type"] for metric in result["metrics"]} >= {"precision", "recall", "f1"}
    assert metadata["base_model"] == "owner/name"
    assert "Signed by `hf-ner evaluate`" in noted
    nlp = spacy.load(pipeline)
    nlp.to_disk(tmp_path / "again")
    assert (tmp_path / "again" / README).read_text(encoding="utf8") == noted
    copy = spacy.blank("en")
    copy.add_pipe("hf_ner", config={"model": {"name": str(pipeline / "hf_ner" / "model")}})
    copy.from_bytes(nlp.to_bytes())
    copy.to_disk(tmp_path / "from_bytes")
    assert (tmp_path / "from_bytes" / README).read_text(encoding="utf8") == noted


def test_results_go_when_the_weights_change(judged: Path, pipeline: Path) -> None:
    card(pipeline, judged / "metrics.json", license="mit")
    nlp = spacy.load(pipeline)
    nlp.update([Example(nlp.make_doc(TEXT), make_gold(nlp))], sgd=nlp.resume_training())
    nlp.to_disk(pipeline)
    metadata = read_metadata((pipeline / README).read_text(encoding="utf8"))
    assert metadata["license"] == "mit"
    assert "model-index" not in metadata


def test_an_edited_card_stays_where_it_is_and_travels(
    judged: Path, pipeline: Path, tmp_path: Path
) -> None:
    edited = (pipeline / README).read_text(encoding="utf8").replace("# A token", "# Our token")
    (pipeline / README).write_text(edited, encoding="utf8")
    assert card(pipeline, judged / "metrics.json") == []
    nlp = spacy.load(pipeline)
    nlp.to_disk(tmp_path / "elsewhere")
    spacy.load(judged / "saved").to_disk(pipeline)
    for folder in (pipeline, tmp_path / "elsewhere"):
        assert (folder / README).read_text(encoding="utf8") == edited
