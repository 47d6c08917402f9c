"""An engine that labels every subword of some texts perfectly, as no network does."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import spacy
import torch

from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import write_tags
from spacy_hf_ner.model.engines.base import Engine, WeightsSource
from spacy_hf_ner.model.reading.batching import Budget, PaddedBatch
from spacy_hf_ner.model.reading.encoding import Encoding, SubwordTokenizer, Template
from spacy_hf_ner.model.reading.limits import Limits

__all__ = ["LabelledText", "PerfectEngine", "label_subwords"]

LabelledText = tuple[str, Sequence[tuple[int, int, str]]]
"""A text and its entities: first character, the character after the last one, type."""

_SURE = 9.0  # the logit of the right label, where all others have 0


class PerfectEngine(Engine):
    """Gives the right label of each subword of the texts that it knows.

    Args:
        texts: The texts, none of which is longer than a window.
        tokenizer: What makes their subwords.
        tag_set: The labels of the columns.
    """

    name = "perfect"
    title = "perfection"
    files = r"perfect\.json"

    def __init__(
        self, texts: Sequence[LabelledText], tokenizer: SubwordTokenizer, tag_set: TagSet
    ) -> None:
        self._n_tags = len(tag_set)
        self._columns: dict[tuple[int, ...], list[int]] = {}
        template = tokenizer.template
        make_doc = spacy.blank("xx").make_doc
        encodings = tokenizer.encode([make_doc(text) for text, _ in texts])
        for (_, entities), encoding in zip(texts, encodings, strict=True):
            ids = (*template.prefix, *encoding.ids.tolist(), *template.suffix)
            columns = label_subwords(encoding, entities, tag_set)
            self._columns[ids] = [0] * len(template.prefix) + columns

    @classmethod
    def read(cls, source: WeightsSource) -> "PerfectEngine":
        raise NotImplementedError("tests make it themselves")

    def write(self, folder: Path) -> None:
        raise NotImplementedError("tests do not save it")

    def find_limits(
        self,
        tokenizer_files: dict[str, bytes],  # noqa: ARG002 - nothing limits it
        template: Template,  # noqa: ARG002
        *,
        name: str,  # noqa: ARG002
    ) -> Limits:
        return Limits(max_subwords=510, n_embeddings=None, pad_id=0)

    def describe(self) -> str:
        return "a perfect engine"

    @property
    def budget(self) -> Budget:
        return Budget(2048, padding=2048)

    def run(self, batch: PaddedBatch) -> torch.Tensor:
        logits = np.zeros((*batch.ids.shape, self._n_tags), dtype=np.float32)
        for row, (ids, mask) in enumerate(zip(batch.ids, batch.mask, strict=True)):
            columns = self._columns[tuple(ids[mask == 1].tolist())]
            logits[row, np.arange(len(columns)), columns] = _SURE
        return torch.from_numpy(logits)


def label_subwords(
    encoding: Encoding, entities: Sequence[tuple[int, int, str]], tag_set: TagSet
) -> list[int]:
    """Return the column of each subword of a text: that of its entity's characters, in a scheme."""
    spans: list[TokenSpan] = []
    for start_char, end_char, entity_type in entities:
        inside = (encoding.start_char < end_char) & (encoding.end_char > start_char)
        subwords = np.flatnonzero(inside)
        spans.append(TokenSpan(int(subwords[0]), int(subwords[-1]) + 1, entity_type))
    tags = write_tags(spans, len(encoding.ids), tag_set.scheme)
    return [tag_set.columns[tag] for tag in tags]
