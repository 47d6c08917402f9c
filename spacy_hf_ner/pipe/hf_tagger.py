"""The component ``hf_tagger``: a label for each token, with its probability."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model

from spacy_hf_ner.core.arrays import Bools, Floats, Ints
from spacy_hf_ner.core.labels import TagSet, add_entity_type
from spacy_hf_ner.core.schemes import PLAIN
from spacy_hf_ner.core.score_maps import apply_temperature
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.pipe.architectures import DEFAULT_TAGGER_NAME
from spacy_hf_ner.pipe.batches import batch_docs
from spacy_hf_ner.pipe.component_settings import HFTaggerSettings
from spacy_hf_ner.pipe.notices import Notices
from spacy_hf_ner.pipe.scoring import Scorer
from spacy_hf_ner.pipe.tag_calibration import (
    TagCalibrationReport,
    TaggedTokens,
    fit_tag_temperature,
    read_temperature,
)
from spacy_hf_ner.pipe.tag_choice import choose_plain_tag_set
from spacy_hf_ner.pipe.tag_scores import find_tag_score, register_tag_score, store_tag_scores
from spacy_hf_ner.pipe.token_attributes import TokenAttribute, get_attribute
from spacy_hf_ner.pipe.token_labels import LabelTargets, find_token_labels, read_label_targets
from spacy_hf_ner.pipe.token_pipe import TokenClassifierPipe

__all__ = ["FoundLabels", "HFTagger"]


@dataclass(frozen=True, slots=True)
class FoundLabels:
    """The labels that were found for the tokens of a Doc.

    Attributes:
        token_i: The tokens that have one, in order; all but white space, and what no subword of
            the tokenizer speaks for.
        labels: The label of each of them.
        scores: How probable each is, in [0, 1].
    """

    token_i: Sequence[int] = ()
    labels: Sequence[str] = ()
    scores: Sequence[float] = ()


class HFTagger(TokenClassifierPipe, HFTaggerSettings):
    """Finds a label for each token.

    Args:
        vocab: The pipeline's vocabulary.
        model: A model from Docs to one row of label scores per token.
        name: The component's name.
        scorer: What ``nlp.evaluate`` uses; None for no scores.
        settings: The fields of :class:`HFTaggerSettings`, by name. They become attributes.

    Raises:
        ConfigError: A setting is out of its range, or the target is an extension of somebody else.
    """

    scheme = PLAIN.name
    label_kind = "labels"
    factory = "hf_tagger"
    example_checkpoint = DEFAULT_TAGGER_NAME

    def __init__(
        self,
        vocab: Vocab,
        model: Model[Any, Any],
        name: str = "hf_tagger",
        *,
        scorer: Scorer | None = None,
        **settings: Any,  # noqa: ANN401 - the fields of a dataclass, which checks them
    ) -> None:
        super().__init__(vocab, model, name)
        HFTaggerSettings.__init__(self, **settings)  # each becomes an attribute
        self._configured = self.read_settings()
        self.scorer = scorer
        self._notices = Notices(name)
        register_tag_score(self.attribute)

    @property
    def attribute(self) -> TokenAttribute:
        """What of a token is labelled."""
        return get_attribute(self.target)

    def score(self, examples: Iterable[Example], **config: object) -> dict[str, Any]:
        """Return the scores of the labels that the component sets."""
        if self.scorer is None:
            return {}
        return self.scorer(examples, **{"target": self.target, **self.cfg, **config})

    def prepare(self) -> TagSet:
        """Load the model, and check that tokens can have its labels."""
        tag_set = super().prepare()
        self.attribute.check_labels(tag_set.entity_types)
        return tag_set

    def check_label(self, label: str) -> None:
        """Check that tokens can have a label."""
        self.attribute.check_labels((label,))

    def get_labels(self, tag_set: TagSet) -> tuple[str, ...]:
        """Return the labels; columns of padding have none."""
        return tag_set.entity_types

    def extend_tags(self, tag_set: TagSet, label: str) -> TagSet:
        """Return tags that know one more label."""
        return add_entity_type(tag_set, label)

    def find_labels(self, examples: Iterable[Example]) -> list[str]:
        """Return the labels in the gold of Examples, sorted."""
        return find_token_labels(examples, self.attribute)

    def choose_tags(self, labels: Sequence[str], known: TagSet | None) -> TagSet:
        """Return the tags to train."""
        return choose_plain_tag_set(labels, known=known)

    def read_targets(self, example: Example, tag_set: TagSet) -> LabelTargets:
        """Return the gold labels of an Example."""
        return read_label_targets(example, self.attribute, tag_set)

    def predict(self, docs: Iterable[Doc]) -> list[FoundLabels]:
        """Return the labels of each Doc with their scores; the Docs stay as they are."""
        docs = list(docs)
        tag_set = self.prepare()
        if not any(len(doc) for doc in docs):
            return [FoundLabels() for _ in docs]
        if self.classifier.reads_sentences:
            self._notices.check_sentences(docs)
        temperature = self._read_temperature()
        found: list[FoundLabels] = []
        for predicted in self.classifier.predict(docs):
            token_i, rows = _take_first_units(predicted)
            found.append(_choose_labels(token_i, rows, tag_set, temperature))
        return found

    def set_annotations(self, docs: Iterable[Doc], predictions: Sequence[FoundLabels]) -> None:
        """Set the labels that :meth:`predict` found, and their scores."""
        for doc, found in zip(docs, predictions, strict=True):
            self._annotate(doc, found)

    def list_found(self, prediction: FoundLabels) -> list[tuple[int, str]]:
        """Return the tokens that have a label, and the labels."""
        return list(zip(prediction.token_i, prediction.labels, strict=True))

    def calibrate(self, examples: Iterable[Example]) -> TagCalibrationReport:
        """Fit a temperature on held-out Examples, and use it from now on.

        Scores change, labels do not. Training and new labels undo the calibration, as they change
        what scores mean. The component's ``calibrated`` becomes True; the pipeline's config stays
        as it is.

        Args:
            examples: Examples that the model was not trained on; gold in the references.

        Raises:
            TooFewSpansError: There is no gold annotation.
            TagError: The model lacks a label of the gold.
        """
        tag_set = self.prepare()
        examples = [example for example in examples if len(example.predicted)]
        rows: list[UnitRows] = []
        for docs in batch_docs(example.predicted for example in examples):
            rows.extend(self.classifier.predict(docs))
        held_out: list[TaggedTokens] = []
        for example, predicted in zip(examples, rows, strict=True):
            targets = self.read_targets(example, tag_set)
            held_out.append(_put_beside_gold(predicted, targets, tag_set))
        report = fit_tag_temperature(held_out)
        self.forget_figures()
        self.cfg["calibration"] = {"temperature": report.temperature}
        was_raw = not self.calibrated
        self.calibrated = True
        return replace(report, was_raw=was_raw)

    def _annotate(self, doc: Doc, found: FoundLabels) -> None:
        """Set labels and scores on a Doc, but for what was set earlier and is kept."""
        attribute = self.attribute
        scores: list[float | None] = [None] * len(doc)
        is_kept = [False] * len(doc)
        if not self.overwrite:
            for token in doc:
                is_kept[token.i] = attribute.read(token) != ""
                if is_kept[token.i]:
                    scores[token.i] = find_tag_score(token, attribute=attribute)
        if attribute.space_label:
            for token in doc:
                if token.is_space and not is_kept[token.i]:
                    attribute.write(token, attribute.space_label)
        for token_i, label, score in zip(found.token_i, found.labels, found.scores, strict=True):
            if not is_kept[token_i]:
                attribute.write(doc[token_i], label)
                scores[token_i] = score
        store_tag_scores(doc, attribute, scores)

    def _read_cfg(self, stored: dict[str, Any]) -> None:
        if stored.get("calibration") is not None:
            read_temperature(stored["calibration"])  # whatever is damaged is refused when loaded
        super()._read_cfg(stored)

    def _card_settings(self) -> dict[str, Any]:
        return {"target": self.target}

    def _read_temperature(self) -> float:
        """Return what log-probabilities are divided by; 1 where nothing was fitted."""
        stored = self.cfg["calibration"]
        if not self.calibrated or stored is None:
            return 1.0
        return read_temperature(stored)


def _take_first_units(predicted: UnitRows) -> tuple[Ints, Floats]:
    """Return the tokens that have a row, and the row of the first unit of each.

    Shape of both: (n_tokens, …).
    """
    with_row = np.flatnonzero(~np.isnan(predicted.rows).any(axis=1))
    token_i, first = np.unique(predicted.units.token_i[with_row], return_index=True)
    return token_i, predicted.rows[with_row[first]].astype(np.float64)


def _choose_labels(token_i: Ints, rows: Floats, tag_set: TagSet, temperature: float) -> FoundLabels:
    """Return the likeliest label of each token, and how likely it is.

    Args:
        token_i: The tokens. Shape: (n_tokens,).
        rows: Their log-probabilities. Shape: (n_tokens, n_tags).
        tag_set: The tags of the columns.
        temperature: What log-probabilities are divided by.
    """
    if len(token_i) == 0:
        return FoundLabels()
    columns = np.flatnonzero(_find_label_columns(tag_set))
    log_probs = apply_temperature(rows[:, columns], temperature)
    best = log_probs.argmax(axis=1)
    labels = [tag_set.tags[column].entity_type for column in columns[best].tolist()]
    scores = np.exp(log_probs[np.arange(len(best)), best])
    return FoundLabels(token_i.tolist(), labels, scores.tolist())


def _find_label_columns(tag_set: TagSet) -> Bools:
    """Return which columns are those of labels, and not of padding. Shape: (n_tags,)."""
    return np.array(tag_set.type_i) >= 0


def _put_beside_gold(predicted: UnitRows, targets: LabelTargets, tag_set: TagSet) -> TaggedTokens:
    """Return the rows of the tokens that have a gold label."""
    token_i, rows = _take_first_units(predicted)
    gold = targets.columns[token_i]
    has_gold = gold >= 0
    is_label = _find_label_columns(tag_set)
    # Columns of padding are left out, so those behind them move up.
    moved = np.cumsum(is_label) - 1
    of_labels = apply_temperature(rows[has_gold][:, is_label], 1.0)
    return TaggedTokens(of_labels, moved[gold[has_gold]])
