"""Hugging Face data sets, from disk; the hub is never asked."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.columns import Columns
from spacy_hf_ner.corpus.conversion import convert_corpus
from spacy_hf_ner.corpus.formats.hf_datasets import HubName, open_hub_dataset, parse_hub_name
from spacy_hf_ner.corpus.opening import open_corpora, open_corpus
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.errors import ConfigError, CorpusError
from tests.corpus.sentences import show

datasets = pytest.importorskip("datasets")

NAMES = ["O", "B-PER", "I-PER"]
ROWS = {
    "id": ["0", "1", "2"],
    "document_id": ["a", "a", "b"],
    "tokens": [["Ed", "Li", "ran"], ["Hi"], ["Bo", "ran"]],
    "ner_tags": [[1, 2, 0], [0], [1, -100]],
    "pos_tags": [["NNP", "NNP", "VBD"], ["UH"], ["NNP", "VBD"]],
}


def make_dataset(*, named: bool = True) -> Any:
    tags = datasets.ClassLabel(names=NAMES) if named else datasets.Value("int64")
    text = datasets.Value("string")
    features = datasets.Features(
        id=text,
        document_id=text,
        tokens=datasets.Sequence(text),
        ner_tags=datasets.Sequence(tags),
        pos_tags=datasets.Sequence(text),
    )
    return datasets.Dataset.from_dict(ROWS, features=features)


def check(sentences: list[Sentence]) -> None:
    assert [s.words for s in sentences] == [("Ed", "Li", "ran"), ("Hi",), ("Bo", "ran")]
    assert [show(s) for s in sentences] == [["Ed Li/PER"], [], ["Bo/PER"]]
    assert [s.starts_document for s in sentences] == [True, False, True]
    assert sentences[2].missing == (1,)
    assert sentences[0].pos == ("NNP", "NNP", "VBD")


def test_a_parquet_file_is_read_with_its_class_labels(tmp_path: Path) -> None:
    make_dataset().to_parquet(tmp_path / "a.parquet")
    check(list(open_corpus(tmp_path / "a.parquet", ReadOptions()).read()))


def test_a_saved_data_set_is_read_with_its_splits(tmp_path: Path) -> None:
    datasets.DatasetDict(train=make_dataset(), test=make_dataset()).save_to_disk(tmp_path / "saved")
    sources = open_corpora(str(tmp_path / "saved"), ReadOptions())
    assert list(sources) == ["train", "test"]
    check(list(sources["test"].read()))


def test_a_saved_split_and_its_arrow_file_are_read(tmp_path: Path) -> None:
    make_dataset().save_to_disk(tmp_path / "saved")
    check(list(open_corpora(str(tmp_path / "saved"), ReadOptions())["saved"].read()))
    (arrow,) = (tmp_path / "saved").glob("*.arrow")
    check(list(open_corpus(arrow, ReadOptions()).read()))


def test_numbers_without_names_are_an_error_that_says_so(tmp_path: Path) -> None:
    make_dataset(named=False).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(
        CorpusError,
        match=r"a.parquet:1: expected the names of the tags in 'ner_tags', got the number 1",
    ):
        open_corpus(tmp_path / "a.parquet", ReadOptions())


def test_fields_can_be_named_and_are_listed_where_they_are_not_found(tmp_path: Path) -> None:
    make_dataset().rename_column("ner_tags", "gold").to_parquet(tmp_path / "a.parquet")
    options = ReadOptions(columns=Columns(tag="gold"))
    check(list(open_corpus(tmp_path / "a.parquet", options).read()))
    with pytest.raises(
        CorpusError, match=r"expected a field of tags .* got only id, document_id, tokens, gold"
    ):
        open_corpus(tmp_path / "a.parquet", ReadOptions())


def test_files_that_are_not_what_their_names_say_are_errors(tmp_path: Path) -> None:
    for name in ("a.parquet", "a.arrow"):
        (tmp_path / name).write_bytes(b"no")
        with pytest.raises(CorpusError, match=f"expected an? {name[2:]} file"):
            open_corpus(tmp_path / name, ReadOptions())


def test_a_data_set_comes_back_from_a_docbin_with_the_same_words_and_tags(tmp_path: Path) -> None:
    make_dataset().to_parquet(tmp_path / "a.parquet")
    convert_corpus(str(tmp_path / "a.parquet"), tmp_path / "b.spacy")
    convert_corpus(str(tmp_path / "b.spacy"), tmp_path / "c.parquet")
    back = datasets.Dataset.from_parquet(
        str(tmp_path / "c.parquet"), cache_dir=str(tmp_path / "cache")
    )
    assert list(back["tokens"]) == ROWS["tokens"]
    assert list(back["ner_tags"]) == [["B-PER", "I-PER", "O"], ["O"], ["B-PER", None]]
    assert (list(back["id"]), list(back["document_id"])) == (ROWS["id"], ROWS["document_id"])
    assert list(back["pos_tags"]) == ROWS["pos_tags"]


def test_documents_come_back_from_parquet_whatever_their_ids_are(tmp_path: Path) -> None:
    ids: list[dict[str, Any]] = [
        {"id": "unnamed-1"},
        {},
        {"id": 1},
        {"id": 1},
        {"id": None},
        {"id": "1-2"},
    ]
    records = [{"text": f"Doc {i}", "spans": [], **said} for i, said in enumerate(ids)]
    (tmp_path / "a.jsonl").write_text(
        "".join(json.dumps(record) + "\n" for record in records), encoding="utf8"
    )
    convert_corpus(str(tmp_path / "a.jsonl"), tmp_path / "b.parquet")
    back = list(open_corpus(tmp_path / "b.parquet", ReadOptions()).read())
    assert [(s.words, s.starts_document) for s in back] == [
        (("Doc", str(i)), True) for i in range(6)
    ]
    assert [s.document_id for s in back] == [
        "unnamed-1",
        "unnamed-2",
        "1",
        "1-2",
        "unnamed-3",
        "1-2-2",
    ]


def test_parts_of_speech_and_chunks_come_back_from_parquet_where_there_are_some(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.conll").write_text(
        "-DOCSTART- -X- O O\n\nEd NNP B-NP B-PER\nran VBD B-VP O\n\nHi UH O O\n", encoding="utf8"
    )
    convert_corpus(str(tmp_path / "a.conll"), tmp_path / "b.parquet")
    first, second = open_corpus(tmp_path / "b.parquet", ReadOptions()).read()
    assert (first.pos, first.chunks) == (
        ("NNP", "VBD"),
        (TokenSpan(0, 1, "NP"), TokenSpan(1, 2, "VP")),
    )
    assert (second.pos, second.chunks, second.starts_document) == (("UH",), (), False)
    (tmp_path / "c.conll").write_text("Ed B-PER\n", encoding="utf8")
    convert_corpus(str(tmp_path / "c.conll"), tmp_path / "d.parquet")
    (bare,) = open_corpus(tmp_path / "d.parquet", ReadOptions()).read()
    assert (bare.pos, bare.chunks, show(bare)) == ((), (), ["Ed/PER"])


def test_splits_of_a_data_set_become_a_folder_and_never_one_file(tmp_path: Path) -> None:
    datasets.DatasetDict(train=make_dataset(), test=make_dataset()).save_to_disk(tmp_path / "saved")
    report = convert_corpus(str(tmp_path / "saved"), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "test.spacy",
        "train.spacy",
    ]
    assert report.duplicates() == {("train", "test"): 3}
    with pytest.raises(ConfigError, match=r"corpus in parts \(train, test\)"):
        convert_corpus(str(tmp_path / "saved"), tmp_path / "out.spacy")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hf:conll2002:es", HubName("eriktks/conll2002", "es", "refs/convert/parquet")),
        ("hf:conll2003", HubName("eriktks/conll2003", None, "refs/convert/parquet")),
        ("hf:eriktks/conll2003@main", HubName("eriktks/conll2003", None, "main")),
        ("hf:unimelb-nlp/wikiann:sw", HubName("unimelb-nlp/wikiann", "sw", None)),
    ],
)
def test_names_on_the_hub_say_where_to_look(text: str, expected: HubName) -> None:
    assert parse_hub_name(text) == expected


def test_what_the_hub_says_becomes_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("Dataset scripts are no longer supported, but found x.py")

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(
        CorpusError,
        match=r"got a script, .* Most have a copy without: hf:someone/x:en@refs/convert/parquet$",
    ):
        open_hub_dataset("hf:someone/x:en", ReadOptions())

    def fail(*_: object, **__: object) -> None:
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr(datasets, "load_dataset", fail)
    with pytest.raises(
        CorpusError,
        match=r"hf:someone/x: expected a data set .* got ConnectionError: no route. Check",
    ):
        open_hub_dataset("hf:someone/x", ReadOptions())


def test_a_data_set_from_the_hub_is_read_like_one_from_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []

    def load(*names: object, revision: str | None) -> Any:
        asked.extend((*names, revision))
        return datasets.DatasetDict(train=make_dataset())

    monkeypatch.setattr(datasets, "load_dataset", load)
    check(list(open_corpora("hf:unimelb-nlp/wikiann:sw@main", ReadOptions())["train"].read()))
    assert asked == ["unimelb-nlp/wikiann", "sw", "main"]


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a hub cache with copies of two script data sets, as the hub's client leaves it; there
    is no network."""
    commit = "0" * 40
    for name, configs in (
        ("eriktks--conll2003", ["conll2003"]),
        ("eriktks--conll2002", ["es", "nl"]),
    ):
        repository = tmp_path / f"datasets--{name}"
        (repository / "refs" / "refs" / "convert").mkdir(parents=True)
        (repository / "refs" / "refs" / "convert" / "parquet").write_text(commit, encoding="utf8")
        for config in configs:
            for split in ("test", "train", "validation"):
                folder = repository / "snapshots" / commit / config / split
                folder.mkdir(parents=True)
                for shard, rows in enumerate(([0, 1], [2])):
                    make_dataset().select(rows).to_parquet(folder / f"{shard:04}.parquet")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("hub_cache")
