"""The whole way: what is written, what is told, and what happens on an error."""

import json
import os
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.conversion import ConvertOptions, convert_corpus
from spacy_hf_ner.corpus.docs import group_documents
from spacy_hf_ner.corpus.edits import deal_splits, parse_label_map
from spacy_hf_ner.corpus.opening import open_corpora, open_corpus
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.corpus.texts import blank_pipeline
from spacy_hf_ner.errors import ConfigError, CorpusError, OutputError
from spacy_hf_ner.evaluation.gold_data import read_gold_docs
from tests.patience import PATIENCE_S
from tests.signals import HEAR_SIGNALS

VOCAB = spacy.blank("en").vocab
SENTENCES = "".join(f"Ed B-PER\nmet O\nBo B-PER\nLi I-PER\nno O\n{i} O\n\n" for i in range(20))


def write(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf8")
    return str(path)


def read(path: Path) -> list[Doc]:
    return list(DocBin(store_user_data=True).from_disk(path).get_docs(VOCAB))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ------------------------------------------------------------------------------------------ options


def test_types_are_renamed_or_left_out(tmp_path: Path) -> None:
    source = write(tmp_path / "a.conll", "Ed B-person\nof O\nOslo B-loc\nRex B-animal\n")
    options = ConvertOptions(label_map=parse_label_map("person=PER, loc=LOC, animal=O"))
    report = convert_corpus(source, tmp_path / "a.spacy", options=options)
    (doc,) = read(tmp_path / "a.spacy")
    assert [(e.text, e.label_) for e in doc.ents] == [("Ed", "PER"), ("Oslo", "LOC")]
    assert report.files[0].entities == {"PER": 1, "LOC": 1}


def test_words_of_a_large_corpus_are_forgotten_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spacy_hf_ner.corpus.conversion.PIPELINE_SENTENCES", 1)
    source = write(tmp_path / "a.conll", "".join(f"Word{i}x O\n\n" for i in range(5)))
    convert_corpus(source, tmp_path / "a.spacy")
    strings = blank_pipeline("en").vocab.strings
    assert [i for i in range(5) if f"Word{i}x" in strings] == [4]
    assert [doc.text for doc in read(tmp_path / "a.spacy")] == [f"Word{i}x" for i in range(5)]


@pytest.mark.parametrize("text", ["PER", "=PER", "a=b,c"])
def test_a_label_map_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="label_map must be OLD=NEW"):
        parse_label_map(text)


def test_a_split_deals_whole_documents_in_exact_shares(tmp_path: Path) -> None:
    source = write(tmp_path / "a.conll", SENTENCES)
    report = convert_corpus(
        source, tmp_path / "out", options=ConvertOptions(split="80/10/10", seed=1)
    )
    docs = {name: read(tmp_path / "out" / name) for name in names(tmp_path / "out")}
    assert {name: len(found) for name, found in docs.items()} == {
        "dev.spacy": 2,
        "test.spacy": 2,
        "train.spacy": 16,
    }
    assert len({doc.text for found in docs.values() for doc in found}) == 20
    assert {name: part.n_documents for name, part in report.parts.items()} == {
        "train": 16,
        "dev": 2,
        "test": 2,
    }


def test_a_split_depends_on_the_seed_alone() -> None:
    deals = {
        seed: [next(deal) for _ in range(50)]
        for seed in (1, 2)
        if (deal := deal_splits("80/10/10", seed))
    }
    again = deal_splits("80/10/10", 1)
    assert [next(again) for _ in range(50)] == deals[1] != deals[2]


@pytest.mark.parametrize(
    "shares", ["80", "80/x", "0/0", "1/1/1/1", "a/b", "9" * 5_000 + "/1", "99999/1"]
)
def test_shares_of_another_form_are_refused(shares: str) -> None:
    with pytest.raises(ConfigError, match="split must be shares"):
        deal_splits(shares, 0)


def test_a_limit_counts_documents(tmp_path: Path) -> None:
    source = write(tmp_path / "a.conll", SENTENCES)
    convert_corpus(source, tmp_path / "a.spacy", options=ConvertOptions(limit=3, n_sents=2))
    assert [len(list(doc.sents)) for doc in read(tmp_path / "a.spacy")] == [2, 2, 2]


