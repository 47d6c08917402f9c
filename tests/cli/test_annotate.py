"""``hf-ner annotate``: from texts to entities, without losing a text."""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from typer.testing import CliRunner

from spacy_hf_ner import as_hf_entities
from spacy_hf_ner.cli.app import app
from tests.cli.boxes import unwrap
from tests.cli.models import make_model

TEXTS = [
    "Angela Merkel met Tim Cook in San José.",
    "",
    "Kofi Annan was born in Kumasi.",
    "The Court of Justice ruled against Google.",
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("annotate"))


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    file = tmp_path / "texts.txt"
    file.write_text("\n".join(TEXTS) + "\n", encoding="utf8")
    return file


def run(*arguments: object, stdin: str | bytes = "", code: int = 0) -> str:
    command = ["annotate", *map(str, arguments)]
    result = CliRunner().invoke(app, command, input=stdin)
    assert result.exit_code == code, (result.output, result.exception)
    return result.output if code else result.stdout


def read_lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_lines_become_records_on_stdout(model: Path, texts: Path) -> None:
    records = read_lines(run(model, texts))
    docs = list(spacy.load(model).pipe(TEXTS))
    assert [record["text"] for record in records] == TEXTS
    assert [record["index"] for record in records] == [0, 1, 2, 3]
    for record, doc in zip(records, docs, strict=True):
        found = [(e["start"], e["end"], e["label"], e["text"]) for e in record["entities"]]
        expected = [(e.start_char, e.end_char, e.label_, e.text) for e in doc.ents]
        assert found == expected
        assert [e["score"] for e in record["entities"]] == pytest.approx(
            [e._.score for e in doc.ents]
        )
    assert any(record["entities"] for record in records)


def test_stdin_is_read_and_nothing_but_records_is_printed(model: Path) -> None:
    shown = run(model, "-", stdin="\n".join(TEXTS))
    assert [record["text"] for record in read_lines(shown)] == TEXTS


