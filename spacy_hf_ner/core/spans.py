"""The span type of all rooms: a run of tokens with an entity type."""

from dataclasses import dataclass

__all__ = ["TokenSpan"]


@dataclass(frozen=True, slots=True, order=True)
class TokenSpan:
    """A typed run of tokens, end-exclusive.

    Attributes:
        start: Index of the first token.
        end: Index of the token after the last one.
        entity_type: The type without a prefix, such as ``"PER"``.

    Raises:
        ValueError: The span is empty, starts before the first token, or has no type.

    >>> TokenSpan(0, 2, "PER")
    TokenSpan(start=0, end=2, entity_type='PER')
    """

    start: int
    end: int
    entity_type: str

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(
                "a span must hold at least one token (0 <= start < end), "
                f"got {self.start}:{self.end}."
            )
        if not self.entity_type:
            raise ValueError("a span needs an entity type, got an empty string.")
