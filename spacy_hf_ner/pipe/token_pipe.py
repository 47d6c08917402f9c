"""The base of components over a token classifier: it annotates a stream of Docs, and is exported.

Its labels, learning and storing are in ``labelled_pipe.py``, ``learning_pipe.py`` and
``stored_pipe.py``. How rows are decoded, and what is set on a Doc, belongs to each component.
"""

import logging
from abc import abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from spacy_hf_ner.pipe.batches import N_DOCS, annotate_docs, batch_docs
from spacy_hf_ner.pipe.exporting import MIN_AGREEMENT, OnnxExport, Quantize, export_onnx
from spacy_hf_ner.pipe.learning_pipe import LearningPipe
from spacy_hf_ner.pipe.stored_pipe import StoredPipe

__all__ = ["TokenClassifierPipe"]

logger = logging.getLogger("spacy_hf_ner")


class TokenClassifierPipe(LearningPipe, StoredPipe):
    """A trainable component whose model gives one row of tag scores per token.

    Attributes:
        found_kind: What it finds, one and several, for messages.
    """

    found_kind = ("label", "labels")

    @abstractmethod
    def predict(self, docs: Iterable[Doc]) -> Sequence[Any]:
        """Return what is found in each Doc; the Docs stay as they are."""

    @abstractmethod
    def list_found(self, prediction: Any) -> Sequence[Hashable]:  # noqa: ANN401 - of any component
        """Return what :meth:`predict` found in a Doc without its scores, to be compared."""

    @abstractmethod
    def set_annotations(self, docs: Iterable[Doc], predictions: Sequence[Any]) -> None:
        """Set on each Doc what :meth:`predict` found."""

    def __call__(self, doc: Doc) -> Doc:
        """Annotate one Doc."""
        return next(iter(self.pipe([doc], batch_size=1)), doc)

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = N_DOCS) -> Iterator[Doc]:
        """Annotate Docs in batches, in order.

        A batch of long Docs ends before ``batch_size``, to keep memory flat. If a batch fails, its
        Docs are tried one by one: only those that cannot be annotated go to the error handler.
        """
        handle_error = self.get_error_handler()

        def report(doc: Doc, error: Exception) -> None:
            handle_error(self.name, self, [doc], error)

        for docs in batch_docs(stream, batch_size):
            yield from annotate_docs(
                docs, predict=self.predict, annotate=self.set_annotations, report=report
            )

    def export_onnx(
        self,
        path: str | Path,
        *,
        quantize: Quantize | None = None,
        sample: Iterable[Doc] = (),
        min_agreement: float = MIN_AGREEMENT,
    ) -> OnnxExport:
        """Write a checkpoint folder with the network as an ONNX graph, for ``backend = "onnx"``.

        It has no weights for PyTorch: keep the pipeline for training. ``hf-ner export-onnx``
        writes a whole pipeline.

        Args:
            path: The folder.
            quantize: None for float32, or ``"int8"``.
            sample: Docs of the kind that will be read, as this component gets them: int8 is
                compared with float32 on them.
            min_agreement: The lowest F1 of what int8 finds there against what float32 finds.
                Below it the graph stays in float32, with a warning; 0 takes int8 in any
                case.

        Returns:
            Where the graph is, and how the comparison went.

        Raises:
            ConfigError: The model cannot be exported, or an argument is out of range.
            CheckpointError: The head was never trained, or PyTorch cannot export the network.
            MissingExtraError: ``spacy-hf-ner[onnx]`` is not installed.
        """
        result = export_onnx(
            self, Path(path), quantize=quantize, sample=sample, min_agreement=min_agreement
        )
        if result.problem is not None:
            logger.warning("%s", result.problem)
        return result
