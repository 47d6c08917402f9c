"""A text through a pipeline, passage by passage."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_hf_ner.demo.demo_models import DemoModel, load_model
from spacy_hf_ner.demo.readings import MAX_CHARS, compare, cut_text, read_text
from spacy_hf_ner.errors import ConfigError
from tests.demo.extras import save_pipeline
from tests.rewriting.texts import make_pipeline

TEXT = "Kofi Annan was born in Kumasi."


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> DemoModel:
    return load_model(str(save_pipeline(tmp_path_factory.mktemp("model"))))


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> DemoModel:
    make_pipeline().to_disk(folder := tmp_path_factory.mktemp("rules"))
    return load_model(str(folder))


@given(st.text(alphabet="ab .\n", max_size=200), st.integers(2, 30))
def test_passages_are_short_and_together_the_text(text: str, max_chars: int) -> None:
    passages = list(cut_text(text, max_chars=max_chars))
    assert "".join(passages) == text
    assert all(len(passage) <= max_chars for passage in passages)


def test_passages_end_at_lines_or_sentences_or_words() -> None:
    assert list(cut_text("one two\nthree four", max_chars=12)) == ["one two\n", "three four"]
    assert list(cut_text("One two. Three four", max_chars=10)) == ["One two. ", "Three four"]
    assert list(cut_text("one two three", max_chars=8)) == ["one two ", "three"]
    assert list(cut_text("abcdefgh", max_chars=3)) == ["abc", "def", "gh"]


def test_a_text_of_usual_length_is_read_as_the_pipeline_reads_it(model: DemoModel) -> None:
    found = read_text(model, TEXT).list_entities(0.0)
    expected = model.nlp(TEXT).ents
    assert [(e["word"], e["score"]) for e in found] == [(e.text, e._.score) for e in expected]


def test_a_long_text_is_read_in_passages_and_says_how_far_it_is(rules: DemoModel) -> None:
    text = "Nothing in this line.\n" * 1000 + "Sarah left Paris."
    seen: list[tuple[int, int]] = []
    reading = read_text(rules, text, lambda n_read, n_chars: seen.append((n_read, n_chars)))
    assert reading.text == text
    assert len(seen) == len(reading.docs) > 2
    assert seen[-1] == (len(text), len(text))
    for entity in reading.list_entities(0.5):
        assert text[entity["start"] : entity["end"]] == entity["word"]
    assert [e["word"] for e in reading.list_entities(0.5)] == ["Sarah", "Paris"]


def test_a_text_that_is_too_long_is_refused(rules: DemoModel) -> None:
    with pytest.raises(ConfigError, match="expected a text of 1,000,000 characters at most"):
        read_text(rules, "a" * (MAX_CHARS + 1))


def test_all_forms_show_what_reaches_the_threshold(model: DemoModel) -> None:
    reading = read_text(model, TEXT)
    scores = sorted(entity["score"] or 0.0 for entity in reading.list_entities(0.0))
    threshold = (scores[0] + scores[-1]) / 2
    expected = sum(score >= threshold for score in scores)
    assert 0 < expected < len(scores)
    assert reading.draw(threshold).count("<mark") == expected
    assert len(reading.tabulate(threshold)) == expected
    assert len(json.loads(reading.write_json(threshold))["entities"]) == expected
    assert len(json.loads(reading.write_hf(threshold))) == expected
    assert reading.summarise(threshold).endswith(f"; {len(scores) - expected} below the threshold")


def test_two_pipelines_are_compared(rules: DemoModel, tmp_path: Path) -> None:
    nlp = make_pipeline()
    nlp.get_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Rome"}])  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path / "other")
    other = load_model(str(tmp_path / "other"))
    text = "Sarah, Paris and Rome"
    assert compare(read_text(rules, text), read_text(other, text), 0.5) == (
        "Both find 2 entities; 0 only the first, 1 only the second."
    )


def test_what_looks_like_a_script_is_text(rules: DemoModel) -> None:
    html = read_text(rules, "<script>alert(1)</script> Sarah <img src=x onerror=alert(1)>").draw(0)
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html