def test_the_pieces_of_a_document_have_its_name_and_stay_in_one_part(tmp_path: Path) -> None:
    documents = [
        f"# newdoc id = d{i}\n" + "".join(f"Ed{i}{j} B-PER\n\n" for j in range(3))
        for i in range(10)
    ]
    source = write(tmp_path / "a.conll", "".join(documents))
    report = convert_corpus(
        source, tmp_path / "out", options=ConvertOptions(n_sents=1, split="50/50")
    )
    found = {
        name: [doc.user_data["document_id"] for doc in read(tmp_path / "out" / f"{name}.spacy")]
        for name in ("train", "dev")
    }
    assert {name: part.n_documents for name, part in report.parts.items()} == {
        "train": 15,
        "dev": 15,
    }
    assert {name: {ids.count(i) for i in ids} for name, ids in found.items()} == {
        "train": {3},
        "dev": {3},
    }
    assert not set(found["train"]) & set(found["dev"])


def test_what_is_beyond_the_limit_is_neither_counted_nor_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "a.conll", "Ed B-PER\n\nBo B-PER\nLi I-LOC\n\nAl B-PER\n")
    for strict, limit, n_repairs in ((True, 1, 0), (False, 1, 0), (False, 2, 1)):
        options = ConvertOptions(limit=limit, strict=strict)
        (file,) = convert_corpus(source, tmp_path / "b.spacy", options=options).files
        assert sum(repairs.count for repairs in file.repairs.values()) == n_repairs
    with pytest.raises(CorpusError, match=r"a.conll:4: IOB2"):
        convert_corpus(source, tmp_path / "b.spacy", options=ConvertOptions(limit=2, strict=True))


def test_a_record_without_a_text_is_not_of_the_document_before_it(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", '{"text": "a"}\n{"text": " "}\n')
    for limit, repairs in ((1, []), (0, ["text of white space only, left out"])):
        (file,) = convert_corpus(
            source, tmp_path / "b.spacy", options=ConvertOptions(limit=limit)
        ).files
        assert (file.n_documents, list(file.repairs)) == (1, repairs)
    convert_corpus(source, tmp_path / "b.spacy", options=ConvertOptions(limit=1, strict=True))


def test_a_large_part_becomes_shards_and_a_small_one_again_removes_them(tmp_path: Path) -> None:
    source = write(tmp_path / "a.conll", SENTENCES)
    out = tmp_path / "out"
    convert_corpus(source, out, options=ConvertOptions(shard_words=50))
    assert names(out) == ["a-00000.spacy", "a-00001.spacy", "a-00002.spacy"]
    assert sum(len(read(path)) for path in out.iterdir()) == 20
    convert_corpus(source, out)
    assert names(out) == ["a.spacy"]


@pytest.mark.parametrize("name", ["a.conll", "a.jsonl"])
def test_a_corpus_too_large_for_one_file_names_the_folder_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # The real limit would take an hour to reach.
    monkeypatch.setattr("spacy_hf_ner.corpus.conversion.MAX_DOCBIN_WORDS", 2)
    monkeypatch.setattr("spacy_hf_ner.corpus.formats.spacy_docs.MAX_DOCBIN_WORDS", 2)
    text = '{"text": "Ed ran away", "spans": []}\n' if name == "a.jsonl" else "a O\nb B-X\nc O\n"
    source = write(tmp_path / name, text)
    with pytest.raises(ConfigError, match=r"at most 2 words for one .spacy file.* Name a folder"):
        convert_corpus(source, tmp_path / "out.spacy")
    assert names(tmp_path) == [name]


def test_a_folder_becomes_a_folder_of_parts_whose_common_sentences_are_told(tmp_path: Path) -> None:
    write(tmp_path / "in" / "train.conll", "Ed B-PER\nran O\n\nHi O\n")
    write(tmp_path / "in" / "test.conll", "Hi O\n\nHi O\n\nBo B-PER\n")
    report = convert_corpus(str(tmp_path / "in"), tmp_path / "out")
    assert names(tmp_path / "out") == ["test.spacy", "train.spacy"]
    assert report.duplicates() == {("test", "train"): 1}


def test_parts_are_never_mixed_into_one_file(tmp_path: Path) -> None:
    for name in ("train", "test"):
        write(tmp_path / "in" / f"{name}.conll", "Ed B-PER\n")
    with pytest.raises(
        ConfigError, match=r"OUTPUT must be a folder for a corpus in parts \(test, train\)"
    ):
        convert_corpus(str(tmp_path / "in"), tmp_path / "out.spacy")


def test_an_unknown_ending_of_the_output_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "a.conll", "Ed B-PER\n")
    with pytest.raises(
        ConfigError,
        match=r"ends in .spacy, .parquet, .jsonl, .json, .conll or .tsv, got an ending '.txt'",
    ):
        convert_corpus(source, tmp_path / "out.txt")
    with pytest.raises(ConfigError, match="lang must be a language code"):
        convert_corpus(source, tmp_path / "out.spacy", ReadOptions(lang="klingon"))


