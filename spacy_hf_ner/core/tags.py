"""Tags to spans and back, for every scheme, with one state machine.

Reading is lenient, as the CoNLL scorer is: a tag that cannot continue an entity starts one, so no
tag is ever lost; what had to be read against the scheme is reported beside the spans. All that is
decided lies at the border of two neighbouring tags::

    tags       O   B-PER   I-PER   I-LOC   O
    borders      |       -       |       |      - goes on   | ends, starts, or both
    spans          [PER         )  [LOC )
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import Literal, NamedTuple

from spacy_hf_ner.core.schemes import OUTSIDE, SCHEMES, Scheme, Tag, scheme_of_prefixes
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.errors import TagError

__all__ = [
    "Borders",
    "SchemeGuess",
    "TagReading",
    "Violation",
    "ViolationKind",
    "count_borders",
    "detect_scheme",
    "guess_scheme",
    "obedience",
    "read_tags",
    "write_tags",
]

ViolationKind = Literal["starts without a start tag", "ends without an end tag"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where a tag sequence breaks its scheme.

    Attributes:
        token_i: Index of the offending token.
        kind: What is wrong with it.
    """

    token_i: int
    kind: ViolationKind


@dataclass(frozen=True, slots=True)
class TagReading:
    """The entities of a tag sequence, and where the sequence broke its scheme.

    Attributes:
        spans: The entities, in order.
        violations: What had to be read against the scheme, in order.
    """

    spans: tuple[TokenSpan, ...]
    violations: tuple[Violation, ...]


def read_tags(tags: Sequence[Tag | None], scheme: Scheme) -> TagReading:
    """Return the spans that a tag sequence describes, and its violations of the scheme.

    Args:
        tags: One tag for each token; None where the annotation is missing, which ends an entity.
        scheme: The scheme that the tags claim to be in.

    Raises:
        TagError: A prefix is not in the scheme.

    >>> reading = read_tags([Tag("I", "PER"), Tag("I", "PER"), OUTSIDE], SCHEMES["IOB2"])
    >>> reading.spans
    (TokenSpan(start=0, end=2, entity_type='PER'),)
    >>> reading.violations
    (Violation(token_i=0, kind='starts without a start tag'),)
    """
    spans: list[TokenSpan] = []
    violations: list[Violation] = []
    start = 0  # of the entity that the tag before belongs to
    before = OUTSIDE
    prefixes = scheme.prefixes
    # One tag more than there are, so that the last entity ends, too.
    for i, annotated in enumerate((*tags, OUTSIDE)):
        tag = OUTSIDE if annotated is None else annotated
        if tag.entity_type and tag.prefix not in prefixes:
            raise TagError(
                f"token {i}: prefix {tag.prefix!r} of {str(tag)!r} is not in {scheme.name} "
                f"({', '.join(prefixes)}, O)."
            )
        if not (tag.entity_type or before.entity_type):
            continue  # most of a text
        border = _judge(before, tag, scheme)
        if not border.is_inside:
            if before.entity_type:
                spans.append(TokenSpan(start, i, before.entity_type))
            if border.ends_badly:
                violations.append(Violation(i - 1, "ends without an end tag"))
            if border.starts_badly:
                violations.append(Violation(i, "starts without a start tag"))
            start = i
        before = tag
    return TagReading(tuple(spans), tuple(violations))


def write_tags(spans: Iterable[TokenSpan], n_tokens: int, scheme: Scheme) -> list[Tag]:
    """Return one tag for each of ``n_tokens`` tokens.

    Raises:
        TagError: Two spans overlap, or a span ends after the last token.

    >>> spans = [TokenSpan(0, 2, "PER"), TokenSpan(3, 4, "LOC")]
    >>> [str(tag) for tag in write_tags(spans, 4, SCHEMES["IOBES"])]
    ['B-PER', 'E-PER', 'O', 'S-LOC']
    """
    tags = [OUTSIDE] * n_tokens
    before: TokenSpan | None = None
    ordered = sorted(spans)
    for span, after in zip_longest(ordered, ordered[1:]):
        if before is not None and span.start < before.end:
            raise TagError(
                f"{span} overlaps the span before it, which ends at token {before.end}: tags "
                "cannot nest."
            )
        if span.end > n_tokens:
            raise TagError(f"{span} ends after the last of {n_tokens} tokens.")
        touches = _touch(before, span)
        is_touched = _touch(span, after)
        length = span.end - span.start
        for position in range(length):
            prefix = scheme.role(position, length, touches=touches, is_touched=is_touched)
            tags[span.start + position] = Tag(prefix, span.entity_type)
        before = span
    return tags


def _touch(first: TokenSpan | None, second: TokenSpan | None) -> bool:
    """Tell whether the second of two spans comes right after the first, and has its type."""
    if first is None or second is None:
        return False
    return first.end == second.start and first.entity_type == second.entity_type


@dataclass(frozen=True, slots=True)
class SchemeGuess:
    """The scheme that tagged data appears to be in.

    Attributes:
        scheme: The best guess.
        share: Share of entity borders that obey it, in [0, 1]; 1.0 where there are none.
    """

    scheme: Scheme
    share: float


