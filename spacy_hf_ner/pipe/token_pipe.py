"""What components share that own, or listen to, a token classifier: storing, learning, labels.

What a label is, how rows are decoded and what is set on a Doc belongs to each component.
"""

import contextlib
import copy
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import srsly
from spacy import util
from spacy.errors import Errors
from spacy.pipeline.trainable_pipe import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer, set_dropout_rate

from spacy_hf_ner.core.arrays import Floats32
from spacy_hf_ner.core.chain import Chain, make_chain
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.replacing import complete_swap, replace_folder
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.files import pack_folder, unpack_folder
from spacy_hf_ner.model.foreign import reading
from spacy_hf_ner.model.notes import is_saved_model_file
from spacy_hf_ner.model.token_classifier import TokenClassifier
from spacy_hf_ner.model.training.loss import Targets, compute_divergence, compute_loss
from spacy_hf_ner.pipe.architectures import get_token_classifier
from spacy_hf_ner.pipe.batches import N_DOCS, annotate_docs, batch_docs
from spacy_hf_ner.pipe.class_weights import find_class_weights
from spacy_hf_ner.pipe.component_settings import ClassifierSettings
from spacy_hf_ner.pipe.exporting import MIN_AGREEMENT, OnnxExport, Quantize, export_onnx
from spacy_hf_ner.pipe.learn_rates import RateWatch
from spacy_hf_ner.pipe.rehearsal import ask_teacher, check_vectors
from spacy_hf_ner.pipe.targets import TokenTargets

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["TokenClassifierPipe"]

logger = logging.getLogger("spacy_hf_ner")

_SETTINGS_IN_CFG = ("threshold",)  # where `spacy find-threshold` sets it


