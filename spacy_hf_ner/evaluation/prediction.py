"""Running a pipeline over gold texts, with the time that it takes."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from tqdm import tqdm

from spacy_hf_ner.corpus.docs import copy_tokens

__all__ = ["Prediction", "predict", "prepare_docs"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """Gold Docs with their predictions, and what these took.

    Attributes:
        examples: The gold Doc of each text as reference, the predicted one beside it.
        n_words: Predicted tokens.
        seconds: Wall-clock time of tokenizer and pipeline, without loading.
    """

    examples: tuple[Example, ...]
    n_words: int
    seconds: float

    @property
    def words_per_second(self) -> float:
        """Throughput of tokenizer and pipeline."""
        if not self.seconds:
            return 0.0
        return self.n_words / self.seconds


def predict(nlp: Language, golds: Sequence[Doc], *, progress: bool = False) -> Prediction:
    """Return the Docs that a pipeline makes of the gold texts.

    Args:
        nlp: The pipeline.
        golds: Docs with gold entities; they are not changed.
        progress: Show a progress bar on a terminal.
    """
    # What a pipeline does at its first text only (loading a checkpoint, warming up a device) is no
    # part of its speed.
    for _ in _run(nlp, golds[:1]):
        pass
    start = time.perf_counter()
    examples: list[Example] = []
    n_words = 0
    with _show_progress(len(golds), "Predicting", progress=progress) as bar:
        for gold, doc in zip(golds, _run(nlp, golds), strict=True):
            examples.append(Example(doc, gold))
            n_words += len(doc)
            speed = n_words / (time.perf_counter() - start)
            bar.update()
            bar.set_postfix_str(f"{speed:,.0f} words/s", refresh=False)
    return Prediction(tuple(examples), n_words, time.perf_counter() - start)


def prepare_docs(
    nlp: Language, golds: Sequence[Doc], *, before: str, progress: bool = False
) -> list[Doc]:
    """Return the gold texts as a component gets them: with what the components before it add.

    Args:
        nlp: The pipeline.
        golds: Docs with gold entities; they are not changed.
        before: The name of the component.
        progress: Show a progress bar on a terminal.
    """
    position = nlp.pipe_names.index(before)
    docs: list[Doc] = []
    with (
        nlp.select_pipes(enable=nlp.pipe_names[:position]),
        _show_progress(len(golds), "Reading", progress=progress) as bar,
    ):
        for doc in _run(nlp, golds):
            docs.append(doc)
            bar.update()
    return docs


def _run(nlp: Language, golds: Sequence[Doc]) -> Iterator[Doc]:
    """Yield what a pipeline makes of the gold texts, however long they are.

    A gold Doc whose white space is unknown has no text of its own; its words are then given to the
    pipeline, as spaCy does in training.
    """
    longest = max((len(doc.text) for doc in golds), default=0)
    nlp.max_length = max(nlp.max_length, longest)
    yield from nlp.pipe(_read_text(nlp, gold) for gold in golds)


def _read_text(nlp: Language, gold: Doc) -> Doc:
    if not gold.has_unknown_spaces:
        return nlp.make_doc(gold.text)
    return copy_tokens(gold, nlp.vocab)


def _show_progress(n_docs: int, what: str, *, progress: bool) -> "tqdm[Any]":
    # None shows the bar on a terminal only.
    disable = None if progress else True
    return tqdm(total=n_docs, unit="doc", desc=what, disable=disable)
