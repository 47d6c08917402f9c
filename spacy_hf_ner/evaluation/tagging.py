"""Labels of tokens beside gold: accuracy, labels taken for one another, and what scores are worth.

A label is judged as an entity of one token is: it is right if gold has a token with the same
characters and the same label. Where both Docs have the same tokens, precision, recall and F1 of all
labels together are one figure, the accuracy; else F1 is what spaCy's Scorer calls accuracy, too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example

from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.errors import CorpusError
from spacy_hf_ner.evaluation.confidence import Confidence, collect_scores, measure_confidence
from spacy_hf_ner.evaluation.confusion import ConfusionMatrix, count_confusions
from spacy_hf_ner.evaluation.matching import Match, match_entities
from spacy_hf_ner.evaluation.pairing import DocPair, Entity, pair_annotation
from spacy_hf_ner.evaluation.pipelines import (
    describe_components,
    find_spans_key,
    make_title,
    name_pipeline,
)
from spacy_hf_ner.evaluation.prediction import predict
from spacy_hf_ner.evaluation.resampling import Interval, Intervals, bootstrap, count_docs
from spacy_hf_ner.evaluation.signature import Signature, sign
from spacy_hf_ner.evaluation.strict import StrictScores, score_strict
from spacy_hf_ner.pipe.gold import Gold
from spacy_hf_ner.pipe.tag_scores import find_tag_score
from spacy_hf_ner.pipe.token_attributes import TokenAttribute, get_attribute

__all__ = [
    "LabelScores",
    "TaggingEvaluation",
    "evaluate_tagging",
    "find_targets",
    "list_targets",
    "pair_labels",
    "score_all_labels",
    "score_labels",
    "sets_entities",
]

_ATTRIBUTES = {"token.pos": "pos", "token.tag": "tag", "token.morph": "morph"}
_EXTENSION = "token._."


@dataclass(frozen=True, slots=True)
class LabelScores:
    """How good the labels of tokens are.

    Attributes:
        target: What the labels are: pos, tag, morph, or the name of an extension.
        pairs: The labels of every text, as entities of one token.
        matches: What became of each gold label, and of each wrong one; one a text.
        strict: The counts of each label.
        intervals: 95 % intervals over documents; None with fewer than two.
        confusion: Which labels are taken for which.
        confidence: What the scores are worth; None without any.
    """

    target: str
    pairs: tuple[DocPair, ...]
    matches: tuple[tuple[Match, ...], ...]
    strict: StrictScores
    intervals: Intervals | None
    confusion: ConfusionMatrix
    confidence: Confidence | None

    @property
    def accuracy(self) -> float:
        """The share of right labels; of differing tokens, F1."""
        return self.strict.micro.f1

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of the accuracy."""
        return None if self.intervals is None else self.intervals.f1


@dataclass(frozen=True, slots=True)
class TaggingEvaluation:
    """How good a pipeline is that labels tokens, and sets no entities.

    Attributes:
        name: What to call the pipeline: as the user named it, where anybody did.
        components: Its components, with the models that they name.
        data: What to call the data; None for Docs that come from no file.
        model: The pipeline's name, version and components, as its meta has them.
        labels: The scores of each kind of labels, at least one.
        spacy_scores: What spaCy's Scorer gives for this pipeline.
        n_words: Predicted tokens.
        words_per_second: Throughput of tokenizer and pipeline.
        signature: What all this was made with.
    """

    name: str
    components: str
    data: str | None
    model: str
    labels: tuple[LabelScores, ...]
    spacy_scores: Mapping[str, Any]
    n_words: int
    words_per_second: float
    signature: Signature

    @property
    def n_docs(self) -> int:
        """Documents judged."""
        return len(self.labels[0].pairs)

    @property
    def title(self) -> str:
        """What was judged, in a line."""
        return make_title(self.name, self.components, self.data)


