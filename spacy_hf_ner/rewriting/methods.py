"""What takes the place of names: what a method has to do, and those that need only a name."""

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

from spacy.tokens import Doc

from spacy_hf_ner.rewriting.names import Name

__all__ = ["CanSave", "Hashes", "Masks", "Method", "Redactions"]

_MASK: Final = "*"
_VISIBLE: Final = re.compile(r"\S")
_HASH_DIGITS: Final = 16


class Method(Protocol):
    """Chooses what takes the place of names; the same name always gets the same."""

    def choose(self, doc: Doc, names: Sequence[Name]) -> list[str | None]:
        """Return the new name for each mention in a text; None where the old one has to stay."""

    def forget(self) -> None:
        """Forget the names of the texts so far: in the next one they may become others."""


@runtime_checkable
class CanSave(Protocol):
    """A method that leaves a file at the end."""

    def save(self) -> None:
        """Write the file, if the user asked for one."""


@dataclass(slots=True)
class Redactions:
    """The type of a name in its place: ``[PER]``.

    Attributes:
        numbered: Tell names apart: ``[PER 1]``, ``[PER 2]``.
    """

    numbered: bool = False
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict, init=False)
    _counts: Counter[str] = field(default_factory=Counter, init=False)

    def choose(self, doc: Doc, names: Sequence[Name]) -> list[str | None]:  # noqa: ARG002
        """Return ``[TYPE]`` or ``[TYPE NUMBER]`` for each mention."""
        return [self._redact(name) for name in names]

    def _redact(self, name: Name) -> str:
        if not self.numbered:
            return f"[{name.entity_type}]"
        if name.key not in self._numbers:
            self._counts[name.entity_type] += 1
            self._numbers[name.key] = self._counts[name.entity_type]
        return f"[{name.entity_type} {self._numbers[name.key]}]"

    def forget(self) -> None:
        """Count from 1 again."""
        self._numbers.clear()
        self._counts.clear()


class Masks:
    """A star for each character of a name but white space: ``***** ******``."""

    def choose(self, doc: Doc, names: Sequence[Name]) -> list[str | None]:  # noqa: ARG002
        """Return as many stars as each mention has characters."""
        return [_VISIBLE.sub(_MASK, name.text) for name in names]

    def forget(self) -> None:
        """Nothing is remembered."""


@dataclass(frozen=True, slots=True)
class Hashes:
    """A keyed hash in the place of a name: ``PER_5f0c…``, the same wherever the key is the same.

    Without the key nobody can tell which name it was by hashing all names there are.

    Attributes:
        key: The key.
    """

    key: bytes

    def choose(self, doc: Doc, names: Sequence[Name]) -> list[str | None]:  # noqa: ARG002
        """Return the type and the hash of each mention."""
        return [f"{name.entity_type}_{self._hash(name)}" for name in names]

    def _hash(self, name: Name) -> str:
        # A separator that no type holds, so that no two pairs make one message.
        message = "\0".join(name.key).encode("utf8", "surrogatepass")
        return hmac.new(self.key, message, hashlib.sha256).hexdigest()[:_HASH_DIGITS]

    def forget(self) -> None:
        """Nothing is remembered: the key alone decides."""
