"""Gold that cuts tokens: made without loss, learned by models that may cut tokens, and found."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_hf_ner import make_example
from spacy_hf_ner.core.labels import read_labels
from spacy_hf_ner.errors import CorpusError
from spacy_hf_ner.model.hf_classifier import make_hf_model
from spacy_hf_ner.model.reading.encoding import FastTokenizer
from spacy_hf_ner.model.settings import LabelUnitChoice, Settings
from tests.checkpoints import make_checkpoint
from tests.perfect_engine import LabelledText, PerfectEngine

LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
CUTTING: list[LabelledText] = [
    ("김태웅이고 박서준은 서울에서 왔다.", [(0, 3, "PER"), (6, 9, "PER"), (11, 13, "LOC")]),
    ("the new #BerlinMarathon met Ann", [(9, 15, "LOC"), (28, 31, "PER")]),
]
WHOLE: list[LabelledText] = [
    ("Angela Merkel met Tim Cook in Berlin", [(0, 13, "PER"), (18, 26, "PER"), (30, 36, "LOC")]),
    ("nobody left Kumasi , Ghana", [(12, 18, "LOC"), (21, 26, "LOC")]),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(
        tmp_path_factory.mktemp("r") / "roberta", family="roberta", labels=LABELS
    )


def make_pipeline(folder: Path, **model: Any) -> Language:
    nlp = spacy.blank("xx")
    settings = {"name": str(folder), "precision": "fp32", "mixed_precision": "none", **model}
    nlp.add_pipe("hf_ner", config={"model": settings, "alignment": "split"})
    return nlp


def make_examples(nlp: Language, texts: list[LabelledText]) -> list[Example]:
    return [make_example(nlp.make_doc(text), {"entities": gold}) for text, gold in texts]


def find(doc: Doc) -> list[tuple[int, int, str]]:
    return [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]


def test_the_tokens_of_the_reference_end_where_entities_do() -> None:
    doc = spacy.blank("xx").make_doc(CUTTING[1][0])
    example = make_example(doc, {"entities": [*CUTTING[1][1]], "cats": {"sport": 1.0}})
    assert find(example.reference) == CUTTING[1][1]
    assert [token.text for token in example.reference[2:5]] == ["#", "Berlin", "Marathon"]
    assert example.reference.cats == {"sport": 1.0}
    assert example.predicted is doc
    assert len(doc) == len(example.reference) - 1
    spaced = make_example(doc, {"entities": [(3, 8, "X")]})
    assert find(spaced.reference) == [(4, 7, "X")]


def test_annotation_without_offsets_is_spacys_own() -> None:
    doc = spacy.blank("xx").make_doc("Ann left")
    assert find(make_example(doc, {"entities": ["U-PER", "-"]}).reference) == [(0, 3, "PER")]
    assert not make_example(doc, {"cats": {}}).reference.has_annotation("ENT_IOB")
    assert make_example(doc, {"entities": []}).reference.has_annotation("ENT_IOB")


@pytest.mark.parametrize("entity", [(3, 4, "X"), (-1, 3, "X"), (4, 99, "X"), (4, 4, "X")])
def test_entities_outside_of_the_text_are_refused(entity: tuple[int, int, str]) -> None:
    with pytest.raises(CorpusError, match="must have characters of its text, which has 8"):
        make_example(spacy.blank("xx").make_doc("Ann left"), {"entities": [entity]})


@pytest.mark.parametrize("entity", [(0, 3), (0, 3, "PER", "Q1"), ("0", 3, "PER"), 3, (0, 3, 7)])
def test_entities_of_another_form_are_refused_with_the_form_expected(entity: object) -> None:
    with pytest.raises(CorpusError, match=r"must be \(first character, end, label\).* `links`"):
        make_example(spacy.blank("xx").make_doc("Ann left"), {"entities": [entity]})


def test_links_of_entities_inside_of_tokens_are_kept() -> None:
    doc = spacy.blank("xx").make_doc(CUTTING[1][0])
    links = {(9, 15): {"Q64": 1.0, "Q1": 0.0}, (27, 31): {"Q2": 0.0}}
    example = make_example(doc, {"entities": CUTTING[1][1], "links": links})
    found = [(ent.text, ent.label_, ent.kb_id_) for ent in example.reference.ents]
    assert found == [("Berlin", "LOC", "Q64"), ("Ann", "PER", "")]


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ({(9, 14): {"Q64": 1.0}}, "from 9 to 14 .'Berli'., which are none"),
        ({(9, 15): {"Q64": 1.0, "Q1": 1.0}}, "to one identifier at most, got Q64, Q1"),
    ],
)
def test_links_that_mean_nothing_are_refused(links: Any, message: str) -> None:
    doc = spacy.blank("xx").make_doc(CUTTING[1][0])
    with pytest.raises(CorpusError, match=message):
        make_example(doc, {"entities": CUTTING[1][1], "links": links})


def test_entities_that_are_spans_are_spacys_own() -> None:
    doc = spacy.blank("xx").make_doc("Ann B C left")
    span = Span(doc, 0, 3, "PER")
    assert find(make_example(doc, {"entities": [span]}).reference) == [(0, 7, "PER")]


@pytest.mark.parametrize("loss", ["tokens", "chain"])
def test_what_cuts_tokens_is_learned_found_and_read_again(
    folder: Path, loss: str, tmp_path: Path
) -> None:
    nlp = make_pipeline(folder)
    ner: Any = nlp.get_pipe("hf_ner")
    ner.loss = loss
    examples = make_examples(nlp, [*CUTTING, *WHOLE])
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 5e-3
    checkpoint = ner.classifier.shim.checkpoint
    assert (checkpoint.label_unit, checkpoint.subword_labels) == ("part", "all_inside")
    for _ in range(40):
        nlp.update(examples, sgd=optimizer)
    nlp.to_disk(tmp_path)
    for trained in (nlp, spacy.load(tmp_path)):
        for text, gold in [*CUTTING, *WHOLE]:
            assert find(trained(text)) == list(gold)
        assert trained.evaluate(make_examples(trained, CUTTING))["ents_f"] == 1.0
    nlp.resume_training()
    assert nlp.rehearse(examples)["hf_ner"] >= 0.0


def test_a_model_of_whole_tokens_says_that_cut_ones_teach_nothing(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nlp = make_pipeline(folder, label_unit="token")
    examples = make_examples(nlp, CUTTING)
    optimizer = nlp.initialize(lambda: examples)
    with caplog.at_level(logging.WARNING, "spacy_hf_ner"):
        nlp.update(examples, sgd=optimizer)
        nlp.update(examples, sgd=optimizer)
    assert caplog.text.count('label_unit = "part"') == 1


def test_data_without_cuts_leaves_a_model_as_it_is(folder: Path) -> None:
    nlp = make_pipeline(folder)
    nlp.initialize(lambda: make_examples(nlp, WHOLE))
    checkpoint = nlp.get_pipe("hf_ner").classifier.shim.checkpoint  # type: ignore[attr-defined]
    assert (checkpoint.label_unit, checkpoint.subword_labels) == ("token", "first")


def test_texts_without_cut_tokens_are_read_as_by_a_model_of_whole_tokens(folder: Path) -> None:
    tokenizer = FastTokenizer((folder / "tokenizer.json").read_text(encoding="utf8"))
    engine = PerfectEngine([*CUTTING, *WHOLE], tokenizer, read_labels(LABELS, scheme="IOB2"))
    found: dict[str, Any] = {}
    units: tuple[LabelUnitChoice, ...] = ("token", "part")
    for label_unit in units:
        nlp = make_pipeline(folder, label_unit=label_unit)
        ner: Any = nlp.get_pipe("hf_ner")
        ner.model = make_hf_model(
            Settings(str(folder), label_unit=label_unit), read_engine=lambda _: engine
        )
        ner.prepare()
        docs = [nlp.make_doc(text) for text, _ in WHOLE]
        rows = [predicted.rows for predicted in ner.classifier.predict(docs)]
        found[label_unit] = (np.concatenate(rows), ner.predict(docs))
        cut = [find(nlp(text)) for text, _ in CUTTING]
        assert (cut == [list(gold) for _, gold in CUTTING]) == (label_unit == "part")
    assert np.array_equal(found["token"][0], found["part"][0])
    assert found["token"][1] == found["part"][1]
