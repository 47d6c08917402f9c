"""The component ``hf_ner``: finds entities with probabilities, and trains like spaCy's NER."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model

from spacy_hf_ner.core.arrays import Floats32, Ints
from spacy_hf_ner.core.chain import Chain
from spacy_hf_ner.core.dial import Aim, Dial, Tally, read_dial
from spacy_hf_ner.core.expected_recall import RecallEstimate
from spacy_hf_ner.core.labels import TagSet, add_entity_type, check_entity_types
from spacy_hf_ner.core.schemes import PLAIN
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.token_classifier import Backprop
from spacy_hf_ner.model.training.loss import Targets
from spacy_hf_ner.pipe.annotation import (
    ScoredSpan,
    choose_entities,
    get_offsets_on_parts,
    make_spans,
    set_entities,
    set_span_group,
    without_entities,
)
from spacy_hf_ner.pipe.batches import batch_docs
from spacy_hf_ner.pipe.calibration import Calibration, read_calibration
from spacy_hf_ner.pipe.chain_loss import compute_chain_loss
from spacy_hf_ner.pipe.component_settings import (
    Bias,
    HFNerSettings,
    Threshold,
    check_bias,
    check_loss,
    check_threshold,
)
from spacy_hf_ner.pipe.entities import find_entities, make_biased_chain
from spacy_hf_ner.pipe.entity_alignment import contract, has_whole_token, split_tokens
from spacy_hf_ner.pipe.fitting import (
    CalibrationReport,
    TooFewSpansError,
    choose_annotated,
    fit_and_report,
    fit_calibration,
)
from spacy_hf_ner.pipe.held_out import HeldOut, count_gold, read_held_out, tally
from spacy_hf_ner.pipe.notices import Notices
from spacy_hf_ner.pipe.scoring import Scorer, choose_scorer
from spacy_hf_ner.pipe.tag_choice import choose_tag_set, find_entity_types
from spacy_hf_ner.pipe.targets import TokenTargets, find_cut_tokens, read_targets
from spacy_hf_ner.pipe.token_accuracy import score_entity_tokens
from spacy_hf_ner.pipe.token_pipe import TokenClassifierPipe

__all__ = ["HFNer"]

logger = logging.getLogger("spacy_hf_ner")


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

    label_kind = "entity types"
    found_kind = ("entity", "entities")
    factory = "hf_ner"

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
        self._configured = self.read_settings()
        self.scorer = scorer
        # The calibration as it is stored in cfg, beside the same as an object.
        self._calibration: tuple[dict[str, Any], Calibration] | None = None
        self._earlier: tuple[str, ...] = ()
        self._notices = Notices(name)
        self._n_left_out = 0

    @property
    def threshold(self) -> Threshold:
        """The lowest score of a span; it is in ``cfg``, where ``spacy find-threshold`` sets it."""
        threshold: Threshold = self.cfg["threshold"]
        return threshold

    @threshold.setter
    def threshold(self, threshold: Threshold) -> None:
        self.cfg["threshold"] = threshold

    @property
    def bias(self) -> Bias:
        """What is added to the log score of each entity; changing it drops the calibration."""
        return self._bias

    @bias.setter
    def bias(self, bias: Bias) -> None:
        self._bias = bias
        self._drop_outdated_calibration()

    @property
    def spans_key(self) -> str:
        """The key in ``doc.spans``; the name of the component unless the config has another."""
        return self._spans_key or self.name

    @spans_key.setter
    def spans_key(self, spans_key: str | None) -> None:
        self._spans_key = spans_key

    @property
    def n_left_out(self) -> int:
        """How many entities ``alignment = "contract"`` has left out of ``doc.ents`` so far.

        No whole token lies inside of them. They are in ``doc.spans[spans_key]``.
        """
        return self._n_left_out

    def note_earlier(self, names: Sequence[str]) -> None:
        """Note which components before this one set entities, so that a message can name them."""
        self._earlier = tuple(names)

    def score(self, examples: Iterable[Example], **config: object) -> dict[str, Any]:
        """Return the scores of what the component sets: entities, or else the span group.

        Beside what the scorer gives for entities, ``ents_acc`` is the accuracy of tokens.
        """
        scorer = choose_scorer(self.scorer, annotate=self.annotate, spans_key=self.spans_key)
        if scorer is None:
            return {}
        examples = list(examples)
        scores = scorer(examples, **{**self.cfg, **config})
        if self.annotate == "spans" or scores.get("ents_f") is None:
            return scores
        return scores | score_entity_tokens(examples)

    def prepare(self) -> TagSet:
        """Load the model, and say once if its labels are not those of entities."""
        tag_set = super().prepare()
        self._notices.check_labels(tag_set)
        return tag_set

    def check_label(self, label: str) -> None:
        """Check that a label can be an entity type."""
        check_entity_types([label])

    def get_labels(self, tag_set: TagSet) -> tuple[str, ...]:
        """Return the entity types, without prefixes."""
        return tag_set.entity_types

    def extend_tags(self, tag_set: TagSet, label: str) -> TagSet:
        """Return tags that know one more entity type."""
        return add_entity_type(tag_set, label)

    def make_chain(self, tag_set: TagSet) -> Chain:
        """Return the chain that spans are decoded and scored with; the model is loaded."""
        return make_biased_chain(tag_set, self.bias, self.classifier.transition_scores)

    def prepare_for_cuts(self, get_examples: Callable[[], Iterable[Example]]) -> None:
        """Let the model label parts of tokens, if gold entities begin or end inside of some."""
        if self.classifier.cuts_tokens:
            return
        if any(find_cut_tokens(example) for example in get_examples()):
            self.classifier.learn_parts()

    def _begin_update(
        self, docs: Sequence[Doc], cut_tokens: Sequence[Ints]
    ) -> tuple[list[UnitRows], Backprop]:
        self._check_loss()
        if not self.classifier.cuts_tokens and any(map(len, cut_tokens)):
            self._notices.say_cuts_are_missing()
        return self.classifier.begin_update(
            docs, as_predicted=self.loss == "chain", cut_tokens=cut_tokens
        )

    def _compute_loss(
        self,
        docs: Sequence[Doc],
        predicted: Sequence[UnitRows],
        targets: Sequence[Targets],
        tag_set: TagSet,
    ) -> tuple[float, list[Floats32]]:
        if self.loss == "tokens":
            return super()._compute_loss(docs, predicted, targets, tag_set)
        return compute_chain_loss(
            docs,
            predicted,
            targets,
            chain=self.make_chain(tag_set),
            reduction=self.classifier.reduction,
        )

    def _check_loss(self) -> None:
        check_loss(
            self.loss,
            decoder=self.decoder,
            class_weights=self.class_weights,
            label_smoothing=self.label_smoothing,
        )

    def read_targets(self, example: Example, tag_set: TagSet) -> TokenTargets:
        """Return the gold tags of an Example, and the spans that it says are wrong."""
        return read_targets(
            example,
            tag_set,
            spans_key=self.spans_key,
            prefer_group=self.annotate == "spans",
            incorrect_spans_key=self.incorrect_spans_key,
        )

    def find_labels(self, examples: Iterable[Example]) -> list[str]:
        """Return the entity types in the gold of Examples, sorted."""
        return find_entity_types(
            examples, spans_key=self.spans_key, prefer_group=self.annotate == "spans"
        )

    def load_known_tags(self) -> TagSet | None:
        """Load the model; return its tags, unless they are those of a tagger."""
        known = self.classifier.load("auto")
        return None if known is not None and known.scheme is PLAIN else known

    def choose_tags(self, labels: Sequence[str], known: TagSet | None) -> TagSet:
        """Return the tags to train, in the scheme of the config."""
        return choose_tag_set(labels, known=known, scheme=self.scheme)

    def check_settings(self, tag_set: TagSet) -> None:
        """Check the threshold and the bias, which may name entity types."""
        self._check_loss()
        check_threshold(self.threshold, tag_set.entity_types)
        check_bias(self.bias, tag_set.entity_types, decoder=self.decoder)

    def predict(self, docs: Iterable[Doc]) -> list[list[ScoredSpan]]:
        """Return the entities of each Doc with their scores, in order of their start.

        The Docs stay as they are.
        """
        docs = list(docs)
        tag_set = self.prepare()
        if not any(len(doc) for doc in docs):
            return [[] for _ in docs]
        if self.classifier.reads_sentences:
            self._notices.check_sentences(docs)
        rows = self.classifier.predict(docs)
        return self._find_entities(
            docs,
            rows,
            tag_set=tag_set,
            bias=self.bias,
            threshold=self.threshold,
            calibration=self._read_calibration(),
        )

    def set_annotations(
        self, docs: Iterable[Doc], predictions: Sequence[Sequence[ScoredSpan]]
    ) -> None:
        """Set the entities that :meth:`predict` found."""
        for doc, found in zip(docs, predictions, strict=True):
            self._annotate(doc, found)
        self._notices.check_extension()

    def _annotate(self, doc: Doc, found: Sequence[ScoredSpan]) -> None:
        """Set on a Doc what was found in it; with ``alignment = "split"`` it gets more tokens."""
        if self.alignment == "split":
            found = split_tokens(doc, found)
        elif self.alignment == "contract":
            found = contract(doc, found)
        spans = make_spans(doc, found)
        scores = [scored_span.score for scored_span in found]
        sets_entities = self.annotate == "ents"
        if sets_entities:
            if not self.overwrite:
                self._notices.check_entities(doc, self._earlier)
            set_entities(doc, self._choose_entities(spans, found), overwrite=self.overwrite)
        set_span_group(
            doc,
            spans,
            scores,
            key=self.spans_key,
            keep_entities=sets_entities,
            char_offsets=get_offsets_on_parts(found),
        )

    def _choose_entities(self, spans: list[Span], found: Sequence[ScoredSpan]) -> list[Span]:
        """Return those spans that can be entities together: no two share a token.

        Args:
            spans: The spans.
            found: What they were made from.
        """
        if get_offsets_on_parts(found) is None:
            return spans
        on_tokens: list[Span] = []
        scores: list[float] = []
        for span, scored_span in zip(spans, found, strict=True):
            if self.alignment == "contract" and not has_whole_token(span.doc, scored_span):
                self._n_left_out += 1
                self._notices.say_left_out(self.spans_key)
                continue
            on_tokens.append(span)
            scores.append(scored_span.score)
        return choose_entities(on_tokens, scores)

    def list_found(self, prediction: Sequence[ScoredSpan]) -> list[TokenSpan]:
        """Return the entities without their scores."""
        return [scored_span.span for scored_span in prediction]

    def calibrate(
        self, examples: Iterable[Example], *, aim: Aim | None = None, curve: bool = False
    ) -> CalibrationReport:
        """Fit a temperature and maps of span scores on held-out Examples, and use them from now on.

        Scores change, decisions do not, unless there is an aim: the bias that reaches it at the
        least cost is found and set first. Training and new labels undo the calibration, as they
        change what scores mean, and so does another bias. The component's ``calibrated`` becomes
        True; the pipeline's config stays as it is.

        Args:
            examples: Examples that the model was not trained on; gold in the references. Entities
                of the predicted Docs are ignored.
            aim: The precision or recall that is to be reached.
            curve: Report precision and recall over the bias, with or without an aim.

        Raises:
            AimNotReachedError: No bias reaches the aim. Nothing has changed.
            ConfigError: There is no gold annotation, or none of a type that the model finds; or
                there is an aim, and ``bias`` is a table.
            TooFewSpansError: Too few of the entities that the model finds are right, or wrong, to
                calibrate their scores. An aim was reached; the error has the dial.
        """
        tag_set = self.prepare()
        docs = self._read_held_out(examples, tag_set)
        dial = None
        if aim is not None or curve:
            dial = self._read_dial(docs, tag_set, aim)
        if aim is not None and dial is not None:
            self.bias = dial.after.bias
        find = partial(self._find_entities, tag_set=tag_set, bias=self.bias, threshold=None)
        try:
            calibration, report = fit_and_report(
                docs, find, self.decoder, entity_types=tag_set.entity_types, bias=self.bias
            )
        except TooFewSpansError as error:
            error.dial = dial
            raise
        self.forget_figures()
        self.cfg["calibration"] = calibration.to_json()
        was_raw = not self.calibrated
        self.calibrated = True
        return replace(report, dial=dial, was_raw=was_raw)

    def estimate_recall(
        self, threshold: Threshold = None, *, entity_types: Collection[str] | None = None
    ) -> RecallEstimate | None:
        """Return the share of entities that the component finds, as :meth:`calibrate` measured it.

        It was measured on held-out documents, and holds for texts like these. None where nothing
        was measured for the settings as they are: with ``annotate = "spans"``, with other scores
        than the calibrated ones, or before calibration.

        Args:
            threshold: The lowest score of an entity that counts.
            entity_types: The types that count; None for all.
        """
        calibration = self._read_calibration()
        if calibration is None or calibration.recall is None or self.annotate == "spans":
            return None
        return calibration.recall.estimate(threshold, entity_types)

    def _read_held_out(self, examples: Iterable[Example], tag_set: TagSet) -> list[HeldOut]:
        """Return what the model predicts for Examples, beside their gold."""
        # Where the component does not overwrite, it would keep entities of the predicted Docs.
        stripped: list[Example] = []
        for example in examples:
            if len(example.predicted):
                stripped.append(Example(without_entities(example.predicted), example.reference))
        rows: list[UnitRows] = []
        for docs in batch_docs(example.predicted for example in stripped):
            rows.extend(self.classifier.predict(docs))
        held_out: list[HeldOut] = []
        for example, doc_rows in zip(stripped, rows, strict=True):
            held_out.append(
                read_held_out(
                    example,
                    doc_rows,
                    tag_set,
                    spans_key=self.spans_key,
                    prefer_group=self.annotate == "spans",
                    alignment=self.alignment,
                )
            )
        return held_out

    def _read_dial(self, docs: Sequence[HeldOut], tag_set: TagSet, aim: Aim | None) -> Dial:
        """Return what a bias does, and the one that reaches an aim."""
        if isinstance(self.bias, Mapping):
            raise ConfigError(
                f"{self.name}: bias is a table, {dict(self.bias)}, and the dial that is turned is "
                "a number for all types. Set bias = 0 first.",
                settings=("bias",),
            )
        check_bias(1.0, tag_set.entity_types, decoder=self.decoder)
        annotated = choose_annotated(docs, tag_set.entity_types)

        def tally_under(bias: float) -> Tally:
            find = partial(self._find_entities, tag_set=tag_set, bias=bias)
            calibration = None
            if self.threshold is not None:
                # It cuts scores that will be calibrated under this bias.
                raw_find = partial(find, threshold=None)
                fit = fit_calibration(annotated, raw_find, self.decoder, bias=bias)
                calibration = fit.calibration
            found = find(
                [held_out.doc for held_out in annotated],
                [held_out.rows for held_out in annotated],
                threshold=self.threshold,
                calibration=calibration,
            )
            return tally(annotated, found)

        return read_dial(tally_under, n_gold=count_gold(annotated), bias=float(self.bias), aim=aim)

    def _read_cfg(self, stored: dict[str, Any]) -> None:
        if stored.get("calibration") is not None:
            read_calibration(stored["calibration"])  # whatever is damaged is refused when loaded
        super()._read_cfg(stored)

    def _read_calibration(self) -> Calibration | None:
        """Return what scores are passed through, if something was fitted for this decoder."""
        self._drop_outdated_calibration()
        stored = self.cfg["calibration"]
        if not self.calibrated or stored is None or stored["decoder"] != self.decoder:
            return None
        # from_disk and from_bytes replace the table in cfg, and so may users: the object beside it
        # holds for as long as the table is the same.
        if self._calibration is None or self._calibration[0] is not stored:
            self._calibration = stored, read_calibration(stored)
        return self._calibration[1]

    def _drop_outdated_calibration(self) -> None:
        """Drop a calibration that was fitted under another bias, and say so."""
        stored = self.cfg["calibration"]
        if stored is None:
            return
        fitted_under = stored.get("bias", 0.0)
        if fitted_under != self.bias:
            self.cfg["calibration"] = None
            logger.warning(
                "%s: the scores were calibrated under bias = %s, and it is %s now, so the "
                "calibration is dropped: scores are raw posteriors. Calibrate again.",
                self.name,
                fitted_under,
                self.bias,
            )

    def _find_entities(
        self,
        docs: Sequence[Doc],
        rows: Sequence[UnitRows],
        *,
        tag_set: TagSet,
        bias: Bias,
        threshold: Threshold,
        calibration: Calibration | None,
    ) -> list[list[ScoredSpan]]:
        """Return the entities of each Doc as the settings ask for them."""
        return find_entities(
            docs,
            rows,
            tag_set,
            decoder=self.decoder,
            bias=bias,
            transition_scores=self.classifier.transition_scores,
            threshold=threshold,
            keep_entities=self.annotate == "ents" and not self.overwrite,
            overlapping=self.annotate == "spans",
            calibration=calibration,
        )
