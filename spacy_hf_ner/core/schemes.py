"""Tag schemes, one table row each, and the only place that knows what a prefix may do.

Reading, writing, validation, transitions, detection and the choices that configs accept derive from
:data:`SCHEMES`; a new scheme is a new row.

Source: Ramshaw & Marcus (1995), https://aclanthology.org/W95-0107 (IOB1); Tjong Kim Sang & Veenstra
(1999), https://aclanthology.org/E99-1023 (IOB2, IOE1, IOE2); Ratinov & Roth (2009),
https://aclanthology.org/W09-1119 (BILOU); Xue (2003), https://aclanthology.org/O03-4002 (BMES).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from spacy_hf_ner.errors import TagError

__all__ = [
    "OUTSIDE",
    "PLAIN",
    "SCHEMES",
    "Scheme",
    "SchemeChoice",
    "SchemeName",
    "Tag",
    "choose_strict",
    "get_scheme",
    "scheme_of_prefixes",
]


class Tag(NamedTuple):
    """What one token says about entities: a prefix and, unless it is outside, an entity type.

    A label of one token by itself, such as its part of speech, is a type without a prefix.
    """

    prefix: str
    entity_type: str

    def __str__(self) -> str:
        if not self.entity_type:
            return self.prefix
        if not self.prefix:
            return self.entity_type
        return f"{self.prefix}-{self.entity_type}"


OUTSIDE = Tag("O", "")


@dataclass(frozen=True, slots=True)
class Scheme:
    """How the tokens of an entity are prefixed, and which prefix may follow which.

    Attributes:
        name: The scheme's name.
        begin: Prefix of the first token of an entity of two or more tokens.
        inside: Prefix of its middle tokens.
        end: Prefix of its last token.
        single: Prefix of the only token of an entity of one token.
        touching: Prefix of the first token of an entity that comes right after one of its own type.
            An entity of one token has it only where ``single`` would be read as ``inside``.
        lenient: ``inside`` may also start an entity wherever it cannot continue one, and end one
            wherever nothing continues it.
        touched: Prefix of the last token of an entity that one of its own type comes right after,
            where that is not ``end``; or empty. It is the mirror image of ``touching``.
        abridged: It is a longer scheme without one of its prefixes. Labels of a checkpoint are
            complete, and may be in such a scheme; data may just happen to lack a prefix.
    """

    name: str
    begin: str
    inside: str
    end: str
    single: str
    touching: str
    lenient: bool = False
    touched: str = ""
    abridged: bool = False

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The prefixes of the scheme, outside aside, in the order of an entity's tokens."""
        ordered = (
            self.touching,
            self.begin,
            self.inside,
            self.end,
            self.single,
            self.touched or self.end,
        )
        return tuple(dict.fromkeys(ordered))

    @property
    def border(self) -> str:
        """The prefix that shows where entities begin or end, or "" where none differs from inside.

        >>> [SCHEMES[name].border for name in ("BMES", "IOB1", "IOE2", "IO")]
        ['B', 'B', 'E', '']
        """
        for prefix in (self.begin, self.end, self.touching, self.touched or self.end):
            if prefix != self.inside:
                return prefix
        return ""

    @property
    def is_known_by_end(self) -> bool:
        """Whether only the last token of an entity tells it from its neighbours, as in IOE."""
        return self.border not in {"", self.begin, self.touching}

    def can_start(self, prefix: str) -> bool:
        """Tell whether the prefix may open an entity that follows no entity of its own type."""
        if self.lenient and prefix == self.inside:
            return True
        if prefix == self.touched:
            return not self._tells_single
        return prefix in {self.begin, self.single}

    def can_start_touching(self, prefix: str) -> bool:
        """Tell whether the prefix may open an entity right after an entity of its own type."""
        # In IO the last tag of an entity may go on, and all that follows continues it:
        # neighbours of one type are one entity. An end tag of its own (I I E I E), or a start tag
        # that cannot continue (I I B I), tells them apart.
        last = self.touched or self.end
        if self.can_go_on(last) and self.can_continue(self.touching):
            return False
        if prefix == self.touched:
            return not self._tells_single
        if prefix == self.single:
            return self._tells_single or prefix == self.touching
        return prefix == self.touching

    def can_continue(self, prefix: str) -> bool:
        """Tell whether the prefix may continue the entity that the token before it belongs to."""
        return prefix in {self.inside, self.end, self.touched or self.end}

    def can_end(self, prefix: str) -> bool:
        """Tell whether the prefix may close an entity that no entity of its own type follows."""
        if self.lenient and prefix == self.inside:
            return True
        if prefix == self.touching and not self._tells_single:
            return True
        return prefix in {self.end, self.single}

    def can_end_touched(self, prefix: str) -> bool:
        """Tell whether the prefix may close an entity right before one of its own type."""
        if self.touched:
            return prefix == self.touched
        return self.can_end(prefix)

    def can_go_on(self, prefix: str) -> bool:
        """Tell whether an entity may go on after a token with this prefix."""
        return prefix in {self.begin, self.inside, self.touching}

    def role(
        self, position: int, length: int, *, touches: bool = False, is_touched: bool = False
    ) -> str:
        """Return the prefix of one token of an entity.

        Args:
            position: The token's place in the entity, from 0.
            length: The number of tokens in the entity.
            touches: The token before the entity ends an entity of the same type.
            is_touched: The token after the entity starts an entity of the same type.

        >>> [SCHEMES["IOBES"].role(i, 3) for i in range(3)]
        ['B', 'I', 'E']
        >>> SCHEMES["IOB1"].role(0, 1), SCHEMES["IOB1"].role(0, 1, touches=True)
        ('I', 'B')
        >>> SCHEMES["IOE1"].role(0, 1), SCHEMES["IOE1"].role(0, 1, is_touched=True)
        ('I', 'E')
        """
        is_last = position == length - 1
        if is_last and is_touched and self.touched:
            return self.touched
        if length == 1:
            if touches and not self._tells_single:
                return self.touching
            return self.single
        if position == 0:
            return self.touching if touches else self.begin
        return self.end if is_last else self.inside

    def split(self, prefix: str) -> tuple[str, str, str]:
        """Return the prefixes of the first, middle and last token if a tag is spread over several.

        >>> SCHEMES["IOBES"].split("S"), SCHEMES["IOBES"].split("B"), SCHEMES["IOBES"].split("E")
        (('B', 'I', 'E'), ('B', 'I', 'I'), ('I', 'I', 'E'))
        """
        if prefix == self.single:
            return self.begin, self.inside, self.end
        if prefix in {self.end, self.touched}:
            return self.inside, self.inside, prefix
        # It begins an entity or is inside one that goes on after the last of the tokens.
        return prefix, self.inside, self.inside

    @property
    def _tells_single(self) -> bool:
        """Whether an entity of one token has a prefix of its own, other than that of inside."""
        return self.single != self.inside


