"""The whole evaluation of a pipeline on gold Docs, as one object.

Every measure has a module of its own; this one predicts, runs them all, and keeps what they give.
"""

import gc
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc

from spacy_hf_ner.core.wording import count
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
    rank_confusions,
)
from spacy_hf_ner.evaluation.formatting import format_percent
from spacy_hf_ner.evaluation.gold_data import check_gold
from spacy_hf_ner.evaluation.label_map import LabelMap, check_label_map, rename_entities
from spacy_hf_ner.evaluation.levels import LevelScores, score_levels
from spacy_hf_ner.evaluation.matching import Match, match_entities
from spacy_hf_ner.evaluation.pairing import DocPair, count_unjudged
from spacy_hf_ner.evaluation.pipelines import (
    describe_components,
    find_spans_key,
    make_title,
    name_pipeline,
)
from spacy_hf_ner.evaluation.predicted_pairs import pair_predictions
from spacy_hf_ner.evaluation.prediction import Prediction, predict
from spacy_hf_ner.evaluation.resampling import Intervals, bootstrap, count_docs
from spacy_hf_ner.evaluation.semeval import SemevalCounts, SemevalView, count_semeval
from spacy_hf_ner.evaluation.seqeval_report import (
    SeqevalScores,
    require_seqeval,
    score_with_seqeval,
)
from spacy_hf_ner.evaluation.signature import Signature, sign
from spacy_hf_ner.evaluation.slices import Slicing, slice_scores
from spacy_hf_ner.evaluation.strict import StrictScores, score_strict
from spacy_hf_ner.evaluation.tables import as_html
from spacy_hf_ner.evaluation.tagging import LabelScores, score_all_labels
from spacy_hf_ner.evaluation.tokens import have_tags, token_accuracy, write_pair_tags

__all__ = ["Evaluation", "evaluate_pipeline", "judge", "pause_collector"]


@dataclass(frozen=True, slots=True, repr=False)
class Evaluation:
    """How good a pipeline is on a data set, where it fails, and what its scores are worth.

    Attributes:
        name: What to call the pipeline: as the user named it, where anybody did.
        components: Its components, with the models that they name.
        lang: The code of its language.
        data: What to call the data; None for Docs that come from no file.
        model: The pipeline's name, version and components, as its meta has them.
        pairs: Gold and predicted entities of every text.
        matches: The same entities, each gold one beside the prediction that stands for it; one
            tuple for each pair.
        strict: Strict span scores.
        intervals: Their 95 % confidence intervals; None with fewer than two documents.
        semeval: The counts of the four views of SemEval-2013.
        token_accuracy: The share of tokens with the right IOB2 tag; None without tokens, and where
            entities overlap, and so have no tags.
        seqeval: seqeval's report in its default and in its strict mode; empty where entities
            overlap.
        spacy_scores: What spaCy's Scorer gives for this pipeline.
        slices: Strict counts by properties of the entities.
        confusion: Gold types against predicted types.
        confusions: All errors, those that occur most often first.
        confidence: What the scores are worth; None where there are no scores.
        thresholds: Precision and recall over the threshold, for all types and for each; empty
            without scores.
        n_words: Predicted tokens.
        words_per_second: Throughput of tokenizer and pipeline.
        signature: What all this was made with.
        labels: How good the labels of its tokens are, where it sets some that gold has, too.
        levels: Its levels of nested entities one by one and together, where it finds several.
    """

    name: str
    components: str
    lang: str
    data: str | None
    model: str
    pairs: tuple[DocPair, ...]
    matches: tuple[tuple[Match, ...], ...]
    strict: StrictScores
    intervals: Intervals | None
    semeval: Mapping[SemevalView, SemevalCounts]
    token_accuracy: float | None
    seqeval: tuple[SeqevalScores, ...]
    spacy_scores: Mapping[str, Any]
    slices: tuple[Slicing, ...]
    confusion: ConfusionMatrix
    confusions: tuple[Confusion, ...]
    confidence: Confidence | None
    thresholds: tuple[ThresholdCurve, ...]
    n_words: int
    words_per_second: float
    signature: Signature
    labels: tuple[LabelScores, ...] = ()
    levels: tuple[LevelScores, ...] = ()

    @property
    def n_unjudged(self) -> int:
        """Predicted entities on tokens without gold annotation: neither right nor wrong."""
        return count_unjudged(self.pairs)

    @property
    def title(self) -> str:
        """What was judged, in a line: ``"training/model-best (hf_ner) on corpus/dev.spacy"``."""
        return make_title(self.name, self.components, self.data)

    def __repr__(self) -> str:
        """Return the title with the figures that matter most."""
        micro = self.strict.micro
        f1 = format_percent(micro.f1)
        precision = format_percent(micro.precision)
        recall = format_percent(micro.recall)
        n_docs = count(len(self.pairs), "document")
        n_gold = count(micro.n_gold, "gold entity", "gold entities")
        figures = f"F1 {f1}, P {precision}, R {recall}; {n_docs}, {n_gold}"
        return f"<Evaluation of {self.title}: {figures}>"

    def _repr_html_(self) -> str:
        """Return the scores of each type as a table, which notebooks show."""
        return as_html(self)