def test_a_script_data_set_is_read_from_the_hubs_copy_without_a_network_if_it_is_cached() -> None:
    sources = open_corpora("hf:conll2003", ReadOptions())
    assert list(sources) == ["train", "validation", "test"]
    check(list(sources["test"].read()))


@pytest.mark.usefixtures("hub_cache")
def test_configurations_of_a_copy_are_never_mixed() -> None:
    check(list(open_corpora("hf:conll2002:nl", ReadOptions())["train"].read()))
    for name, got in (("hf:conll2002", "none"), ("hf:conll2002:fr", "fr")):
        message = f"{name}: expected the name of a configuration, one of es, nl, got {got}. Name it after a colon: "  # noqa: E501 - data
        with pytest.raises(CorpusError, match=f"{re.escape(message)}hf:eriktks/conll2002:es$"):
            open_corpora(name, ReadOptions())


@pytest.mark.usefixtures("hub_cache")
def test_a_copy_that_is_neither_cached_nor_reached_is_an_error() -> None:
    with pytest.raises(
        CorpusError,
        match=r"hf:wnut_17: expected a data set on the hub or in its local cache, got \w+: ",
    ):
        open_corpora("hf:wnut_17", ReadOptions())


# -------------------------------------------------------------------------------------------- texts

TEXTS = ["Ed ran", "I saw Oslo"]


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
@pytest.mark.parametrize("is_named", [True, False])
def test_texts_with_entities_are_read_from_data_sets(
    tmp_path: Path, suffix: str, is_named: bool
) -> None:
    label = datasets.Value("string")
    labels: list[Any] = ["PER", "LOC"]
    if is_named:
        label = datasets.ClassLabel(names=["PER", "LOC"])
        labels = [0, 1]
    number = datasets.Value("int64")
    spans = [
        [{"start": 0, "end": 2, "label": labels[0]}],
        [{"start": 6, "end": 10, "label": labels[1]}],
    ]
    features = datasets.Features(
        text=datasets.Value("string"), spans=[{"start": number, "end": number, "label": label}]
    )
    dataset = datasets.Dataset.from_dict({"text": TEXTS, "spans": spans}, features=features)
    path = tmp_path / f"a{suffix}"
    if suffix == ".parquet":
        dataset.to_parquet(path)
    else:
        dataset.save_to_disk(tmp_path / "saved")
        (file,) = (tmp_path / "saved").glob("*.arrow")
        file.rename(path)
    sentences = list(open_corpus(path, ReadOptions()).read())
    assert [show(sentence) for sentence in sentences] == [["Ed/PER"], ["Oslo/LOC"]]


