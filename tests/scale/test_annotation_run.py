"""Inputs to a folder of shards: each text once, whatever happens, and no work done twice."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest
import spacy

from spacy_hf_ner.errors import ConfigError, CorpusError
from spacy_hf_ner.scale import AnnotateSettings, LocalExecutor, TextColumns, annotate_folder
from spacy_hf_ner.scale.annotation_run import RunSummary
from tests.scale.conftest import make_texts, write_jsonl
from tests.scale.folders import list_leftovers, read_errors, read_rows


def run(
    source: Path | str, output: Path, settings: AnnotateSettings, *, n_workers: int = 1
) -> RunSummary:
    return annotate_folder(str(source), output, settings, LocalExecutor(n_workers), shard_size=10)


def test_shards_hold_what_the_pipeline_finds(tmp_path: Path, settings: AnnotateSettings) -> None:
    texts = make_texts(35)
    source = write_jsonl(tmp_path / "texts.jsonl", texts)
    summary = run(source, tmp_path / "out", settings, n_workers=2)
    assert (summary.n_texts, summary.n_annotated, summary.n_failed) == (35, 35, 0)
    assert (summary.n_shards, summary.n_whole, summary.n_missing) == (4, 4, 0)
    found = read_rows(tmp_path / "out")
    docs = list(spacy.load(settings.model).pipe(texts))
    assert summary.n_entities == sum(len(doc.ents) for doc in docs) > 0
    for number, doc in enumerate(docs):
        rows = found[f"d{number}"]
        spans = [(row["start_char"], row["end_char"], row["label"], row["text"]) for row in rows]
        assert spans == [(e.start_char, e.end_char, e.label_, e.text) for e in doc.ents]
        scores = [row["score"] for row in rows]
        assert scores == pytest.approx([e._.score for e in doc.ents], abs=1e-4)
    assert list_leftovers(tmp_path / "out") == []


def test_a_second_run_does_what_is_left_and_nothing_else(
    tmp_path: Path, settings: AnnotateSettings
) -> None:
    source = write_jsonl(tmp_path / "texts.jsonl", make_texts(35))
    run(source, tmp_path / "out", settings)
    shards = sorted((tmp_path / "out" / "shards").iterdir())
    before = {file.name: file.stat().st_mtime_ns for file in shards}
    assert run(source, tmp_path / "out", settings).n_skipped == 4
    shards[1].unlink()
    shards[2].write_bytes(b"half")
    summary = run(source, tmp_path / "out", settings)
    assert (summary.n_skipped, summary.n_whole) == (2, 4)
    assert len(read_rows(tmp_path / "out")) == 35
    after = {file.name: file.stat().st_mtime_ns for file in shards}
    assert [name for name in before if before[name] != after[name]] == [
        shards[1].name,
        shards[2].name,
    ]


def test_what_others_have_made_is_refused_by_name(
    tmp_path: Path, settings: AnnotateSettings, model: Path
) -> None:
    source = write_jsonl(tmp_path / "texts.jsonl", make_texts(5))
    run(source, tmp_path / "out", settings)
    changed = AnnotateSettings(model=str(model), threshold=0.5)
    with pytest.raises(ConfigError, match=r"its threshold is None, not 0\.5"):
        run(source, tmp_path / "out", changed)
    nlp = spacy.load(model)
    nlp.meta["version"] = "2.0.0"
    nlp.to_disk(tmp_path / "other")
    other = AnnotateSettings(model=str(tmp_path / "other"))
    with pytest.raises(ConfigError, match=r"its model is .*obedient as it was then, not .*other"):
        run(source, tmp_path / "out", other)
    with source.open("a", encoding="utf8") as file:
        file.write('{"text": "more"}\n')
    with pytest.raises(ConfigError, match=r"texts\.jsonl has changed since"):
        run(source, tmp_path / "out", settings)


def test_an_input_that_was_only_touched_is_the_same(
    tmp_path: Path, settings: AnnotateSettings
) -> None:
    source = write_jsonl(tmp_path / "texts.jsonl", make_texts(5))
    run(source, tmp_path / "out", settings)
    os.utime(source, (1, 1))
    assert run(source, tmp_path / "out", settings).n_skipped == 1


def test_poison_is_set_aside_and_its_neighbours_are_annotated(tmp_path: Path, model: Path) -> None:
    texts = make_texts(30)
    texts[3] = "RAISE"
    texts[13] = "KILL"
    texts[25] = "x" * 500
    source = write_jsonl(tmp_path / "texts.jsonl", texts)
    with source.open("a", encoding="utf8") as file:
        file.write("no json\n")
    strict = AnnotateSettings(model=str(model), batch_size=8, max_chars=100)
    summary = run(source, tmp_path / "out", strict, n_workers=2)
    assert (summary.n_texts, summary.n_annotated, summary.n_failed) == (31, 27, 4)
    assert summary.failures == []
    found = read_rows(tmp_path / "out")
    assert found.keys() == {f"d{i}" for i in range(30)} - {"d3", "d13", "d25"}
    errors = read_errors(tmp_path / "out")
    assert errors.keys() == {"d3", "d13", "d25", "texts.jsonl:31"}
    assert errors["d3"] == "ValueError: as it was told"
    assert "killed" in errors["d13"]
    assert errors["d25"] == "expected at most 100 characters, got 500 characters"
    assert "expected JSON" in errors["texts.jsonl:31"]
    assert list_leftovers(tmp_path / "out") == []


def test_a_line_that_was_cut_costs_its_shard_alone(
    tmp_path: Path, settings: AnnotateSettings
) -> None:
    source = write_jsonl(tmp_path / "texts.jsonl", make_texts(35))
    run(source, tmp_path / "out", settings)
    manifest = tmp_path / "out" / "manifest.jsonl"
    content = manifest.read_bytes()
    manifest.write_bytes(content[:-20])
    assert run(source, tmp_path / "out", settings).n_skipped == 3
    lines = manifest.read_text(encoding="utf8").splitlines()
    assert sum(json.loads(line)["kind"] == "whole" for line in lines) == 4


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_stops_after_the_shards_in_hand(
    name: str, tmp_path: Path, settings: AnnotateSettings
) -> None:
    texts = make_texts(40)
    texts[0] = "WAIT"
    source = write_jsonl(tmp_path / "texts.jsonl", texts)

    def send() -> None:
        shards = tmp_path / "out" / "shards"
        while not shards.is_dir() or not list(shards.glob(".part*")):
            time.sleep(0.01)
        os.kill(os.getpid(), getattr(signal, name))

    sender = threading.Thread(target=send)
    sender.start()
    summary = run(source, tmp_path / "out", settings)
    sender.join()
    assert summary.signal == getattr(signal, name)
    assert 0 < summary.n_whole < summary.n_shards
    assert summary.n_missing == 40 - 10 * summary.n_whole
    assert list_leftovers(tmp_path / "out") == []
    assert run(source, tmp_path / "out", settings).n_missing == 0
    assert len(read_rows(tmp_path / "out")) == 40


def test_an_input_that_shrinks_after_it_was_cut_is_told(
    tmp_path: Path, settings: AnnotateSettings
) -> None:
    source = write_jsonl(tmp_path / "texts.jsonl", make_texts(20))
    summary = run(source, tmp_path / "out", settings)
    status = source.stat()
    lines = source.read_text(encoding="utf8").splitlines(keepends=True)
    source.write_text("".join(lines[:15]), encoding="utf8")
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(ConfigError, match="has changed since"):
        run(source, tmp_path / "out", settings)
    assert summary.n_whole == 2


def test_columns_that_are_nowhere_are_refused_before_the_work(tmp_path: Path, model: Path) -> None:
    source = write_jsonl(tmp_path / "texts.jsonl", make_texts(5))
    for columns, setting in (
        (TextColumns(text="body"), "text_column"),
        (TextColumns(text_id="name"), "id_column"),
        (TextColumns(kept=("year",)), "keep"),
    ):
        with pytest.raises(CorpusError) as caught:
            run(source, tmp_path / "out", AnnotateSettings(model=str(model), columns=columns))
        assert caught.value.settings == (setting,)
    assert not (tmp_path / "out" / "manifest.jsonl").exists()


def test_a_folder_of_all_kinds_is_annotated_and_outputs_in_it_are_no_inputs(
    tmp_path: Path, settings: AnnotateSettings
) -> None:
    write_jsonl(tmp_path / "a.jsonl", make_texts(12))
    (tmp_path / "b.csv").write_text("id,text\nc1,Kofi Annan\n", encoding="utf8")
    (tmp_path / "c.txt").write_text("Angela Merkel\nmet Tim Cook.\n", encoding="utf8")
    summary = run(tmp_path, tmp_path / "out", settings)
    assert summary.n_texts == 14
    assert run(tmp_path, tmp_path / "out", settings).n_skipped == summary.n_shards
    assert {"d0", "c1", "c.txt"} <= read_rows(tmp_path / "out").keys()
