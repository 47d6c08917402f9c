"""Texts that others hold: a row for each, in order."""

from spacy_hf_ner.scale import AnnotateSettings, annotate_stream
from tests.scale.conftest import make_texts


def test_a_row_comes_out_for_each_text(settings: AnnotateSettings) -> None:
    texts: list[tuple[str, str | None]] = [(f"d{i}", text) for i, text in enumerate(make_texts(5))]
    texts[2] = ("none", None)
    texts[3] = ("poison", "RAISE")
    rows = list(annotate_stream(iter(texts), settings))
    assert [row["id"] for row in rows] == ["d0", "d1", "none", "poison", "d4"]
    errors = ["", "", "expected a text, got NoneType", "ValueError: as it was told", ""]
    assert [row["error"] for row in rows] == errors
    assert rows[0]["entities"][0].keys() == {"start_char", "end_char", "label", "score", "text"}
