"""A stream of Docs in batches, whose memory does not depend on how long the Docs are."""

from collections.abc import Iterable, Iterator

from spacy.tokens import Doc

MAX_TOKENS = 100_000  # whose subwords take some 90 MiB while they are encoded


def batch_docs(stream: Iterable[Doc], n_docs: int) -> Iterator[list[Doc]]:
    """Give batches of ``n_docs`` Docs, or of fewer that have ``MAX_TOKENS`` together."""
    batch: list[Doc] = []
    n_tokens = 0
    for doc in stream:
        batch.append(doc)
        n_tokens += len(doc)
        if len(batch) >= n_docs or n_tokens >= MAX_TOKENS:
            yield batch
            batch, n_tokens = [], 0
    if batch:
        yield batch