def evaluate_pipeline(
    nlp: Language,
    golds: Sequence[Doc],
    *,
    spans_key: str | None = None,
    seen: Mapping[str, AbstractSet[str]] | None = None,
    label_map: LabelMap | None = None,
    name: str | None = None,
    data: Path | None = None,
    progress: bool = False,
) -> Evaluation:
    """Return how good a pipeline's entities are, judged by the gold Docs.

    They are its ``doc.ents``; of a pipeline that does not set these (hf_ner with
    ``annotate = "spans"``, a span categorizer), those of the span group.

    Args:
        nlp: The pipeline.
        golds: Docs with gold entities.
        spans_key: The span group that holds the scores, or the entities themselves; None for that
            of the pipeline's hf_ner.
        seen: The entity types of each entity text in the training data, from ``slices.read_seen``.
        label_map: The types of the predictions under the names that gold has for them.
        name: What to call the pipeline; None for its own name, or its folder.
        data: File or folder of the gold Docs, for titles and the signature.
        progress: Show a progress bar.

    Raises:
        MissingExtraError: seqeval is not installed.
        CorpusError: The gold Docs are not annotated.
        ConfigError: The pipeline sets neither ``doc.ents`` nor the span group, or does not know a
            type that is to be renamed.
        AlignmentError: The pipeline's tokenizer changes the text in more than white space.
    """
    # Before hours of prediction, not after.
    require_seqeval()
    key = find_spans_key(nlp, spans_key)
    check_gold(golds, spans_key=key)
    check_label_map(nlp, label_map or {})
    signature = sign(nlp, data=data, n_docs=len(golds), spans_key=key, label_map=label_map)
    prediction = predict(nlp, golds, progress=progress)
    for example in prediction.examples:
        rename_entities(example.predicted, label_map or {}, spans_key=key)
    return judge(
        nlp, prediction, spans_key=key, seen=seen, name=name, data=data, signature=signature
    )


def judge(
    nlp: Language,
    prediction: Prediction,
    *,
    spans_key: str | None = None,
    seen: Mapping[str, AbstractSet[str]] | None = None,
    name: str | None = None,
    data: Path | None = None,
    signature: Signature | None = None,
) -> Evaluation:
    """Return how good predictions are that have been made already.

    Args:
        nlp: The pipeline that has made them.
        prediction: The predictions, with gold.
        spans_key: As for :func:`evaluate_pipeline`.
        seen: As for :func:`evaluate_pipeline`.
        name: As for :func:`evaluate_pipeline`.
        data: As for :func:`evaluate_pipeline`.
        signature: The signature from before the prediction; without one, the result is signed
            as one on no file.

    Raises:
        MissingExtraError: seqeval is not installed.
        ConfigError: The pipeline sets neither ``doc.ents`` nor the span group.
        AlignmentError: The pipeline's tokenizer changes the text in more than white space.
    """
    key = find_spans_key(nlp, spans_key)
    if signature is None:
        signature = sign(nlp, data=None, n_docs=len(prediction.examples), spans_key=key)
    data_name = None
    if data is not None:
        data_name = str(data)
    # Many small objects are made here; their number sets off searches for garbage.
    with pause_collector():
        pairs = pair_predictions(prediction, spans_key=key)
        matches = tuple(match_entities(pair.gold, pair.predicted) for pair in pairs)
        # Tags are written once, for both.
        accuracy, seqeval = _score_tags(pairs)
        scored = collect_scores(pairs)
        return Evaluation(
            name=name or name_pipeline(nlp),
            components=describe_components(nlp),
            lang=str(nlp.lang),
            data=data_name,
            model=signature.pipeline,
            pairs=pairs,
            matches=matches,
            strict=score_strict(pairs),
            intervals=bootstrap(count_docs(pairs)),
            semeval=count_semeval(pairs),
            token_accuracy=accuracy,
            seqeval=seqeval,
            spacy_scores=Scorer(nlp).score(prediction.examples),
            slices=slice_scores(pairs, seen=seen),
            confusion=count_confusions(matches),
            confusions=rank_confusions(pairs, matches),
            confidence=measure_confidence(scored),
            thresholds=trace_thresholds(scored),
            n_words=prediction.n_words,
            words_per_second=prediction.words_per_second,
            signature=signature,
            labels=score_all_labels(nlp, prediction.examples),
            levels=score_levels(nlp, prediction.examples),
        )


@contextmanager
def pause_collector() -> Iterator[None]:
    """Keep Python from looking for reference cycles, of which an evaluation makes none.

    The search takes a third of the time of an evaluation. Nothing is changed where the collector is
    off already.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _score_tags(
    pairs: Sequence[DocPair],
) -> tuple[float | None, tuple[SeqevalScores, ...]]:
    """Return token accuracy and seqeval's scores; None and empty where entities overlap."""
    if not have_tags(pairs):
        return None, ()
    tags = [write_pair_tags(pair) for pair in pairs]
    seqeval = (
        score_with_seqeval(tags, mode="default"),
        score_with_seqeval(tags, mode="strict"),
    )
    return token_accuracy(tags), seqeval