def test_records_are_read_by_convert(model: Path, texts: Path, tmp_path: Path) -> None:
    run(model, texts, tmp_path / "found.jsonl")
    arguments = ["convert", str(tmp_path / "found.jsonl"), str(tmp_path / "found.spacy")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    expected = [[(e.text, e.label_) for e in doc.ents] for doc in spacy.load(model).pipe(TEXTS)]
    docs = DocBin().from_disk(tmp_path / "found.spacy").get_docs(spacy.blank("en").vocab)
    assert [[(e.text, e.label_) for e in doc.ents] for doc in docs] == list(filter(None, expected))


def test_hugging_face_dicts_are_those_of_the_library(model: Path, texts: Path) -> None:
    found = read_lines(run(model, texts, "--output-format", "hf"))
    expected = [as_hf_entities(doc) for doc in spacy.load(model).pipe(TEXTS)]
    for line, entities in zip(found, expected, strict=True):
        assert [e["score"] for e in line] == pytest.approx([e["score"] for e in entities])
        for entity in (*line, *entities):
            entity.pop("score")
        assert line == entities


@pytest.mark.parametrize(
    ("output_format", "name"),
    [("prodigy", "found.jsonl"), ("doccano", "found.jsonl"), ("label-studio", "found.json")],
)
def test_labelling_tools_get_entities_that_convert_reads_back(
    output_format: str, name: str, model: Path, texts: Path, tmp_path: Path
) -> None:
    run(model, texts, tmp_path / name, "--output-format", output_format, "--sort", "uncertain")
    arguments = ["convert", str(tmp_path / name), str(tmp_path / "back.spacy")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    expected = {doc.text: sorted(map(describe, doc.ents)) for doc in spacy.load(model).pipe(TEXTS)}
    docs = list(DocBin().from_disk(tmp_path / "back.spacy").get_docs(spacy.blank("en").vocab))
    assert len(docs) >= 3
    for doc in docs:
        assert sorted(map(describe, doc.ents)) == expected[doc.text]


def describe(entity: Span) -> tuple[str, str]:
    return entity.text, entity.label_


@pytest.mark.parametrize(
    "arguments", [("found.spacy",), ("folder", "--output-format", "spacy", "--workers", "1")]
)
def test_docs_keep_their_scores(
    arguments: tuple[str, ...], model: Path, texts: Path, tmp_path: Path
) -> None:
    output, *options = arguments
    run(model, texts, tmp_path / output, *options)
    (file,) = tmp_path.rglob("*.spacy")
    vocab = spacy.blank("en").vocab
    docs = list(DocBin().from_disk(file).get_docs(vocab))
    assert [doc.text for doc in docs] == TEXTS
    for doc, expected in zip(docs, spacy.load(model).pipe(TEXTS), strict=True):
        assert [e.text for e in doc.ents] == [e.text for e in expected.ents]
        scores = list(expected.spans["hf_ner"].attrs["scores"])
        assert list(doc.spans["hf_ner"].attrs["scores"]) == pytest.approx(scores)


def test_a_threshold_leaves_out_what_is_below(model: Path, texts: Path) -> None:
    all_records = read_lines(run(model, texts))
    scores = sorted(e["score"] for record in all_records for e in record["entities"])
    assert len(scores) > 2
    middle = scores[len(scores) // 2]
    kept = read_lines(run(model, texts, "--threshold", middle))
    assert sorted(e["score"] for r in kept for e in r["entities"]) == [
        score for score in scores if score >= middle
    ]
    label = next(e["label"] for r in all_records for e in r["entities"])
    kept = read_lines(run(model, texts, "--threshold", f"{label}=1.0"))
    labels = [e["label"] for r in kept for e in r["entities"]]
    assert label not in labels


def test_the_least_certain_text_comes_first(model: Path, texts: Path, tmp_path: Path) -> None:
    records = read_lines(run(model, texts, "--sort", "uncertain"))
    lowest = [min((e["score"] for e in r["entities"]), default=2.0) for r in records]
    assert lowest == sorted(lowest)
    assert sorted(r["index"] for r in records) == [0, 1, 2, 3]
    run(model, texts, tmp_path / "sorted.spacy", "--sort", "uncertain")
    docs = DocBin().from_disk(tmp_path / "sorted.spacy").get_docs(spacy.blank("en").vocab)
    assert [doc.text for doc in docs] == [r["text"] for r in records]


@Language.component("test_annotate_fails_on_kofi")
def fail_on_kofi(doc: Doc) -> Doc:
    if "Kofi" in doc.text:
        raise ValueError("no Kofi, please")
    return doc


@pytest.fixture
def failing(model: Path, tmp_path: Path) -> Path:
    nlp = spacy.load(model)
    nlp.add_pipe("test_annotate_fails_on_kofi", first=True)
    nlp.to_disk(tmp_path / "failing")
    return tmp_path / "failing"


@pytest.mark.parametrize("sort", [(), ("--sort", "uncertain")])
def test_a_text_that_fails_is_reported_and_lost_nowhere(
    sort: tuple[str, ...], failing: Path, texts: Path, tmp_path: Path
) -> None:
    shown = unwrap(run(failing, texts, tmp_path / "found.jsonl", *sort, code=1))
    assert f"Text 2 ({texts}:3) failed: ValueError: no Kofi, please" in shown.replace(" /", "/")
    records = read_lines((tmp_path / "found.jsonl").read_text(encoding="utf8"))
    assert sorted(record["text"] for record in records) == sorted(TEXTS)
    (failed,) = (record for record in records if "error" in record)
    assert failed == {
        "index": 2,
        "text": TEXTS[2],
        "error": "ValueError: no Kofi, please",
        "entities": [],
    }


def test_half_a_character_in_a_text_is_its_own_fault(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text('{"text": "half \\ud83d"}\n{"text": "whole"}\n', encoding="utf8")
    for name in ("found.jsonl", "found.spacy"):
        run(model, file, tmp_path / name, "--sort", "uncertain", code=1)
    failed, whole = read_lines((tmp_path / "found.jsonl").read_text(encoding="utf8"))
    assert (failed["index"], whole["text"]) == (0, "whole")
    docs = DocBin().from_disk(tmp_path / "found.spacy").get_docs(spacy.blank("en").vocab)
    assert [doc.text for doc in docs] == ["half \ufffd", "whole"]


def test_what_was_there_stays_when_reading_fails(model: Path, tmp_path: Path) -> None:
    (tmp_path / "found.jsonl").write_text("old", encoding="utf8")
    (tmp_path / "texts.csv").write_text("body\nOslo\n", encoding="utf8")
    shown = run(model, tmp_path / "texts.csv", tmp_path / "found.jsonl", code=1)
    assert "Set --text-column to the name" in unwrap(shown)
    assert (tmp_path / "found.jsonl").read_text(encoding="utf8") == "old"
    assert len(list(tmp_path.iterdir())) == 2


def test_the_report_is_json_where_stdout_is_free(model: Path, texts: Path, tmp_path: Path) -> None:
    report = json.loads(run(model, texts, tmp_path / "found.jsonl", "--json"))
    records = read_lines((tmp_path / "found.jsonl").read_text(encoding="utf8"))
    assert report == {
        "output": str(tmp_path / "found.jsonl"),
        "n_texts": 4,
        "n_entities": sum(len(record["entities"]) for record in records),
        "n_failed": 0,
    }


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (["--output-format", "xml"], "--output-format must be one of jsonl, hf, conll,"),
        (["--output-format", "spacy"], "OUTPUT must be given with --output-format spacy"),
        (["--sort", "length"], '--sort must be "uncertain", got "length"'),
        (["--threshold", "PER"], "--threshold must be a score such as 0.5"),
        (["--threshold", "0.5", "--threshold", "PER=0.9"], "or a score for each, got both"),
        (["--threshold", "1.5"], "--threshold must be in [0, 1]"),
        (["--threshold", "DOG=0.5"], "--threshold must name entity types"),
    ],
)
def test_options_that_mean_nothing_are_refused(
    options: list[str], shown: str, model: Path, texts: Path
) -> None:
    assert shown in unwrap(run(model, texts, *options, code=1))


def test_a_threshold_needs_scores(texts: Path, tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "blank")
    shown = run(tmp_path / "blank", texts, "--threshold", "0.5", code=1)
    assert "the pipeline has no hf_ner, but no component" in unwrap(shown)


def test_a_span_group_is_written_where_there_are_no_entities(
    model: Path, texts: Path, tmp_path: Path
) -> None:
    spans = spacy.load(model, config={"components": {"hf_ner": {"annotate": "spans"}}})
    spans.to_disk(tmp_path / "spans")
    records = read_lines(run(tmp_path / "spans", texts))
    assert [record["entities"] for record in records] == [
        record["entities"] for record in read_lines(run(model, texts, "--spans-key", "hf_ner"))
    ]
    assert any(record["entities"] for record in records)
