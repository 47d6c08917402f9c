"""A seal at the end of a card, by which one that people have edited is known.

The last line of a card holds the digest of all lines above it. Where the digest does not fit, or
where there is none, somebody else has written the card.
"""

import hashlib
import re
from pathlib import Path
from typing import Final

__all__ = ["CARD_FILE", "is_edited", "keep_edited_cards", "read_edited", "seal"]

CARD_FILE: Final = "README.md"

_SEAL: Final = "\n<!-- Made by spacy-hf-ner, which leaves an edited card as it is. {digest} -->\n"
_SEAL_AT_END: Final = re.compile(
    re.escape(_SEAL).replace(re.escape("{digest}"), "(?P<digest>[0-9a-f]{64})") + r"\Z"
)


def seal(text: str) -> str:
    r"""Return a card with its seal, as it is written.

    >>> is_edited(seal("# A model\n"))
    False
    """
    text = text.rstrip("\n") + "\n"
    return text + _SEAL.format(digest=_hash(text))


def is_edited(card: str) -> bool:
    r"""Tell whether people have written or changed a card.

    >>> is_edited("# Mine\n"), is_edited(seal("# A model\n").replace("A", "My"))
    (True, True)
    """
    # Git and editors may write line ends in another way, which is no change of what is said.
    card = card.replace("\r\n", "\n")
    match = _SEAL_AT_END.search(card)
    return match is None or match["digest"] != _hash(card[: match.start()])


def read_edited(folder: Path) -> str | None:
    """Return the card in a folder if people have edited it; None for ours, and without a card."""
    path = folder / CARD_FILE
    if not path.is_file():
        return None
    card = path.read_text(encoding="utf8", errors="replace")
    return card if is_edited(card) else None


def keep_edited_cards(old: Path, fresh: Path) -> None:
    """Bring the edited cards of an old pipeline to the folder that will take its place."""
    for path in sorted(old.glob(f"*/model/{CARD_FILE}")):
        edited = read_edited(path.parent)
        target = fresh / path.relative_to(old)
        if edited is not None and target.parent.is_dir():
            target.write_text(edited, encoding="utf8")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf8")).hexdigest()
