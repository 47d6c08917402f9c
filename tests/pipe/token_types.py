"""A small component over a token classifier, which finds the entity type of each token."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import registry

from spacy_hf_ner.core.labels import TagSet, add_entity_type, check_entity_types
from spacy_hf_ner.pipe.architectures import make_token_classifier_v1
from spacy_hf_ner.pipe.component_settings import ClassifierSettings
from spacy_hf_ner.pipe.tag_choice import choose_tag_set, find_entity_types
from spacy_hf_ner.pipe.targets import TokenTargets, read_targets
from spacy_hf_ner.pipe.token_pipe import TokenClassifierPipe

TEXTS = ["Angela met Tim", "Kofi flew to Kumasi", "nobody stayed"]


class TokenTypes(TokenClassifierPipe):
    """Finds the entity type of each token, and sets it in ``doc.user_data``."""

    scheme = "auto"

    def __init__(self, nlp: Language, **settings: Any) -> None:
        make_tok2vec = registry.architectures.get("spacy.HashEmbedCNN.v2")
        tok2vec = make_tok2vec(
            width=8,
            depth=1,
            embed_size=50,
            window_size=1,
            maxout_pieces=2,
            subword_features=False,
            pretrained_vectors=None,
        )
        super().__init__(nlp.vocab, make_token_classifier_v1(tok2vec), "types")
        ClassifierSettings.__init__(self, **settings)

    def predict(self, docs: Iterable[Doc]) -> list[list[str]]:
        docs = list(docs)
        if any("broken" in doc.text for doc in docs):
            raise RuntimeError("a broken text")
        tags = self.prepare().tags
        return [
            [tags[column].entity_type for column in doc_rows.rows.argmax(axis=1)]
            for doc_rows in self.classifier.predict(docs)
        ]

    def set_annotations(self, docs: Iterable[Doc], predictions: Sequence[list[str]]) -> None:
        for doc, types in zip(docs, predictions, strict=True):
            doc.user_data["types"] = types

    def read_targets(self, example: Example, tag_set: TagSet) -> TokenTargets:
        return read_targets(example, tag_set)

    def list_found(self, prediction: list[str]) -> list[str]:
        return prediction

    def find_labels(self, examples: Iterable[Example]) -> list[str]:
        return find_entity_types(examples)

    def choose_tags(self, labels: Sequence[str], known: TagSet | None) -> TagSet:
        return choose_tag_set(labels, known=known, scheme=self.scheme)

    def check_label(self, label: str) -> None:
        check_entity_types([label])

    def get_labels(self, tag_set: TagSet) -> tuple[str, ...]:
        return tag_set.entity_types

    def extend_tags(self, tag_set: TagSet, label: str) -> TagSet:
        return add_entity_type(tag_set, label)


def make_example(nlp: Language, *, annotated: bool = True) -> Example:
    gold = nlp.make_doc(TEXTS[0])
    if annotated:
        gold.ents = [Span(gold, 0, 1, "PER"), Span(gold, 2, 3, "PER")]
    return Example(nlp.make_doc(TEXTS[0]), gold)


def predict_rows(component: TokenTypes, nlp: Language) -> Any:
    predicted = component.classifier.predict([nlp.make_doc(text) for text in TEXTS])
    return np.concatenate([doc_rows.rows for doc_rows in predicted])
