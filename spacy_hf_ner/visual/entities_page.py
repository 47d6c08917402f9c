"""A page of texts with gold entities beside predicted ones, drawn by displaCy."""

from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import Final

from spacy.displacy.render import EntityRenderer

from spacy_hf_ner.evaluation.matching import Match, match_entities
from spacy_hf_ner.evaluation.pairing import DocPair, Entity
from spacy_hf_ner.evaluation.strict import score_strict
from spacy_hf_ner.visual.colours import colour_of
from spacy_hf_ner.visual.page import count, make_legend, make_page, make_tiles
from spacy_hf_ner.visual.passages import cut_pair, lay_flat

_TEMPLATE: Final = '<mark class="e{wrong}" style="--c:{bg}" title="{title}">{text}<span class="tag">{label}{score}</span>{note}</mark>'


def make_entities_page(pairs: Sequence[DocPair], *, model: str, n_docs: int) -> str:
    """Return a self-contained HTML page of predictions with their scores, gold beside predicted.

    Args:
        pairs: The texts to show.
        model: What made the predictions.
        n_docs: How many texts there are, shown or not.
    """
    strict = score_strict(pairs)
    micro = strict.micro
    has_gold = any(pair.is_annotated for pair in pairs)
    all_docs = count(n_docs, "document")
    shown = all_docs if len(pairs) == n_docs else f"the first {len(pairs):,} of {all_docs}"
    tiles = [
        (f"{len(pairs):,}", "documents shown"),
        (f"{micro.n_predicted:,}", "predicted entities"),
    ]
    if has_gold:
        tiles += [(f"{micro.n_gold:,}", "gold entities"), (f"{micro.f1:.1%}", "F1, strict spans")]
        tiles += [(f"{micro.precision:.1%}", "precision"), (f"{micro.recall:.1%}", "recall")]
    counts = Counter(e.entity_type for pair in pairs for e in (*pair.predicted, *pair.unjudged))
    counts.update(dict.fromkeys(strict.per_type, 0))
    renderer = EntityRenderer({"template": _TEMPLATE, "colors": {t: colour_of(t) for t in counts}})
    renderer.direction = "inherit"  # from what is around it, where dir="auto" asks the text
    cards = "\n".join(
        _card(_name(number, i, len(parts)), part, renderer)
        for number, parts in enumerate(map(cut_pair, pairs), start=1)
        for i, part in enumerate(parts, start=1)
    )
    tools = (
        '<input type="checkbox" id="only-wrong" class="only-wrong hidden">'
        '<div class="tools"><label for="only-wrong" class="switch">Only documents with differences</label></div>'
    )
    body = (
        '<a class="skip" href="#documents">Skip to the documents</a>'
        f'<header><h1>Predicted entities</h1><p class="lead">{escape(model)} · {shown}</p>'
        f"{make_tiles(tiles)}{make_legend(sorted(counts.items(), key=lambda item: (-item[1], item[0])))}</header>"
        f'{tools if has_gold else ""}<main id="documents">{cards}</main>'
        "<footer>The figure beside a type is the score of that entity: the model’s probability that exactly this "
        "span with this type is right.</footer>"
    )
    return make_page(title=f"Entities · {model}", body=body)


def _name(number: int, part: int, n_parts: int) -> str:
    return f"Document {number:,}" + (f", part {part:,} of {n_parts:,}" if n_parts > 1 else "")


def _card(name: str, pair: DocPair, renderer: EntityRenderer) -> str:
    matches = match_entities(pair.gold, pair.predicted)
    n_wrong = sum(match.kind != "correct" for match in matches)
    state, mood, words = "right", "good", "all right"
    if not pair.is_annotated:
        state, mood, words = "unjudged", "none", "not judged"
    elif n_wrong:
        state, mood, words = "wrong", "bad", count(n_wrong, "difference")
    predicted = _side(
        "Predicted",
        pair,
        [*pair.predicted, *pair.unjudged],
        _notes(matches, predicted=True),
        renderer,
    )
    gold = (
        _side("Gold", pair, pair.gold, _notes(matches, predicted=False), renderer)
        if pair.is_annotated
        else ""
    )
    return (
        f'<article class="card {state}" aria-label="{name}">'
        f'<header><h3>{name}</h3><span class="badge {mood}">{words}</span></header>'
        f'<div class="sides{"" if gold else " one"}">{gold}{predicted}</div></article>'
    )


def _notes(matches: Sequence[Match], *, predicted: bool) -> dict[Entity, str]:
    """Return what is wrong with each wrong entity of one side."""
    sides = ((m.predicted if predicted else m.gold, m) for m in matches if m.kind != "correct")
    return {entity: match.kind for entity, match in sides if entity}


def _side(
    heading: str,
    pair: DocPair,
    entities: Sequence[Entity],
    notes: dict[Entity, str],
    renderer: EntityRenderer,
) -> str:
    shown, overlapping = lay_flat(entities)
    in_text = [_as_displacy(entity, notes, entity.start_char) for entity in shown]
    html = renderer.render_ents(pair.text, in_text, None).strip()
    if overlapping:
        line = "Overlapping:"
        in_line = []
        for entity in overlapping:
            in_line.append(_as_displacy(entity, notes, len(line) + 1))
            line += f" {pair.text[entity.start_char : entity.end_char]}"
        html += renderer.render_ents(line, in_line, None).strip()
    return f'<section class="side"><h4>{heading}</h4><div dir="auto">{html}</div></section>'


def _as_displacy(entity: Entity, notes: dict[Entity, str], start: int) -> dict[str, object]:
    """Return an entity as displaCy's manual input, at a place of its own."""
    end = start + entity.end_char - entity.start_char
    params = _params(entity, notes.get(entity, ""))
    return {"start": start, "end": end, "label": entity.entity_type, "params": params}


def _params(entity: Entity, note: str) -> dict[str, str]:
    entity_type = escape(entity.entity_type)
    score = "" if entity.score is None else f"<i>{entity.score:.2f}</i>"
    exact = "" if entity.score is None else f" · score {entity.score:.4f}"
    return {
        "label": entity_type,
        "score": score,
        "wrong": " wrong" if note else "",
        "title": f"{entity_type}{exact}{f' · {note}' if note else ''}",
        "note": f'<span class="hidden"> ({note})</span>' if note else "",
    }
