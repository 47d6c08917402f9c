"""Gold Docs, from .spacy files or from any corpus that conversion reads."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_hf_ner.corpus.readers import read_docs
from spacy_hf_ner.errors import CorpusError

__all__ = ["check_gold", "find_gold_files", "read_gold_docs"]

_CONVERT: Final = "`python -m spacy hf-ner convert`"


def find_gold_files(path: Path) -> list[Path]:
    """Return the .spacy files that a path stands for, in order; none if it must be converted."""
    if path.suffix == ".spacy":
        return [path]
    return sorted(path.rglob("*.spacy"))


def read_gold_docs(path: Path, vocab: Vocab) -> list[Doc]:
    """Return the Docs of a .spacy file, or of all in a folder; else what conversion gives.

    Raises:
        CorpusError: The corpus cannot be read, or holds no Docs.
    """
    if not path.exists():
        raise CorpusError(
            f"{path}: expected a file or a folder with gold data, got nothing there. Check the "
            f"path; a data set of the hub is converted first: {_CONVERT}."
        )
    files = find_gold_files(path)
    docs: list[Doc] = []
    for file in files:
        docs += _read_docbin(file, vocab)
    if not files:
        docs = list(read_docs(path, vocab))
    if not docs:
        raise CorpusError(
            f"{path}: expected a corpus with documents to evaluate on, found none. Name another."
        )
    return docs


def _read_docbin(file: Path, vocab: Vocab) -> list[Doc]:
    try:
        return list(DocBin().from_disk(file).get_docs(vocab))
    except (
        Exception
    ) as error:  # the formats below raise errors of their own: zlib, msgpack, KeyError
        raise CorpusError(
            f"{file}: expected a DocBin (.spacy), but it cannot be read as one ({error}). "
            f"Make one with {_CONVERT}."
        ) from error


def check_gold(golds: Iterable[Doc], *, spans_key: str) -> None:
    """Make sure that gold Docs are annotated, if only by saying that there is no entity.

    Args:
        golds: The Docs.
        spans_key: A span group that may hold the entities.

    Raises:
        CorpusError: There is annotation in no Doc.
    """
    groups: set[str] = set()
    for doc in golds:
        if spans_key in doc.spans or (len(doc) and doc.has_annotation("ENT_IOB")):
            return
        groups |= doc.spans.keys()
    hint = "Annotate it."
    if groups:
        hint = f"Span groups found: {', '.join(sorted(groups))}. Name one with spans_key."
    raise CorpusError(
        "expected gold data with annotated entities, in doc.ents or "
        f"doc.spans[{spans_key!r}], got documents without. {hint}",
        settings=["spans_key"],
    )