# Where prefixes fit several schemes, their order decides: the first one that is not told apart is
# taken (``scheme_of_prefixes``), and the last strict one is what a lenient one is written as
# (``choose_strict``).
# fmt: off
_ROWS = (
    #       name     begin inside end  single touching
    Scheme("IO",     "I",  "I",   "I", "I",   "I"),
    Scheme("IOB",    "B",  "I",   "I", "B",   "B", lenient=True),  # IOB1 or IOB2
    Scheme("IOB1",   "I",  "I",   "I", "I",   "B"),
    Scheme("IOB2",   "B",  "I",   "I", "B",   "B"),
    Scheme("IOE",    "I",  "I",   "E", "E",   "I", lenient=True),  # IOE1 or IOE2
    Scheme("IOE1",   "I",  "I",   "I", "I",   "I", touched="E"),
    Scheme("IOE2",   "I",  "I",   "E", "E",   "I"),
    Scheme("IOBES",  "B",  "I",   "E", "S",   "B"),
    Scheme("BILOU",  "B",  "I",   "L", "U",   "B"),
    Scheme("BMES",   "B",  "M",   "E", "S",   "B"),
    # Labels that lack a prefix of these: what it would mark is marked as in the shorter schemes.
    Scheme("BIE",    "B",  "I",   "E", "B",   "B", abridged=True),
    Scheme("BIS",    "B",  "I",   "I", "S",   "B", abridged=True),
    Scheme("IES",    "I",  "I",   "E", "S",   "I", abridged=True),
    Scheme("BIL",    "B",  "I",   "L", "B",   "B", abridged=True),
    Scheme("BIU",    "B",  "I",   "I", "U",   "B", abridged=True),
    Scheme("BME",    "B",  "M",   "E", "B",   "B", abridged=True),
    Scheme("BMS",    "B",  "M",   "M", "S",   "B", abridged=True),
    Scheme("BM",     "B",  "M",   "M", "B",   "B", abridged=True),
)
# fmt: on

SCHEMES: dict[str, Scheme] = {scheme.name: scheme for scheme in _ROWS}

PLAIN = Scheme("plain", begin="", inside="", end="", single="", touching="")
"""Labels of tokens by themselves, such as parts of speech. It is no row of the table, from which
schemes of entities are chosen."""

# Literals cannot be computed for a type checker; pydantic reads them at run time, from configs.
if TYPE_CHECKING:
    SchemeName = str
    SchemeChoice = str
else:
    SchemeName = Literal[tuple(SCHEMES)]
    SchemeChoice = Literal[("auto", *SCHEMES)]


def get_scheme(name: str) -> Scheme:
    """Return the scheme of that name.

    Raises:
        TagError: There is no such scheme.

    >>> get_scheme("IOB2").prefixes
    ('B', 'I')
    """
    if name not in SCHEMES:
        raise TagError(f"unknown tag scheme {name!r}: expected one of {', '.join(SCHEMES)}.")
    return SCHEMES[name]


def scheme_of_prefixes(prefixes: Iterable[str]) -> Scheme | None:
    """Return the scheme with the fewest prefixes that has all of these, or None.

    Of two such schemes it is the first in the table. ``B`` and ``I`` do not tell IOB1 from IOB2, so
    they give the lenient ``IOB``; in the same way ``I`` and ``E`` give ``IOE``.

    >>> [scheme_of_prefixes(prefixes).name for prefixes in ("BI", "BILU", "BIE")]
    ['IOB', 'BILOU', 'BIE']
    >>> scheme_of_prefixes("BQ") is None
    True
    """
    wanted = set(prefixes)
    candidates = [scheme for scheme in SCHEMES.values() if wanted.issubset(scheme.prefixes)]
    return min(candidates, key=lambda scheme: len(scheme.prefixes), default=None)


def choose_strict(scheme: Scheme) -> Scheme:
    """Return the scheme itself, or, if it is lenient, the last strict one with its prefixes.

    >>> choose_strict(SCHEMES["IOB"]).name, choose_strict(SCHEMES["BMES"]).name
    ('IOB2', 'BMES')
    """
    chosen = scheme
    if scheme.lenient:
        for candidate in SCHEMES.values():
            if not candidate.lenient and set(candidate.prefixes) == set(scheme.prefixes):
                chosen = candidate
    return chosen
