"""Marks before capitalised words, for tokenizers that would lose them.

The tokenizer of an uncased BERT makes "Turkey" and "turkey" one, though nothing tells more about names than capitals.
Here it is given, in its own file and so for everybody who reads that file, a step before lower-casing::

    text       Turkey beat USA in May
    normalised ^turkey beat ~usa in ^may
    subwords   [^][turkey][beat][~][usa][in][^][may]

A mark has the offsets of the letter that it stands before, so it is the first subword of its token. The network
learns what marks mean when it is fine-tuned.
"""

import json
from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

CAPITAL, CAPITALS = (
    "^",
    "~",
)  # before a capital letter, and before several; both are punctuation, hence subwords
WORD_START = r"(?<![^\s\p{P}$+<=>^`|~])"  # as BertPreTokenizer sees it: white space and punctuation end a word


def mark_case(files: Mapping[str, bytes]) -> dict[str, bytes] | None:
    """Return the files of a tokenizer with marks before capitalised words, or None if marks cannot be added to it.

    They can where BERT's own steps (``BertNormalizer``, ``BertPreTokenizer``) make all letters small and both marks
    are in the vocabulary. Words that begin with A to Z are marked, accented or not where accents are stripped; the
    other subwords stay as they are.

    Args:
        files: The tokenizer's files, by name.
    """
    if "tokenizer.json" not in files:
        return None
    marked = _mark_tokenizer(json.loads(files["tokenizer.json"]))
    if marked is None:
        return None
    settings = json.loads(files.get("tokenizer_config.json", b"{}"))
    settings["tokenizer_class"] = (
        "PreTrainedTokenizerFast"  # BERT's own is made anew from its vocabulary in version 5
    )
    return {
        **files,
        "tokenizer.json": json.dumps(marked, ensure_ascii=False).encode("utf8"),
        "tokenizer_config.json": json.dumps(settings, ensure_ascii=False, indent=2).encode("utf8"),
    }


def _mark_tokenizer(tokenizer: dict[str, Any]) -> dict[str, Any] | None:
    normalizer, pre_tokenizer = (
        tokenizer.get("normalizer") or {},
        tokenizer.get("pre_tokenizer") or {},
    )
    if (
        normalizer.get("type") != "BertNormalizer"
        or pre_tokenizer.get("type") != "BertPreTokenizer"
    ):
        return None
    if not normalizer["lowercase"] or not {CAPITAL, CAPITALS} <= tokenizer["model"]["vocab"].keys():
        return None
    strips_accents = normalizer["strip_accents"] in {True, None}  # None: as lowercase
    steps = [{**normalizer, "lowercase": False, "strip_accents": strips_accents}]
    steps += [_replace(WORD_START + letter, CAPITAL + letter) for letter in ascii_uppercase]
    steps.append(_replace(r"\^(?=[A-Z]\p{Lu})", CAPITALS))  # of a word that goes on with a capital
    steps.append({"type": "Lowercase"})
    return {**tokenizer, "normalizer": {"type": "Sequence", "normalizers": steps}}


def _replace(pattern: str, content: str) -> dict[str, object]:
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}
