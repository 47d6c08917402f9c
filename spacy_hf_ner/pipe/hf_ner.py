"""The component ``hf_ner``: Docs in, entities with probabilities out, trainable like spaCy's own NER."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, Literal

from spacy.errors import Errors
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model

from spacy_hf_ner.core.labels import TagSet, add_entity_type, check_entity_types
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.errors import CheckpointError, ConfigError
from spacy_hf_ner.pipe.annotation import (
    ScoredSpan,
    make_spans,
    register_score_extension,
    set_entities,
    set_span_group,
    without_entities,
)
from spacy_hf_ner.pipe.batches import N_DOCS, annotate_docs, batch_docs
from spacy_hf_ner.pipe.calibration import Calibration, read_calibration
from spacy_hf_ner.pipe.class_weights import ClassWeights, resolve_class_weights
from spacy_hf_ner.pipe.entities import Decoder, Threshold, check_threshold, find_entities
from spacy_hf_ner.pipe.fitting import CalibrationReport, fit_and_report, read_held_out
from spacy_hf_ner.pipe.learning import LearningPipe
from spacy_hf_ner.pipe.scoring import Scorer, choose_scorer
from spacy_hf_ner.pipe.tag_choice import choose_tag_set, find_entity_types, merge_types

_N_SAMPLE_DOCS = 10


class HFNer(LearningPipe):
    """Finds entities with one row of tag scores per token. For the settings see ``pipe/factory.py``.

    Attributes:
        cfg: What training and calibration found, labels added since the model was initialized, and the threshold.
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
        check_threshold(threshold)
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
        self._calibration: tuple[dict[str, Any], Calibration] | None = (
            None  # as it is stored, and as it was read
        )
        register_score_extension()

    @property
    def labels(self) -> tuple[str, ...]:
        """The entity types, without prefixes; known before first use if the checkpoint is on this machine."""
        tag_set = self.classifier.peek(self.scheme)
        return tuple(self.cfg["added_labels"]) if tag_set is None else tag_set.entity_types

    @property
    def label_data(self) -> list[str]:
        """What ``initialize`` takes as ``labels``."""
        return list(self.labels)

    def add_label(self, label: str) -> int:
        """Add an entity type, with new rows in the head if there is one; return 0 if it was there already, else 1."""
        if not isinstance(label, str):
            raise ValueError(Errors.E187)  # noqa: TRY004 - what spaCy's pipes raise
        check_entity_types([label])
        is_new = label not in self.labels
        if is_new and self.classifier.peek(self.scheme) is not None:
            self._set_tags(add_entity_type(self._prepare(), label))
        if label not in self.cfg["added_labels"]:
            self.cfg["added_labels"].append(
                label
            )  # for initialize too, which would drop it if the data lacks it
        self.vocab.strings.add(label)
        return int(is_new)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,  # noqa: ARG002 - spaCy's signature
        labels: list[str] | None = None,
    ) -> None:
        """Load the checkpoint, and make its head that of the entity types, in the scheme that was asked for.

        Rows of tags that the checkpoint knows are kept. Types are those given, else those added before and those in
        the data; without labels and types in the data, the checkpoint's own stay.

        Args:
            get_examples: Gives representative Examples.
            nlp: The pipeline.
            labels: The entity types.

        Raises:
            ValueError: There are no types anywhere (spaCy's E143).
        """
        validate_get_examples(get_examples, "HFNer.initialize")
        known = self.classifier.load("auto")  # its own scheme, even if that is to change
        found = find_entity_types(get_examples())
        types = labels or ([*self.cfg["added_labels"], *found] if found or known is None else [])
        if types:
            types = merge_types(
                types, known, keep_known=self.keep_checkpoint_labels, name=self.name
            )
            self.cfg["added_labels"] = []
        self._set_types(types, known=known)
        tag_set = self._prepare()
        check_threshold(self.cfg["threshold"], tag_set.entity_types)
        for entity_type in tag_set.entity_types:
            self.vocab.strings.add(entity_type)
        self.cfg["class_weights"] = resolve_class_weights(self.class_weights, tag_set, get_examples)
        self.classifier.initialize(
            [example.x for example in islice(get_examples(), _N_SAMPLE_DOCS)]
        )

    def __call__(self, doc: Doc) -> Doc:
        """Annotate one Doc."""
        return next(iter(self.pipe([doc], batch_size=1)), doc)

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = N_DOCS) -> Iterator[Doc]:
        """Annotate Docs in batches, in order; a batch of long Docs ends before ``batch_size``, to keep memory flat.

        If a batch fails, its Docs are tried one by one: only those that cannot be annotated go to the error handler.
        """
        handle_error = self.get_error_handler()
        for docs in batch_docs(stream, batch_size):
            yield from annotate_docs(
                docs,
                predict=self.predict,
                annotate=self.set_annotations,
                report=lambda doc, error: handle_error(self.name, self, [doc], error),
            )

    def predict(self, docs: Iterable[Doc]) -> list[list[ScoredSpan]]:
        """Return the entities of each Doc with their scores, in order of their start; the Docs stay as they are."""
        docs = list(docs)
        tag_set = self._prepare()
        if not any(len(doc) for doc in docs):
            return [[] for _ in docs]
        rows = self.classifier.predict(docs)
        return self._find(
            docs, rows, tag_set, self._read_calibration(), threshold=self.cfg["threshold"]
        )

    def set_annotations(
        self, docs: Iterable[Doc], predictions: Sequence[Sequence[ScoredSpan]]
    ) -> None:
        """Set the entities that :meth:`predict` found."""
        for doc, found in zip(docs, predictions, strict=True):
            spans, scores = make_spans(doc, found), [one.score for one in found]
            if self.annotate == "ents":
                set_entities(doc, spans, overwrite=self.overwrite)
            set_span_group(
                doc, spans, scores, key=self.spans_key, keep_entities=self.annotate == "ents"
            )

    def calibrate(self, examples: Iterable[Example]) -> CalibrationReport:
        """Fit a temperature and maps of span scores on held-out Examples, and use them from now on.

        Scores change, decisions do not. Training and new labels undo it, as they change what scores mean. A component
        whose scores were left as they are gets ``calibrated = True``; its pipeline's config stays as it is.

        Args:
            examples: Examples that the model was not trained on; gold in the references. Entities of the predicted
                Docs are not looked at.

        Raises:
            ConfigError: There is no gold annotation.
        """
        held_out = [
            Example(without_entities(eg.predicted), eg.reference)
            for eg in examples
            if len(eg.predicted)
        ]
        tag_set = self._prepare()
        batches = batch_docs(example.predicted for example in held_out)
        rows = [row for batch in batches for row in self.classifier.predict(batch)]
        read = partial(
            read_held_out,
            tag_set=tag_set,
            spans_key=self.spans_key,
            prefer_group=self.annotate == "spans",
        )
        docs = [read(example, own) for example, own in zip(held_out, rows, strict=True)]
        find = partial(self._find, tag_set=tag_set, threshold=None)
        calibration, report = fit_and_report(docs, find, self.decoder)
        self.cfg["calibration"] = calibration.to_json()
        self.calibrated = True
        return report

    def _prepare(self) -> TagSet:
        """Load the model, give it the labels that were added, and return its tags."""
        tag_set = grown = self._require_tag_set()
        for label in self.cfg["added_labels"]:
            if label not in grown.entity_types:
                grown = add_entity_type(grown, label)
        if grown is not tag_set:
            self._set_tags(grown)
        return grown

    def _require_tag_set(self) -> TagSet:
        """Return the tags of a model that somebody has trained, or is about to."""
        tag_set = self.classifier.load(self.scheme)
        if tag_set is None:
            raise CheckpointError(
                f"{self.name}: the model is a plain encoder without a trained head for entities, so it cannot predict. "
                "Train it (nlp.initialize and nlp.update, or `python -m spacy train`), or set name to a "
                'token-classification checkpoint such as "dslim/bert-base-NER".'
            )
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
        if not types and known is None:
            raise ValueError(Errors.E143.format(name=self.name))
        tag_set = choose_tag_set(types, known=known, scheme=self.scheme)
        if tag_set != known:
            self._set_tags(tag_set)

    def _set_tags(self, tag_set: TagSet) -> None:
        self.classifier.set_tags(tag_set, scheme=self.scheme)
        self.cfg["calibration"] = None

    def _find(
        self,
        docs: Sequence[Doc],
        rows: Sequence[UnitRows],
        tag_set: TagSet,
        calibration: Calibration | None,
        *,
        threshold: Threshold,
    ) -> list[list[ScoredSpan]]:
        return find_entities(
            docs,
            rows,
            tag_set,
            decoder=self.decoder,
            threshold=threshold,
            keep_entities=self.annotate == "ents" and not self.overwrite,
            overlapping=self.annotate == "spans",
            calibration=calibration,
        )
