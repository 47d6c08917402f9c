"""Tokenizers that are written in Python and know no offsets: their subwords, put on characters.

Such a tokenizer reads the whole text, so that subwords are its own. Where they stand is found by
their letters::

    text        Straße in   Ōsaka 漢
    subwords    stras ##se in osaka [UNK]
    letters     stras se   in osaka
    characters  Straß ße   in Ōsaka 漢
"""

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

from spacy_hf_ner.model.reading.encoding import Encoding, HasText, Template

__all__ = ["PythonTokenizer", "place_subwords"]

_REACH = 40  # letters that are looked through for a subword whose letters do not come next

Range = tuple[int, int]


class PythonTokenizer:
    """A tokenizer of transformers that is written in Python.

    Args:
        tokenizer: The tokenizer.
    """

    def __init__(self, tokenizer: Any) -> None:  # noqa: ANN401 - classes vary with the version
        self._tokenizer = tokenizer
        self._template = _read_template(tokenizer)
        self._special: list[str] = list(tokenizer.all_special_tokens)
        # Bytes of byte-level BPE, which a subword may have a part of a character of.
        self._bytes: dict[str, int] | None = getattr(tokenizer, "byte_decoder", None)

    @property
    def template(self) -> Template:
        """The special tokens around a window."""
        return self._template

    def encode(self, docs: Sequence[HasText]) -> list[Encoding]:
        """Return the subwords of each Doc's text."""
        return [self._encode(doc.text) for doc in docs]

    def _encode(self, text: str) -> Encoding:
        settings: dict[str, bool] = {}
        if any(token in text for token in self._special):
            # A literal "[SEP]" in a text is text. Other texts are not read so: the tokenizer of ESM
            # finds its letters in the way in which it finds special tokens.
            settings["split_special_tokens"] = True
        ids = list(self._tokenizer(text, add_special_tokens=False, **settings)["input_ids"])
        letters = [
            self._read_letters(piece) for piece in self._tokenizer.convert_ids_to_tokens(ids)
        ]
        places = np.array(place_subwords(text, letters), dtype=np.int64).reshape(-1, 2)
        return Encoding(np.array(ids, dtype=np.int64), places[:, 0], places[:, 1])

    def _read_letters(self, piece: str) -> str:
        """Return the letters of a subword, without marks; none for what is unknown."""
        if piece in {self._tokenizer.unk_token, "##", "</w>"}:
            return ""
        if self._bytes is not None and all(letter in self._bytes for letter in piece):
            read = bytes(self._bytes[letter] for letter in piece)
            return read.decode("utf8", errors="ignore")
        return piece.removeprefix("##").removesuffix("</w>").replace("▁", " ")


def place_subwords(text: str, subwords: Sequence[str]) -> list[Range]:
    """Return the characters of a text that each subword stands for.

    Args:
        text: The text.
        subwords: The letters of its subwords, in any case, with or without accents and spaces;
            empty where they are not known.

    >>> place_subwords("Straße in Ōsaka 漢", ["stras", "se", "in", " osaka", ""])
    [(0, 5), (4, 6), (7, 9), (10, 15), (16, 17)]
    """
    letters, origins = _fold_text(text)
    places: list[Range] = []
    waiting = 0  # subwords before this one that have no place yet
    cursor = 0
    for subword in subwords:
        wanted = _fold(subword).strip()
        found = _find_next(letters, wanted, cursor) if wanted else -1
        if found < 0:
            waiting += 1
            continue
        places += _share(text, origins[cursor], origins[found], waiting)
        waiting = 0
        cursor = found + len(wanted)
        places.append((origins[found], origins[cursor - 1] + 1))
    places += _share(text, origins[cursor], len(text), waiting)
    return places


def _fold(text: str) -> str:
    """Return a text in small letters without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _fold_text(text: str) -> tuple[str, list[int]]:
    """Return the folded letters of a text, and the character that each comes from."""
    letters: list[str] = []
    origins: list[int] = []
    for i, character in enumerate(text):
        for letter in _fold(character):
            letters.append(letter)
            origins.append(i)
    origins.append(len(text))
    return "".join(letters), origins


def _find_next(letters: str, wanted: str, cursor: int) -> int:
    """Return where letters stand next in a text, or -1 if they are not within reach."""
    while cursor < len(letters) and letters[cursor].isspace():
        cursor += 1
    return letters.find(wanted, cursor, cursor + len(wanted) + _REACH)


def _share(text: str, start: int, end: int, n_subwords: int) -> list[Range]:
    """Return places for subwords of unknown letters: a word for each, or all words for all."""
    if n_subwords == 0:
        return []
    words: list[Range] = []
    for i in range(start, end):
        if text[i].isspace():
            continue
        if words and words[-1][1] == i:
            words[-1] = (words[-1][0], i + 1)
        else:
            words.append((i, i + 1))
    if len(words) == n_subwords:
        return words
    place = (words[0][0], words[-1][1]) if words else (start, start)
    return [place] * n_subwords


def _read_template(tokenizer: Any) -> Template:  # noqa: ANN401 - classes vary with the version
    """Return what a tokenizer puts around a text."""
    bare = list(tokenizer("a", add_special_tokens=False)["input_ids"])
    encoding = tokenizer("a")
    whole = list(encoding["input_ids"])
    types = list(encoding.get("token_type_ids") or [0] * len(whole))
    start = _find_part(whole, bare)
    end = start + len(bare)
    return Template(
        prefix=tuple(whole[:start]),
        suffix=tuple(whole[end:]),
        prefix_types=tuple(types[:start]),
        suffix_types=tuple(types[end:]),
        content_type=types[start],
        gives_types="token_type_ids" in encoding,
    )


def _find_part(ids: Sequence[int], part: Sequence[int]) -> int:
    """Return where a part of some ids begins, or 0 if they do not have it."""
    for start in range(len(ids)):
        if ids[start : start + len(part)] == part:
            return start
    return 0
