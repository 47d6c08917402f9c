"""The fine-tuning loop that people write by hand, which ours is measured against.

Sentences, ids ready before the training starts, the first subword of each word labelled, batches of
32 sentences padded to the longest, AdamW, a learn rate that rises for a tenth of the steps and then
falls to zero. It predicts the most probable tag of each word, and reads an I- tag that continues
nothing as the start of an entity.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from corpora import find_encoder
from spacy.tokens import Doc, Span
from transformers import AutoModelForTokenClassification, AutoTokenizer

from spacy_hf_ner import as_tags
from spacy_hf_ner.core.schemes import OUTSIDE, SCHEMES, Tag
from spacy_hf_ner.core.tags import read_tags

LEARN_RATE = 1.5e-4
BATCH_SENTENCES = 32
MAX_SUBWORDS = 510
IGNORED = -100  # torch's cross entropy leaves such labels out


@dataclass(frozen=True, slots=True)
class Row:
    """One sentence as the network reads it.

    Attributes:
        ids: Subword ids, special tokens included.
        tokens: For each subword the token of the Doc that it begins, or -1.
        n_words: Words of the sentence, those included that were cut off.
    """

    ids: list[int]
    tokens: list[int]
    n_words: int


Tagger = Callable[[Sequence[Row]], Sequence[Sequence[int]]]
"""Rows → the most probable label id of each subword of each row."""


def list_labels(docs: Sequence[Doc]) -> list[str]:
    """Return the IOB2 tags of the entity types in some documents."""
    types = sorted({ent.label_ for doc in docs for ent in doc.ents})
    return ["O", *(f"{prefix}-{entity_type}" for entity_type in types for prefix in "BI")]


def load_network(labels: list[str]) -> tuple[Any, Any]:
    """Return the encoder with a new head for these tags, and its tokenizer."""
    encoder = str(find_encoder())
    tokenizer: Any = AutoTokenizer.from_pretrained(encoder)  # type: ignore[no-untyped-call]
    names = dict(enumerate(labels))
    ids = {label: i for i, label in names.items()}
    network: Any = AutoModelForTokenClassification.from_pretrained(
        encoder, id2label=names, label2id=ids
    )
    return network, tokenizer


def read_rows(doc: Doc, tokenizer: Any) -> Iterator[Row]:  # noqa: ANN401
    """Yield the sentences of a document."""
    for sentence in doc.sents:
        tokens = [token for token in sentence if not token.is_space]
        encoded = tokenizer(
            [t.text for t in tokens],
            is_split_into_words=True,
            truncation=True,
            max_length=MAX_SUBWORDS,
        )
        seen: set[int | None] = {None}
        starts = []
        for word in encoded.word_ids():
            starts.append(-1 if word in seen else tokens[word].i)
            seen.add(word)
        yield Row(encoded["input_ids"], starts, len(tokens))


def label_row(row: Row, tags: Sequence[str], labels: list[str]) -> list[int]:
    """Return the label id of each subword, given the tags of its document, which may be empty."""
    ids: list[int] = []
    for token_i in row.tokens:
        tag = "" if token_i < 0 else tags[token_i]
        ids.append(labels.index(tag) if tag else IGNORED)
    return ids


def tag_docs(docs: Sequence[Doc], tokenizer: Any, labels: list[str], tagger: Tagger) -> list[Doc]:  # noqa: ANN401
    """Return copies of documents, with the entities that a tagger finds in them."""
    per_doc = [list(read_rows(doc, tokenizer)) for doc in docs]
    found = iter(tagger([row for rows in per_doc for row in rows]))
    tags = [OUTSIDE if label == "O" else Tag(label[0], label[2:]) for label in labels]
    copies = []
    for doc, rows in zip(docs, per_doc, strict=True):
        copy = Doc(
            doc.vocab, words=[t.text for t in doc], spaces=[bool(t.whitespace_) for t in doc]
        )
        ents = []
        for row in rows:
            ids = next(found)
            read = [(token_i, tags[ids[i]]) for i, token_i in enumerate(row.tokens) if token_i >= 0]
            ents += [
                Span(copy, read[span.start][0], read[span.end - 1][0] + 1, span.entity_type)
                for span in read_tags([tag for _, tag in read], SCHEMES["IOB2"]).spans
            ]
        copy.ents = tuple(ents)
        copies.append(copy)
    return copies


class PlainLoop:
    """A hand-written fine-tuning loop.

    Args:
        docs: Gold documents.
        labels: The tags.
        precision: ``"bf16"`` for autocast, ``"none"`` for float32.
    """

    def __init__(self, docs: Sequence[Doc], labels: list[str], precision: str) -> None:
        self.labels = labels
        self.network, self.tokenizer = load_network(labels)
        self.network.train()
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=LEARN_RATE, weight_decay=0.01
        )
        self.autocast = precision == "bf16"
        self.rows: list[tuple[Row, list[int]]] = []
        for doc in docs:
            tags = self.read_tags(doc)
            self.rows += [
                (row, label_row(row, tags, labels)) for row in read_rows(doc, self.tokenizer)
            ]

    def read_tags(self, doc: Doc) -> list[str]:
        """Return the gold tag of each token."""
        return as_tags(doc)

    def batches(
        self, order: Sequence[int] | None = None
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor, int]]:
        """Yield ids, labels and the number of words of the batches of one epoch.

        Args:
            order: The order of the sentences; as they come if None.
        """
        order = range(len(self.rows)) if order is None else order
        for start in range(0, len(order), BATCH_SENTENCES):
            batch = [self.rows[i] for i in order[start : start + BATCH_SENTENCES]]
            ids = _pad([row.ids for row, _ in batch], self.tokenizer.pad_token_id)
            yield (
                ids,
                _pad([labels for _, labels in batch], IGNORED),
                sum(row.n_words for row, _ in batch),
            )

    def endless_batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor, int]]:
        """Yield one batch after the other, for ever."""
        while True:
            yield from self.batches()

    def step(self, batch: tuple[torch.Tensor, torch.Tensor, int]) -> int:
        """Train on one batch and return its words."""
        ids, labels, n_words = batch
        with self._cast():
            loss = self.network(input_ids=ids, attention_mask=self._mask(ids), labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return n_words

    def train(self, *, epochs: int, seed: int) -> int:
        """Train for some epochs, each in another order, and return the number of steps."""
        n_steps = epochs * -(-len(self.rows) // BATCH_SENTENCES)
        n_warm = max(1, round(n_steps / 10))
        schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer,
            lambda step: min(step / n_warm, (n_steps - step) / max(1, n_steps - n_warm)),
        )
        draw = random.Random(seed)  # noqa: S311 - not for secrets
        for _ in range(epochs):
            for batch in self.batches(draw.sample(range(len(self.rows)), len(self.rows))):
                self.step(batch)
                schedule.step()
        return n_steps

    def predict(self, docs: Sequence[Doc]) -> list[Doc]:
        """Return copies of documents with the entities that the network finds in them."""
        self.network.eval()
        return tag_docs(docs, self.tokenizer, self.labels, self._find_labels)

    def _find_labels(self, rows: Sequence[Row]) -> list[list[int]]:
        by_length = sorted(range(len(rows)), key=lambda i: len(rows[i].ids))
        found: list[list[int]] = [[] for _ in rows]
        for start in range(0, len(rows), BATCH_SENTENCES):
            batch = by_length[start : start + BATCH_SENTENCES]
            ids = _pad([rows[i].ids for i in batch], self.tokenizer.pad_token_id)
            with torch.inference_mode(), self._cast():
                best = (
                    self.network(input_ids=ids, attention_mask=self._mask(ids))
                    .logits.argmax(-1)
                    .tolist()
                )
            for i, labels in zip(batch, best, strict=True):
                found[i] = labels
        return found

    def _mask(self, ids: torch.Tensor) -> torch.Tensor:
        pad_id: int = self.tokenizer.pad_token_id
        return (ids != pad_id).long()

    def _cast(self) -> torch.autocast:
        return torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.autocast)


def _pad(rows: Sequence[Sequence[int]], value: int) -> torch.Tensor:
    width = max(len(row) for row in rows)
    return torch.tensor([[*row, *[value] * (width - len(row))] for row in rows])
