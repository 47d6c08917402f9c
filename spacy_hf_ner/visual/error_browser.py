"""The error browser: every document with gold beside predicted, filtered and drawn by a script.

The page holds each text once, with its matches as short rows of numbers. Long documents are cut
into passages, and the script draws a few of these at a time, so neither ten thousand documents nor
one of a book's length freeze it.

What this module writes, ``assets/report.js`` reads: the shape of passages and rows is theirs alone.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Final

from spacy_hf_ner.evaluation.formatting import format_score
from spacy_hf_ner.evaluation.matching import MATCH_KINDS, Match, match_entities
from spacy_hf_ner.evaluation.pairing import DocPair, Entity
from spacy_hf_ner.visual.colours import colours_of
from spacy_hf_ner.visual.passages import cut_pair, lay_flat

__all__ = ["UNJUDGED", "Row", "make_error_browser"]

Row = list[int | float | None]

UNJUDGED: Final = "not judged"
"""The kind of predictions on tokens that nobody has annotated."""

_KINDS: Final = (*MATCH_KINDS, UNJUDGED)
_UNJUDGED_I: Final = len(MATCH_KINDS)
_NOT_SHOWN_AT_FIRST: Final = ("correct", UNJUDGED)

# Bit flags: which side of a match is left out of the drawn text, as it overlaps another entity.
_GOLD_HIDDEN: Final = 1
_PREDICTED_HIDDEN: Final = 2

# JavaScript counts UTF-16 code units: characters up to this have one, all later ones have two.
_LAST_OF_ONE_UNIT: Final = "\uffff"

_BROWSER_HTML: Final = (
    "{filters}"
    '<p id="found" class="lead" role="status"></p><div id="list"></div>'
    '<nav class="pages" aria-label="Pages of documents">'
    '<button id="previous" type="button">Previous</button>'
    '<span id="page"></span><button id="next" type="button">Next</button></nav>'
    "<noscript><p>The error browser needs JavaScript; all else on this page does not.</p>"
    '</noscript><script type="application/json" id="data">{data}</script>'
)
_FILTERS_HTML: Final = (
    '<form id="filters" class="filters" aria-label="Filters of the error browser">'
    '<fieldset><legend>Show documents with</legend>{kinds}</fieldset><div class="row">'
    '<label>Type <select id="type"><option value="">all</option>{types}</select></label>'
    "{score_range}"
    '<label>Text <input id="search" type="search" placeholder="search"></label>'
    '<label>Order <select id="order"><option value="doc">as in the data</option>'
    '{score_order}<option value="errors">most errors first</option></select></label></div></form>'
)
_KIND_BOX_HTML: Final = (
    '<label class="kind k{i}"><input type="checkbox" name="kind" value="{i}"{checked}> '
    "{kind} <b>{n:,}</b></label>"
)
_TYPE_OPTION_HTML: Final = '<option value="{i}">{name}</option>'
_SCORE_RANGE_HTML: Final = (
    '<label>Score from <input id="low" type="number" min="0" max="1" step="0.01" value="0">'
    '</label><label>to <input id="high" type="number" min="0" max="1" step="0.01" value="1">'
    "</label>"
)
_SCORE_ORDER_HTML: Final = '<option value="score">most confident errors first</option>'


def make_error_browser(pairs: Sequence[DocPair], matches: Sequence[Sequence[Match]]) -> str:
    """Return the HTML of filters and an empty list of documents, with the data that fills it.

    Args:
        pairs: Gold and predicted entities of every document.
        matches: Their matches, one sequence for each pair.
    """
    types = _collect_types(pairs)
    data = {
        "kinds": _KINDS,
        "types": types,
        "colours": list(colours_of(types).values()),
        "n_docs": len(pairs),
        "passages": list(_make_passages(pairs, matches, types)),
    }
    filters = _make_filters(types, _count_kinds(pairs, matches), has_scores=_have_scores(pairs))
    return _BROWSER_HTML.format(filters=filters, data=_as_script_json(data))


def _collect_types(pairs: Sequence[DocPair]) -> list[str]:
    types: set[str] = set()
    for pair in pairs:
        for entity in (*pair.gold, *pair.predicted, *pair.unjudged):
            types.add(entity.entity_type)
    return sorted(types)


def _count_kinds(pairs: Sequence[DocPair], matches: Sequence[Sequence[Match]]) -> dict[str, int]:
    counts = dict.fromkeys(_KINDS, 0)
    for doc_matches in matches:
        for match in doc_matches:
            counts[match.kind] += 1
    for pair in pairs:
        counts[UNJUDGED] += len(pair.unjudged)
    return counts


def _have_scores(pairs: Sequence[DocPair]) -> bool:
    for pair in pairs:
        for entity in pair.predicted:
            if entity.score is not None:
                return True
    return False


# Filters


def _make_filters(types: Sequence[str], kind_counts: Mapping[str, int], *, has_scores: bool) -> str:
    type_options: list[str] = []
    for i, entity_type in enumerate(types):
        type_options.append(_TYPE_OPTION_HTML.format(i=i, name=escape(entity_type)))
    score_range = ""
    score_order = ""
    if has_scores:
        score_range = _SCORE_RANGE_HTML
        score_order = _SCORE_ORDER_HTML
    return _FILTERS_HTML.format(
        kinds=_make_kind_boxes(kind_counts),
        types="".join(type_options),
        score_range=score_range,
        score_order=score_order,
    )


def _make_kind_boxes(kind_counts: Mapping[str, int]) -> str:
    """Return a checkbox for each kind that occurs; errors are shown at first."""
    boxes: list[str] = []
    for i, kind in enumerate(_KINDS):
        n = kind_counts[kind]
        if n == 0:
            continue
        checked = " checked"
        if kind in _NOT_SHOWN_AT_FIRST:
            checked = ""
        boxes.append(_KIND_BOX_HTML.format(i=i, checked=checked, kind=kind, n=n))
    return "".join(boxes)


# Data for the script


def _make_passages(
    pairs: Sequence[DocPair], matches: Sequence[Sequence[Match]], types: Sequence[str]
) -> Iterator[list[object]]:
    """Yield each passage as [document, part, parts, text, rows, 1 if annotated].

    The first three are numbers, and count documents and parts from 0; rows are those of
    ``_make_rows``.
    """
    type_numbers = {entity_type: i for i, entity_type in enumerate(types)}
    for doc_i, (pair, doc_matches) in enumerate(zip(pairs, matches, strict=True)):
        passages = cut_pair(pair)
        n_parts = len(passages)
        for part_i, passage in enumerate(passages):
            passage_matches = doc_matches
            if n_parts > 1:
                # Offsets are those of the passage here. No entity is cut, so that these are the
                # same matches, and the counts of the boxes are right.
                passage_matches = match_entities(passage.gold, passage.predicted)
            rows = _make_rows(passage, passage_matches, type_numbers)
            is_annotated = int(passage.is_annotated)
            yield [doc_i, part_i, n_parts, passage.text, rows, is_annotated]


def _make_rows(
    pair: DocPair, matches: Sequence[Match], type_numbers: Mapping[str, int]
) -> list[Row]:
    """Return a row for each match, then one for each prediction that nobody can judge.

    The columns are:

        0     kind, an index of ``kinds``
        1-3   gold: start, end, type
        4-6   predicted: start, end, type
        7     score of the prediction
        8     what is left out of the drawn text: 0 nothing, 1 gold, 2 predicted, 3 both
    """
    to_utf16 = _make_utf16_map(pair.text)
    _, gold_overlaps = lay_flat(pair.gold)
    _, predicted_overlaps = lay_flat((*pair.predicted, *pair.unjudged))
    hidden_gold = set(gold_overlaps)
    hidden_predicted = set(predicted_overlaps)

    rows: list[Row] = []
    for match in matches:
        hidden_sides = 0
        if match.gold in hidden_gold:
            hidden_sides += _GOLD_HIDDEN
        if match.predicted in hidden_predicted:
            hidden_sides += _PREDICTED_HIDDEN
        kind = MATCH_KINDS.index(match.kind)
        gold = _make_cells(match.gold, type_numbers, to_utf16)
        predicted = _make_cells(match.predicted, type_numbers, to_utf16)
        rows.append([kind, *gold, *predicted, _round_score(match.predicted), hidden_sides])

    for entity in pair.unjudged:
        hidden_sides = 0
        if entity in hidden_predicted:
            hidden_sides = _PREDICTED_HIDDEN
        gold = _make_cells(None, type_numbers, to_utf16)
        predicted = _make_cells(entity, type_numbers, to_utf16)
        rows.append([_UNJUDGED_I, *gold, *predicted, _round_score(entity), hidden_sides])
    return rows


def _make_cells(
    entity: Entity | None, type_numbers: Mapping[str, int], to_utf16: Callable[[int], int]
) -> Row:
    """Return start, end and type of one side of a match; three times None where it has none."""
    if entity is None:
        return [None, None, None]
    start = to_utf16(entity.start_char)
    end = to_utf16(entity.end_char)
    return [start, end, type_numbers[entity.entity_type]]


def _round_score(entity: Entity | None) -> float | None:
    if entity is None or entity.score is None:
        return None
    # As text first: that is never rounded to certainty, as the float would be.
    return float(format_score(entity.score, n_decimals=4))


def _make_utf16_map(text: str) -> Callable[[int], int]:
    """Return a map from our offsets to JavaScript's, which count characters such as emoji twice.

    text            T  i  m     😀       !
    our offsets     0  1  2  3  4     5  6
    JavaScript's    0  1  2  3  4     6  7
    """
    # Most texts have no such character: then nothing is counted.
    if max(text, default="") <= _LAST_OF_ONE_UNIT:
        return lambda offset: offset
    n_units = 0
    n_units_before = [0]
    for char in text:
        n_units += 1
        if char > _LAST_OF_ONE_UNIT:
            n_units += 1
        n_units_before.append(n_units)

    def to_utf16(offset: int) -> int:
        return n_units_before[offset]

    return to_utf16


def _as_script_json(data: object) -> str:
    """Return data as JSON that cannot end the script element around it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    text = text.replace("<", "\\u003c")
    # Old JavaScript takes these two for the end of a line, which JSON allows in a string.
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