Borders = Counter[tuple[Tag, Tag]]
"""How often one tag follows another; the start and the end of a sequence count as outside."""


def count_borders(sequences: Iterable[Sequence[Tag | None]]) -> Borders:
    """Return how often each tag follows each other one.

    That is all that is needed to guess a scheme, and takes no more memory for longer data.

    >>> count_borders([[Tag("B", "PER")]])[OUTSIDE, Tag("B", "PER")]
    1
    """
    borders: Borders = Counter()
    for tags in sequences:
        filled = [OUTSIDE, *(tag or OUTSIDE for tag in tags), OUTSIDE]
        borders.update(pairwise(filled))
    return borders


def detect_scheme(sequences: Iterable[Sequence[Tag | None]]) -> SchemeGuess:
    """Return the scheme of tagged data.

    Unlike a checkpoint's labels, data tells IOB1 from IOB2.

    Raises:
        TagError: The prefixes fit no scheme.

    >>> guess = detect_scheme([[Tag("I", "PER"), Tag("B", "PER")]])
    >>> guess.scheme.name, guess.share
    ('IOB1', 1.0)
    """
    return guess_scheme(count_borders(sequences))


def guess_scheme(borders: Borders) -> SchemeGuess:
    """Return the scheme of data whose borders were counted.

    Raises:
        TagError: The prefixes fit no scheme.
    """
    prefixes: set[str] = set()
    for pair in borders:
        for tag in pair:
            if tag.entity_type:
                prefixes.add(tag.prefix)
    family = scheme_of_prefixes(prefixes)
    if family is None:
        raise TagError(f"the prefixes {sorted(prefixes)} fit no scheme ({_list_schemes()}).")
    if family.abridged:
        return _guess_abridged(borders, family)
    best: SchemeGuess | None = None
    for scheme in SCHEMES.values():
        # A lenient scheme is for labels, which say less than data: it would obey anything.
        if scheme.lenient or set(scheme.prefixes) != set(family.prefixes):
            continue
        share = obedience(borders, scheme)
        # Of two that fit alike, the later in the table: IOB2 is more common than IOB1.
        if best is None or share >= best.share:
            best = SchemeGuess(scheme, share)
    return best or SchemeGuess(family, obedience(borders, family))


def _guess_abridged(borders: Borders, abridged: Scheme) -> SchemeGuess:
    """Return the longer scheme of which data has no tag of some prefix, or the shorter one.

    Data may lack a prefix by chance (no entity of a single token, say), and may be damaged. So it
    is taken for the shorter scheme only where it obeys that throughout, and the longer one not.
    """
    shorter = SchemeGuess(abridged, obedience(borders, abridged))
    for scheme in SCHEMES.values():
        if scheme.lenient or scheme.abridged or not set(abridged.prefixes) < set(scheme.prefixes):
            continue
        longer = SchemeGuess(scheme, obedience(borders, scheme))
        if longer.share == 1.0 or shorter.share < 1.0:
            return longer
    return shorter


def _list_schemes() -> str:
    """Return the schemes with their prefixes, for a message."""
    rows: list[str] = []
    for scheme in SCHEMES.values():
        prefixes = " ".join(scheme.prefixes)
        rows.append(f"{scheme.name}: {prefixes}")
    return "; ".join(rows)


def obedience(borders: Borders, scheme: Scheme) -> float:
    """Return the share of entity borders (starts and ends) in [0, 1] that obey the scheme.

    >>> obedience(count_borders([[Tag("I", "PER")], [Tag("B", "PER")]]), SCHEMES["IOB2"])
    0.75
    """
    n_borders = 0
    n_wrong = 0
    for (before, after), count in borders.items():
        border = _judge(before, after, scheme)
        if border.is_inside:
            continue
        if before.entity_type:
            n_borders += count
        if after.entity_type:
            n_borders += count
        if border.ends_badly:
            n_wrong += count
        if border.starts_badly:
            n_wrong += count
    if n_borders == 0:
        return 1.0
    return 1.0 - n_wrong / n_borders


class _Border(NamedTuple):
    """What lies between two neighbouring tags: the inside of one entity, or an end and a start."""

    is_inside: bool
    ends_badly: bool = False
    starts_badly: bool = False


def _judge(before: Tag, after: Tag, scheme: Scheme) -> _Border:
    """Return what lies between two neighbouring tags, and whether the scheme allows it."""
    same_type = bool(after.entity_type) and after.entity_type == before.entity_type
    if same_type and scheme.can_go_on(before.prefix) and scheme.can_continue(after.prefix):
        return _Border(is_inside=True)
    may_start = scheme.can_start_touching if same_type else scheme.can_start
    may_end = scheme.can_end_touched if same_type else scheme.can_end
    return _Border(
        is_inside=False,
        ends_badly=bool(before.entity_type) and not may_end(before.prefix),
        starts_badly=bool(after.entity_type) and not may_start(after.prefix),
    )
