"""The component ``hf_ner``: Docs in, entities with probabilities out; trainable like spaCy's NER."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from typing import Any

from spacy.errors import Errors
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model

from spacy_hf_ner.core.labels import TagSet, add_entity_type, check_entity_types
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.pipe.annotation import (
    ScoredSpan,
    make_spans,
    register_score_extension,
    set_entities,
    set_span_group,
    without_entities,
)
from spacy_hf_ner.pipe.batches import batch_docs
from spacy_hf_ner.pipe.calibration import Calibration, read_calibration
from spacy_hf_ner.pipe.class_weights import resolve_class_weights
from spacy_hf_ner.pipe.component_settings import HFNerSettings, Threshold, check_threshold
from spacy_hf_ner.pipe.entities import find_entities
from spacy_hf_ner.pipe.fitting import CalibrationReport, fit_and_report, read_held_out
from spacy_hf_ner.pipe.scoring import Scorer, choose_scorer
from spacy_hf_ner.pipe.tag_choice import choose_tag_set, find_entity_types, merge_types
from spacy_hf_ner.pipe.targets import TokenTargets, read_targets
from spacy_hf_ner.pipe.token_pipe import TokenClassifierPipe

__all__ = ["HFNer"]

_N_SAMPLE_DOCS = 10


class HFNer(TokenClassifierPipe, HFNerSettings):
    """Finds entities with one row of tag scores per token.

    Args:
        vocab: The pipeline's vocabulary.
        model: A model from Docs to one row of tag scores per token.
        name: The component's name.
        scorer: What ``nlp.evaluate`` uses; None for no scores.
        settings: The fields of :class:`HFNerSettings`, by name. They become attributes.

    Raises:
        ConfigError: A setting is out of its range.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[Any, Any],
        name: str = "hf_ner",
        *,
        scorer: Scorer | None = None,
        **settings: Any,  # noqa: ANN401 - the fields of a dataclass, which checks them
    ) -> None:
        super().__init__(vocab, model, name)
        HFNerSettings.__init__(self, **settings)  # each becomes an attribute
        self.scorer = choose_scorer(scorer, annotate=self.annotate, spans_key=self.spans_key)
        # The calibration as it is stored in cfg, beside the same as an object.
        self._calibration: tuple[dict[str, Any], Calibration] | None = None
        register_score_extension()

    @property
    def threshold(self) -> Threshold:
        """The lowest score of a span. It lives in ``cfg``, where ``spacy find-threshold`` sets it."""
        threshold: Threshold = self.cfg["threshold"]
        return threshold

    @threshold.setter
    def threshold(self, threshold: Threshold) -> None:
        self.cfg["threshold"] = threshold

    def check_label(self, label: str) -> None:
        """Check that a label can be an entity type."""
        check_entity_types([label])

    def get_labels(self, tag_set: TagSet) -> tuple[str, ...]:
        """Return the entity types, without prefixes."""
        return tag_set.entity_types

    def extend_tags(self, tag_set: TagSet, label: str) -> TagSet:
        """Return tags that know one more entity type."""
        return add_entity_type(tag_set, label)

    def read_targets(self, example: Example, tag_set: TagSet) -> TokenTargets:
        """Return the gold tags of an Example, and the spans that it says are wrong."""
        return read_targets(example, tag_set, incorrect_spans_key=self.incorrect_spans_key)

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
        tag_set = self.prepare()
        check_threshold(self.threshold, tag_set.entity_types)
        for entity_type in tag_set.entity_types:
            self.vocab.strings.add(entity_type)
        self.cfg["class_weights"] = resolve_class_weights(self.class_weights, tag_set, get_examples)
        self.classifier.initialize(
            [example.x for example in islice(get_examples(), _N_SAMPLE_DOCS)]
        )

    def predict(self, docs: Iterable[Doc]) -> list[list[ScoredSpan]]:
        """Return the entities of each Doc with their scores, in order of their start; the Docs stay as they are."""
        docs = list(docs)
        tag_set = self.prepare()
        if not any(len(doc) for doc in docs):
            return [[] for _ in docs]
        rows = self.classifier.predict(docs)
        return self._find(docs, rows, tag_set, self._read_calibration(), threshold=self.threshold)

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
        tag_set = self.prepare()
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