def evaluate_tagging(
    nlp: Language,
    golds: Sequence[Doc],
    *,
    name: str | None = None,
    data: Path | None = None,
    progress: bool = False,
) -> TaggingEvaluation:
    """Return how good the labels are that a pipeline gives to tokens, judged by gold Docs.

    Args:
        nlp: The pipeline.
        golds: Docs with gold labels.
        name: What to call the pipeline; None for its own name, or its folder.
        data: File or folder of the gold Docs, for titles and the signature.
        progress: Show a progress bar.

    Raises:
        CorpusError: Gold has no labels of the kind that the pipeline sets.
        AlignmentError: The pipeline's tokenizer changes the text in more than white space.
    """
    if not find_targets(nlp, golds):
        declared = ", ".join(list_targets(nlp)) or "none"
        raise CorpusError(
            f"expected gold data with labels of the kind that the pipeline sets ({declared}), got "
            'documents without. Convert it with column = "pos", or annotate it.',
            settings=("column",),
        )
    signature = sign(nlp, data=data, n_docs=len(golds), spans_key=find_spans_key(nlp))
    prediction = predict(nlp, golds, progress=progress)
    return TaggingEvaluation(
        name=name or name_pipeline(nlp),
        components=describe_components(nlp),
        data=None if data is None else str(data),
        model=signature.pipeline,
        labels=score_all_labels(nlp, prediction.examples),
        spacy_scores=Scorer(nlp).score(prediction.examples),
        n_words=prediction.n_words,
        words_per_second=prediction.words_per_second,
        signature=signature,
    )


def score_all_labels(nlp: Language, examples: Sequence[Example]) -> tuple[LabelScores, ...]:
    """Return the scores of each kind of labels that a pipeline sets and gold has."""
    targets = find_targets(nlp, [example.reference for example in examples])
    return tuple(score_labels(examples, target) for target in targets)


def find_targets(nlp: Language, golds: Iterable[Doc]) -> list[str]:
    """Return what components of a pipeline label tokens with, and gold Docs have labels of."""
    golds = list(golds)
    targets: list[str] = []
    for target in list_targets(nlp):
        attribute = get_attribute(target)
        if any(any(attribute.read_all(gold)) for gold in golds):
            targets.append(target)
    return targets


def list_targets(nlp: Language) -> list[str]:
    """Return what components of a pipeline label tokens with."""
    declared: dict[str, None] = {}  # a set that keeps the order
    for name in nlp.pipe_names:
        for path in nlp.get_pipe_meta(name).assigns:
            if path in _ATTRIBUTES:
                declared[_ATTRIBUTES[path]] = None
            elif path.startswith(_EXTENSION):
                declared[path.removeprefix(_EXTENSION)] = None
    return list(declared)


def sets_entities(nlp: Language) -> bool:
    """Tell whether some component of a pipeline sets entities or span groups."""
    for name in nlp.pipe_names:
        if {"doc.ents", "doc.spans"} & set(nlp.get_pipe_meta(name).assigns):
            return True
    return False


def score_labels(examples: Sequence[Example], target: str) -> LabelScores:
    """Return how good the labels of predicted Docs are.

    Args:
        examples: Predicted Docs beside gold.
        target: What the labels are.

    Raises:
        AlignmentError: The texts of an example differ in more than white space.
    """
    pairs = tuple(pair_labels(example, get_attribute(target)) for example in examples)
    matches = tuple(match_entities(pair.gold, pair.predicted) for pair in pairs)
    return LabelScores(
        target=target,
        pairs=pairs,
        matches=matches,
        strict=score_strict(pairs),
        intervals=bootstrap(count_docs(pairs)),
        confusion=count_confusions(matches),
        confidence=measure_confidence(collect_scores(pairs)),
    )


def pair_labels(example: Example, attribute: TokenAttribute) -> DocPair:
    """Return gold and predicted labels of a text; white space has none."""
    gold = example.reference
    predicted = example.predicted
    gold_labels = _read_labels(gold, attribute)
    missing = _find_missing(gold, attribute)
    gold_data = Gold(gold_labels, missing, in_group=False, is_annotated=bool(gold_labels))
    scored: list[Entity] = []
    for token in predicted:
        label = attribute.read(token)
        if label and not token.is_space:
            score = find_tag_score(token, attribute=attribute)
            scored.append(Entity(token.idx, token.idx + len(token), label, score))
    return pair_annotation(gold, predicted, gold_data=gold_data, entities=tuple(scored))


def _read_labels(doc: Doc, attribute: TokenAttribute) -> tuple[Entity, ...]:
    """Return the gold labels of a Doc as entities of one token."""
    labels: list[Entity] = []
    for token in doc:
        label = attribute.read(token)
        if label and not token.is_space:
            labels.append(Entity(token.idx, token.idx + len(token), label))
    return tuple(labels)


def _find_missing(doc: Doc, attribute: TokenAttribute) -> Ints:
    """Return first character and end of the tokens without a gold label.

    Shape: (n_missing, 2).
    """
    borders: list[tuple[int, int]] = []
    for token in doc:
        if not token.is_space and not attribute.read(token):
            borders.append((token.idx, token.idx + len(token)))
    return np.array(borders, dtype=np.int64).reshape(-1, 2)
