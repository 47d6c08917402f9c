"""The whole evaluation of a pipeline on gold Docs, as one object."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc

from spacy_hf_ner.evaluation.confidence import (
    Confidence,
    ThresholdCurve,
    collect_scores,
    measure_confidence,
    trace_thresholds,
)
from spacy_hf_ner.evaluation.confusion import (
    Confusion,
    ConfusionMatrix,
    count_confusions,
    find_frequent_confusions,
)
from spacy_hf_ner.evaluation.entities import DocPair, pair_docs
from spacy_hf_ner.evaluation.matching import Match, match_entities
from spacy_hf_ner.evaluation.prediction import Prediction, describe, predict
from spacy_hf_ner.evaluation.resampling import Intervals, bootstrap, count_docs
from spacy_hf_ner.evaluation.semeval import SemevalCounts, SemevalView, count_semeval
from spacy_hf_ner.evaluation.seqeval_report import SeqevalScores, require_seqeval, score_with_seqeval
from spacy_hf_ner.evaluation.slices import Slicing, slice_scores
from spacy_hf_ner.evaluation.strict import StrictScores, score_strict
from spacy_hf_ner.evaluation.tokens import token_accuracy, write_pair_tags


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good a pipeline is on a data set, where it fails, and what its scores are worth.

    Attributes:
        model: The pipeline's name, language and version.
        pairs: Gold and predicted entities of every text.
        matches: The same entities, each gold one beside the prediction that stands for it; one tuple for each pair.
        strict: Strict span scores.
        intervals: Their 95 % confidence intervals; None with fewer than two documents.
        semeval: The counts of the four views of SemEval-2013.
        token_accuracy: The share of tokens with the right IOB2 tag.
        seqeval: seqeval's report in its default and in its strict mode.
        spacy_scores: What spaCy's Scorer gives for this pipeline.
        slices: Strict counts by properties of the entities.
        confusion: Gold types against predicted types.
        confusions: The errors that occur most often.
        confidence: What the scores are worth; None where there are no scores.
        thresholds: Precision and recall over the threshold, for all types and for each; empty without scores.
        n_words: Predicted tokens.
        words_per_second: Throughput of tokenizer and pipeline.
    """

    model: str
    pairs: tuple[DocPair, ...]
    matches: tuple[tuple[Match, ...], ...]
    strict: StrictScores
    intervals: Intervals | None
    semeval: Mapping[SemevalView, SemevalCounts]
    token_accuracy: float
    seqeval: tuple[SeqevalScores, ...]
    spacy_scores: Mapping[str, Any]
    slices: tuple[Slicing, ...]
    confusion: ConfusionMatrix
    confusions: tuple[Confusion, ...]
    confidence: Confidence | None
    thresholds: tuple[ThresholdCurve, ...]
    n_words: int
    words_per_second: float

    @property
    def n_unjudged(self) -> int:
        """Predicted entities on tokens without gold annotation, which count as neither right nor wrong."""
        return sum(len(pair.unjudged) for pair in self.pairs)


def evaluate_pipeline(
    nlp: Language,
    golds: Sequence[Doc],
    *,
    spans_key: str = "hf_ner",
    seen: Mapping[str, AbstractSet[str]] | None = None,
    progress: bool = False,
) -> Evaluation:
    """Return how good a pipeline's ``doc.ents`` are, judged by the gold Docs.

    Args:
        nlp: The pipeline.
        golds: Docs with gold entities.
        spans_key: The span group that holds the scores of the predicted entities.
        seen: The entity types of each entity text in the training data, from ``slices.read_seen``.
        progress: Show a progress bar.

    Raises:
        MissingExtraError: seqeval is not installed.
        AlignmentError: The pipeline's tokenizer changes the text in more than white space.
    """
    require_seqeval()  # before hours of prediction, not after
    return judge(nlp, predict(nlp, golds, progress=progress), spans_key=spans_key, seen=seen)


def judge(
    nlp: Language,
    prediction: Prediction,
    *,
    spans_key: str = "hf_ner",
    seen: Mapping[str, AbstractSet[str]] | None = None,
) -> Evaluation:
    """Return how good predictions are that have been made already; see :func:`evaluate_pipeline`."""
    pairs = tuple(pair_docs(eg.reference, eg.predicted, spans_key=spans_key) for eg in prediction.examples)
    matches = tuple(match_entities(pair.gold, pair.predicted) for pair in pairs)
    tags = [write_pair_tags(pair) for pair in pairs]
    scored = collect_scores(pairs)
    return Evaluation(
        model=describe(nlp),
        pairs=pairs,
        matches=matches,
        strict=score_strict(pairs),
        intervals=bootstrap(count_docs(pairs)),
        semeval=count_semeval(pairs),
        token_accuracy=token_accuracy(tags),
        seqeval=(score_with_seqeval(tags, mode="default"), score_with_seqeval(tags, mode="strict")),
        spacy_scores=Scorer(nlp).score(prediction.examples),
        slices=slice_scores(pairs, seen=seen),
        confusion=count_confusions(matches),
        confusions=find_frequent_confusions(pairs, matches),
        confidence=measure_confidence(scored),
        thresholds=trace_thresholds(scored),
        n_words=prediction.n_words,
        words_per_second=prediction.words_per_second,
    )
