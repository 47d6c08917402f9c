"""Entities with their scores through displaCy, in notebooks and in files.

    >>> import spacy
    >>> from spacy.tokens import SpanGroup
    >>> from spacy_hf_ner.visual import render
    >>> doc = spacy.blank("en")("Angela Merkel met Tim Cook.")
    >>> doc.ents = [doc.char_span(0, 13, "PER"), doc.char_span(18, 26, "PER")]
    >>> doc.spans["hf_ner"] = SpanGroup(doc, spans=doc.ents, attrs={"scores": [0.998, 0.52]})
    >>> html = render(doc, jupyter=False)
    >>> "0.52" in html
    True

Plain displaCy works too: ``displacy.render(doc, style="ent", options=options(doc))`` and
``style="span"``.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

from spacy import displacy
from spacy.tokens import Doc

from spacy_hf_ner.evaluation.pairing import Entity, have_overlaps, read_entities
from spacy_hf_ner.visual.colours import colour_of

__all__ = ["as_displacy", "options", "render"]

# Inline styles, because a notebook has no style sheet of ours. The bar below the text is as long
# as the score.
_ENTITY: Final = (
    '<mark class="entity" style="background: '
    "linear-gradient(to right, #0009 {percent}%, transparent {percent}%) "
    "0 100% / 100% 0.15em no-repeat {bg}; "
    "color: #111; padding: 0.35em 0.5em; margin: 0 0.2em; line-height: 1; border-radius: 0.35em; "
    'box-decoration-break: clone; -webkit-box-decoration-break: clone">{text}'
    '<span style="font-size: 0.75em; font-weight: bold; margin-left: 0.5em">{label}{kb_link}</span>'
    '<span style="font-size: 0.7em; margin-left: 0.35em; font-variant-numeric: tabular-nums">'
    "{score}</span></mark>"
)
_NO_BREAK_SPACE: Final = "\u00a0"


def render(
    docs: Doc | Iterable[Doc],
    *,
    spans_key: str = "hf_ner",
    page: bool = False,
    jupyter: bool | None = None,
) -> str:
    """Return displaCy's HTML of entities with their scores; in a notebook, show it.

    The entities are those of ``doc.ents``, or of the span group where nothing has set these. If
    some overlap, displaCy's style "span" shows them, else "ent". In a notebook, nothing is
    returned.

    Args:
        docs: One Doc or several.
        spans_key: The span group that holds the scores, or the entities.
        page: Make a whole HTML page.
        jupyter: Whether this is a notebook; None to find out.
    """
    shown = _as_list(docs)
    entities = [read_entities(doc, spans_key=spans_key) for doc in shown]
    settings = options(shown, spans_key=spans_key)
    if any(map(have_overlaps, entities)):
        style = "span"
        parsed = _as_displacy_spans(shown, entities, settings["colors"])
    else:
        style = "ent"
        settings["template"] = _ENTITY
        parsed = []
        for doc, doc_entities in zip(shown, entities, strict=True):
            parsed.append(as_displacy(doc, doc_entities))
    return displacy.render(
        parsed, style=style, manual=True, page=page, jupyter=jupyter, options=settings
    )


def options(docs: Doc | Iterable[Doc] = (), *, spans_key: str = "hf_ner") -> dict[str, Any]:
    """Return options for plain ``displacy.render``.

    They are the colours of all entity types in the Docs, and the span group.

    Args:
        docs: One Doc or several.
        spans_key: The span group that ``style="span"`` shows.
    """
    types: set[str] = set()
    for doc in _as_list(docs):
        for span in (*doc.ents, *doc.spans.get(spans_key, ())):
            types.add(span.label_)
    colours = {entity_type: colour_of(entity_type) for entity_type in sorted(types)}
    return {"colors": colours, "spans_key": spans_key}


def as_displacy(doc: Doc, entities: Sequence[Entity]) -> dict[str, Any]:
    """Return entities of a Doc as displaCy's manual input, with their scores for the template."""
    return {
        "text": doc.text,
        "ents": [_as_displacy_entity(entity) for entity in entities],
        "title": doc.user_data.get("title"),
        "settings": {
            "lang": doc.lang_,
            "direction": doc.vocab.writing_system.get("direction", "ltr"),
        },
    }


def _as_list(docs: Doc | Iterable[Doc]) -> list[Doc]:
    # A Doc is iterable, too: it gives tokens.
    if isinstance(docs, Doc):
        return [docs]
    return list(docs)


def _as_displacy_entity(entity: Entity) -> dict[str, Any]:
    score = ""
    percent = 0
    if entity.score is not None:
        score = f"{entity.score:.2f}"
        percent = round(entity.score * 100)
    return {
        "start": entity.start_char,
        "end": entity.end_char,
        "label": entity.entity_type,
        "params": {"label": escape(entity.entity_type), "score": score, "percent": percent},
    }


def _as_displacy_spans(
    docs: Sequence[Doc], entities: Sequence[Sequence[Entity]], colours: dict[str, str]
) -> list[dict[str, Any]]:
    """Return entities of Docs as displaCy's manual input for spans.

    displaCy's style "span" has no template, so scores are part of the labels.

    Args:
        docs: The Docs.
        entities: The entities of each.
        colours: Of the types; the labels are added.
    """
    parsed: list[dict[str, Any]] = []
    for doc, doc_entities in zip(docs, entities, strict=True):
        spans: list[dict[str, Any]] = []
        for entity in doc_entities:
            label = _make_span_label(entity)
            colours[label] = colour_of(entity.entity_type)
            tokens = doc.char_span(entity.start_char, entity.end_char, alignment_mode="expand")
            assert tokens is not None  # the entity was read from this Doc
            spans.append({"start_token": tokens.start, "end_token": tokens.end, "label": label})
        token_texts = [token.text for token in doc]
        parsed.append({**as_displacy(doc, ()), "spans": spans, "tokens": token_texts})
    return parsed


def _make_span_label(entity: Entity) -> str:
    label = escape(entity.entity_type)
    if entity.score is None:
        return label
    return f"{label}{_NO_BREAK_SPACE}{entity.score:.2f}"
