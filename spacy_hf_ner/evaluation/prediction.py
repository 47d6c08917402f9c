"""A pipeline run over gold texts, and the time that it takes."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from tqdm import tqdm

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.pairing import DocPair, pair_docs

__all__ = ["Prediction", "pair_predictions", "predict", "prepare_docs"]


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
        if self.seconds == 0.0:
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
    examples: list[Example] = []
    n_words = 0
    start = time.perf_counter()
    with _show_progress(len(golds), "Predicting", progress=progress) as bar:
        for gold, doc in zip(golds, _run(nlp, golds), strict=True):
            examples.append(Example(doc, gold))
            n_words += len(doc)
            rate = n_words / (time.perf_counter() - start)
            bar.update()
            bar.set_postfix_str(f"{rate:,.0f} words/s", refresh=False)
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
    earlier_components = nlp.pipe_names[: nlp.pipe_names.index(before)]
    docs: list[Doc] = []
    with (
        nlp.select_pipes(enable=earlier_components),
        _show_progress(len(golds), "Reading", progress=progress) as bar,
    ):
        for doc in _run(nlp, golds):
            docs.append(doc)
            bar.update()
    return docs


def pair_predictions(prediction: Prediction, *, spans_key: str) -> tuple[DocPair, ...]:
    """Return gold and predicted entities of every text.

    Args:
        prediction: The Docs.
        spans_key: The span group that holds the scores, or the entities if the pipeline
            does not set ``doc.ents``.

    Raises:
        ConfigError: The pipeline sets neither ``doc.ents`` nor such a group in any Doc.
        AlignmentError: The pipeline's tokenizer changes the text in more than white space.
    """
    docs = [example.predicted for example in prediction.examples if len(example.predicted)]
    if docs and not any(_has_entities(doc, spans_key) for doc in docs):
        raise _no_entities_error(docs, spans_key)
    return tuple(
        pair_docs(example.reference, example.predicted, spans_key=spans_key)
        for example in prediction.examples
    )


def _has_entities(doc: Doc, spans_key: str) -> bool:
    """Tell whether a pipeline has set entities on a Doc, if only to none."""
    return spans_key in doc.spans or doc.has_annotation("ENT_IOB")


def _no_entities_error(docs: Sequence[Doc], spans_key: str) -> ConfigError:
    groups: set[str] = set()
    for doc in docs:
        groups |= doc.spans.keys()
    found = ". Add a component that finds entities."
    if groups:
        names = ", ".join(f"doc.spans[{key!r}]" for key in sorted(groups))
        found = f", only {names}. Name one with spans_key."
    return ConfigError(
        f"expected a pipeline that sets doc.ents, or else doc.spans[{spans_key!r}], "
        f"got one that sets neither{found}",
        settings=["spans_key"],
    )


def _run(nlp: Language, golds: Sequence[Doc]) -> Iterator[Doc]:
    """Yield what a pipeline makes of the gold texts, however long they are."""
    n_chars = max((len(doc.text) for doc in golds), default=0)
    nlp.max_length = max(nlp.max_length, n_chars)
    yield from nlp.pipe(_read_text(nlp, gold) for gold in golds)


def _read_text(nlp: Language, gold: Doc) -> Doc:
    """Return a Doc without annotation, as the pipeline's tokenizer makes it.

    A gold Doc whose white space is unknown has no text of its own; its words are then given to the
    pipeline, as spaCy does in training.
    """
    if not gold.has_unknown_spaces:
        return nlp.make_doc(gold.text)
    words = [token.text for token in gold]
    spaces = [bool(token.whitespace_) for token in gold]
    return Doc(nlp.vocab, words=words, spaces=spaces)


def _show_progress(n_docs: int, what: str, *, progress: bool) -> "tqdm[Any]":
    # None lets tqdm decide: it shows a bar on terminals only.
    disable = None if progress else True
    return tqdm(total=n_docs, unit="doc", desc=what, disable=disable)
