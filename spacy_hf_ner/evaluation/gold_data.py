"""Reading gold Docs from files, and making sure that somebody has annotated them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_hf_ner.corpus.docbins import read_docbin
from spacy_hf_ner.corpus.readers import read_docs
from spacy_hf_ner.corpus.visible import list_visible
from spacy_hf_ner.errors import CorpusError

__all__ = ["check_gold", "read_gold_docs"]

_CONVERT: Final = "`python -m spacy hf-ner convert`"


def read_gold_docs(path: Path, vocab: Vocab) -> list[Doc]:
    """Return the Docs of a .spacy file or of all in a folder; other files are converted.

    Raises:
        CorpusError: The corpus cannot be read, or holds no Docs.
    """
    if not path.exists():
        raise CorpusError(
            f"{path}: expected a file or a folder with gold data, got nothing there. "
            f"Check the path; a data set of the hub is converted first: {_CONVERT}."
        )
    docs = _read_any(path, vocab)
    if not docs:
        raise CorpusError(f"{path}: expected a corpus with documents to evaluate on, found none.")
    return docs


def _read_any(path: Path, vocab: Vocab) -> list[Doc]:
    if path.suffix == ".spacy":
        return _read_docbin(path, vocab)
    files = list_visible(path, "*.spacy")
    if not files:
        return list(read_docs(path, vocab))
    docs: list[Doc] = []
    for file in files:
        docs += _read_docbin(file, vocab)
    return docs


def _read_docbin(file: Path, vocab: Vocab) -> list[Doc]:
    try:
        return list(read_docbin(file).get_docs(vocab))
    except CorpusError:
        raise
    except Exception as error:
        # The formats inside raise errors of their own: zlib's, msgpack's, KeyError.
        raise CorpusError(
            f"{file}: expected a DocBin (.spacy), but it cannot be read as one ({error}). "
            f"Make one with {_CONVERT}."
        ) from error


def check_gold(golds: Iterable[Doc], *, spans_key: str) -> None:
    """Make sure that somebody has annotated gold Docs, if only by saying that there is no entity.

    Args:
        golds: The Docs.
        spans_key: A span group that may hold the entities.

    Raises:
        CorpusError: There is annotation in no Doc.
    """
    groups: set[str] = set()
    for doc in golds:
        # An empty Doc has every annotation, says spaCy.
        has_entities = len(doc) > 0 and doc.has_annotation("ENT_IOB")
        if spans_key in doc.spans or has_entities:
            return
        groups.update(doc.spans.keys())
    message = (
        f"expected gold data with annotated entities, in doc.ents or doc.spans[{spans_key!r}], "
        "got documents without."
    )
    if not groups:
        raise CorpusError(f"{message} Annotate it.")
    raise CorpusError(
        f"{message} Span groups found: {', '.join(sorted(groups))}. Name one with spans_key.",
        settings=("spans_key",),
    )
