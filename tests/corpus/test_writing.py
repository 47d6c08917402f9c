"""Files for annotation tools: each is read back by our own reader, scores and all."""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span, SpanGroup

from spacy_hf_ner.corpus.conversion import ConvertOptions, convert_corpus
from spacy_hf_ner.corpus.opening import open_corpus
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.corpus.writing import write_docs
from spacy_hf_ner.errors import ConfigError
from tests.corpus.sentences import show

VOCAB = spacy.blank("en").vocab

# A file of each tool.
TOOLS = {"prodigy": "a.jsonl", "doccano": "a.jsonl", "label-studio": "a.json"}


def make_doc(
    text: str, *entities: tuple[int, int, str, float], key: str = "hf_ner", name: str = ""
) -> Doc:
    """Return a Doc as `hf_ner` annotates it, with scores in a span group."""
    doc = spacy.blank("en").tokenizer(text)
    spans = [Span(doc, start, end, label) for start, end, label, _ in entities]
    doc.set_ents(spacy.util.filter_spans(spans), default="outside")
    attrs = {"scores": [score for *_, score in entities]}
    doc.spans[key] = SpanGroup(doc, name=key, spans=spans, attrs=attrs)
    if name:
        doc.user_data["document_id"] = name
    return doc


PREDICTED = [
    make_doc("Ed Li saw  Oslo.", (0, 2, "PER", 0.875), (4, 5, "LOC", 0.75), name="first"),
    make_doc("Nobody here.", name="second"),
    make_doc("\U0001f924 Bo Ng ran", (1, 3, "PER", 0.5), (2, 3, "LOC", 0.25), name="third"),
]


def write_predicted(folder: Path) -> str:
    path = folder / "predicted.spacy"
    DocBin(docs=PREDICTED, store_user_data=True).to_disk(path)
    return str(path)


def read(path: Path) -> list[Sentence]:
    return list(open_corpus(path, ReadOptions()).read())


def describe(sentence: Sentence) -> tuple[Any, ...]:
    """Return what of a text must come back."""
    entities = [(span.start, span.end, span.entity_type) for span in sentence.spans]
    return sentence.words, entities, sentence.missing, sentence.document_id


@pytest.mark.parametrize(("name", "file"), TOOLS.items())
def test_gold_comes_back_from_the_file_of_a_tool(tmp_path: Path, name: str, file: str) -> None:
    source = tmp_path / "in.conll"
    source.write_text(
        "# newdoc id = d1\nEd B-PER\nLi I-PER\nran O\n\nHi O\n\n# newdoc id = d2\nOslo B-LOC\n\n",
        encoding="utf8",
    )
    convert_corpus(str(source), tmp_path / "gold.spacy")
    options = ConvertOptions(output_format=name)
    convert_corpus(str(source), tmp_path / file, options=options)
    first, second = read(tmp_path / file)
    assert (show(first), show(second)) == (["Ed Li/PER"], ["Oslo/LOC"])
    assert (first.missing, second.missing) == ((), ())
    assert (first.document_id, second.document_id) == ("d1", "d2")
    assert not first.problems


@pytest.mark.parametrize(("name", "file"), TOOLS.items())
def test_predictions_come_back_with_their_scores(tmp_path: Path, name: str, file: str) -> None:
    options = ConvertOptions(output_format=name)
    read_options = ReadOptions(spans_key="hf_ner")
    convert_corpus(write_predicted(tmp_path), tmp_path / file, read_options, options)
    first, second, third = read(tmp_path / file)
    assert (show(first), show(second)) == (["Ed Li/PER", "Oslo/LOC"], [])
    assert [span.entity_type for span in third.layers] == ["PER", "LOC"]
    if name != "doccano":  # which has no place for scores of entities
        assert list(first.scores.values()) == [0.875, 0.75]
        assert sorted(third.scores.values()) == [0.25, 0.5]
    assert [sentence.document_id for sentence in (first, second, third)] == [
        "first",
        "second",
        "third",
    ]


def test_scores_have_the_names_of_each_tool(tmp_path: Path) -> None:
    read_options = ReadOptions(spans_key="hf_ner")
    source = write_predicted(tmp_path)
    convert_corpus(source, tmp_path / "a.jsonl", read_options)
    prodigy = json.loads((tmp_path / "a.jsonl").read_text(encoding="utf8").splitlines()[0])
    assert [span["score"] for span in prodigy["spans"]] == [0.875, 0.75]
    assert prodigy["meta"] == {"score": 0.75}
    assert prodigy["spans"][0] == {
        "start": 0,
        "end": 5,
        "token_start": 0,
        "token_end": 1,
        "label": "PER",
        "score": 0.875,
    }
    assert "answer" not in prodigy
    convert_corpus(source, tmp_path / "a.json", read_options)
    task, empty, _ = json.loads((tmp_path / "a.json").read_text(encoding="utf8"))
    (prediction,) = task["predictions"]
    assert prediction["score"] == 0.75
    assert [result["score"] for result in prediction["result"]] == [0.875, 0.75]
    assert empty["predictions"][0]["result"] == []
    assert "annotations" not in task
    options = ConvertOptions(output_format="doccano")
    convert_corpus(source, tmp_path / "b.jsonl", read_options, options)
    lines = (tmp_path / "b.jsonl").read_text(encoding="utf8").splitlines()
    doccano, empty, _ = map(json.loads, lines)
    assert (doccano["label"], doccano["meta"]) == (
        [[0, 5, "PER"], [11, 15, "LOC"]],
        {"score": 0.75},
    )
    # Records of the same fields: doccano makes a table of them.
    assert doccano.keys() == empty.keys()


