"""Tag schemes, one table row each, and the only place that knows what a prefix may do.

All else (encoding, decoding, validation, transitions) is derived from :data:`SCHEMES`; a new scheme is a new row.

Source: Ramshaw & Marcus (1995), https://aclanthology.org/W95-0107 (IOB1); Ratinov & Roth (2009),
https://aclanthology.org/W09-1119 (BILOU); Xue (2003), https://aclanthology.org/O03-4002 (BMES).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from spacy_hf_ner.errors import TagError

SchemeName = Literal["IO", "IOB", "IOB1", "IOB2", "IOBES", "BILOU", "BMES"]
SCHEME_NAMES: tuple[SchemeName, ...] = get_args(SchemeName)


class Tag(NamedTuple):
    """What one token says about entities: a prefix and, unless it is outside, an entity type."""

    prefix: str
    entity_type: str

    def __str__(self) -> str:
        return f"{self.prefix}-{self.entity_type}" if self.entity_type else self.prefix


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
        touching: Prefix of the first token where the token before it ends an entity of the same type.
            It is ``begin`` but for IO and IOB1; in IO nothing can tell the two entities apart.
        lenient: ``inside`` may also start an entity wherever it cannot continue one.
    """

    name: SchemeName
    begin: str
    inside: str
    end: str
    single: str
    touching: str
    lenient: bool = False

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The prefixes of the scheme, without the outside tag, in the order of an entity's tokens."""
        ordered = (self.touching, self.begin, self.inside, self.end, self.single)
        return tuple(dict.fromkeys(ordered))

    def can_start(self, prefix: str) -> bool:
        """Tell whether the prefix may open an entity after a token outside of its type."""
        return prefix in (self.begin, self.single) or (self.lenient and prefix == self.inside)

    def can_start_touching(self, prefix: str) -> bool:
        """Tell whether the prefix may open an entity right after an entity of its own type."""
        if self.touching == self.inside:  # IO: neighbours of one type are one entity
            return False
        return prefix == self.touching or (prefix == self.single and self.single != self.inside)

    def can_continue(self, prefix: str) -> bool:
        """Tell whether the prefix may go on with the entity that the token before it belongs to."""
        return prefix in (self.inside, self.end)

    def can_end(self, prefix: str) -> bool:
        """Tell whether the prefix may be on the last token of an entity."""
        return prefix in (self.end, self.single) or (
            prefix == self.touching and self.single == self.inside
        )

    def can_go_on(self, prefix: str) -> bool:
        """Tell whether an entity may go on after a token with this prefix."""
        return prefix in (self.begin, self.inside, self.touching)

    def role(self, position: int, length: int, *, touches: bool = False) -> str:
        """Return the prefix of one token of an entity.

        Args:
            position: The token's place in the entity, from 0.
            length: The number of tokens in the entity.
            touches: The token before the entity ends an entity of the same type.

        >>> [SCHEMES["IOBES"].role(i, 3) for i in range(3)], SCHEMES["IOB1"].role(0, 1, touches=True)
        (['B', 'I', 'E'], 'B')
        """
        if length == 1:
            return self.touching if touches and self.single == self.inside else self.single
        if position == 0:
            return self.touching if touches else self.begin
        return self.end if position == length - 1 else self.inside

    def split(self, prefix: str) -> tuple[str, str, str]:
        """Return the prefixes of the first, middle and last token when one tag is spread over several.

        >>> SCHEMES["IOBES"].split("S"), SCHEMES["IOBES"].split("B"), SCHEMES["IOB2"].split("B")
        (('B', 'I', 'E'), ('B', 'I', 'I'), ('B', 'I', 'I'))
        """
        if prefix == self.single:
            first, last = self.begin, self.end
        elif prefix == self.begin:
            first, last = self.begin, self.inside
        elif prefix == self.end:
            first, last = self.inside, self.end
        else:
            first, last = prefix, self.inside
        return first, self.inside, last


SCHEMES: dict[SchemeName, Scheme] = {
    # name                      begin inside end  single touching
    "IO": Scheme("IO", "I", "I", "I", "I", "I"),
    "IOB": Scheme(
        "IOB", "B", "I", "I", "B", "B", lenient=True
    ),  # B-/I- of a checkpoint that may be IOB1 or IOB2
    "IOB1": Scheme("IOB1", "I", "I", "I", "I", "B"),
    "IOB2": Scheme("IOB2", "B", "I", "I", "B", "B"),
    "IOBES": Scheme("IOBES", "B", "I", "E", "S", "B"),
    "BILOU": Scheme("BILOU", "B", "I", "L", "U", "B"),
    "BMES": Scheme("BMES", "B", "M", "E", "S", "B"),
}


def get_scheme(name: str) -> Scheme:
    """Return the scheme of that name.

    Raises:
        TagError: There is no such scheme.
    """
    for known in SCHEME_NAMES:
        if known == name:
            return SCHEMES[known]
    raise TagError(f"unknown tag scheme {name!r}: expected one of {', '.join(SCHEME_NAMES)}.")


def scheme_of_prefixes(prefixes: Iterable[str]) -> Scheme | None:
    """Return the scheme that a set of prefixes belongs to, or None if no scheme has them all.

    ``B`` and ``I`` do not tell IOB1 from IOB2, so they give the lenient ``IOB``.

    >>> scheme_of_prefixes(["B", "I"]).name, scheme_of_prefixes("BILU").name, scheme_of_prefixes("BQ")
    ('IOB', 'BILOU', None)
    """
    found = set(prefixes)
    for name in ("IO", "IOB", "IOBES", "BILOU", "BMES"):
        if found <= set(SCHEMES[name].prefixes):
            return SCHEMES[name]
    return None
