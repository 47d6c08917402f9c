"""A trainable pipe whose model is saved as a folder, without pickle."""

import copy
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import srsly
from spacy import util
from spacy.pipeline.trainable_pipe import TrainablePipe
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model

from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.model.files import pack_folder, unpack_folder
from spacy_hf_ner.model.token_classifier import TokenClassifier
from spacy_hf_ner.pipe.architectures import get_token_classifier
from spacy_hf_ner.pipe.exporting import MIN_AGREEMENT, OnnxExport, Quantize, export_onnx

if TYPE_CHECKING:
    from typing_extensions import Self

logger = logging.getLogger("spacy_hf_ner")

RUNTIME_KEYS = ("threshold",)  # in cfg for `spacy find-threshold`, never on disk


class StoredPipe(TrainablePipe):  # type: ignore[misc]
    """Saves ``cfg``, ``vocab`` and the folder ``model``, on disk or packed into bytes.

    Attributes:
        vocab: The pipeline's vocabulary.
        cfg: JSON values that belong to the weights, and run-time values that are not saved.
        scheme: The tag scheme that the config names.
    """

    vocab: Vocab
    cfg: dict[str, Any]
    scheme: str

    @property
    def classifier(self) -> TokenClassifier:
        """The interface to the model."""
        return get_token_classifier(self.model)

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write ``cfg``, ``vocab`` and the folder ``model``, which is a Hugging Face checkpoint.

        A checkpoint that was not used yet is loaded, so that what is saved is whole.
        """
        serialize: dict[str, Callable[[Path], None]] = {
            "cfg": lambda p: srsly.write_json(p, self._stored_cfg()),
            "vocab": lambda p: self.vocab.to_disk(p, exclude=exclude),
            "model": self._write_model,
        }
        util.to_disk(path, serialize, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "Self":
        """Read what :meth:`to_disk` wrote; the source checkpoint and the network are not needed."""
        deserialize: dict[str, Any] = {
            "cfg": lambda p: self.cfg.update(srsly.read_json(p)),
            "vocab": lambda p: self.vocab.from_disk(p, exclude=exclude),
            "model": self._read_model,
        }
        util.from_disk(path, deserialize, exclude)
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Return the files that :meth:`to_disk` writes, packed."""
        serialize: dict[str, Callable[[], bytes]] = {
            "cfg": lambda: srsly.json_dumps(self._stored_cfg()).encode("utf8"),
            "vocab": lambda: self.vocab.to_bytes(exclude=exclude),
            "model": lambda: pack_folder(self._write_model),
        }
        return util.to_bytes(serialize, exclude)

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "Self":
        """Read what :meth:`to_bytes` returned."""
        deserialize: dict[str, Callable[[bytes], object]] = {
            "cfg": lambda b: self.cfg.update(srsly.json_loads(b)),
            "vocab": lambda b: self.vocab.from_bytes(b, exclude=exclude),
            "model": self._unpack_model,
        }
        util.from_bytes(bytes_data, deserialize, exclude)
        return self

    def prepare(self) -> TagSet:
        """Load the model, give it the labels that wait for it, and return its tags.

        Raises:
            CheckpointError: The model cannot be loaded, or its head was never trained.
        """
        raise NotImplementedError

    def with_model(self, model: Model[Any, Any]) -> "Self":
        """Return a component with the same settings and another model; this one stays as it is."""
        other = copy.copy(self)
        other.model = model
        return other

    def export_onnx(
        self,
        path: str | Path,
        *,
        quantize: Quantize | None = None,
        sample: Iterable[Doc] = (),
        min_agreement: float = MIN_AGREEMENT,
    ) -> OnnxExport:
        """Write a checkpoint folder with the network as an ONNX graph, for a model with ``backend = "onnx"``.

        It has no weights for PyTorch: keep the pipeline for training. ``hf-ner export-onnx`` writes a whole pipeline.

        Args:
            path: The folder.
            quantize: None for float32, or ``"int8"``.
            sample: Docs of the kind that will be read, as this component gets them: int8 is compared on them.
            min_agreement: The least F1 of the entities that int8 finds there against those of float32. Below it the
                graph stays in float32, with a warning; 0 takes int8 in any case.

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

    def _stored_cfg(self) -> dict[str, Any]:
        return {key: value for key, value in self.cfg.items() if key not in RUNTIME_KEYS}

    def _write_model(self, folder: Path) -> None:
        self.classifier.load(self.scheme)
        self.classifier.to_disk(folder)

    def _read_model(self, folder: Path) -> None:
        self.classifier.from_disk(folder, self.scheme)

    def _unpack_model(self, packed: bytes) -> None:
        with unpack_folder(packed) as folder:
            self._read_model(folder)
