"""Whether a component finds the same where its network multiplies 8-bit integers."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spacy.tokens import Doc

from spacy_hf_ner.model.engines.precision import can_use_int8
from spacy_hf_ner.model.hf_classifier import HFTokenClassifier
from spacy_hf_ner.model.network import get_device
from spacy_hf_ner.pipe.annotation import without_entities
from spacy_hf_ner.pipe.batches import batch_docs

if TYPE_CHECKING:
    from spacy_hf_ner.pipe.token_pipe import TokenClassifierPipe

__all__ = ["MIN_INT8_AGREEMENT", "Found", "Int8Trial", "agree", "list_all_found", "try_int8"]

MIN_INT8_AGREEMENT = 0.99
_N_DOCS = 128  # in a batch

Found = set[tuple[int, Hashable]]
"""The Doc, and what was found in it: an entity, or the label of a token."""


@dataclass(frozen=True, slots=True)
class Int8Trial:
    """What 8-bit integers do to what a component finds.

    Attributes:
        n_found: How much it finds without them.
        agreement: F1 of what it finds with them against that; None where that was not compared.
        problem: Why they are not taken, in a sentence; None if they are.
    """

    n_found: int = 0
    agreement: float | None = None
    problem: str | None = None

    @property
    def is_taken(self) -> bool:
        """Whether ``precision = "auto"`` means int8 from now on, on CPUs that can do it."""
        return self.problem is None


def try_int8(
    pipe: "TokenClassifierPipe", docs: Iterable[Doc], *, min_agreement: float = MIN_INT8_AGREEMENT
) -> Int8Trial:
    """Have a component take 8-bit integers if it finds the same with them, and return the trial.

    The choice is stored with the model. Training undoes it.

    Args:
        pipe: The component. Its ``precision`` is ``"auto"``, else nothing is tried.
        docs: Docs that it was not trained on, tokenized, with what components before it set.
        min_agreement: The least F1 of what is found with them against what is found without.
    """
    pipe.prepare()
    problem = _explain(pipe)
    if problem is not None:
        return Int8Trial(problem=problem)
    classifier = pipe.classifier
    assert isinstance(classifier, HFTokenClassifier)
    engine = classifier.shim.load(pipe.scheme).engine
    read = [without_entities(doc) for doc in docs]
    engine.choose_int8(False)
    expected = list_all_found(pipe, read)
    engine.choose_int8(True)
    found = list_all_found(pipe, read)
    agreement = agree(expected, found)
    if agreement is None:
        problem = "nothing is found in the data, so nothing can be compared"
    elif agreement < min_agreement:
        problem = (
            f"F1 of what is found with int8 against what is found without is {agreement:.2%}, "
            f"expected {min_agreement:.2%} or more"
        )
    engine.choose_int8(problem is None)
    return Int8Trial(len(expected), agreement, problem)


def _explain(pipe: "TokenClassifierPipe") -> str | None:
    """Return why a component cannot use 8-bit integers, or None if it can."""
    classifier = pipe.classifier
    if not isinstance(classifier, HFTokenClassifier):
        return "its network belongs to another component"
    settings = classifier.shim.settings
    if settings.backend != "torch":
        return f'its config says backend = "{settings.backend}"'
    if settings.precision != "auto":
        return f'its config says precision = "{settings.precision}"'
    network = classifier.shim.load(pipe.scheme).network
    if not can_use_int8(get_device(network)):
        return "this machine has no CPU with VNNI, or torch cannot use it"
    return None


def list_all_found(pipe: "TokenClassifierPipe", docs: Sequence[Doc]) -> Found:
    """Return what a component finds in Docs, which stay as they are."""
    found: Found = set()
    doc_i = 0
    for batch in batch_docs(docs, _N_DOCS):
        for prediction in pipe.predict(batch):
            for item in pipe.list_found(prediction):
                found.add((doc_i, item))
            doc_i += 1
    return found


def agree(expected: Found, found: Found) -> float | None:
    """Return F1 of what was found against what was expected; None if both are nothing.

    >>> agree({(0, "PER"), (0, "ORG"), (1, "LOC")}, {(0, "PER")})
    0.5
    """
    if not expected and not found:
        return None
    return 2 * len(expected & found) / (len(expected) + len(found))
