import pytest
import spacy
from spacy import displacy
from spacy.tokens import Doc, Span, SpanGroup

from spacy_hf_ner.visual import options, render
from spacy_hf_ner.visual.colours import colour_of


@pytest.fixture
def doc() -> Doc:
    doc = Doc(spacy.blank("en").vocab, words=["Tim", "met", "<b>"])
    doc.ents = [Span(doc, 0, 1, "PER"), Span(doc, 2, 3, "A<i>")]
    doc.spans["hf_ner"] = SpanGroup(doc, spans=list(doc.ents), attrs={"scores": [0.876, 0.5]})
    return doc


def test_render_shows_each_entity_with_its_score(doc: Doc) -> None:
    html = render(doc, jupyter=False)
    assert "0.88" in html
    assert "0.50" in html
    assert colour_of("PER") in html


def test_render_escapes_text_and_types(doc: Doc) -> None:
    html = render(doc, jupyter=False)
    assert "<b>" not in html
    assert "A<i>" not in html


def test_render_takes_entities_without_scores(doc: Doc) -> None:
    del doc.spans["hf_ner"]
    assert "PER" in render([doc, doc], jupyter=False)


def test_render_shows_overlapping_entities_of_a_span_group_each_with_its_score() -> None:
    doc = Doc(spacy.blank("en").vocab, words=["Tim", "met", "<b>"])
    spans = [Span(doc, 0, 2, "PER"), Span(doc, 1, 2, "A<i>")]
    doc.spans["hf_ner"] = SpanGroup(doc, spans=spans, attrs={"scores": [0.6, 0.3]})
    html = render(doc, jupyter=False)
    assert "PER\u00a00.60" in html
    assert "A&lt;i&gt;\u00a00.30" in html
    assert colour_of("PER") in html
    assert colour_of("A<i>") in html
    assert "<b>" not in html


def test_a_score_that_is_no_number_is_not_shown(doc: Doc) -> None:
    doc.spans["hf_ner"] = SpanGroup(
        doc, spans=list(doc.ents), attrs={"scores": [float("nan")] * len(doc.ents)}
    )
    assert "nan" not in render(doc, jupyter=False)


@pytest.mark.parametrize("style", ["ent", "span"])
def test_options_work_with_plain_displacy(doc: Doc, style: str) -> None:
    html = displacy.render(doc, style=style, options=options(doc), jupyter=False)
    assert colour_of("PER") in html
    assert colour_of("A<i>") in html


def test_plain_displacy_without_options_uses_our_colours(doc: Doc) -> None:
    assert colour_of("PER") in displacy.render(doc, style="ent", jupyter=False)
