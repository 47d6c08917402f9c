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


def test_no_score_is_rounded_to_certainty(doc: Doc) -> None:
    doc.spans["hf_ner"].attrs["scores"] = [0.998, 0.002]
    html = render(doc, jupyter=False)
    assert "0.998" in html
    assert "0.002" in html
    assert "1.00<" not in html


def test_only_the_types_that_options_name_are_shown_however_they_are_spelt(doc: Doc) -> None:
    html = render(doc, jupyter=False, options={"ents": ["per"]})
    assert "PER" in html
    assert "A&lt;i&gt;" not in html


def test_entities_that_options_leave_out_overlap_nothing() -> None:
    doc = Doc(spacy.blank("en").vocab, words=["Tim", "met", "Ann"])
    spans = [Span(doc, 0, 2, "PER"), Span(doc, 1, 2, "EVENT")]
    doc.spans["hf_ner"] = SpanGroup(doc, spans=spans, attrs={"scores": [0.6, 0.3]})
    html = render(doc, jupyter=False, options={"ents": ["PER"]})
    assert '<mark class="entity"' in html  # displaCy's style "ent"
    assert "EVENT" not in html


@pytest.mark.parametrize("overlapping", [False, True])
def test_colours_of_options_go_before_ours(overlapping: bool) -> None:
    doc = Doc(spacy.blank("en").vocab, words=["Tim", "met", "Ann"])
    spans = [Span(doc, 0, 2, "PER"), Span(doc, 1 if overlapping else 2, 3, "LOC")]
    doc.spans["hf_ner"] = SpanGroup(doc, spans=spans, attrs={"scores": [0.6, 0.3]})
    html = render(doc, jupyter=False, options={"colors": {"per": "#123456"}})
    assert "#123456" in html
    assert colour_of("PER") not in html
    assert colour_of("LOC") in html


def test_a_template_of_options_is_used_where_it_is_of_the_style(doc: Doc) -> None:
    html = render(doc, jupyter=False, options={"template": "[{text}|{label}|{score}]"})
    assert "[Tim|PER|0.88]" in html
    spans = [Span(doc, 0, 2, "PER"), Span(doc, 1, 2, "LOC")]
    group = Doc(doc.vocab, words=["Tim", "met"])
    group.spans["hf_ner"] = [Span(group, span.start, span.end, span.label_) for span in spans]
    assert "LOC" in render(group, jupyter=False, options={"template": "[{text}]"})


@pytest.mark.parametrize("in_group", [False, True])
def test_links_to_a_knowledge_base_are_kept(in_group: bool) -> None:
    doc = Doc(spacy.blank("en").vocab, words=["Tim", "Cook"])
    spans = [Span(doc, 0, 2, "PER", kb_id="Q265852")]
    if in_group:
        doc.spans["hf_ner"] = [*spans, Span(doc, 1, 2, "NAME")]
    else:
        doc.ents = spans
    html = render(doc, jupyter=False, options={"kb_url_template": "https://x.org/{}"})
    assert 'href="https://x.org/Q265852"' in html


def test_the_span_group_of_options_is_read(doc: Doc) -> None:
    other = Doc(doc.vocab, words=["Tim", "met"])
    other.spans["sc"] = [Span(other, 0, 1, "PER")]
    assert "PER" in render(other, jupyter=False, options={"spans_key": "sc"})
