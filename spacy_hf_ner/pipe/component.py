"""The component ``hf_ner``: Docs in, entities with probabilities out, trainable like spaCy's own NER."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, Literal

import numpy as np
from spacy.errors import Errors
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer, set_dropout_rate

from spacy_hf_ner.core.labels import TagSet, add_entity_type, make_tag_set
from spacy_hf_ner.core.schemes import SCHEMES, get_scheme
from spacy_hf_ner.errors import CheckpointError, ConfigError
from spacy_hf_ner.model.loss import compute_divergence, compute_loss
from spacy_hf_ner.model.tagger import Floats
from spacy_hf_ner.pipe.annotation import (
    ScoredSpan,
    make_spans,
    register_score_extension,
    set_entities,
    set_span_group,
)
from spacy_hf_ner.pipe.architectures import get_tagger
from spacy_hf_ner.pipe.batches import batch_docs
from spacy_hf_ner.pipe.calibration import Calibration, read_calibration
from spacy_hf_ner.pipe.fitting import CalibrationReport, fit_and_report, read_held_out
from spacy_hf_ner.pipe.prediction import Decoder, Threshold, find_entities
from spacy_hf_ner.pipe.scoring import Scorer, choose_scorer
from spacy_hf_ner.pipe.storage import StoredPipe
from spacy_hf_ner.pipe.targets import (
    ClassWeights,
    find_entity_types,
    fit_class_weights,
    merge_types,
    read_targets,
    resolve_class_weights,
)

NEW_HEAD_SCHEME = SCHEMES["IOB2"]
_N_SAMPLE_DOCS = 10
_N_CALIBRATION_DOCS = 128  # in a batch


class HFNer(StoredPipe):
    """Finds entities with one row of tag scores per token. For the settings see ``pipe/factory.py``.

    Attributes:
        cfg: What training and calibration found, labels added before there was a model, and the threshold.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[Any, Any],
        name: str = "hf_ner",
        *,
        annotate: Literal["ents", "spans"] = "ents",
        spans_key: str = "hf_ner",
        decoder: Decoder = "viterbi",
        threshold: Threshold = None,
        overwrite: bool = False,
        scheme: str = "auto",
        class_weights: ClassWeights = None,
        label_smoothing: float = 0.0,
        incorrect_spans_key: str | None = None,
        keep_checkpoint_labels: bool = False,
        calibrated: bool = True,
        scorer: Scorer | None = None,
    ) -> None:
        if not 0.0 <= label_smoothing < 1.0:
            raise ConfigError(f"label_smoothing must be in [0, 1), got {label_smoothing}.")
        self.vocab = vocab
        self.model = model
        self.name = name
        self.annotate = annotate
        self.spans_key = spans_key
        self.decoder = decoder
        self.overwrite = overwrite
        self.scheme = scheme
        self.class_weights = class_weights
        self.label_smoothing = label_smoothing
        self.incorrect_spans_key = incorrect_spans_key
        self.keep_checkpoint_labels = keep_checkpoint_labels
        self.calibrated = calibrated
        self.scorer = choose_scorer(scorer, annotate=annotate, spans_key=spans_key)
        self.cfg: dict[str, Any] = {
            "threshold": threshold,
            "added_labels": [],
            "class_weights": None,
            "calibration": None,
        }
        self._calibration: tuple[dict[str, Any], Calibration] | None = None  # as it is stored, and as it was read
        self._rehearsal_model: Model[Any, Any] | None = None
        register_score_extension()

    @property
    def labels(self) -> tuple[str, ...]:
        """The entity types, without prefixes; known before first use if the checkpoint is on this machine."""
        tag_set = self.tagger.peek(self.scheme)
        return tuple(self.cfg["added_labels"]) if tag_set is None else tag_set.entity_types

    @property
    def label_data(self) -> list[str]:
        """What ``initialize`` takes as ``labels``."""
        return list(self.labels)

    def add_label(self, label: str) -> int:
        """Add an entity type, with new rows in the head if there is one; return 0 if it was there already, else 1."""
        if not isinstance(label, str):
            raise ValueError(Errors.E187)  # noqa: TRY004 - what spaCy's pipes raise
        if label in self.labels:
            return 0
        self.vocab.strings.add(label)
        tag_set = self.tagger.peek(self.scheme)
        if tag_set is None:
            self.cfg["added_labels"].append(label)
        else:
            self.tagger.set_tags(add_entity_type(tag_set, label), scheme=self.scheme)
        return 1

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,  # noqa: ARG002 - spaCy's signature
        labels: list[str] | None = None,
    ) -> None:
        """Load the checkpoint, and make its head that of the entity types.

        Rows of tags that the checkpoint knows are kept. Types are those given, else those added before and those in
        the data; without any, the checkpoint's own.

        Args:
            get_examples: Gives representative Examples.
            nlp: The pipeline.
            labels: The entity types.

        Raises:
            ValueError: There are no types anywhere (spaCy's E143).
        """
        validate_get_examples(get_examples, "HFNer.initialize")
        known = self.tagger.load(self.scheme)
        types = labels or [*self.cfg["added_labels"], *find_entity_types(get_examples())]
        if types or known is None:
            types = merge_types(types, known, keep_known=self.keep_checkpoint_labels, name=self.name)
            self._set_types(types, known=known)
        self.cfg["added_labels"] = []
        tag_set = self._require_tag_set()
        for entity_type in tag_set.entity_types:
            self.vocab.strings.add(entity_type)
        self.cfg["class_weights"] = resolve_class_weights(self.class_weights, tag_set, get_examples)
        self.tagger.initialize([example.x for example in islice(get_examples(), _N_SAMPLE_DOCS)])

    def __call__(self, doc: Doc) -> Doc:
        """Annotate one Doc."""
        return next(iter(self.pipe([doc], batch_size=1)), doc)

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Annotate Docs in batches, in order; a batch of long Docs ends before ``batch_size``, to keep memory flat.

        If a batch fails, its Docs are tried one by one: only those that cannot be annotated go to the error handler.
        """
        handle_error = self.get_error_handler()
        for docs in batch_docs(stream, batch_size):
            try:
                self.set_annotations(docs, self.predict(docs))
            except Exception as error:  # noqa: BLE001, PERF203 - it is the error handler that decides
                if len(docs) == 1:
                    handle_error(self.name, self, docs, error)
                    continue
                for doc in docs:
                    yield from self.pipe([doc], batch_size=1)
            else:
                yield from docs

    def predict(self, docs: Iterable[Doc]) -> list[list[ScoredSpan]]:
        """Return the entities of each Doc with their scores, in order of their start; the Docs stay as they are."""
        docs = list(docs)
        self._require_tag_set()
        if not any(len(doc) for doc in docs):
            return [[] for _ in docs]
        rows = self.tagger.predict(docs)
        return self._find(docs, rows, self._read_calibration(), threshold=self.cfg["threshold"])

    def set_annotations(self, docs: Iterable[Doc], predictions: Sequence[Sequence[ScoredSpan]]) -> None:
        """Set the entities that :meth:`predict` found."""
        for doc, found in zip(docs, predictions, strict=True):
            spans = make_spans(doc, found)
            if self.annotate == "ents":
                set_entities(doc, spans, overwrite=self.overwrite)
            set_span_group(doc, spans, [one.score for one in found], key=self.spans_key)

    def calibrate(self, examples: Iterable[Example]) -> CalibrationReport:
        """Fit a temperature and maps of span scores on held-out Examples, and use them from now on.

        Scores change, decisions do not. Training undoes it, as it changes what scores mean. A component whose scores
        were left as they are gets ``calibrated = True``; its pipeline's config stays as it is.

        Args:
            examples: Examples that the model was not trained on; gold in the references.

        Raises:
            ConfigError: There is no gold annotation.
        """
        examples = [example for example in examples if len(example.predicted)]
        docs = [example.predicted for example in examples]
        tag_set = self._require_tag_set()
        batches = [docs[i : i + _N_CALIBRATION_DOCS] for i in range(0, len(docs), _N_CALIBRATION_DOCS)]
        rows = [row for batch in batches for row in self.tagger.predict(batch)]
        in_group = self.annotate == "spans"
        held_out = [
            read_held_out(example, own, tag_set, spans_key=self.spans_key, prefer_group=in_group)
            for example, own in zip(examples, rows, strict=True)
        ]
        calibration, report = fit_and_report(held_out, partial(self._find, threshold=None), self.decoder)
        self.cfg["calibration"] = calibration.to_json()
        self.calibrated = True
        return report

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
            losses: Where the loss, the mean over labelled tokens, is added under the component's name.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "HFNer.update")
        if not any(len(example.predicted) for example in examples):
            return losses
        tag_set = self._require_tag_set()
        targets = [read_targets(eg, tag_set, incorrect_spans_key=self.incorrect_spans_key) for eg in examples]
        set_dropout_rate(self.model, drop)
        rows, backprop = self.tagger.begin_update([example.predicted for example in examples])
        loss, gradient = compute_loss(
            rows,
            targets,
            class_weights=fit_class_weights(self.cfg["class_weights"], tag_set),
            label_smoothing=self.label_smoothing,
            reduction=self.tagger.reduction,
        )
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
        """Pull the model back to what it was at ``nlp.resume_training``, on the tags that both know.

        For the arguments see :meth:`update`.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        docs = [example.predicted for example in examples if len(example.predicted)]
        if self._rehearsal_model is None or not docs:
            return losses
        teacher = get_tagger(self._rehearsal_model)
        taught = teacher.peek(self.scheme)
        if taught is None:
            return losses
        column = {tag: k for k, tag in enumerate(self._require_tag_set().tags)}
        columns = np.array([column[tag] for tag in taught.tags], dtype=np.int64)
        set_dropout_rate(self.model, 0.0)
        rows, backprop = self.tagger.begin_update(docs)
        loss, gradient = compute_divergence(rows, teacher.predict(docs), columns, reduction=self.tagger.reduction)
        self._learn(gradient, backprop, sgd)
        losses[self.name] += loss
        return losses

    def _require_tag_set(self) -> TagSet:
        """Return the tags of a model that somebody has trained, or is about to."""
        tag_set = self.tagger.load(self.scheme)
        if tag_set is None:
            raise CheckpointError(
                f"{self.name}: the model is a plain encoder without a trained head for entities, so it cannot predict. "
                "Train it (nlp.initialize and nlp.update, or `python -m spacy train`), or set name to a "
                'token-classification checkpoint such as "dslim/bert-base-NER".'
            )
        if self.cfg["added_labels"]:
            added, self.cfg["added_labels"] = self.cfg["added_labels"], []
            for label in added:
                self.add_label(label)
            tag_set = self._require_tag_set()
        return tag_set

    def _read_calibration(self) -> Calibration | None:
        """Return what the decoder's scores are passed through; it is read once, whoever has stored it."""
        stored = self.cfg["calibration"]
        if not self.calibrated or stored is None or stored["decoder"] != self.decoder:
            return None
        if self._calibration is None or self._calibration[0] is not stored:
            self._calibration = stored, read_calibration(stored)
        return self._calibration[1]

    def _set_types(self, types: Sequence[str], *, known: TagSet | None) -> None:
        if not types:
            raise ValueError(Errors.E143.format(name=self.name))
        if known is not None and tuple(types) == known.entity_types:
            return
        own = NEW_HEAD_SCHEME if known is None or known.scheme.lenient else known.scheme  # IOB1 or IOB2? IOB2
        scheme = own if self.scheme == "auto" else get_scheme(self.scheme)
        self.tagger.set_tags(make_tag_set(types, scheme), scheme=self.scheme)

    def _find(
        self, docs: Sequence[Doc], rows: Sequence[Floats], calibration: Calibration | None, *, threshold: Threshold
    ) -> list[list[ScoredSpan]]:
        return find_entities(
            docs,
            rows,
            self._require_tag_set(),
            decoder=self.decoder,
            threshold=threshold,
            keep_entities=self.annotate == "ents" and not self.overwrite,
            overlapping=self.annotate == "spans",
            calibration=calibration,
        )

    def _learn(self, gradient: list[Floats], backprop: Callable[[list[Floats]], object], sgd: Optimizer | None) -> None:
        backprop(gradient)
        self.cfg["calibration"] = None
        if sgd:  # Language.update passes False, and calls finish_update itself
            self.finish_update(sgd)
