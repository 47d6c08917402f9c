"""Text to subword ids and character offsets: whole texts, untruncated, in batches.

The tokenizer is a private copy of the checkpoint's ``tokenizer.json``: transformers' own wrapper
changes shared state on each call (two threads truncate each other), and version 5 rebuilds some
tokenizers differently from their file.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.foreign import describe, is_panic

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = [
    "Encoding",
    "FastTokenizer",
    "HasText",
    "SubwordTokenizer",
    "Template",
]

_NOWHERE = "\U0010ffff"  # a code point that is no character


@dataclass(frozen=True, slots=True)
class Encoding:
    """The subwords of one text, without special tokens.

    Attributes:
        ids: Shape: (n_subwords,).
        start_char: First character of each. Shape: (n_subwords,).
        end_char: The character after the last one of each. Shape: (n_subwords,).
    """

    ids: Ints
    start_char: Ints
    end_char: Ints


@dataclass(frozen=True, slots=True)
class Template:
    """The special tokens that a model wants around a window.

    Attributes:
        prefix: Ids before the window, such as that of ``[CLS]``.
        suffix: Ids after it.
        prefix_types: Token type ids of the prefix.
        suffix_types: Token type ids of the suffix.
        content_type: Token type id of the window itself.
        gives_types: Whether the tokenizer gives types even where all are zero, which is not nothing
            to XLM.
    """

    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    prefix_types: tuple[int, ...]
    suffix_types: tuple[int, ...]
    content_type: int = 0
    gives_types: bool = False

    def __len__(self) -> int:
        return len(self.prefix) + len(self.suffix)

    @property
    def has_types(self) -> bool:
        """Whether the model has to be told token types."""
        return self.gives_types or any((*self.prefix_types, *self.suffix_types, self.content_type))


class HasText(Protocol):
    """A text, such as a Doc."""

    @property
    def text(self) -> str:
        """The text."""


class SubwordTokenizer(Protocol):
    """What turns texts into subwords."""

    @property
    def template(self) -> Template:
        """The special tokens around a window."""

    def encode(self, docs: Sequence[HasText]) -> list[Encoding]:
        """Return the subwords of each Doc, or of anything else that has a text."""


class FastTokenizer:
    """A tokenizer that knows character offsets: a private copy of a ``tokenizers.Tokenizer``."""

    def __init__(self, tokenizer_json: str) -> None:
        from tokenizers import Tokenizer

        backend: Tokenizer = Tokenizer.from_str(_hide_special_tokens(tokenizer_json))
        backend.no_truncation()
        backend.no_padding()
        self._template = _read_template(backend)
        backend.encode_special_tokens = True  # a literal "[SEP]" in a text is text
        self._backend = backend

    @property
    def template(self) -> Template:
        """The special tokens around a window."""
        return self._template

    def encode(self, docs: Sequence[HasText]) -> list[Encoding]:
        """Return the subwords of each Doc's text."""
        texts = [doc.text for doc in docs]
        try:
            encoded = self._backend.encode_batch(texts, add_special_tokens=False)
        except BaseException as error:
            # A panic is no Exception: it would end a stream of Docs, and processes that wait.
            if not isinstance(error, Exception) and not is_panic(error):
                raise
            longest = max(map(len, texts))
            raise CheckpointError(
                f"the tokenizer has failed on {len(texts):,} texts, the longest of {longest:,} "
                f"characters: {describe(error)}"
            ) from error
        return [_as_arrays(text.ids, text.offsets) for text in encoded]

    def __deepcopy__(self, memo: dict[int, Any]) -> "FastTokenizer":
        return self  # it has no state that changes

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._backend.encode_special_tokens = True  # which the library's own pickles forget


def _hide_special_tokens(tokenizer_json: str) -> str:
    """Return a tokenizer whose model never finds a special token in a text.

    ``encode_special_tokens`` stops the search for them before the model is asked. But a Unigram
    model has them among its subwords and, as they cost nothing, would choose them itself. Here
    they get names that no text holds.
    """
    raw = json.loads(tokenizer_json)
    vocabulary = raw["model"]["vocab"]
    if not isinstance(vocabulary, list):  # only Unigram's is one
        return tokenizer_json
    special_names: set[str] = set()
    for token in raw["added_tokens"]:
        if token["special"]:
            special_names.add(token["content"])
            token["content"] = _NOWHERE + token["content"]
    hidden: list[list[Any]] = []
    for name, score in vocabulary:
        hidden_name = _NOWHERE + name if name in special_names else name
        hidden.append([hidden_name, score])
    raw["model"]["vocab"] = hidden
    return json.dumps(raw)


def _as_arrays(ids: Sequence[int], offsets: Sequence[tuple[int, int]]) -> Encoding:
    """Return what a tokenizer gives as arrays, of the right shape even where it gives nothing."""
    pairs = np.array(offsets, dtype=np.int64).reshape(-1, 2)
    return Encoding(np.array(ids, dtype=np.int64), pairs[:, 0], pairs[:, 1])


def _read_template(backend: "Tokenizer") -> Template:
    """Return what the tokenizer's post-processor puts around a text."""
    probe = backend.encode("a", add_special_tokens=True)
    is_special = np.array(probe.special_tokens_mask, dtype=bool)
    content = np.flatnonzero(~is_special)
    # A tokenizer that knows no "a" has no content; then everything is prefix.
    start = end = len(is_special)
    content_type = 0
    if len(content):
        start = int(content[0])
        end = int(content[-1]) + 1
        content_type = probe.type_ids[start]
    return Template(
        prefix=tuple(probe.ids[:start]),
        suffix=tuple(probe.ids[end:]),
        prefix_types=tuple(probe.type_ids[:start]),
        suffix_types=tuple(probe.type_ids[end:]),
        content_type=content_type,
    )