class TokenClassifierPipe(TrainablePipe, ClassifierSettings, ABC):  # type: ignore[misc]
    """A trainable component whose model gives one row of tag scores per token.

    Attributes:
        vocab: The pipeline's vocabulary.
        model: The Thinc model.
        name: The component's name.
        cfg: JSON values that belong to the weights: labels added since the model was initialized,
            class weights and calibration; and settings that spaCy sets here.
    """

    def __init__(self, vocab: Vocab, model: Model[Any, Any], name: str) -> None:
        self.vocab = vocab
        self.model = model
        self.name = name
        self.cfg: dict[str, Any] = {
            "added_labels": [],
            "class_weights": None,
            "calibration": None,
        }
        # nlp.resume_training sets it to a copy of the model.
        self._rehearsal_model: Model[Any, Any] | None = None
        self._configured: dict[str, Any] = {}  # the settings as the config gave them
        self._rates = RateWatch(name)

    @abstractmethod
    def predict(self, docs: Iterable[Doc]) -> Sequence[Any]:
        """Return what is found in each Doc; the Docs stay as they are."""

    @abstractmethod
    def set_annotations(self, docs: Iterable[Doc], predictions: Sequence[Any]) -> None:
        """Set on each Doc what :meth:`predict` found."""

    @abstractmethod
    def read_targets(self, example: Example, tag_set: TagSet) -> TokenTargets:
        """Return what an Example teaches: gold from its reference, on its predicted tokens."""

    @abstractmethod
    def check_label(self, label: str) -> None:
        """Check that a label can be added."""

    @abstractmethod
    def get_labels(self, tag_set: TagSet) -> tuple[str, ...]:
        """Return the labels that some tags stand for."""

    @abstractmethod
    def extend_tags(self, tag_set: TagSet, label: str) -> TagSet:
        """Return tags that know one more label; the columns of the others stay."""

    def make_chain(self, tag_set: TagSet) -> Chain:
        """Return the chain that spans are decoded and scored with; the model is loaded."""
        return make_chain(tag_set, self.classifier.transition_scores)

    @property
    def classifier(self) -> TokenClassifier:
        """The interface to the model."""
        return get_token_classifier(self.model)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels; known before first use if the checkpoint is on this machine."""
        tag_set = self.classifier.peek(self.scheme)
        if tag_set is None:
            return tuple(self.cfg["added_labels"])
        return self.get_labels(tag_set)

    @property
    def label_data(self) -> list[str]:
        """What ``initialize`` takes as ``labels``."""
        return list(self.labels)

    def add_label(self, label: str) -> int:
        """Add a label, with new rows in the head if there is one.

        Returns:
            0 if it was there already, else 1.
        """
        if not isinstance(label, str):
            raise ValueError(Errors.E187)  # noqa: TRY004 - what spaCy's pipes raise
        self.check_label(label)
        is_new = label not in self.labels
        if is_new and self.classifier.peek(self.scheme) is not None:
            self._set_tags(self.extend_tags(self.prepare(), label))
        # Kept for initialize too, which would drop the label if the data lacks it.
        if label not in self.cfg["added_labels"]:
            self.cfg["added_labels"].append(label)
        self.vocab.strings.add(label)
        return int(is_new)

    def prepare(self) -> TagSet:
        """Load the model, give it the labels that wait for it, and return its tags.

        Raises:
            CheckpointError: The model cannot be loaded, or its head was never trained.
        """
        tag_set = self._require_tag_set()
        extended = tag_set
        for label in self.cfg["added_labels"]:
            if label not in self.get_labels(extended):
                extended = self.extend_tags(extended, label)
        if extended is not tag_set:
            self._set_tags(extended)
        return extended

    def with_model(self, model: Model[Any, Any]) -> "Self":
        """Return a component with the same settings and another model; this one stays as it is."""
        other = copy.copy(self)
        other.model = model
        # What is written to it, such as a calibration that learning ends, is the other's alone.
        other.cfg = dict(self.cfg)
        return other

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

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch; gold comes from the references, text from the predicted Docs.

        Args:
            examples: The batch.
            drop: Dropout rate, inside the network too.
            sgd: What steps the weights; without it gradients are gathered until ``finish_update``.
            losses: Where the loss, the mean over labelled tokens, is added under the component's
                name.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.update")
        docs = [example.predicted for example in examples]
        if not any(len(doc) for doc in docs):
            return losses

        tag_set = self.prepare()
        gold = [self.read_targets(example, tag_set) for example in examples]
        has_gold = not all(targets.is_empty for targets in gold)
        # A shared encoder waits for the gradients of all its listeners, even for one that is zero.
        if not has_gold and not self.classifier.is_listener:
            return losses

        set_dropout_rate(self.model, drop)
        predicted, backprop = self.classifier.begin_update(docs)
        loss, gradient = self._compute_loss(predicted, gold, tag_set)
        self._learn(gradient, backprop, sgd)
        losses[self.name] += loss
        return losses

    def rehearse(
        self,
        examples: Iterable[Example],
        *,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
        **_config: object,
    ) -> dict[str, float]:
        """Pull the model back to its state at ``nlp.resume_training``, on the tags of both.

        For the arguments see :meth:`update`.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        docs = [example.predicted for example in examples if len(example.predicted)]
        if self._rehearsal_model is None or not docs:
            return losses

        teacher = get_token_classifier(self._rehearsal_model)
        # The copy was made before the model's first use, if the model was not used before.
        teacher_tags = teacher.load(self.scheme)
        if teacher_tags is None:
            return losses
        check_vectors(teacher, docs, name=self.name)
        lesson = ask_teacher(teacher, docs, teacher_tags=teacher_tags, tag_set=self.prepare())
        set_dropout_rate(self.model, 0.0)
        predicted, backprop = self.classifier.begin_update(docs)
        rows = [doc_rows.rows for doc_rows in predicted]
        loss, gradient = compute_divergence(
            rows, lesson.rows, lesson.columns, reduction=self.classifier.reduction
        )
        self._learn(gradient, backprop, sgd)
        losses[self.name] += loss
        return losses

    def finish_update(self, sgd: Optimizer) -> None:
        """Step the weights; a learn rate with which nothing can be learned is named, once."""
        self._rates.look_at(sgd, bears=self.classifier.max_learn_rate)
        super().finish_update(sgd)

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write ``cfg``, ``vocab`` and the folder ``model``, which is a Hugging Face checkpoint.

        A checkpoint that was not used yet is loaded, so that what is saved is whole. An older
        component in the folder stays until all of this one is written.

        Raises:
            OutputError: The folder cannot be written. What was there stays.
        """
        exclude = list(exclude)
        serialize: dict[str, Callable[[Path], None]] = {
            "cfg": lambda file: srsly.write_json(file, self._stored_cfg()),
            "vocab": lambda folder: self.vocab.to_disk(folder, exclude=exclude),
            "model": self._write_model,
        }
        is_outdated = None if "model" in exclude else is_saved_model_file
        with replace_folder(Path(path), marker="cfg", is_outdated=is_outdated) as fresh:
            util.to_disk(fresh, serialize, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "Self":
        """Read what :meth:`to_disk` wrote; the source checkpoint and the network are not needed.

        Raises:
            CheckpointError: It is damaged. The component stays as it was, as with other errors.
        """
        deserialize: dict[str, Any] = {
            "cfg": lambda file: self._unpack_cfg(file.read_bytes()),
            "vocab": lambda folder: self.vocab.from_disk(folder, exclude=exclude),
            "model": self._read_model,
        }
        complete_swap(Path(path))
        with self._unchanged_on_error():
            util.from_disk(path, deserialize, exclude)
        self._add_label_strings()
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
        """Read what :meth:`to_bytes` returned.

        Raises:
            CheckpointError: It is damaged. The component stays as it was, as with other errors.
        """
        deserialize: dict[str, Callable[[bytes], object]] = {
            "cfg": self._unpack_cfg,
            "vocab": lambda packed: self.vocab.from_bytes(packed, exclude=exclude),
            "model": self._unpack_model,
        }
        with self._unchanged_on_error():
            util.from_bytes(bytes_data, deserialize, exclude)
        self._add_label_strings()
        return self

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
            min_agreement: The lowest F1 of the entities that int8 finds there against those of
                float32. Below it the graph stays in float32, with a warning; 0 takes int8 in any
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

    def _require_tag_set(self) -> TagSet:
        """Return the tags of a model that somebody has trained, or is about to."""
        tag_set = self.classifier.load(self.scheme)
        if tag_set is None:
            raise CheckpointError(
                f"{self.name}: the model is a plain encoder without a trained head for entities, "
                "so it cannot predict. Train it (nlp.initialize and nlp.update, or `python -m "
                "spacy train`), or set name to a token-classification checkpoint such as "
                '"dslim/bert-base-NER".',
                settings=("name",),
            )
        return tag_set

    def _set_tags(self, tag_set: TagSet) -> None:
        """Give the model the columns of a tag set. Scores mean something else afterwards."""
        self.classifier.set_tags(tag_set, scheme=self.scheme)
        self.cfg["calibration"] = None

    def _compute_loss(
        self, predicted: Sequence[UnitRows], gold: Sequence[TokenTargets], tag_set: TagSet
    ) -> tuple[float, list[Floats32]]:
        """Return the loss, and the gradient on the rows of each Doc."""
        # Only now is it known which units the model has rows for.
        unit_targets: list[Targets] = []
        for targets, doc_rows in zip(gold, predicted, strict=True):
            unit_targets.append(targets.place(doc_rows, tag_set))
        class_weights = find_class_weights(
            self.class_weights, tag_set, resolved=self.cfg["class_weights"]
        )
        return compute_loss(
            [doc_rows.rows for doc_rows in predicted],
            unit_targets,
            chain=self.make_chain(tag_set),
            class_weights=class_weights,
            label_smoothing=self.label_smoothing,
            reduction=self.classifier.reduction,
        )

    def _learn(
        self,
        gradient: list[Floats32],
        backprop: Callable[[list[Floats32]], object],
        sgd: Optimizer | None,
    ) -> None:
        """Pass a gradient through the model, and step the weights if there is an optimizer."""
        # A gradient of zeros goes through, too: a shared encoder counts its listeners' gradients.
        backprop(gradient)
        if not any(part.any() for part in gradient):
            return
        self.cfg["calibration"] = None
        if sgd:  # Language.update passes False, and calls finish_update itself
            self.finish_update(sgd)

    def _stored_cfg(self) -> dict[str, Any]:
        """Return the values of ``cfg`` that are saved, with settings changed since the config.

        The pipeline's config.cfg still has what it was made with. Beside each new value stands
        that one, so that a config which is edited later wins over what was changed before.
        """
        stored = dict(self.cfg)
        for name in _SETTINGS_IN_CFG:
            stored.pop(name, None)
        changed: dict[str, Any] = {}
        for name, value in self.read_settings().items():
            configured = self._configured.get(name, value)
            if value != configured:
                changed[name] = {"config": configured, "value": _to_plain(value)}
        if changed:
            stored["settings"] = changed
        return stored

    def note_config(self, **settings: object) -> None:
        """Set settings to what the pipeline's config has been given, too.

        They are no changes since the config then, and a config that is edited later wins over them.
        """
        for name, value in settings.items():
            setattr(self, name, value)
        self._configured = {**self._configured, **settings}

    def _read_cfg(self, stored: dict[str, Any]) -> None:
        """Take over what :meth:`_stored_cfg` returned."""
        changed = stored.pop("settings", {})
        self.cfg.update(stored)
        for name, setting in changed.items():
            if self._configured.get(name) == setting["config"]:
                setattr(self, name, setting["value"])

    def _unpack_cfg(self, content: bytes) -> None:
        """Take over what is stored as ``cfg``."""
        with reading("cfg", self.name):
            stored = json.loads(content.decode("utf8"))
            _check_stored_cfg(stored)
            self._read_cfg(stored)

    @contextlib.contextmanager
    def _unchanged_on_error(self) -> Iterator[None]:
        """Have a component that is read over stay as it was, if what is read turns out damaged."""
        cfg = copy.deepcopy(self.cfg)
        attributes = dict(self.__dict__)
        try:
            with reading("the saved component", self.name):
                yield
        except BaseException:
            self.cfg.clear()
            self.cfg.update(cfg)
            self.__dict__.update(attributes)
            raise

    def _add_label_strings(self) -> None:
        """Put the labels into the string store, where a vocab from elsewhere lacks them."""
        for label in self.labels:
            self.vocab.strings.add(label)

    def _write_model(self, folder: Path) -> None:
        self.classifier.load(self.scheme)
        self.classifier.write(folder)

    def _read_model(self, folder: Path) -> None:
        self.classifier.read(folder, self.scheme)

    def _unpack_model(self, packed: bytes) -> None:
        with unpack_folder(packed) as folder:
            self._read_model(folder)


def _to_plain(value: object) -> object:
    """Return a setting as JSON has it, which does not know the numbers of numpy."""
    if isinstance(value, Mapping):
        return {key: _to_plain(entry) for key, entry in value.items()}
    return float(value) if isinstance(value, np.floating) else value


def _check_stored_cfg(stored: Any) -> None:  # noqa: ANN401 - whatever JSON has
    """Check the types of what is stored as ``cfg``; what they mean is checked where it is used.

    Raises:
        TypeError: One is wrong.
    """
    if not isinstance(stored, dict):
        raise TypeError(f"expected a table, got {type(stored).__name__}")
    labels = stored.get("added_labels", [])
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise TypeError(f"expected added_labels to be a list of names, got {labels!r}")
    for key, kind in (("class_weights", list), ("settings", dict)):
        value = stored.get(key)
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"expected a {kind.__name__} or null as {key}, got {value!r}")
