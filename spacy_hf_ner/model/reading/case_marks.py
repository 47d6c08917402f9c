"""Marks before capitalised words, for tokenizers that would lose them.

The tokenizer of an uncased BERT makes "Turkey" and "turkey" one, though nothing tells more about
names than capitals. Here it is given a step before lower-casing; as the step is in the tokenizer's
own file, everybody who reads that file has it, too::

    text       Turkey beat USA in May
    normalised ^turkey beat ~usa in ^may
    subwords   [^][turkey][beat][~][usa][in][^][may]

A mark has the offsets of the letter that it stands before, so it is the first subword of its
token. The network learns what marks mean when it is fine-tuned.
"""

import json
from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

__all__ = ["CAPITAL", "CAPITALS", "WORD_START", "mark_case"]

# Both marks are punctuation, so BertPreTokenizer makes them subwords by themselves.
CAPITAL = "^"
"""The mark before a word that begins with one capital letter."""

CAPITALS = "~"
"""The mark before a word that begins with several."""

WORD_START = r"(?<![^\s\p{P}$+<=>^`|~])"
"""Where BertPreTokenizer begins a word: after white space and punctuation."""


def mark_case(files: Mapping[str, bytes]) -> dict[str, bytes] | None:
    """Return the files of a tokenizer with marks added to it, or None if it cannot have them.

    It can where BERT's own steps (``BertNormalizer``, ``BertPreTokenizer``) make all letters small
    and both marks are in the vocabulary. Words that begin with A to Z are marked, and accented ones
    where accents are stripped; the other subwords stay as they are.

    Args:
        files: The tokenizer's files, by name.
    """
    if "tokenizer.json" not in files:
        return None
    marked = _mark_tokenizer(json.loads(files["tokenizer.json"]))
    if marked is None:
        return None
    settings = json.loads(files.get("tokenizer_config.json", b"{}"))
    # Version 5 of transformers makes BERT's own class anew from the vocabulary, without our steps.
    settings["tokenizer_class"] = "PreTrainedTokenizerFast"
    return {
        **files,
        "tokenizer.json": json.dumps(marked, ensure_ascii=False).encode("utf8"),
        "tokenizer_config.json": json.dumps(settings, ensure_ascii=False, indent=2).encode("utf8"),
    }


def _mark_tokenizer(tokenizer: dict[str, Any]) -> dict[str, Any] | None:
    """Return the content of a ``tokenizer.json`` with marks, or None if it cannot have them."""
    normalizer = tokenizer.get("normalizer") or {}
    pre_tokenizer = tokenizer.get("pre_tokenizer") or {}
    if normalizer.get("type") != "BertNormalizer":
        return None
    if pre_tokenizer.get("type") != "BertPreTokenizer":
        return None
    has_marks = {CAPITAL, CAPITALS} <= tokenizer["model"]["vocab"].keys()
    if not normalizer["lowercase"] or not has_marks:
        return None
    strips_accents = normalizer["strip_accents"] in {True, None}  # None: as lowercase

    # The order matters: accents go first, so that "Á" is an "A"; letters are made small last.
    steps = [{**normalizer, "lowercase": False, "strip_accents": strips_accents}]
    steps += [_replace(WORD_START + letter, CAPITAL + letter) for letter in ascii_uppercase]
    # The mark changes if the word goes on with a capital.
    steps.append(_replace(r"\^(?=[A-Z]\p{Lu})", CAPITALS))
    steps.append({"type": "Lowercase"})
    return {**tokenizer, "normalizer": {"type": "Sequence", "normalizers": steps}}


def _replace(pattern: str, content: str) -> dict[str, object]:
    """Return a step that replaces what a pattern finds."""
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}
