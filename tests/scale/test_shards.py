"""Any input can be cut, and read from any place on, forwards and backwards."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import spacy
from spacy.tokens import DocBin

from spacy_hf_ner.corpus.plain_texts import detect_encoding, find_inputs
from spacy_hf_ner.corpus.text_input import TextColumns
from spacy_hf_ner.errors import CorpusError
from spacy_hf_ner.scale.shards import Shard, ShardReader, cut_input, make_whole_shard, name_texts

TEXTS = [f"Text „{i}“ has\ntwo lines." if i % 3 == 0 else f"Text {i}." for i in range(23)]
LINES = [text.replace("\n", " ") for text in TEXTS]
RECORDS = [{"id": f"t{i}", "text": text, "year": 1900 + i} for i, text in enumerate(TEXTS)]


def write_lines(folder: Path) -> Path:
    path = folder / "a.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf8")
    return path


def write_utf_16(folder: Path) -> Path:
    path = folder / "a.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-16")
    return path


def dump_lines() -> bytes:
    return "\n\n".join(map(json.dumps, RECORDS)).encode()


def write_json_lines(folder: Path) -> Path:
    path = folder / "a.jsonl"
    path.write_bytes(dump_lines())
    return path


def write_gzip(folder: Path) -> Path:
    path = folder / "a.json.gz"
    path.write_bytes(gzip.compress(dump_lines()[:300]) + gzip.compress(dump_lines()[300:]))
    return path


def write_zstd(folder: Path) -> Path:
    path = folder / "a.jsonl.zst"
    frames = [pa.compress(part, "zstd", asbytes=True) for part in (dump_lines()[:300],)]
    frames.append(pa.compress(dump_lines()[300:], "zstd", asbytes=True))
    path.write_bytes(b"".join(frames))
    return path


def write_json(folder: Path) -> Path:
    path = folder / "a.json"
    path.write_text(json.dumps(RECORDS, indent=1), encoding="utf8")
    return path


def write_csv(folder: Path) -> Path:
    path = folder / "a.csv"
    rows = [f'{record["id"]},"{record["text"]}",{record["year"]}' for record in RECORDS]
    path.write_text("\n".join(["id,text,year", *rows]) + "\n", encoding="utf8")
    return path


def write_parquet(folder: Path) -> Path:
    path = folder / "a.parquet"
    pq.write_table(pa.Table.from_pylist(RECORDS), path, row_group_size=4)
    return path


def write_docbin(folder: Path) -> Path:
    path = folder / "a.spacy"
    nlp = spacy.blank("en")
    DocBin(docs=[nlp.make_doc(text) for text in TEXTS]).to_disk(path)
    return path


def write_files(folder: Path) -> Path:
    inner = folder / "texts"
    inner.mkdir()
    for i, text in enumerate(TEXTS):
        (inner / f"{i:02d}.txt").write_text(text, encoding="utf8")
    return inner


def write_dataset(folder: Path) -> Path:
    datasets = pytest.importorskip("datasets")
    datasets.Dataset.from_list(RECORDS).save_to_disk(folder / "saved")
    return folder / "saved"


WAYS: dict[str, tuple[Callable[[Path], Path], list[str]]] = {
    "lines": (write_lines, LINES),
    "UTF-16": (write_utf_16, LINES),
    "lines of JSON": (write_json_lines, TEXTS),
    "gzip": (write_gzip, TEXTS),
    "zstd": (write_zstd, TEXTS),
    "JSON": (write_json, TEXTS),
    "CSV": (write_csv, TEXTS),
    "parquet": (write_parquet, TEXTS),
    "DocBin": (write_docbin, TEXTS),
    "files": (write_files, TEXTS),
    "data set": (write_dataset, TEXTS),
}


def cut(path: Path, *, size: int) -> list[Shard]:
    (source,) = map(detect_encoding, find_inputs(str(path)))
    places = cut_input(source, shard_size=size)
    return [Shard(number, source, place, n) for number, (place, n) in enumerate(places)]


@pytest.mark.parametrize("way", WAYS)
def test_shards_are_read_in_any_order(way: str, tmp_path: Path) -> None:
    write, texts = WAYS[way]
    shards = cut(write(tmp_path), size=5)
    assert [shard.n_texts for shard in shards] == [5, 5, 5, 5, 3]
    reader = ShardReader(TextColumns())
    # As a worker among others does, then one after the other, then back.
    for number in (0, 2, 3, 4, 1, 2, 0, 0):
        shard = shards[number]
        found = list(reader.read(shard))
        assert [text.error for text in found] == [""] * shard.n_texts
        assert [text.text for text in found] == texts[5 * number : 5 * number + shard.n_texts]


@pytest.mark.parametrize("way", ["lines of JSON", "CSV", "parquet", "data set"])
def test_ids_and_columns_come_along(way: str, tmp_path: Path) -> None:
    write, _ = WAYS[way]
    _, second, *_ = cut(write(tmp_path), size=5)
    reader = ShardReader(TextColumns(text_id="year", kept=("id",)))
    first, *_ = name_texts(reader.read(second), second)
    text_id, text = first
    assert text_id == "1905"
    assert text.kept == {"id": "t5"}


def test_a_text_without_a_name_is_called_by_its_number(tmp_path: Path) -> None:
    _, second, *_ = cut(write_lines(tmp_path), size=5)
    named = list(name_texts(ShardReader(TextColumns()).read(second), second))
    assert [text_id for text_id, _ in named][:2] == ["a.txt:6", "a.txt:7"]


def test_whoever_stops_in_a_shard_begins_the_next_one_where_it_begins(tmp_path: Path) -> None:
    first, second, *_ = cut(write_gzip(tmp_path), size=5)
    reader = ShardReader(TextColumns())
    assert next(iter(reader.read(first))).text == TEXTS[0]
    assert [text.text for text in reader.read(second)] == TEXTS[5:10]


def test_an_input_that_has_become_shorter_is_told(tmp_path: Path) -> None:
    path = write_lines(tmp_path)
    last = cut(path, size=5)[-1]
    path.write_text("\n".join(LINES[:-1]) + "\n", encoding="utf8")
    with pytest.raises(CorpusError, match=r"expected 3 texts from number 21 on.*got 2"):
        list(ShardReader(TextColumns()).read(last))


def test_a_pattern_names_files_that_are_a_text_each(tmp_path: Path) -> None:
    write_files(tmp_path)
    (source,) = find_inputs(f"{tmp_path}/texts/0*.txt")
    assert len(source.files) == 10
    with pytest.raises(CorpusError, match="a pattern that matches some"):
        find_inputs(f"{tmp_path}/texts/*.md")


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst"])
def test_what_is_not_compressed_as_it_is_called_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b'{"text": "plain"}\n')
    with pytest.raises(CorpusError, match="has compressed, got something else"):
        make_whole_shard(tmp_path / name)


def test_a_file_is_a_shard_as_a_whole(tmp_path: Path) -> None:
    assert make_whole_shard(write_json_lines(tmp_path)).n_texts == len(TEXTS)
    (tmp_path / "b.jsonl").touch()
    with pytest.raises(CorpusError, match="expected one file, got 2"):
        make_whole_shard(tmp_path)
