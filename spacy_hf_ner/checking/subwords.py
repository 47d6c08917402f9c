"""What a model's tokenizer makes of a text, and how much of it the model reads at once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from spacy.language import Language
from spacy.tokens import Doc

from spacy_hf_ner.core.alignment import Alignment, Units, align_subwords
from spacy_hf_ner.model.hf_classifier import HFTokenClassifier
from spacy_hf_ner.model.reading.encoding import SubwordTokenizer
from spacy_hf_ner.model.reading.units import find_units
from spacy_hf_ner.pipe.batches import batch_docs
from spacy_hf_ner.pipe.token_pipe import TokenClassifierPipe

__all__ = ["SubwordDoc", "SubwordReader", "find_subword_reader"]


@dataclass(frozen=True, slots=True)
class SubwordDoc:
    """A document in subwords.

    Attributes:
        n_subwords: How many it has.
        units: Its units: the tokens that are not white space.
        alignment: Which subwords speak for which unit.
    """

    n_subwords: int
    units: Units
    alignment: Alignment


@dataclass(frozen=True, slots=True)
class SubwordReader:
    """Reads texts as a model does.

    Attributes:
        tokenizer: What makes the subwords.
        window: The most subwords that the model reads at once.
    """

    tokenizer: SubwordTokenizer
    window: int

    def read(self, docs: Iterable[Doc]) -> Iterator[SubwordDoc]:
        """Yield each document in subwords."""
        for batch in batch_docs(docs):
            for doc, encoding in zip(batch, self.tokenizer.encode(batch), strict=True):
                units = find_units(doc)
                alignment = align_subwords(encoding.start_char, encoding.end_char, units)
                yield SubwordDoc(len(encoding.ids), units, alignment)


def find_subword_reader(nlp: Language) -> SubwordReader | None:
    """Return what reads the texts of a pipeline's token classifier; None if it has none of its own.

    Raises:
        CheckpointError: Its checkpoint cannot be read.
    """
    for _, component in nlp.pipeline:
        if not isinstance(component, TokenClassifierPipe):
            continue
        classifier = component.classifier
        if isinstance(classifier, HFTokenClassifier):
            checkpoint = classifier.shim.load(component.scheme)
            return SubwordReader(checkpoint.tokenizer, classifier.shim.reading.window)
    return None