# ------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("output", ["a.conll/b.spacy", "a.conll/deep/b.spacy", "a.conll/folder"])
def test_a_file_is_no_place_to_write_to(tmp_path: Path, output: str) -> None:
    source = write(tmp_path / "a.conll", "Ed B-PER\n")
    with pytest.raises(
        ConfigError,
        match=r"expected a folder to write to, got the file .*a.conll. Name another path",
    ):
        convert_corpus(source, tmp_path / output)
    assert names(tmp_path) == ["a.conll"]


def test_strict_refuses_the_first_thing_that_would_be_repaired(tmp_path: Path) -> None:
    source = write(tmp_path / "a.conll", "Ed B-PER\n\nBo B-PER\nLi I-LOC\n")
    with pytest.raises(
        CorpusError, match=r"a.conll:4: IOB2: entity starts without a start tag. Correct the file"
    ):
        convert_corpus(source, tmp_path / "out.spacy", options=ConvertOptions(strict=True))
    assert names(tmp_path) == ["a.conll"]


def test_strict_refuses_damaged_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_bytes("ü O\n\nü O\n".encode() + b"\xff B-X\n")
    with pytest.raises(CorpusError, match=r"a.conll:4: bytes that are not UTF-8"):
        convert_corpus(
            str(tmp_path / "a.conll"), tmp_path / "out.spacy", options=ConvertOptions(strict=True)
        )


def test_an_error_in_the_midst_leaves_what_was_there_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out / "data.spacy", "old")
    source = write(tmp_path / "data.jsonl", '{"text": "a", "spans": []}\n' * 9 + "{oops\n")
    with pytest.raises(CorpusError, match=r"data.jsonl:10: expected JSON"):
        convert_corpus(source, out, options=ConvertOptions(shard_words=1))
    assert names(out) == ["data.spacy"]
    assert (out / "data.spacy").read_text(encoding="utf8") == "old"
    assert names(tmp_path) == ["data.jsonl", "out"]


@pytest.mark.parametrize("part", ["train[1]", "*", "train?", "train-00001"])
def test_files_of_others_stay_whatever_a_part_is_called(tmp_path: Path, part: str) -> None:
    source = write(tmp_path / "in" / f"{part}.conll", "Ed B-PER\n")
    for name in ("train1", "train2", "train-00002", "train"):
        write(tmp_path / "out" / f"{name}.spacy", "of another")
    for output in (tmp_path / "out", tmp_path / "out" / f"{part}.spacy"):
        convert_corpus(source, output)
        for name in ("train1", "train2", "train-00002", "train"):
            assert (tmp_path / "out" / f"{name}.spacy").read_text(encoding="utf8") == "of another"
    assert len(read(tmp_path / "out" / f"{part}.spacy")) == 1


