import hashlib
import json
import platform
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from spacy_hf_ner import __version__
from spacy_hf_ner.evaluation.comparison import measure_pipeline
from spacy_hf_ner.evaluation.gold_data import read_gold_docs
from spacy_hf_ner.evaluation.results import evaluate_pipeline
from spacy_hf_ner.evaluation.signature import (
    Draws,
    GoldData,
    Signature,
    hash_files,
    sign,
    split_parts,
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "dev.spacy"
    path.write_bytes(b"gold")
    return path


def test_a_signature_names_pipeline_data_device_and_versions(ruler: Language, data: Path) -> None:
    signature = sign(ruler, data=data, n_docs=3, spans_key="sc")
    assert signature.pipeline.endswith("(entity_ruler)")
    assert signature.data == GoldData("dev.spacy", hashlib.sha256(b"gold").hexdigest(), 3)
    assert signature.spans_key == "sc"
    assert signature.versions["spacy-hf-ner"] == __version__
    assert signature.versions["spacy"] == version("spacy")
    assert signature.versions["python"] == platform.python_version()
    assert {"torch", "transformers", "thinc", "numpy"} <= signature.versions.keys()


def test_a_signature_has_the_settings_that_change_results() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    config = {"threshold": 0.5, "spans_key": "mine", "model": {"name": "x", "precision": "fp32"}}
    nlp.add_pipe("hf_ner", config=config)
    components = sign(nlp, data=None, n_docs=0, spans_key="mine").components
    assert list(components) == ["hf_ner"]
    assert components["hf_ner"]["threshold"] == 0.5
    assert components["hf_ner"]["spans_key"] == "mine"
    assert components["hf_ner"]["precision"] == "fp32"


def test_the_date_is_in_utc(ruler: Language) -> None:
    date = datetime.fromisoformat(sign(ruler, data=None, n_docs=0, spans_key="sc").date)
    assert date.utcoffset() == timedelta(0)


def test_a_signature_is_plain_json(ruler: Language, data: Path) -> None:
    plain = sign(ruler, data=data, n_docs=3, spans_key="sc").to_json()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["draws"]["intervals"] == {"n_samples": 1000, "seed": 0}
    assert plain["draws"]["permutation_test"] == {"n_samples": 10_000, "seed": 0}


def test_a_signature_is_one_line_of_text() -> None:
    signature = Signature(
        pipeline="en_news 1.0.0 (hf_ner)",
        data=GoldData("dev.spacy", "0123456789abcdef", 12),
        spans_key="hf_ner",
        device="cpu",
        components={"hf_ner": {"threshold": None}},
        draws={"intervals": Draws(1000, 0)},
        versions={"python": "3.11.0"},
        date="2026-01-02T03:04:05+00:00",
    )
    assert str(signature) == (
        "data:dev.spacy|sha256:01234567|docs:12|pipeline:en_news 1.0.0 (hf_ner)|spans_key:hf_ner|"
        "hf_ner.threshold:None|device:cpu|intervals:1000@seed0|python:3.11.0|"
        "date:2026-01-02T03:04:05+00:00"
    )


def make_signature(pipeline: str, settings: dict[str, object]) -> Signature:
    return Signature(
        pipeline=pipeline,
        data=GoldData("dev.spacy", None, 12),
        spans_key="hf_ner",
        device="cpu",
        components={"hf_ner": settings},
        draws={},
        versions={"python": "3.11.0"},
        date="2026-01-02T03:04:05+00:00",
    )


def test_what_signatures_share_is_told_from_what_differs() -> None:
    small = make_signature("small", {"threshold": 0.5})
    large = make_signature("large", {"threshold": 0.7, "precision": "fp32"})
    shared, (of_small, of_large) = split_parts([small, large])
    assert shared == {
        "data": "dev.spacy",
        "docs": "12",
        "spans_key": "hf_ner",
        "device": "cpu",
        "python": "3.11.0",
        "date": "2026-01-02T03:04:05+00:00",
    }
    assert of_small == {"pipeline": "small", "hf_ner.threshold": "0.5"}
    assert of_large == {
        "pipeline": "large",
        "hf_ner.threshold": "0.7",
        "hf_ner.precision": "fp32",
    }


def test_a_part_that_some_signature_lacks_is_not_shared() -> None:
    first = make_signature("m", {"threshold": 0.5})
    second = make_signature("m", {})
    shared, differing = split_parts([first, second])
    assert "hf_ner.threshold" not in shared
    assert differing == [{"hf_ner.threshold": "0.5"}, {}]


def test_one_signature_shares_everything_with_itself() -> None:
    signature = make_signature("m", {})
    assert split_parts([signature]) == (signature.parts(), [{}])


def test_docs_from_no_file_have_no_digest(ruler: Language) -> None:
    signature = sign(ruler, data=None, n_docs=2, spans_key="sc")
    assert signature.data == GoldData(None, None, 2)
    assert str(signature).startswith("data:-|docs:2|")


def test_the_digest_of_a_folder_knows_contents_and_names_but_not_its_place(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder / "sub").mkdir(parents=True)
        (tmp_path / folder / "sub" / "b.spacy").write_bytes(b"b")
        (tmp_path / folder / "a.spacy").write_bytes(b"a")
    before = hash_files(tmp_path / "one")
    assert before == hash_files(tmp_path / "two")
    (tmp_path / "one" / "a.spacy").rename(tmp_path / "one" / "c.spacy")
    (tmp_path / "two" / "a.spacy").write_bytes(b"other")
    assert before not in (hash_files(tmp_path / "one"), hash_files(tmp_path / "two"))


def test_hidden_files_change_no_digest(tmp_path: Path) -> None:
    (tmp_path / "a.spacy").write_bytes(b"gold")
    before = hash_files(tmp_path)
    (tmp_path / ".DS_Store").write_bytes(b"of a desktop")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index").write_bytes(b"of git")
    assert hash_files(tmp_path) == before


def test_a_place_without_files_has_no_digest(tmp_path: Path) -> None:
    assert hash_files(tmp_path / "nothing") is None


@pytest.fixture
def gold_file(ruler: Language, tmp_path: Path) -> Path:
    path = tmp_path / "gold.spacy"
    DocBin(docs=[ruler("Angela Merkel went to Berlin.")]).to_disk(path)
    return path


class Overwriter:
    """A component that writes something else into a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __call__(self, doc: Doc) -> Doc:
        self.file.write_bytes(b"something else")
        return doc


@Language.factory("overwriter")
def make_overwriter(nlp: Language, name: str, file: str) -> Overwriter:  # noqa: ARG001 - spaCy's
    return Overwriter(Path(file))


def test_an_evaluation_has_the_digest_of_the_data_that_were_read(
    ruler: Language, gold_file: Path
) -> None:
    digest = hash_files(gold_file)
    ruler.add_pipe("overwriter", config={"file": str(gold_file)})
    golds = read_gold_docs(gold_file, ruler.vocab)
    signature = evaluate_pipeline(ruler, golds, data=gold_file).signature
    assert hash_files(gold_file) != digest
    assert signature.data == GoldData("gold.spacy", digest, 1)


def test_a_comparison_has_the_digest_of_the_data_that_were_read(
    ruler: Language, gold_file: Path, tmp_path: Path
) -> None:
    digest = hash_files(gold_file)
    ruler.add_pipe("overwriter", config={"file": str(gold_file)})
    ruler.to_disk(tmp_path / "pipeline")
    signature = measure_pipeline(str(tmp_path / "pipeline"), gold_file).signature
    assert hash_files(gold_file) != digest
    assert signature.data == GoldData("gold.spacy", digest, 1)
