"""A component's checkpoint to a folder with an ONNX graph; in 8 bits only if it finds the same entities."""

import copy
import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from spacy.tokens import Doc

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.checkpoint import Checkpoint, write_checkpoint
from spacy_hf_ner.model.engines.onnx.export import export_checkpoint, quantize_checkpoint
from spacy_hf_ner.model.engines.onnx.graph import OnnxGraph
from spacy_hf_ner.model.hf_classifier import HFTokenClassifier, make_hf_model
from spacy_hf_ner.pipe.annotation import without_entities
from spacy_hf_ner.pipe.batches import batch_docs

if TYPE_CHECKING:
    from spacy_hf_ner.pipe.token_pipe import TokenClassifierPipe

Quantize = Literal["int8"]
MIN_AGREEMENT = 0.98
_N_DOCS = 128  # in a batch

Entities = set[
    tuple[int, int, int, str]
]  # the Doc, the entity's first token, the one after it, its type


@dataclass(frozen=True, slots=True)
class OnnxExport:
    """What was exported.

    Attributes:
        file: The graph.
        agreement: F1 of the entities that int8 finds in the sample against those of fp32; None if not compared.
        problem: Why int8 was refused, or not compared with fp32, in a sentence; None if all is well.
    """

    file: Path
    agreement: float | None = None
    problem: str | None = None


def export_onnx(
    pipe: "TokenClassifierPipe",
    folder: Path,
    *,
    quantize: Quantize | None = None,
    sample: Iterable[Doc] = (),
    min_agreement: float = MIN_AGREEMENT,
) -> OnnxExport:
    """Return what was written to a folder: the component's checkpoint with an ONNX graph in place of its weights.

    For the arguments see :meth:`spacy_hf_ner.pipe.token_pipe.TokenClassifierPipe.export_onnx`.

    Raises:
        ConfigError: The component's model is no Hugging Face token classifier, or an argument is out of range.
        CheckpointError: The head was never trained, or PyTorch cannot export the network.
        MissingExtraError: ``spacy-hf-ner[onnx]`` is not installed.
    """
    if quantize not in {None, "int8"} or not 0.0 <= min_agreement <= 1.0:
        raise ConfigError(
            f"expected quantize = None or 'int8' and min_agreement in [0, 1], got {quantize!r} and {min_agreement}."
        )
    classifier = pipe.classifier
    if not isinstance(classifier, HFTokenClassifier):
        raise ConfigError(
            f"{pipe.name}: only spacy_hf_ner.HFTokenClassifier.v1 can be exported to ONNX: the encoder of this model "
            "belongs to another component."
        )
    pipe.predict(
        []
    )  # loads the checkpoint, gives it the labels that wait for it, refuses a head without training
    exported = export_checkpoint(classifier.shim.load(pipe.scheme))
    if quantize is None:
        return OnnxExport(_write(exported, folder))
    quantized, docs = quantize_checkpoint(exported), [without_entities(doc) for doc in sample]
    expected, found = (
        _find_entities(pipe, classifier, checkpoint, docs) for checkpoint in (exported, quantized)
    )
    if not expected and not found:
        why = "fp32 finds no entity in the sample" if docs else "there is no sample"
        return OnnxExport(
            _write(quantized, folder),
            None,
            f"{pipe.name}: int8 was not compared with fp32, as {why}.",
        )
    agreement = 2 * len(expected & found) / (len(expected) + len(found))
    if agreement >= min_agreement:
        return OnnxExport(_write(quantized, folder), agreement)
    problem = (
        f"{pipe.name}: int8 was refused, and fp32 exported. Of {len(expected):,} entities that fp32 finds in "
        f"{len(docs):,} documents int8 finds {len(expected & found):,}, and {len(found - expected):,} others: F1 "
        f"{agreement:.2%}, expected {min_agreement:.2%} or more. Keep fp32, or export with a lower min_agreement."
    )
    return OnnxExport(_write(exported, folder), agreement, problem)


def _write(checkpoint: Checkpoint, folder: Path) -> Path:
    """Write an exported checkpoint, and return where its graph is."""
    write_checkpoint(checkpoint, folder)
    assert isinstance(checkpoint.weights, OnnxGraph)
    return folder / checkpoint.weights.file_name


def _find_entities(
    pipe: "TokenClassifierPipe", classifier: HFTokenClassifier, checkpoint: Checkpoint, docs: Sequence[Doc]
) -> Entities:
    """Return what the component finds with the graph of an exported checkpoint in place of its network."""
    settings = dataclasses.replace(classifier.shim.settings, backend="onnx", precision="auto")
    other = HFTokenClassifier(make_hf_model(settings))
    other.shim.adopt(checkpoint)
    twin = copy.copy(pipe)
    twin.model = other.model
    found = (spans for batch in batch_docs(docs, _N_DOCS) for spans in twin.predict(batch))
    return {
        (i, one.span.start, one.span.end, one.span.entity_type)
        for i, spans in enumerate(found)
        for one in spans
    }