def test_a_report_that_cannot_be_written_is_an_error_before_anything_is(tmp_path: Path) -> None:
    source = write(tmp_path / "a.conll", "Ed B-PER\n")
    out = tmp_path / "out" / "a.spacy"
    for report in (tmp_path / ("x" * 300), tmp_path, tmp_path / "a.conll" / "report.json"):
        with pytest.raises((ConfigError, OutputError), match=r"cannot be written|got the file"):
            convert_corpus(source, out, options=ConvertOptions(report=report))
    assert names(tmp_path) == ["a.conll"]


@pytest.mark.parametrize("output", ["out", "out/a.spacy"])
def test_a_folder_that_stands_where_a_file_goes_is_an_error_before_the_work(
    tmp_path: Path, output: str
) -> None:
    source = write(tmp_path / "a.conll", "Ed B-PER\n")
    report = tmp_path / "report.json"
    write(tmp_path / "out" / "a.spacy" / "mine.txt", "mine")
    if output == "out":
        with pytest.raises(
            ConfigError, match=r"expected to write the file .*a.spacy, got a folder"
        ):
            convert_corpus(source, tmp_path / output, options=ConvertOptions(report=report))
        assert names(tmp_path) == ["a.conll", "out"]
    else:  # as an OUTPUT, it is a folder to write to
        convert_corpus(source, tmp_path / output, options=ConvertOptions(report=report))
        assert names(tmp_path / "out" / "a.spacy") == ["a.spacy", "mine.txt"]


# What a child process runs that waits for ever after its first documents.
WAITING_CONVERT = """
import sys, time
from pathlib import Path
from spacy_hf_ner.corpus import conversion

def read_two_and_wait(source, report, options, read=conversion.read_documents):
    documents = read(source, report, options)
    yield next(documents)
    yield next(documents)
    print("waiting", flush=True)
    time.sleep(300)

conversion.read_documents = read_two_and_wait
conversion.convert_corpus(
    sys.argv[1], Path(sys.argv[2]), options=conversion.ConvertOptions(shard_words=1)
)
"""


def kill_convert(source: str, out: Path, name: str) -> int:
    """Start a conversion and end it with a signal in the midst of it; return its exit status."""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", HEAR_SIGNALS + WAITING_CONVERT, source, out],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"waiting\n"
        process.send_signal(getattr(signal, name))
        return process.wait(timeout=PATIENCE_S)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_conversion_that_is_stopped_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    source = write(tmp_path / "a.conll", SENTENCES)
    write(tmp_path / "out" / "a.spacy", "old")
    assert kill_convert(source, tmp_path / "out", name) != 0
    assert names(tmp_path / "out") == ["a.spacy"]
    assert (tmp_path / "out" / "a.spacy").read_text(encoding="utf8") == "old"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_what_a_killed_conversion_leaves_behind_is_never_read(tmp_path: Path) -> None:
    source = write(tmp_path / "a.conll", SENTENCES)
    convert_corpus(source, tmp_path / "out", options=ConvertOptions(limit=3))
    assert kill_convert(source, tmp_path / "out", "SIGKILL") != 0
    hidden, whole = sorted((tmp_path / "out").iterdir())
    assert (hidden.name[0], whole.name) == (".", "a.spacy")
    assert list(hidden.rglob("*.spacy"))
    assert len(read_gold_docs(tmp_path / "out", VOCAB)) == 3
    (source_again,) = open_corpora(str(tmp_path / "out"), ReadOptions()).values()
    assert len(list(source_again.read())) == 3
    assert not source_again.origin.problems


# ------------------------------------------------------------------------------------------- report


def test_the_report_tells_what_was_read_repaired_and_cut(tmp_path: Path) -> None:
    text = "-DOCSTART- O\n\nEd B-PER\nLi L-PER\n\nmet O\nSuez B-LOC\nBo U-PER\nx -\n"
    source = write(tmp_path / "a.conll", text)
    options = ConvertOptions(report=tmp_path / "deep" / "report.json")
    report = convert_corpus(source, tmp_path / "a.spacy", options=options)
    (file,) = report.files
    assert (file.n_documents, file.n_sentences, file.n_words, file.n_missing) == (1, 2, 6, 1)
    assert file.scheme == "BILOU"
    assert file.scheme_share == pytest.approx(5 / 6)
    assert {kind: (r.count, r.first_line) for kind, r in file.repairs.items()} == {
        "BILOU: entity ends without an end tag": (1, 7)
    }
    rows = dict(file.rows())
    assert rows["entities"] == "3: LOC 1, PER 2"
    assert rows["words"] == "6, 1 without annotation"
    told = json.loads((tmp_path / "deep" / "report.json").read_text(encoding="utf8"))
    assert told["files"][0]["entities"] == {"LOC": 1, "PER": 2}
    assert told["parts"] == {
        "a": {"n_documents": 1, "n_sentences": 2, "n_words": 6, "n_entities": 3}
    }


