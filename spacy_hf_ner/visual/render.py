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

Plain displaCy works too: ``displacy.render(doc, style="ent", options=options(doc))`` and ``style="span"``.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

from spacy import displacy
from spacy.tokens import Doc

from spacy_hf_ner.evaluation.pairing import Entity, have_overlaps, read_entities
from spacy_hf_ner.visual.colours import colour_of

# Inline styles, because a notebook has no style sheet of ours. The bar below the text is as long as the score.
_TEMPLATE: Final = (
    '<mark class="entity" style="background: linear-gradient(to right, #0009 {percent}%, transparent {percent}%) '
    "0 100% / 100% 0.15em no-repeat {bg}; color: #111; padding: 0.35em 0.5em; margin: 0 0.2em; line-height: 1; "
    'border-radius: 0.35em; box-decoration-break: clone; -webkit-box-decoration-break: clone">{text}'
    '<span style="font-size: 0.75em; font-weight: bold; margin-left: 0.5em">{label}{kb_link}</span>'
    '<span style="font-size: 0.7em; margin-left: 0.35em; font-variant-numeric: tabular-nums">{score}</span></mark>'
)


def render(
    docs: Doc | Iterable[Doc],
    *,
    spans_key: str = "hf_ner",
    page: bool = False,
    jupyter: bool | None = None,
) -> str:
    """Return displaCy's HTML of entities with their scores; in a notebook, show it and return nothing.

    They are those of ``doc.ents``, or of the span group where nothing has set these. If some overlap, displaCy's style
    "span" shows them, else "ent".

    Args:
        docs: One Doc or several.
        spans_key: The span group that holds the scores, or the entities.
        page: Make a whole HTML page.
        jupyter: Whether this is a notebook; None to find out.
    """
    shown = [docs] if isinstance(docs, Doc) else list(docs)
    found = [read_entities(doc, spans_key=spans_key) for doc in shown]
    settings = options(shown, spans_key=spans_key)
    if any(map(have_overlaps, found)):
        parsed = [
            _as_spans(doc, entities, settings["colors"])
            for doc, entities in zip(shown, found, strict=True)
        ]
        return displacy.render(
            parsed, style="span", manual=True, page=page, jupyter=jupyter, options=settings
        )
    parsed = [as_displacy(doc, entities) for doc, entities in zip(shown, found, strict=True)]
    settings["template"] = _TEMPLATE
    return displacy.render(
        parsed, style="ent", manual=True, page=page, jupyter=jupyter, options=settings
    )


def options(docs: Doc | Iterable[Doc] = (), *, spans_key: str = "hf_ner") -> dict[str, Any]:
    """Return options for plain ``displacy.render``: colours of all entity types in the Docs, and the span group.

    Args:
        docs: One Doc or several.
        spans_key: The span group that ``style="span"`` shows.
    """
    shown = [docs] if isinstance(docs, Doc) else list(docs)
    types = {ent.label_ for doc in shown for ent in (*doc.ents, *doc.spans.get(spans_key, ()))}
    return {"colors": {t: colour_of(t) for t in sorted(types)}, "spans_key": spans_key}


def as_displacy(doc: Doc, entities: Sequence[Entity]) -> dict[str, Any]:
    """Return entities of a Doc as displaCy's manual input, each with its score for the template."""
    return {
        "text": doc.text,
        "ents": [
            {
                "start": entity.start_char,
                "end": entity.end_char,
                "label": entity.entity_type,
                "params": {
                    "label": escape(entity.entity_type),
                    "score": "" if entity.score is None else f"{entity.score:.2f}",
                    "percent": 0 if entity.score is None else round(entity.score * 100),
                },
            }
            for entity in entities
        ],
        "title": doc.user_data.get("title"),
        "settings": {
            "lang": doc.lang_,
            "direction": doc.vocab.writing_system.get("direction", "ltr"),
        },
    }


def _as_spans(doc: Doc, entities: Sequence[Entity], colours: dict[str, str]) -> dict[str, Any]:
    """Return entities as displaCy's manual input for spans, with scores in their labels, which get their colours."""
    spans: list[dict[str, Any]] = []
    for entity in entities:
        place = doc.char_span(entity.start_char, entity.end_char, alignment_mode="expand")
        assert place is not None  # the entity was read from this Doc
        score = "" if entity.score is None else f"\u00a0{entity.score:.2f}"  # on one line
        label = escape(entity.entity_type) + score
        colours[label] = colour_of(entity.entity_type)
        spans.append({"start_token": place.start, "end_token": place.end, "label": label})
    return {**as_displacy(doc, ()), "spans": spans, "tokens": [token.text for token in doc]}