# ------------------------------------------------------------------------------------------- damage

# What a child process runs: one wrong byte may end the process, which no test would survive.
DAMAGING_READER = """
import random, sys
from pathlib import Path
from spacy_hf_ner.corpus.opening import open_corpus
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.errors import CorpusError

path = Path(sys.argv[1])
good = path.read_bytes()
numbers = random.Random(0)
n_refused = 0
for _ in range(160):
    damaged = bytearray(good)
    damaged[numbers.randrange(len(good))] = numbers.randrange(256)
    damaged_path = path.with_stem("damaged")
    damaged_path.write_bytes(damaged)
    try:
        list(open_corpus(damaged_path, ReadOptions()).read())
    except CorpusError as error:
        assert damaged_path.name in str(error), error
        n_refused += 1
print(n_refused)
"""


def make_table() -> Any:
    """Return the data set as a table that knows the names of its labels."""
    dataset = make_dataset()
    return dataset.data.table.cast(dataset.features.arrow_schema)


def write_arrow(path: Path, table: Any, compression: str | None) -> None:
    """Write a stream, which others may have compressed."""
    import pyarrow as pa

    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(str(path), table.schema, options=options) as writer:
        writer.write_table(table)


@pytest.mark.parametrize(
    ("suffix", "compression"),
    [
        (".parquet", "snappy"),
        (".parquet", "zstd"),
        (".arrow", None),
        (".arrow", "zstd"),
        (".arrow", "lz4"),
    ],
)
def test_a_wrong_byte_is_an_error_that_names_the_file(
    tmp_path: Path, suffix: str, compression: str | None
) -> None:
    from pyarrow import parquet

    path = tmp_path / f"a{suffix}"
    if suffix == ".parquet":
        parquet.write_table(make_table(), path, compression=compression)
    else:
        write_arrow(path, make_table(), compression)
    child = subprocess.run(  # noqa: S603
        [sys.executable, "-c", DAMAGING_READER, path], capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stderr[-2_000:]
    assert int(child.stdout.splitlines()[-1]) > 40


def test_a_parquet_file_with_odd_metadata_is_an_error_that_names_it(tmp_path: Path) -> None:
    from pyarrow import parquet, table

    rows = table({"tokens": [["Ed"]], "ner_tags": [["B-PER"]]})
    for metadata in (
        '{"info": 7}',
        '{"info": {"features": {"tokens": {"_type": "Nothing"}}}}',
        "{",
    ):
        odd = rows.replace_schema_metadata({"huggingface": metadata})
        parquet.write_table(odd, tmp_path / "odd.parquet")
        with pytest.raises(CorpusError, match=r"odd.parquet: expected a parquet file, got"):
            open_corpus(tmp_path / "odd.parquet", ReadOptions())


def test_a_small_file_that_would_fill_the_memory_is_refused_by_its_sizes(tmp_path: Path) -> None:
    from pyarrow import parquet, table

    words = ["a"] * 2_000_000
    parquet.write_table(table({"tokens": [words], "ner_tags": [["O"]]}), tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 10_000
    with pytest.raises(CorpusError, match=r"got 2,000,000 values of one column in .* bytes"):
        open_corpus(tmp_path / "a.parquet", ReadOptions())


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_an_arrow_file_that_others_compressed_is_read(tmp_path: Path, compression: str) -> None:
    write_arrow(tmp_path / "a.arrow", make_table(), compression)
    check(list(open_corpus(tmp_path / "a.arrow", ReadOptions()).read()))


@pytest.mark.parametrize(("suffix", "compression"), [(".parquet", "zstd"), (".arrow", "zstd")])
def test_a_text_that_is_large_only_unpacked_is_refused(
    tmp_path: Path, suffix: str, compression: str
) -> None:
    from pyarrow import parquet, table

    rows = table({"tokens": [["a" * 120_000_000]], "ner_tags": [["O"]]})
    path = tmp_path / f"a{suffix}"
    if suffix == ".parquet":
        parquet.write_table(rows, path, compression=compression, use_dictionary=False)
    else:
        write_arrow(path, rows, compression)
    assert path.stat().st_size < 100_000
    with pytest.raises(
        CorpusError, match=r"bytes that are 1\d\d,\d+,\d+ bytes when they are unpack"
    ):
        open_corpus(path, ReadOptions())


def test_a_text_that_is_stored_once_and_repeated_is_refused(tmp_path: Path) -> None:
    from pyarrow import parquet, table

    rows = table({"tokens": [["a" * 500_000]] * 300, "ner_tags": [["O"]] * 300})
    parquet.write_table(rows, tmp_path / "a.parquet", compression="zstd")
    assert (tmp_path / "a.parquet").stat().st_size < 100_000
    with pytest.raises(CorpusError, match="when they are unpacked"):
        list(open_corpus(tmp_path / "a.parquet", ReadOptions()).read())