def test_entities_that_the_tokenizer_cuts_are_counted_with_examples(tmp_path: Path) -> None:
    source = write(
        tmp_path / "a.jsonl", json.dumps({"text": "The iPhone5s", "spans": [[4, 10, "PROD"]]})
    )
    (file,) = convert_corpus(source, tmp_path / "a.spacy").files
    assert (file.n_cut, file.cut_examples) == (1, ["The [iPhone]5s (PROD)"])


# -------------------------------------------------------------------------------------- round trips


def triples(path: Path) -> list[list[tuple[str, str]]]:
    blocks = (
        path.read_text(encoding="utf8")
        .replace("-DOCSTART-\t-X-\t-X-\tO\n\n", "")
        .strip()
        .split("\n\n")
    )
    return [
        [(row.split("\t")[0], row.split("\t")[-1]) for row in block.split("\n")] for block in blocks
    ]


@pytest.mark.parametrize(
    "tags",
    [
        "B-X I-X B-X O B-Y -",
        "I-X I-X B-X O I-Y O",
        "B-X E-X S-X O B-Y E-Y",
        "B-X L-X U-X O B-Y L-Y",
        "X X Y O Y Y",
    ],
)
def test_conll_comes_back_from_a_docbin_with_the_same_words_and_tags(
    tmp_path: Path, tags: str
) -> None:
    words = ["New", "York", "#x", "isn", "é", "!"]
    rows = list(zip(words, tags.split(), strict=True))
    source = write(tmp_path / "a.conll", "".join(f"{word}\t{tag}\n" for word, tag in rows) + "\n")
    convert_corpus(source, tmp_path / "b.spacy")
    convert_corpus(str(tmp_path / "b.spacy"), tmp_path / "c.conll")
    assert triples(tmp_path / "c.conll") == [rows]


@pytest.mark.parametrize("tags", ["I-PER I-ORG O", "PER ORG O"])
def test_types_that_become_one_stay_two_entities_in_columns(tmp_path: Path, tags: str) -> None:
    source = write(
        tmp_path / "a.conll",
        "".join(f"{w} {t}\n" for w, t in zip("abc", tags.split(), strict=True)),
    )
    options = ConvertOptions(label_map={"ORG": "PER"})
    expected = [[("a", "B-PER"), ("b", "B-PER"), ("c", "O")]]
    convert_corpus(source, tmp_path / "b.conll", options=options)
    convert_corpus(source, tmp_path / "c.spacy", options=options)
    convert_corpus(str(tmp_path / "c.spacy"), tmp_path / "c.conll")
    assert triples(tmp_path / "b.conll") == triples(tmp_path / "c.conll") == expected


@pytest.mark.parametrize("mark", ["\t", "\n", "\r"])
def test_a_word_that_would_break_the_columns_is_refused(tmp_path: Path, mark: str) -> None:
    source = write(
        tmp_path / "a.jsonl",
        json.dumps({"tokens": ["Ed", f"a{mark}b"], "ner_tags": ["B-PER", "O"]}),
    )
    with pytest.raises(
        CorpusError, match=r"a.jsonl: expected words and tags on one line, got 'a\\.b'.*\.parquet"
    ):
        convert_corpus(source, tmp_path / "b.conll")
    assert names(tmp_path) == ["a.jsonl"]


