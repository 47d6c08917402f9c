"""A stream of Docs in batches, whose memory does not depend on how long the Docs are."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from spacy.tokens import Doc

__all__ = ["MAX_TOKENS", "N_DOCS", "annotate_docs", "batch_docs"]

T = TypeVar("T")

N_DOCS = 128
MAX_TOKENS = 100_000  # whose subwords take some 90 MiB while they are encoded


def batch_docs(stream: Iterable[Doc], n_docs: int = N_DOCS) -> Iterator[list[Doc]]:
    """Yield batches of ``n_docs`` Docs, or of fewer that have ``MAX_TOKENS`` together."""
    batch: list[Doc] = []
    n_tokens = 0
    for doc in stream:
        batch.append(doc)
        n_tokens += len(doc)
        if len(batch) >= n_docs or n_tokens >= MAX_TOKENS:
            yield batch
            batch = []
            n_tokens = 0
    if batch:
        yield batch


def annotate_docs(
    docs: list[Doc],
    *,
    predict: Callable[[list[Doc]], Sequence[T]],
    annotate: Callable[[list[Doc], list[T]], object],
    report: Callable[[Doc, Exception], object],
) -> Iterator[Doc]:
    """Yield the Docs of a batch, annotated.

    If they cannot be predicted together, each is tried by itself.

    Args:
        docs: The batch.
        predict: What predicts Docs.
        annotate: What sets the predictions of Docs.
        report: Called with each Doc that fails by itself; if it returns, the Doc is left out.
    """
    for doc, prediction in _predict(docs, predict, report):
        try:
            annotate([doc], [prediction])
        except Exception as error:  # noqa: BLE001, PERF203 - the caller decides
            report(doc, error)
        else:
            yield doc


def _predict(
    docs: list[Doc],
    predict: Callable[[list[Doc]], Sequence[T]],
    report: Callable[[Doc, Exception], object],
) -> Iterator[tuple[Doc, T]]:
    """Yield each Doc with its prediction."""
    try:
        predictions = predict(docs)
    except Exception as error:  # noqa: BLE001 - the caller decides
        if len(docs) == 1:
            report(docs[0], error)
            return
        for doc in docs:
            yield from _predict([doc], predict, report)
    else:
        yield from zip(docs, predictions, strict=True)
