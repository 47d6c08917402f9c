"""A component's checkpoint to an ONNX graph; in 8 bits if that finds the same."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from spacy.tokens import Doc

from spacy_hf_ner.core.replacing import replace_folder
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.checkpoint import Checkpoint, write_checkpoint
from spacy_hf_ner.model.engines.onnx.export import export_checkpoint, quantize_checkpoint
from spacy_hf_ner.model.engines.onnx.graph import is_saved_graph
from spacy_hf_ner.model.hf_classifier import HFTokenClassifier, make_hf_model
from spacy_hf_ner.model.notes import NOTES_FILE
from spacy_hf_ner.pipe.annotation import without_entities
from spacy_hf_ner.pipe.int8_trial import Found, agree, list_all_found

if TYPE_CHECKING:
    from spacy_hf_ner.pipe.token_pipe import TokenClassifierPipe

__all__ = ["MIN_AGREEMENT", "OnnxExport", "Quantize", "export_onnx"]

Quantize = Literal["int8"]

MIN_AGREEMENT = 0.98


@dataclass(frozen=True, slots=True)
class OnnxExport:
    """What was exported.

    Attributes:
        file: The graph.
        agreement: F1 of what int8 finds in the sample against what fp32 finds; None if they were
            not compared.
        problem: Why int8 was refused, or not compared with fp32, in a sentence; None if all is
            well.
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
    """Write a component's checkpoint with an ONNX graph to a folder, and return what was written.

    For the arguments see the method ``export_onnx`` of the component.

    Raises:
        ConfigError: The component's model is no Hugging Face token classifier, or an argument is
            out of range.
        CheckpointError: The head was never trained, or PyTorch cannot export the network.
        MissingExtraError: ``spacy-hf-ner[onnx]`` is not installed.
    """
    _check_arguments(quantize, min_agreement)
    classifier = pipe.classifier
    if not isinstance(classifier, HFTokenClassifier):
        raise ConfigError(
            f"{pipe.name}: only spacy_hf_ner.HFTokenClassifier.v1 can be exported to ONNX: the "
            "encoder of this model belongs to another component."
        )
    pipe.prepare()
    fp32 = export_checkpoint(classifier.shim.load(pipe.scheme))
    if quantize is None:
        return OnnxExport(_write(pipe, fp32, folder))

    int8 = quantize_checkpoint(fp32)
    docs = [without_entities(doc) for doc in sample]
    expected = _find_all(pipe, fp32, docs)
    found = _find_all(pipe, int8, docs)
    one, several = pipe.found_kind
    agreement = agree(expected, found)
    if agreement is None:
        why = f"fp32 finds no {one} in the sample" if docs else "there is no sample"
        problem = f"{pipe.name}: int8 was not compared with fp32, as {why}."
        return OnnxExport(_write(pipe, int8, folder), problem=problem)
    n_common = len(expected & found)
    if agreement >= min_agreement:
        return OnnxExport(_write(pipe, int8, folder), agreement)
    n_expected = count(len(expected), one, several)
    problem = (
        f"{pipe.name}: int8 was refused, and fp32 exported. Of {n_expected} that fp32 "
        f"finds in {count(len(docs), 'document')} int8 finds {n_common:,}, and "
        f"{len(found) - n_common:,} others: F1 {agreement:.2%}, expected "
        f"{min_agreement:.2%} or more. Keep fp32, or export with a lower min_agreement."
    )
    return OnnxExport(_write(pipe, fp32, folder), agreement, problem)


def _check_arguments(quantize: str | None, min_agreement: float) -> None:
    is_in_range = 0.0 <= min_agreement <= 1.0
    if quantize not in {None, "int8"} or not is_in_range:
        raise ConfigError(
            "expected quantize = None or 'int8' and min_agreement in [0, 1], got "
            f"{quantize!r} and {min_agreement}.",
            settings=("quantize", "min_agreement"),
        )


def _write(pipe: "TokenClassifierPipe", checkpoint: Checkpoint, folder: Path) -> Path:
    """Write an exported checkpoint in place of an older one, and return where its graph is."""
    with replace_folder(folder, marker=NOTES_FILE, is_outdated=is_saved_graph) as fresh:
        write_checkpoint(checkpoint, fresh)
        pipe.write_card(fresh, in_place_of=folder)
    return folder / checkpoint.engine.describe()


def _find_all(pipe: "TokenClassifierPipe", checkpoint: Checkpoint, docs: Sequence[Doc]) -> Found:
    """Return what a component finds with an exported checkpoint in place of its network."""
    classifier = pipe.classifier
    assert isinstance(classifier, HFTokenClassifier)
    settings = dataclasses.replace(classifier.shim.settings, backend="onnx", precision="auto")
    model = make_hf_model(settings)
    HFTokenClassifier(model).shim.adopt(checkpoint)
    return list_all_found(pipe.with_model(model), docs)