@pytest.mark.parametrize("word", ["-DOCSTART-", "-DOCSTART-x"])
def test_a_word_that_would_begin_a_document_in_columns_is_refused(
    tmp_path: Path, word: str
) -> None:
    source = write(
        tmp_path / "a.jsonl", json.dumps({"tokens": ["Ed", word], "ner_tags": ["B-PER", "O"]})
    )
    message = f"a.jsonl: expected words and tags that are no document marks, got '{word}': it would"
    with pytest.raises(CorpusError, match=message):
        convert_corpus(source, tmp_path / "b.conll")
    assert names(tmp_path) == ["a.jsonl"]


def test_a_word_with_a_document_mark_in_its_midst_comes_back_from_columns(tmp_path: Path) -> None:
    source = write(
        tmp_path / "a.jsonl",
        json.dumps({"tokens": ["Ed", "a-DOCSTART-"], "ner_tags": ["B-PER", "O"]}),
    )
    convert_corpus(source, tmp_path / "b.conll")
    assert triples(tmp_path / "b.conll") == [[("Ed", "B-PER"), ("a-DOCSTART-", "O")]]


REAL = (
    "anem/AnEM.test",
    "bio_mtl/NCBI-disease-IOBES/test.tsv",
    "btc/e.conll",
    "germeval2014/NER-de-dev.tsv",
    "gum/GUM_news_nasa.tsv",
    "norne/no_nynorsk-ud-test.conllu",
    "uner_en_ewt/en_ewt-ud-dev.iob2",
    "weibo_zh/weiboNER_2nd_conll.dev",
    "wikigold/wikigold.conll.txt",
    "wnut17/emerging.test.annotated",
)


@pytest.mark.parametrize("name", REAL)
def test_a_real_file_comes_back_with_the_same_words_spans_and_white_space(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    options = ReadOptions(lang="xx")
    convert_corpus(
        str(shared_data / name), tmp_path / "b.spacy", options, ConvertOptions(limit=100)
    )
    convert_corpus(str(tmp_path / "b.spacy"), tmp_path / "c.conll", options)
    source, back = (
        open_corpus(path, options) for path in (shared_data / name, tmp_path / "c.conll")
    )
    groups = islice(group_documents(source.read(), has_documents=source.has_documents), 100)
    before = [(s.words, s.spans, s.missing) for group in groups for s in group]
    assert [(s.words, s.spans, s.missing) for s in back.read()] == before
    assert (back.scheme, back.has_documents) == (source.scheme, True)


def test_texts_that_the_source_knows_come_back_from_a_docbin(
    shared_data: Path, tmp_path: Path
) -> None:
    path = shared_data / "uner_en_ewt/en_ewt-ud-dev.iob2"
    convert_corpus(str(path), tmp_path / "a.spacy")
    texts = [
        line.removeprefix("# text = ")
        for line in path.read_text(encoding="utf8").split("\n")
        if line.startswith("# text = ")
    ]
    assert [sentence.text for doc in read(tmp_path / "a.spacy") for sentence in doc.sents] == texts


def test_texts_whose_sentences_nobody_has_marked_are_no_sentences(tmp_path: Path) -> None:
    line = '{"text": "Rome is big. Oslo is not.", "label": [[0, 4, "LOC"]]}\n'
    (tmp_path / "x.jsonl").write_text(line * 3, encoding="utf8")
    report = convert_corpus(str(tmp_path / "x.jsonl"), tmp_path / "x.spacy")
    rows = dict(report.files[0].rows())
    assert rows["documents"] == "3, whose sentences are not marked"
    assert "sentences" not in rows


@pytest.mark.parametrize("name", ["out.conll", "out.parquet", "out.spacy"])
def test_bare_types_that_look_like_tags_come_back(name: str, tmp_path: Path) -> None:
    source = tmp_path / "train.conll"
    source.write_text("Ryan\tB-person\nruns\tO\nRome\tcity\n", encoding="utf8")
    convert_corpus(str(source), tmp_path / name, ReadOptions(scheme="bare"))
    (sentence,) = open_corpus(tmp_path / name, ReadOptions()).read()
    assert sentence.spans == (TokenSpan(0, 1, "B-person"), TokenSpan(2, 3, "city"))
