"""What is whole is known after any end."""

import json
from pathlib import Path

import pytest

from spacy_hf_ner.corpus.text_input import Place, TextInput
from spacy_hf_ner.errors import ConfigError, OutputError
from spacy_hf_ner.scale.manifest import KnownInput, Plan, read_manifest, write_manifest
from spacy_hf_ner.scale.shard_annotation import ShardResult, TextError
from spacy_hf_ner.scale.shards import Shard

SOURCE = TextInput(name="a.jsonl", path="/data/a.jsonl", kind="jsonl")
FILES = TextInput(name="b/1.txt", path="/data", kind="files", files=("b/1.txt", "b/2.txt"))
PLAN = Plan(
    model="model",
    model_sha256="0a",
    settings={"threshold": {"PER": 0.5}},
    versions={"spacy": "3.8"},
    inputs=[KnownInput(SOURCE, "s1", "h1"), KnownInput(FILES, "s2", "h2")],
    shards=[
        Shard(0, SOURCE, Place(0, 1, 0), 2),
        Shard(1, SOURCE, Place(2, 4, 90), 1),
        Shard(2, FILES, Place(0, 1, 0), 2),
    ],
)


def make_result(number: int) -> ShardResult:
    return ShardResult(
        number=number,
        file=f"part-{number}",
        n_bytes=3,
        n_texts=2,
        n_annotated=1,
        n_entities=4,
        n_words=9,
        seconds=0.5,
        errors=(TextError("x\ud83d", "a.jsonl:1", "no"),),
    )


def test_a_plan_and_results_come_back(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    assert read_manifest(path) is None
    manifest = write_manifest(path, PLAN)
    manifest.add(make_result(1))
    manifest.add(make_result(0))
    found = read_manifest(path)
    assert found is not None
    assert found.plan == PLAN
    assert found.plan.n_texts == 5
    assert found.results.keys() == {0, 1}
    assert found.results[1].n_entities == 4


@pytest.mark.parametrize("n_bytes", [1, 30, 200])
def test_a_line_that_was_cut_is_written_over(n_bytes: int, tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    manifest = write_manifest(path, PLAN)
    manifest.add(make_result(0))
    manifest.add(make_result(1))
    path.write_bytes(path.read_bytes()[:-n_bytes])
    found = read_manifest(path)
    assert found is not None
    assert found.results.keys() == {0}
    found.add(make_result(2))
    for line in path.read_text(encoding="utf8", errors="replace").splitlines():
        json.loads(line)
    again = read_manifest(path)
    assert again is not None
    assert again.results.keys() == {0, 2}


def test_a_shard_is_open_until_its_file_is_whole(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "manifest.jsonl", PLAN)
    shards = tmp_path / "shards"
    shards.mkdir()
    for number in (0, 1):
        manifest.add(make_result(number))
        (shards / f"part-{number}").write_bytes(b"abc")
    assert manifest.find_open_shards(shards) == [PLAN.shards[2]]
    (shards / "part-1").write_bytes(b"ab")
    (shards / "part-0").unlink()
    assert manifest.find_open_shards(shards) == PLAN.shards


@pytest.mark.parametrize("content", ["", "[1]\n", "no json\n", '{"kind": "run", "version": 0}\n'])
def test_a_file_of_somebody_else_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.jsonl").write_text(content, encoding="utf8")
    with pytest.raises(ConfigError, match="expected the manifest of a folder of shards"):
        read_manifest(tmp_path / "manifest.jsonl")


def test_what_cannot_be_added_is_told(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "manifest.jsonl", PLAN)
    (tmp_path / "manifest.jsonl").unlink()
    with pytest.raises(OutputError, match="What is whole stays"):
        manifest.add(make_result(0))
    assert manifest.results == {}
