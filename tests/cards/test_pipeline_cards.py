"""What `hf-ner card` notes in a pipeline, and what the card of a package says."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
import spacy
from spacy.cli.info import info
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app
from spacy_hf_ner.commands import card
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.package_building import build_package
from tests.cards.conftest import read_metadata

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


def test_meta_has_performance_labels_and_sources_and_the_wheel_its_card(
    judged: Path, tmp_path: Path
) -> None:
    pipeline = tmp_path / "pipeline"
    shutil.copytree(judged / "saved", pipeline)
    options = "--license mit --data-name Letters --data-license cc0-1.0 --base-model owner/name"
    arguments = ["card", str(pipeline), str(judged / "metrics.json"), *options.split(), "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["cards"] == [str(pipeline / "hf_ner" / "model" / "README.md")]
    noted = json.loads((pipeline / "meta.json").read_text(encoding="utf8"))
    metrics = json.loads((judged / "metrics.json").read_text(encoding="utf8"))
    assert noted["performance"]["ents_f"] == metrics["spacy"]["ents_f"]
    meta = info(str(pipeline), silent=True)  # `spacy info` hides performance
    assert isinstance(meta, dict)
    assert meta["labels"]["hf_ner"] == ["PER", "ORG", "LOC", "MISC"]
    assert meta["license"] == "mit"
    assert meta["sources"] == [
        {"name": "owner/name", "url": "https://huggingface.co/owner/name"},
        {"name": "Letters", "license": "cc0-1.0"},
    ]

    (wheel,) = build_package(pipeline, tmp_path / "packages", version="1.0.0")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("en_news-1.0.0/README.md"))
        packed = archive.read(name).decode("utf8")
    assert read_metadata(packed)["library_name"] == "spacy"
    assert read_metadata(packed)["model-index"][0]["name"] == "en_news"
    assert 'spacy.load("en_news")' in packed
    assert "| license of the data | cc0-1.0 |" in packed

    (pipeline / "README.md").write_text("# Our news\n", encoding="utf8")
    (wheel,) = build_package(pipeline, tmp_path / "packages", version="1.0.1")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("en_news-1.0.1/README.md"))
        assert archive.read(name) == b"# Our news\n"


def test_results_of_another_pipeline_are_refused(judged: Path, tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(ConfigError, match="expected a pipeline with hf_ner or hf_tagger"):
        card(tmp_path / "blank", judged / "metrics.json")
    shutil.copytree(judged / "saved", tmp_path / "other")
    meta = json.loads((tmp_path / "other" / "meta.json").read_text(encoding="utf8"))
    (tmp_path / "other" / "meta.json").write_text(json.dumps({**meta, "version": "9"}), "utf8")
    with pytest.raises(ConfigError, match="must be those of en_news 9"):
        card(tmp_path / "other", judged / "metrics.json")
    with pytest.raises(ConfigError, match=r"has no meta\.json"):
        card(tmp_path, judged / "metrics.json")
