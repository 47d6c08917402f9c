"""Whether an input, or a model, is still the one that it was."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from spacy.util import get_package_path, is_package

from spacy_hf_ner.corpus.text_input import TextInput
from spacy_hf_ner.corpus.text_readers import DATASET
from spacy_hf_ner.corpus.text_readers.dataset_texts import load_split
from spacy_hf_ner.evaluation.signature import hash_file, hash_files

__all__ = ["hash_input", "hash_model", "stamp_input"]


def stamp_input(source: TextInput) -> str:
    """Return what changes when somebody writes to an input: found without reading it."""
    if source.kind == DATASET:
        return _name_dataset(source)
    digest = hashlib.sha256()
    for path in _find_files(source):
        status = path.stat()
        digest.update(f"{status.st_size} {status.st_mtime_ns}\n".encode("ascii"))
    return digest.hexdigest()


def hash_input(source: TextInput) -> str:
    """Return the sha256 of an input's file; of several files, that of theirs and their names."""
    if source.kind == DATASET:
        return _name_dataset(source)
    if not source.files:
        return hash_file(Path(source.path))
    digest = hashlib.sha256()
    for name, path in zip(source.files, _find_files(source), strict=True):
        digest.update(f"{name}\0{hash_file(path)}\n".encode())
    return digest.hexdigest()


def _find_files(source: TextInput) -> Iterator[Path]:
    if not source.files:
        yield Path(source.path)
    for name in source.files:
        yield Path(source.path, name)


def _name_dataset(source: TextInput) -> str:
    # The library `datasets` knows what a data set is made of, and what was done with it.
    fingerprint: str = load_split(source)._fingerprint  # noqa: SLF001 - it has no other name
    return fingerprint


def hash_model(name: str) -> str:
    """Return the sha256 of all files of a pipeline: of its folder, or of an installed package."""
    path = Path(name)
    if not path.is_dir() and is_package(name):
        path = get_package_path(name)
    found = hash_files(path)
    return found or name  # such as "blank:en"
