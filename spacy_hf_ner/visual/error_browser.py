"""The error browser: every document with gold beside predicted, filtered and drawn by a script on the page.

The page holds each text once, with its matches as short rows of numbers. Long documents are cut into passages, and the
script draws a few of these at a time, so neither ten thousand documents nor one of a book's length freeze it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Final

from spacy_hf_ner.evaluation.matching import MATCH_KINDS, Match, match_entities
from spacy_hf_ner.evaluation.pairing import DocPair, Entity
from spacy_hf_ner.visual.colours import colour_of
from spacy_hf_ner.visual.passages import cut_pair, lay_flat

UNJUDGED: Final = "not judged"
_KINDS: Final = (*MATCH_KINDS, UNJUDGED)
_LAST_OF_ONE_UNIT: Final = "\uffff"

Row = list[int | float | None]


def make_error_browser(pairs: Sequence[DocPair], matches: Sequence[Sequence[Match]]) -> str:
    """Return the HTML of filters and an empty list of documents, with the data that the script fills it from."""
    types = sorted(
        {e.entity_type for pair in pairs for e in (*pair.gold, *pair.predicted, *pair.unjudged)}
    )
    numbers = {entity_type: i for i, entity_type in enumerate(types)}
    passages = [
        passage
        for number, (pair, doc) in enumerate(zip(pairs, matches, strict=True))
        for passage in _passages(number, pair, doc, numbers)
    ]
    colours = [colour_of(t) for t in types]
    data = {
        "kinds": _KINDS,
        "types": types,
        "colours": colours,
        "n_docs": len(pairs),
        "passages": passages,
    }
    has_scores = any(e.score is not None for pair in pairs for e in pair.predicted)
    return _filters(types, matches, pairs, has_scores=has_scores) + (
        '<p id="found" class="lead" role="status"></p><div id="list"></div>'
        '<nav class="pages" aria-label="Pages of documents"><button id="previous" type="button">Previous</button>'
        '<span id="page"></span><button id="next" type="button">Next</button></nav>'
        "<noscript><p>The error browser needs JavaScript; all else on this page does not.</p></noscript>"
        f'<script type="application/json" id="data">{_as_script_json(data)}</script>'
    )


def _filters(
    types: Sequence[str],
    matches: Sequence[Sequence[Match]],
    pairs: Sequence[DocPair],
    *,
    has_scores: bool,
) -> str:
    counts = dict.fromkeys(_KINDS, 0)
    for doc in matches:
        for match in doc:
            counts[match.kind] += 1
    counts[UNJUDGED] = sum(len(pair.unjudged) for pair in pairs)
    kinds = "".join(
        f'<label class="kind k{i}"><input type="checkbox" name="kind" value="{i}"'
        f"{' checked' if kind not in ('correct', UNJUDGED) else ''}> {kind} <b>{counts[kind]:,}</b></label>"
        for i, kind in enumerate(_KINDS)
        if counts[kind]
    )
    options = "".join(f'<option value="{i}">{escape(t)}</option>' for i, t in enumerate(types))
    scores = (
        '<label>Score from <input id="low" type="number" min="0" max="1" step="0.01" value="0"></label>'
        '<label>to <input id="high" type="number" min="0" max="1" step="0.01" value="1"></label>'
    )
    order = '<option value="score">most confident errors first</option>' if has_scores else ""
    return (
        '<form id="filters" class="filters" aria-label="Filters of the error browser">'
        f'<fieldset><legend>Show documents with</legend>{kinds}</fieldset><div class="row">'
        f'<label>Type <select id="type"><option value="">all</option>{options}</select></label>'
        f"{scores if has_scores else ''}"
        '<label>Text <input id="search" type="search" placeholder="search"></label>'
        '<label>Order <select id="order"><option value="doc">as in the data</option>'
        f'{order}<option value="errors">most errors first</option></select></label></div></form>'
    )


def _passages(
    number: int, pair: DocPair, matches: Sequence[Match], numbers: dict[str, int]
) -> Iterator[list[object]]:
    """Yield the passages of a document as [number of the document, part, parts, text, rows, 1 if annotated]."""
    parts = cut_pair(pair)
    for i, part in enumerate(parts):
        found = matches if len(parts) == 1 else match_entities(part.gold, part.predicted)
        yield [
            number,
            i,
            len(parts),
            part.text,
            _rows(part, found, numbers),
            int(part.is_annotated),
        ]


def _rows(pair: DocPair, matches: Sequence[Match], numbers: dict[str, int]) -> list[Row]:
    """Return rows of [kind, gold start, end, type, predicted start, end, type, score, which side overlaps others].

    The last is the sum of 1 for the gold entity and 2 for the predicted one, if the text cannot show it.
    """
    at = _make_utf16(pair.text)
    gold, predicted = (
        set(lay_flat(side)[1]) for side in (pair.gold, (*pair.predicted, *pair.unjudged))
    )
    rows: list[Row] = [
        [
            MATCH_KINDS.index(m.kind),
            *_side(m.gold, numbers, at),
            *_side(m.predicted, numbers, at),
            _score(m.predicted),
            (m.gold in gold) + 2 * (m.predicted in predicted),
        ]
        for m in matches
    ]
    rows += [
        [
            len(MATCH_KINDS),
            None,
            None,
            None,
            *_side(e, numbers, at),
            _score(e),
            2 * (e in predicted),
        ]
        for e in pair.unjudged
    ]
    return rows


def _side(entity: Entity | None, numbers: dict[str, int], at: Callable[[int], int]) -> Row:
    if entity is None:
        return [None, None, None]
    return [at(entity.start_char), at(entity.end_char), numbers[entity.entity_type]]


def _score(entity: Entity | None) -> float | None:
    return None if entity is None or entity.score is None else round(entity.score, 4)


def _make_utf16(text: str) -> Callable[[int], int]:
    """Return a map from our offsets to JavaScript's, which count characters such as emoji twice."""
    if max(text, default="") <= _LAST_OF_ONE_UNIT:
        return lambda offset: offset
    before = [0]
    for char in text:
        before.append(before[-1] + (2 if char > _LAST_OF_ONE_UNIT else 1))
    return before.__getitem__


def _as_script_json(data: object) -> str:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
