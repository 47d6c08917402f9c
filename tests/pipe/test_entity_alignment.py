"""What the setting ``alignment`` makes of entities that begin or end inside of a token."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.training import Example

from spacy_hf_ner import as_hf_entities
from spacy_hf_ner.core.labels import read_labels
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.model.hf_classifier import make_hf_model
from spacy_hf_ner.model.reading.encoding import FastTokenizer
from spacy_hf_ner.model.settings import Settings
from spacy_hf_ner.pipe.annotation import ScoredSpan
from spacy_hf_ner.pipe.component_settings import TokenAlignment
from spacy_hf_ner.pipe.entity_alignment import locate
from tests.checkpoints import make_checkpoint
from tests.perfect_engine import LabelledText, PerfectEngine

LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
KOREAN = ("김태웅이고 박서준은 서울에서 왔다.", [(0, 3, "PER"), (6, 9, "PER"), (11, 13, "LOC")])
ENGLISH = ("the new #BerlinMarathon met Ann", [(9, 15, "LOC"), (28, 31, "PER")])
TWO = ("ask Ann1Berlin now", [(4, 7, "PER"), (8, 14, "LOC")])
TEXTS: list[LabelledText] = [KOREAN, ENGLISH, TWO]

ALIGNMENTS = get_args(TokenAlignment)

MakePipeline = Callable[..., Language]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(
        tmp_path_factory.mktemp("bytes") / "roberta", family="roberta", labels=LABELS
    )


@pytest.fixture
def make_pipeline(folder: Path) -> MakePipeline:
    """Return a pipeline whose engine labels each subword of the texts perfectly."""
    tokenizer = FastTokenizer((folder / "tokenizer.json").read_text(encoding="utf8"))
    engine = PerfectEngine(TEXTS, tokenizer, read_labels(LABELS, scheme="IOB2"))

    def make(**config: Any) -> Language:
        nlp = spacy.blank("xx")
        model = {"name": str(folder), "label_unit": "subword"}
        nlp.add_pipe("hf_ner", config={"model": model, "scheme": "IOB2", **config})
        component: Any = nlp.get_pipe("hf_ner")
        settings = Settings(str(folder), label_unit="subword")
        component.model = make_hf_model(settings, read_engine=lambda _: engine)
        return nlp

    return make


def find(doc: Doc) -> list[tuple[str, str]]:
    return [(ent.text, ent.label_) for ent in doc.ents]


def test_expanded_entities_have_all_tokens_that_they_touch(make_pipeline: MakePipeline) -> None:
    nlp = make_pipeline()
    assert find(nlp(KOREAN[0])) == [("김태웅이고", "PER"), ("박서준은", "PER"), ("서울에서", "LOC")]
    assert find(nlp(ENGLISH[0])) == [("BerlinMarathon", "LOC"), ("Ann", "PER")]


def test_entities_lie_on_tokens_that_were_split_for_them(make_pipeline: MakePipeline) -> None:
    nlp = make_pipeline(alignment="split")
    doc = nlp(KOREAN[0])
    words = ["김태웅", "이고", "박서준", "은", "서울", "에서", "왔다", "."]
    assert [token.text for token in doc] == words
    assert find(doc) == [("김태웅", "PER"), ("박서준", "PER"), ("서울", "LOC")]
    assert find(nlp(TWO[0])) == [("Ann", "PER"), ("Berlin", "LOC")]
    assert nlp.get_pipe_meta("hf_ner").retokenizes
    assert not make_pipeline().get_pipe_meta("hf_ner").retokenizes


def test_contracted_entities_have_the_whole_tokens_inside(
    make_pipeline: MakePipeline, caplog: pytest.LogCaptureFixture
) -> None:
    nlp = make_pipeline(alignment="contract")
    component: Any = nlp.get_pipe("hf_ner")
    with caplog.at_level(logging.WARNING, "spacy_hf_ner"):
        docs = list(nlp.pipe([ENGLISH[0], TWO[0]]))
    assert find(docs[0]) == [("Ann", "PER")]
    assert find(docs[1]) == []
    # Nothing is lost: those without a whole token are counted, and are in the group.
    assert component.n_left_out == 3
    assert caplog.text.count("left an entity out of doc.ents") == 1
    assert [as_tuple(entity) for entity in as_hf_entities(docs[1], "hf_ner")] == TWO[1]


def as_tuple(entity: Any) -> tuple[int, int, str]:
    return entity["start"], entity["end"], entity["entity_group"]


@pytest.mark.parametrize("alignment", ALIGNMENTS)
@pytest.mark.parametrize("annotate", ["ents", "spans"])
def test_the_exact_characters_are_kept_whatever_is_chosen(
    make_pipeline: MakePipeline, alignment: str, annotate: str
) -> None:
    nlp = make_pipeline(alignment=alignment, annotate=annotate)
    for text, entities in TEXTS:
        doc = nlp(text)
        stored = DocBin(docs=[doc]).to_bytes()
        (from_bin,) = DocBin().from_bytes(stored).get_docs(doc.vocab)
        for kept in (doc, from_bin, Doc(doc.vocab).from_bytes(doc.to_bytes())):
            assert sorted(map(as_tuple, as_hf_entities(kept, "hf_ner"))) == entities
            for ent in kept.ents:
                assert (*ent._.char_offsets, ent.label_) in entities
            group = kept.spans["hf_ner"]
            if alignment == "split":
                assert "char_offsets" not in group.attrs
                assert [(s.start_char, s.end_char, s.label_) for s in group] == entities
            else:
                assert sorted(map(tuple, group.attrs["char_offsets"])) == [e[:2] for e in entities]


def test_what_was_set_earlier_stays_in_place_when_tokens_are_split(
    make_pipeline: MakePipeline,
) -> None:
    nlp = make_pipeline(alignment="split")
    doc = nlp.make_doc(KOREAN[0])
    doc.set_ents([Span(doc, 0, 1, "ORG")], default="missing")
    doc.spans["all"] = SpanGroup(doc, spans=[doc[0:3]])
    doc = nlp.get_pipe("hf_ner")(doc)
    assert find(doc) == [("김태웅이고", "ORG"), ("박서준", "PER"), ("서울", "LOC")]
    assert [span.text for span in doc.spans["all"]] == ["김태웅이고 박서준은 서울에서"]


def test_calibration_judges_entities_where_they_will_lie() -> None:
    words = ["U.S.-based", "New", "York-born"]
    doc = Doc(spacy.blank("xx").vocab, words=words)
    cut = ScoredSpan(TokenSpan(0, 1, "LOC"), 0.9, (0, 4))
    longer = ScoredSpan(TokenSpan(1, 3, "LOC"), 0.9, (11, 19))
    whole = ScoredSpan(TokenSpan(0, 1, "LOC"), 0.9)
    assert [locate(doc, cut, how) for how in ALIGNMENTS] == [
        (0, 10),
        None,
        (0, 4),
    ]
    assert [locate(doc, longer, how) for how in ALIGNMENTS] == [
        (11, 24),
        (11, 14),
        (11, 19),
    ]
    assert locate(doc, whole, "split") == locate(doc, whole, "contract") == (0, 10)


def test_split_predictions_are_judged_right_by_gold_that_cuts_tokens(
    make_pipeline: MakePipeline,
) -> None:
    text, _ = ENGLISH
    nlp = make_pipeline(alignment="split")
    gold = Doc(
        nlp.vocab,
        words=["the", "new", "#", "Berlin", "Marathon", "met", "Ann"],
        spaces=[True, True, False, False, True, True, False],
        ents=["O", "O", "O", "B-LOC", "O", "O", "B-PER"],
    )
    assert gold.text == text
    assert nlp.evaluate([Example(nlp.make_doc(text), gold)])["ents_f"] == 1.0
    expanding = make_pipeline()
    assert expanding.evaluate([Example(expanding.make_doc(text), gold)])["ents_f"] == 0.5
