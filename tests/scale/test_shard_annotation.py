"""One file in, one file out: what anybody may call who has machines of their own."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import spacy
from spacy.tokens import DocBin

from spacy_hf_ner.errors import ConfigError, OutputError
from spacy_hf_ner.scale import AnnotateSettings, TextColumns, annotate_shard
from spacy_hf_ner.scale.shard_annotation import ShardResult
from tests.scale.conftest import make_texts, write_jsonl


def test_a_file_becomes_a_file(tmp_path: Path, settings: AnnotateSettings) -> None:
    source = write_jsonl(tmp_path / "texts.jsonl", [*make_texts(20), "RAISE"])
    result = annotate_shard(source, tmp_path / "found.parquet", settings)
    assert (result.n_texts, result.n_annotated) == (21, 20)
    assert [(error.id, error.place) for error in result.errors] == [("d20", f"{source}:21")]
    assert result.n_bytes == (tmp_path / "found.parquet").stat().st_size
    assert ShardResult.from_json(json.loads(json.dumps(result.to_json()))) == result
    assert sorted(path.name for path in tmp_path.iterdir()) == ["found.parquet", "texts.jsonl"]


def test_a_row_can_be_an_entity_and_columns_are_kept_with_their_types(
    tmp_path: Path, model: Path
) -> None:
    import pyarrow as pa

    rows = [{"name": f"n{i}", "text": text, "year": i} for i, text in enumerate(make_texts(9))]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    settings = AnnotateSettings(
        model=str(model), columns=TextColumns(text_id="name", kept=("year",)), rows="entities"
    )
    result = annotate_shard(tmp_path / "a.parquet", tmp_path / "found.parquet", settings)
    table = pq.read_table(tmp_path / "found.parquet")
    assert table.column_names == ["id", "year", "start_char", "end_char", "label", "score", "text"]
    assert table.schema.field("year").type == pa.int64()
    assert table.num_rows == result.n_entities > 9
    for row in table.to_pylist():
        text = rows[row["year"]]["text"]
        assert text[row["start_char"] : row["end_char"]] == row["text"]


def test_columns_of_json_are_kept_as_text(tmp_path: Path, model: Path) -> None:
    source = tmp_path / "a.jsonl"
    source.write_text(
        '{"text": "a", "tags": ["x"]}\n{"text": "b", "tags": "y"}\n{"text": "c", "tags": null}\n',
        encoding="utf8",
    )
    columns = TextColumns(kept=("tags",))
    settings = AnnotateSettings(model=str(model), columns=columns)
    annotate_shard(source, tmp_path / "found.parquet", settings)
    kept = pq.read_table(tmp_path / "found.parquet")["tags"].to_pylist()
    assert kept == ['["x"]', "y", None]
    lines = AnnotateSettings(model=str(model), columns=columns, output_format="jsonl")
    annotate_shard(source, tmp_path / "found.jsonl", lines)
    records = map(json.loads, (tmp_path / "found.jsonl").read_text(encoding="utf8").splitlines())
    assert [record["tags"] for record in records] == [["x"], "y", None]


def test_docs_know_their_names_and_scores(tmp_path: Path, model: Path) -> None:
    source = write_jsonl(tmp_path / "texts.jsonl", make_texts(5))
    settings = AnnotateSettings(model=str(model), output_format="spacy")
    annotate_shard(source, tmp_path / "found.spacy", settings)
    bin_ = DocBin(store_user_data=True).from_disk(tmp_path / "found.spacy")
    docs = list(bin_.get_docs(spacy.blank("en").vocab))
    assert [doc.user_data["document_id"] for doc in docs] == [f"d{i}" for i in range(5)]
    assert all(doc.spans["hf_ner"].attrs["scores"] for doc in docs)


def test_a_threshold_leaves_out_what_is_below(tmp_path: Path, model: Path) -> None:
    source = write_jsonl(tmp_path / "texts.jsonl", make_texts(9))
    annotate_shard(source, tmp_path / "all.parquet", AnnotateSettings(model=str(model)))
    scores = read_scores(tmp_path / "all.parquet")
    middle = sorted(scores)[len(scores) // 2]
    settings = AnnotateSettings(model=str(model), threshold=middle)
    annotate_shard(source, tmp_path / "found.parquet", settings)
    found = read_scores(tmp_path / "found.parquet")
    assert found == [score for score in scores if score >= middle]
    assert len(found) < len(scores)


def read_scores(path: Path) -> list[float]:
    rows = pq.read_table(path)["entities"].to_pylist()
    return [entity["score"] for row in rows for entity in row]


def test_progress_is_told_between_batches(
    tmp_path: Path, settings: AnnotateSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spacy_hf_ner.scale.shard_annotation.REPORT_EVERY_S", 0.0)
    source = write_jsonl(tmp_path / "texts.jsonl", make_texts(20))
    told: list[tuple[int, int]] = []
    result = annotate_shard(
        source,
        tmp_path / "found.parquet",
        settings,
        report=lambda n_texts, n_words: told.append((n_texts, n_words)),
    )
    assert sum(n_texts for n_texts, _ in told) == 20
    assert sum(n_words for _, n_words in told) == result.n_words


def test_a_place_that_cannot_be_written_is_said_and_nothing_changes(
    tmp_path: Path, settings: AnnotateSettings
) -> None:
    source = write_jsonl(tmp_path / "texts.jsonl", make_texts(3))
    (tmp_path / "taken").write_text("a file", encoding="utf8")
    with pytest.raises(OutputError, match="cannot be written"):
        annotate_shard(source, tmp_path / "taken" / "found.parquet", settings)


@pytest.mark.parametrize(
    ("values", "setting"),
    [
        ({"rows": "tokens"}, "rows"),
        ({"rows": "entities", "output_format": "jsonl"}, "rows"),
        ({"columns": TextColumns(kept=("x",)), "output_format": "conll"}, "keep"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(values: dict[str, object], setting: str) -> None:
    with pytest.raises(ConfigError) as caught:
        AnnotateSettings(model="m", **values)  # type: ignore[arg-type]
    assert setting in caught.value.settings