@pytest.mark.parametrize("file", ["a.jsonl", "a.json", "a.conll", "a.parquet", "a.spacy"])
def test_uncertain_documents_come_first_on_request(tmp_path: Path, file: str) -> None:
    if file == "a.parquet":
        pytest.importorskip("datasets")
    convert_corpus(
        write_predicted(tmp_path),
        tmp_path / file,
        ReadOptions(spans_key="hf_ner"),
        ConvertOptions(sort="uncertain"),
    )
    first_words = [sentence.words[-1] for sentence in read(tmp_path / file)]
    assert first_words == ["ran", ".", "."]
    assert read(tmp_path / file)[2].words[0] == "Nobody"


def test_documents_without_scores_cannot_be_sorted_by_them(tmp_path: Path) -> None:
    options = ConvertOptions(sort="uncertain")
    with pytest.raises(ConfigError, match=r'sort = "uncertain" needs scores of entities, got none'):
        convert_corpus(write_predicted(tmp_path), tmp_path / "a.jsonl", options=options)
    assert not (tmp_path / "a.jsonl").exists()
    with pytest.raises(ConfigError, match=r"sort must be uncertain, or left out, got 'size'"):
        ConvertOptions(sort="size")


def test_what_is_not_annotated_comes_back_from_prodigy_so(tmp_path: Path) -> None:
    answer = {"text": "I saw Ed", "_input_hash": 1, "_is_binary": True}
    spans = [{"start": 6, "end": 8, "label": "PER"}], [{"start": 0, "end": 1, "label": "PER"}]
    records = [
        {**answer, "spans": spans[0], "answer": "accept"},
        {**answer, "spans": spans[1], "answer": "reject"},
        {"text": "Nobody looked", "spans": None},
        {"text": "No entity", "spans": []},
    ]
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf8")
    convert_corpus(str(source), tmp_path / "b.jsonl")
    before = read(source)
    after = read(tmp_path / "b.jsonl")
    assert [describe(sentence) for sentence in after] == [describe(sentence) for sentence in before]
    assert [len(sentence.missing) for sentence in after] == [2, 2, 0]
    assert after[0].rejected == before[0].rejected != ()


@pytest.mark.parametrize("name", ["doccano", "label-studio"])
def test_missing_annotation_that_a_tool_cannot_tell_is_counted(tmp_path: Path, name: str) -> None:
    source = tmp_path / "in.conll"
    source.write_text("Ed B-PER\nran -\n\nBo B-PER\n", encoding="utf8")
    options = ConvertOptions(output_format=name)
    report = convert_corpus(str(source), tmp_path / TOOLS[name], options=options)
    ((kind, n_documents),) = report.losses.items()
    assert ("missing annotation" in kind, n_documents) == (True, 1)


def test_metadata_comes_back_from_every_tool(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(
        '{"text": "Ed", "spans": [], "meta": {"page": 3, "by": "Li"}}\n', encoding="utf8"
    )
    for name, file in TOOLS.items():
        convert_corpus(str(source), tmp_path / file, options=ConvertOptions(output_format=name))
        (sentence,) = read(tmp_path / file)
        assert sentence.meta == {"page": 3, "by": "Li"}


def test_a_folder_takes_files_of_the_format_that_is_named(tmp_path: Path) -> None:
    source = tmp_path / "in.conll"
    source.write_text("Ed B-PER\n\nBo B-PER\n", encoding="utf8")
    options = ConvertOptions(output_format="label-studio", split="50/50")
    convert_corpus(str(source), tmp_path / "out", options=options)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["dev.json", "train.json"]


@pytest.mark.parametrize(
    ("name", "file", "message"),
    [
        ("brat", "a.jsonl", r"output_format must be auto or one of conll, .* got 'brat'"),
        ("doccano", "a.json", r"in format doccano must be a folder, or a file that ends in .jsonl"),
    ],
)
def test_a_format_that_is_not_written_so_is_refused(
    tmp_path: Path, name: str, file: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        convert_corpus(
            write_predicted(tmp_path), tmp_path / file, options=ConvertOptions(output_format=name)
        )


# --------------------------------------------------------------------------------- Docs, one by one


@pytest.mark.parametrize("file", ["a.jsonl", "a.json", "a.conll", "a.parquet", "a.spacy"])
def test_docs_are_written_one_by_one(tmp_path: Path, file: str) -> None:
    if file == "a.parquet":
        pytest.importorskip("datasets")
    with write_docs(tmp_path / file, spans_key="hf_ner", is_predicted=True) as writer:
        for doc in PREDICTED:
            writer.add(doc)
        assert not (tmp_path / file).exists()
    first, second, third = read(tmp_path / file)
    assert (show(first), show(second)) == (["Ed Li/PER", "Oslo/LOC"], [])
    assert show(third) == ["Bo Ng/PER"]


def test_an_error_on_the_way_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("old", encoding="utf8")

    def write_and_fail() -> None:
        with write_docs(path) as writer:
            writer.add(PREDICTED[0])
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()
    assert path.read_text(encoding="utf8") == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.jsonl"]
