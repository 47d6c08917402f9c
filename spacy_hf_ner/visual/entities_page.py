"""A page of texts with gold entities beside predicted ones, drawn by displaCy."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

from spacy.displacy.render import EntityRenderer

from spacy_hf_ner.core.wording import count
from spacy_hf_ner.evaluation.formatting import format_score
from spacy_hf_ner.evaluation.matching import Match, match_entities
from spacy_hf_ner.evaluation.pairing import DocPair, Entity
from spacy_hf_ner.evaluation.strict import StrictScores, score_strict
from spacy_hf_ner.visual.colours import colours_of
from spacy_hf_ner.visual.page import count_tile, make_legend, make_page, make_tiles
from spacy_hf_ner.visual.passages import cut_pair, lay_flat

__all__ = ["make_entities_page"]

_OVERLAPPING: Final = "Overlapping:"

_BODY: Final = (
    '<a class="skip" href="#documents">Skip to the documents</a>'
    '<header><h1>Predicted entities</h1><p class="lead">{model} · {shown}</p>'
    "{tiles}{legend}</header>"
    '{tools}<main id="documents">{cards}</main>'
    "<footer>The figure beside a type is the score of that entity: the model’s probability that "
    "exactly this span with this type is right.</footer>"
)
_TOOLS: Final = (
    '<input type="checkbox" id="only-wrong" class="only-wrong hidden">'
    '<div class="tools"><label for="only-wrong" class="switch">Only documents with differences'
    "</label></div>"
)
_CARD: Final = (
    '<article class="card {state}" aria-label="{name}">'
    '<header><h3>{name}</h3><span class="badge {mood}">{verdict}</span></header>'
    '<div class="{layout}">{sides}</div></article>'
)
_SIDE: Final = '<section class="side"><h4>{heading}</h4><div dir="auto">{text}</div></section>'

# For displaCy, which fills in bg and text; all else comes from the entity's params.
_ENTITY: Final = (
    '<mark class="e{wrong}" style="--c:{bg}" title="{title}">{text}'
    '<span class="tag">{label}{score}</span>{note}</mark>'
)
# Those who cannot see the outline of a wrong entity hear what is wrong with it.
_NOTE: Final = '<span class="hidden"> ({note})</span>'


def make_entities_page(pairs: Sequence[DocPair], *, model: str, n_docs: int) -> str:
    """Return a self-contained HTML page of predictions with their scores, gold beside predicted.

    Args:
        pairs: The texts to show.
        model: What made the predictions.
        n_docs: How many texts there are, shown or not.
    """
    strict = score_strict(pairs)
    has_gold = any(pair.is_annotated for pair in pairs)
    type_counts = _count_types(pairs, strict)
    # Without gold there are no differences to look for.
    tools = ""
    if has_gold:
        tools = _TOOLS
    body = _BODY.format(
        model=escape(model),
        shown=_describe_shown(len(pairs), n_docs),
        tiles=_make_summary(len(pairs), strict, has_gold=has_gold),
        legend=make_legend(sorted(type_counts.items(), key=_most_frequent_first)),
        tools=tools,
        cards=_make_cards(pairs, _make_renderer(type_counts)),
    )
    return make_page(title=f"Entities · {model}", body=body)


def _describe_shown(n_shown: int, n_docs: int) -> str:
    all_docs = count(n_docs, "document")
    if n_shown == n_docs:
        return all_docs
    return f"the first {n_shown:,} of {all_docs}"


def _make_summary(n_shown: int, strict: StrictScores, *, has_gold: bool) -> str:
    micro = strict.micro
    tiles = [
        count_tile(n_shown, "document shown", "documents shown"),
        count_tile(micro.n_predicted, "predicted entity", "predicted entities"),
    ]
    if has_gold:
        tiles.append(count_tile(micro.n_gold, "gold entity", "gold entities"))
        tiles.append((f"{micro.f1:.1%}", "F1, strict spans"))
        tiles.append((f"{micro.precision:.1%}", "precision"))
        tiles.append((f"{micro.recall:.1%}", "recall"))
    return make_tiles(tiles)


def _count_types(pairs: Sequence[DocPair], strict: StrictScores) -> Counter[str]:
    """Return how often each type was predicted, types that only gold has included."""
    counts: Counter[str] = Counter()
    for pair in pairs:
        for entity in (*pair.predicted, *pair.unjudged):
            counts[entity.entity_type] += 1
    counts.update(dict.fromkeys(strict.per_type, 0))
    return counts


def _most_frequent_first(type_count: tuple[str, int]) -> tuple[int, str]:
    entity_type, n = type_count
    return -n, entity_type


def _make_renderer(types: Iterable[str]) -> EntityRenderer:
    renderer = EntityRenderer({"template": _ENTITY, "colors": colours_of(types)})
    # From what is around it, where dir="auto" asks the text.
    renderer.direction = "inherit"
    return renderer


def _make_cards(pairs: Sequence[DocPair], renderer: EntityRenderer) -> str:
    """Return a card for each text, or for each passage of a long one."""
    cards: list[str] = []
    for doc_number, pair in enumerate(pairs, start=1):
        passages = cut_pair(pair)
        for part_number, passage in enumerate(passages, start=1):
            name = f"Document {doc_number:,}"
            if len(passages) > 1:
                name += f", part {part_number:,} of {len(passages):,}"
            cards.append(_make_card(name, passage, renderer))
    return "\n".join(cards)


def _make_card(name: str, pair: DocPair, renderer: EntityRenderer) -> str:
    matches = match_entities(pair.gold, pair.predicted)
    errors = [match for match in matches if match.kind != "correct"]
    state, mood, verdict = _judge_card(pair, len(errors))
    predicted = _make_side(
        "Predicted",
        pair.text,
        [*pair.predicted, *pair.unjudged],
        _note_wrong_predictions(errors),
        renderer,
    )
    layout = "sides one"
    sides = predicted
    if pair.is_annotated:
        gold = _make_side("Gold", pair.text, pair.gold, _note_wrong_gold(errors), renderer)
        layout = "sides"
        sides = gold + predicted
    return _CARD.format(
        state=state, name=name, mood=mood, verdict=verdict, layout=layout, sides=sides
    )


def _judge_card(pair: DocPair, n_errors: int) -> tuple[str, str, str]:
    """Return the CSS class of a card, that of its badge, and what the badge says."""
    if not pair.is_annotated:
        return "unjudged", "none", "not judged"
    if n_errors:
        return "wrong", "bad", count(n_errors, "difference")
    return "right", "good", "all right"


def _note_wrong_gold(errors: Sequence[Match]) -> dict[Entity, str]:
    """Return what is wrong with each gold entity that is missed or not met."""
    notes: dict[Entity, str] = {}
    for match in errors:
        if match.gold is not None:
            notes[match.gold] = match.kind
    return notes


def _note_wrong_predictions(errors: Sequence[Match]) -> dict[Entity, str]:
    """Return what is wrong with each wrong prediction."""
    notes: dict[Entity, str] = {}
    for match in errors:
        if match.predicted is not None:
            notes[match.predicted] = match.kind
    return notes


def _make_side(
    heading: str,
    text: str,
    entities: Sequence[Entity],
    notes: Mapping[Entity, str],
    renderer: EntityRenderer,
) -> str:
    in_text, overlapping = lay_flat(entities)
    marks = [_as_displacy(entity, notes, entity.start_char) for entity in in_text]
    html = renderer.render_ents(text, marks, None).strip()
    if overlapping:
        html += _make_overlapping_line(text, overlapping, notes, renderer)
    return _SIDE.format(heading=heading, text=html)


def _make_overlapping_line(
    text: str,
    overlapping: Sequence[Entity],
    notes: Mapping[Entity, str],
    renderer: EntityRenderer,
) -> str:
    """Return a line of the entities that the text above cannot show, one after the other."""
    line = _OVERLAPPING
    marks: list[dict[str, object]] = []
    for entity in overlapping:
        line += " "
        marks.append(_as_displacy(entity, notes, len(line)))
        line += text[entity.start_char : entity.end_char]
    return str(renderer.render_ents(line, marks, None)).strip()


def _as_displacy(entity: Entity, notes: Mapping[Entity, str], start: int) -> dict[str, object]:
    """Return an entity as displaCy's manual input.

    Args:
        entity: The entity.
        notes: What is wrong with each wrong entity.
        start: Where it begins in the text that displaCy is given.
    """
    n_chars = entity.end_char - entity.start_char
    params = _make_params(entity, notes.get(entity))
    return {"start": start, "end": start + n_chars, "label": entity.entity_type, "params": params}


def _make_params(entity: Entity, note: str | None) -> dict[str, str]:
    """Return what fills the template of an entity."""
    label = escape(entity.entity_type)
    params = {"label": label, "score": "", "wrong": "", "note": ""}
    title = label
    if entity.score is not None:
        params["score"] = f"<i>{format_score(entity.score)}</i>"
        title += f" · score {format_score(entity.score, n_decimals=4)}"
    if note is not None:
        params["wrong"] = " wrong"
        params["note"] = _NOTE.format(note=note)
        title += f" · {note}"
    return {**params, "title": title}
