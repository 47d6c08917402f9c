"""Entities with their scores through displaCy, in notebooks and in files.

    >>> import spacy
    >>> from spacy.tokens import SpanGroup
    >>> from spacy_hf_ner.visual import render
    >>> doc = spacy.blank("en")("Angela Merkel met Tim Cook.")
    >>> doc.ents = [doc.char_span(0, 13, "PER"), doc.char_span(18, 26, "PER")]
    >>> doc.spans["hf_ner"] = SpanGroup(doc, spans=doc.ents, attrs={"scores": [0.998, 0.52]})
    >>> html = render(doc, jupyter=False)
    >>> "0.998" in html, "0.52" in html
    (True, True)

Plain displaCy works too: ``displacy.render(doc, style="ent", options=options(doc))`` and
``style="span"``.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from spacy import displacy
from spacy.tokens import Doc

from spacy_hf_ner.evaluation.formatting import format_score
from spacy_hf_ner.evaluation.pairing import Entity, have_overlaps, read_entities
from spacy_hf_ner.visual.colours import colours_of

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
_NO_LINK: Final = "#"

# displaCy's style "span" takes three templates by name.
_TEMPLATE_KINDS: Final = {"ent": str, "span": dict}

_Links = Mapping[tuple[int, int, str], Mapping[str, str]]


def render(
    docs: Doc | Iterable[Doc],
    *,
    spans_key: str = "hf_ner",
    threshold: float = 0.0,
    page: bool = False,
    jupyter: bool | None = None,
    options: Mapping[str, Any] | None = None,
) -> str:
    """Return displaCy's HTML of entities with their scores; in a notebook, show it.

    The entities are those of ``doc.ents``, or of the span group where nothing has set these. If
    some overlap, displaCy's style "span" shows them, else "ent". In a notebook, nothing is
    returned.

    Args:
        docs: One Doc or several.
        spans_key: The span group that holds the scores, or the entities.
        threshold: The lowest score of an entity that is shown; what has no score is.
        page: Make a whole HTML page.
        jupyter: Whether this is a notebook; None to find out.
        options: displaCy's own options, for either style: ``ents`` (the types to show), ``colors``,
            ``template``, ``kb_url_template``, ``top_offset`` and the like. A template of style
            "ent" may use ``{score}`` and ``{percent}`` besides what displaCy fills in. A
            ``spans_key`` in them goes before the argument.
    """
    shown = _as_list(docs)
    wishes = dict(options or {})
    spans_key = wishes.setdefault("spans_key", spans_key)
    wishes["colors"] = {**_find_colours(shown, spans_key), **wishes.get("colors", {})}
    # displaCy would look for the types among the labels, which may carry scores.
    types = wishes.pop("ents", None)
    entities: list[list[Entity]] = []
    links: list[_Links] = []
    for doc in shown:
        entities.append(_read_shown(doc, spans_key, types, threshold))
        links.append(_read_links(doc, spans_key, wishes.get("kb_url_template")))
    if any(map(have_overlaps, entities)):
        style = "span"
        parsed = _as_displacy_spans(shown, entities, links, wishes["colors"])
    else:
        style = "ent"
        parsed = list(map(as_displacy, shown, entities, links))
    # The Docs decide which style it is, so a template may be one of the other style.
    if not isinstance(wishes.get("template"), _TEMPLATE_KINDS[style]):
        wishes.pop("template", None)
        if style == "ent":
            wishes["template"] = _ENTITY
    return displacy.render(
        parsed, style=style, manual=True, page=page, jupyter=jupyter, options=wishes
    )


def options(docs: Doc | Iterable[Doc] = (), *, spans_key: str = "hf_ner") -> dict[str, Any]:
    """Return options for plain ``displacy.render``.

    They are the colours of all entity types in the Docs, and the span group.

    Args:
        docs: One Doc or several.
        spans_key: The span group that ``style="span"`` shows.
    """
    return {"colors": _find_colours(_as_list(docs), spans_key), "spans_key": spans_key}


def as_displacy(doc: Doc, entities: Sequence[Entity], links: _Links) -> dict[str, Any]:
    """Return entities of a Doc as displaCy's manual input, with their scores for the template.

    Args:
        doc: The Doc.
        entities: Its entities.
        links: Entries of a knowledge base that they stand for.
    """
    ents: list[dict[str, Any]] = []
    for entity in entities:
        ents.append({**_as_displacy_entity(entity), **links.get(entity, {})})
    return {
        "text": doc.text,
        "ents": ents,
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


def _find_colours(docs: Sequence[Doc], spans_key: str) -> dict[str, str]:
    """Return the colour of each entity type, in the order of their names."""
    types: set[str] = set()
    for doc in docs:
        for span in (*doc.ents, *doc.spans.get(spans_key, ())):
            types.add(span.label_)
    return colours_of(sorted(types))


def _read_shown(
    doc: Doc, spans_key: str, types: Iterable[str] | None, threshold: float
) -> list[Entity]:
    """Return the entities of a Doc that are to be shown: all, or those of some types and scores."""
    wanted: set[str] | None = None
    if types is not None:
        # displaCy compares types without regard to case.
        wanted = set(map(str.upper, types))
    shown: list[Entity] = []
    for entity in read_entities(doc, spans_key=spans_key):
        if wanted is not None and entity.entity_type.upper() not in wanted:
            continue
        if entity.score is None or entity.score >= threshold:
            shown.append(entity)
    return shown


def _read_links(doc: Doc, spans_key: str, kb_url_template: str | None) -> _Links:
    """Return id and address of the knowledge base entry of each entity that has one.

    Args:
        doc: The Doc.
        spans_key: A span group whose entities may have entries, too.
        kb_url_template: The address of an entry, with ``{}`` for its id.
    """
    links: dict[tuple[int, int, str], Mapping[str, str]] = {}
    for span in (*doc.ents, *doc.spans.get(spans_key, ())):
        if not span.kb_id_:
            continue
        kb_url = _NO_LINK
        if kb_url_template:
            kb_url = kb_url_template.format(span.kb_id_)
        place = (span.start_char, span.end_char, span.label_)
        links[place] = {"kb_id": span.kb_id_, "kb_url": kb_url}
    return links


def _as_displacy_entity(entity: Entity) -> dict[str, Any]:
    score = ""
    percent = 0
    if entity.score is not None:
        score = format_score(entity.score)
        percent = round(entity.score * 100)
    return {
        "start": entity.start_char,
        "end": entity.end_char,
        "label": entity.entity_type,
        "params": {"label": escape(entity.entity_type), "score": score, "percent": percent},
    }


def _as_displacy_spans(
    docs: Sequence[Doc],
    entities: Sequence[Sequence[Entity]],
    links: Sequence[_Links],
    colours: dict[str, str],
) -> list[dict[str, Any]]:
    """Return entities of Docs as displaCy's manual input for spans.

    displaCy's style "span" has no template for scores, so they are part of the labels.

    Args:
        docs: The Docs.
        entities: The entities of each.
        links: The entries that they stand for, of each.
        colours: Of the types; the labels are added.
    """
    # displaCy finds colours by names in capitals, and so may the user's be written.
    colour_of_type = {name.upper(): colour for name, colour in colours.items()}
    parsed: list[dict[str, Any]] = []
    for doc, doc_entities, doc_links in zip(docs, entities, links, strict=True):
        spans: list[dict[str, Any]] = []
        for entity in doc_entities:
            label = _make_span_label(entity)
            colours[label] = colour_of_type[entity.entity_type.upper()]
            tokens = doc.char_span(entity.start_char, entity.end_char, alignment_mode="expand")
            assert tokens is not None  # the entity was read from this Doc
            span = {"start_token": tokens.start, "end_token": tokens.end, "label": label}
            spans.append({**span, **doc_links.get(entity, {})})
        token_texts = [token.text for token in doc]
        parsed.append({**as_displacy(doc, (), {}), "spans": spans, "tokens": token_texts})
    return parsed


def _make_span_label(entity: Entity) -> str:
    label = escape(entity.entity_type)
    if entity.score is None:
        return label
    return f"{label}{_NO_BREAK_SPACE}{format_score(entity.score)}"
