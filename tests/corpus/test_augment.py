"""Altered copies of gold Docs: what is changed, and that gold stays exact."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.training import Example
from spacy.util import registry

from spacy_hf_ner.corpus.augment import _SeenMentions, make_augment_v1, read_gazetteer
from spacy_hf_ner.corpus.drafts import DraftToken, read_draft
from spacy_hf_ner.errors import ConfigError, CorpusError

NLP = spacy.blank("en")
WORDS = ("Mary", "met", "Kofi", ",", "left", "Nairobi", "quickly", "then", "İzmir", "12")
KEY = "incorrect_spans"


@st.composite
def gold_docs(draw: Any) -> Doc:
    """A Doc with entities, missing annotation, sentence starts, a group and unknown spaces."""
    n_tokens = draw(st.integers(1, 9))
    words = draw(st.lists(st.sampled_from(WORDS), min_size=n_tokens, max_size=n_tokens))
    flags = st.lists(st.booleans(), min_size=n_tokens, max_size=n_tokens)
    starts: list[bool | int | None] | None = [True, *draw(flags)[1:]]
    if draw(st.booleans()):
        starts = None
    doc = Doc(NLP.vocab, words=words, spaces=draw(flags), sent_starts=starts)
    spans = []
    missing = []
    token_i = 0
    for length, kind in draw(
        st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["A", "B", "", "?"])), max_size=9)
    ):
        end = min(token_i + length, n_tokens)
        if kind == "?":
            missing.append(doc[token_i:end])
        elif kind and token_i < end:
            spans.append(Span(doc, token_i, end, label=kind))
        token_i = end
    doc.set_ents(spans, missing=[span for span in missing if len(span)], default="outside")
    start = draw(st.integers(0, n_tokens - 1))
    end = draw(st.integers(start + 1, n_tokens))
    doc.spans[KEY] = SpanGroup(doc, name=KEY, spans=[Span(doc, start, end, label="W")])
    doc.has_unknown_spaces = draw(st.booleans())
    return doc


def alter(golds: list[Doc], **shares: Any) -> list[Doc]:
    """Return the altered copies of some Docs."""
    augment = make_augment_v1(**shares)
    altered = []
    for gold in golds:
        first, *copies = augment(NLP, Example(NLP.make_doc(gold.text), gold))
        assert first.reference is gold
        for copy in copies:
            if gold.has_unknown_spaces:
                assert [t.text for t in copy.predicted] == [t.text for t in copy.reference]
            else:
                assert copy.predicted.text == copy.reference.text
            altered.append(copy.reference)
    return altered


def tell_kinds(doc: Doc) -> list[str]:
    """Return what gold says of each token, other than its text."""
    starts = doc.has_annotation("SENT_START")
    return [f"{t.ent_iob_}-{t.ent_type_} {starts and t.is_sent_start} {t.whitespace_}" for t in doc]


def find_spans(doc: Doc) -> list[tuple[int, int, str]]:
    return [(s.start, s.end, s.label_) for s in (*doc.ents, *doc.spans[KEY])]


def outline(doc: Doc, start: int = 0, end: int | None = None) -> list[str]:
    """Return the words of a Doc, in which the type stands for each mention."""
    end = len(doc) if end is None else end
    starts = {ent.start: ent for ent in doc.ents}
    inside = {i for ent in doc.ents for i in range(ent.start, ent.end)}
    told = []
    for token in doc[start:end]:
        if token.i in starts:
            told.append(f"<{starts[token.i].label_}>")
        elif token.i not in inside:
            told.append(f"{token.text} {token.ent_iob_}")
    return told


@settings(max_examples=25, deadline=None)
@given(gold_docs(), gold_docs())
def test_letters_change_and_gold_stays_where_it_was(one: Doc, two: Doc) -> None:
    for copy in alter([one, two], spelling=0.8, casing=0.8):
        assert any(
            tell_kinds(copy) == tell_kinds(gold) and find_spans(copy) == find_spans(gold)
            for gold in (one, two)
        )


@settings(max_examples=25, deadline=None)
@given(gold_docs(), gold_docs())
def test_other_mentions_stand_where_the_old_ones_stood(one: Doc, two: Doc) -> None:
    names = {(ent.label_, ent.text) for gold in (one, two) for ent in gold.ents}
    for copy in alter([one, two], replaced=1.0):
        assert {(ent.label_, ent.text) for ent in copy.ents} <= names
        (group,) = copy.spans[KEY]
        assert any(
            outline(copy) == outline(gold)
            and outline(copy, group.start, group.end)
            == outline(gold, gold.spans[KEY][0].start, gold.spans[KEY][0].end)
            for gold in (one, two)
        )


@settings(max_examples=25, deadline=None)
@given(gold_docs())
def test_words_are_shuffled_between_borders_alone(gold: Doc) -> None:
    for copy in alter([gold], shuffled=1.0):
        assert find_spans(copy) == find_spans(gold)
        assert [t.ent_iob_ for t in copy] == [t.ent_iob_ for t in gold]
        for start, end, _label in find_spans(gold):
            words = Counter(t.text for t in gold[start:end])
            assert Counter(t.text for t in copy[start:end]) == words


@settings(max_examples=25, deadline=None)
@given(gold_docs(), gold_docs())
def test_a_joined_text_is_both_one_after_the_other(one: Doc, two: Doc) -> None:
    (copy,) = alter([one, two], joined=1.0)
    n = len(one)
    assert [t.text for t in copy] == [t.text for t in (*one, *two)]
    assert [t.ent_iob_ for t in copy] == [t.ent_iob_ for t in (*one, *two)]
    moved = [(s.start + n, s.end + n, s.label_) for s in (*two.ents, *two.spans[KEY])]
    assert sorted(find_spans(copy)) == sorted([*find_spans(one), *moved])


@settings(max_examples=10, deadline=None)
@given(gold_docs())
def test_a_draft_that_nobody_changed_is_the_doc(gold: Doc) -> None:
    again = read_draft(gold).make_doc(gold.vocab)
    assert again.text == gold.text
    assert tell_kinds(again) == tell_kinds(gold)
    assert find_spans(again) == find_spans(gold)


def make_gold(nlp: Language, text: str, **ents: str) -> Doc:
    doc = nlp.make_doc(text)
    spans = []
    for name, label in ents.items():
        start = text.index(name)
        spans.append(doc.char_span(start, start + len(name), label=label))
    doc.ents = [span for span in spans if span is not None]
    return doc


def test_a_mention_that_was_met_often_is_drawn_no_more_than_others() -> None:
    seen = _SeenMentions()
    for text in ("Accra", "Tamale", "Accra", "Accra", "Kumasi"):
        seen.add((DraftToken(text),))
    assert [mention[0].text for mention in seen.in_order] == ["Accra", "Tamale", "Kumasi"]


def test_names_come_from_a_gazetteer(tmp_path: Path) -> None:
    path = tmp_path / "names.jsonl"
    path.write_text('{"label": "PER", "pattern": "Wangari Maathai"}\n\n', encoding="utf8")
    gold = make_gold(NLP, "Kofi met Ada in Accra.", Kofi="PER", Ada="PER", Accra="LOC")
    (copy,) = alter([gold], replaced=1.0, gazetteer=str(path))
    assert copy.text == "Wangari Maathai met Wangari Maathai in Accra."
    assert [(e.text, e.label_) for e in copy.ents] == [
        ("Wangari Maathai", "PER"),
        ("Wangari Maathai", "PER"),
        ("Accra", "LOC"),
    ]


def test_tags_stay_with_their_words() -> None:
    gold = make_gold(NLP, "Kofi met Ada", Kofi="PER")
    for token, tag in zip(gold, ("NNP", "VBD", "NNP"), strict=True):
        token.tag_ = tag
    gold[1].set_morph("Tense=Past")  # type: ignore[attr-defined]
    (copy,) = alter([gold], casing=1.0)
    assert [token.tag_ for token in copy] == ["NNP", "VBD", "NNP"]
    assert str(copy[1].morph) == "Tense=Past"


def test_a_config_puts_it_behind_another_augmenter(tmp_path: Path) -> None:
    gold = make_gold(NLP, "Kofi left. Ada came.", Kofi="PER", Ada="PER")
    gold[3].is_sent_start = True
    DocBin(docs=[gold]).to_disk(tmp_path / "train.spacy")
    before = {"@augmenters": "spacy_hf_ner.split_documents.v1", "max_words": 1}
    section = {
        "@readers": "spacy.Corpus.v1",
        "path": str(tmp_path / "train.spacy"),
        "gold_preproc": False,
        "augmenter": {
            "@augmenters": "spacy_hf_ner.augment.v1",
            "casing": 1.0,
            "copies": 2,
            "before": before,
        },
    }
    examples = list(registry.resolve({"train": section})["train"](NLP))
    assert len(examples) == 6
    assert len({example.text.lower() for example in examples}) == 2


def test_nothing_is_copied_that_was_not_altered() -> None:
    gold = make_gold(NLP, "Kofi left.", Kofi="PER")
    assert alter([gold, gold], replaced=1.0) == []


@pytest.mark.parametrize(
    ("setting", "value"), [("replaced", 1.5), ("spelling", -0.1), ("copies", 0)]
)
def test_what_is_no_share_is_refused(setting: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"{setting} must be") as refused:
        make_augment_v1(**{setting: value})
    assert refused.value.settings == (setting,)


@pytest.mark.parametrize("line", ["Toyota", "[]", '{"label": "ORG", "pattern": [{"LOWER": "x"}]}'])
def test_a_line_that_is_no_name_is_refused(line: str, tmp_path: Path) -> None:
    path = tmp_path / "names.jsonl"
    with pytest.raises(CorpusError, match="expected a file of names"):
        read_gazetteer(path)
    path.write_text(f"\n{line}\n", encoding="utf8")
    with pytest.raises(CorpusError, match=r"names\.jsonl:2: expected"):
        read_gazetteer(path)
