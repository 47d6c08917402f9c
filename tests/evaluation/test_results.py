import gc
from collections.abc import Iterator

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_hf_ner.errors import ConfigError, CorpusError
from spacy_hf_ner.evaluation.prediction import predict
from spacy_hf_ner.evaluation.results import evaluate_pipeline, judge, pause_collector


@pytest.fixture
def gold(ruler: Language) -> Doc:
    """Return a Doc of which the ruler finds two entities, one of them with the wrong type."""
    doc = ruler.make_doc("Angela Merkel left Paris")
    doc.ents = [Span(doc, 0, 2, "PER"), Span(doc, 3, 4, "LOC")]
    return doc


@pytest.fixture
def collector() -> Iterator[None]:
    """Put the collector back as it was."""
    was_enabled = gc.isenabled()
    yield
    if was_enabled:
        gc.enable()
    else:
        gc.disable()


def test_a_pipeline_is_judged_by_every_measure(ruler: Language, gold: Doc) -> None:
    evaluation = evaluate_pipeline(ruler, [gold, gold], seen={"Angela Merkel": {"PER"}})
    assert evaluation.strict.micro.f1 == 0.5
    assert evaluation.intervals is not None
    assert evaluation.intervals.f1.low == evaluation.intervals.f1.high == 0.5
    assert evaluation.semeval["type"].correct == 2
    assert evaluation.token_accuracy == pytest.approx(3 / 4)
    assert [scores.mode for scores in evaluation.seqeval] == ["default", "strict"]
    assert evaluation.spacy_scores["ents_f"] == 0.5
    assert [error.kind for error in evaluation.confusions] == ["wrong type"]
    assert (len(evaluation.pairs), len(evaluation.matches)) == (2, 2)
    assert (evaluation.n_words, evaluation.n_unjudged) == (8, 0)
    assert evaluation.model == evaluation.signature.pipeline


def test_a_ruler_has_no_scores_to_trust(ruler: Language, gold: Doc) -> None:
    evaluation = evaluate_pipeline(ruler, [gold])
    assert (evaluation.confidence, evaluation.thresholds) == (None, ())
    assert evaluation.intervals is None  # one document says nothing of others


def test_predictions_that_are_there_are_judged_alike(ruler: Language, gold: Doc) -> None:
    evaluation = judge(ruler, predict(ruler, [gold]))
    assert evaluation.strict == evaluate_pipeline(ruler, [gold]).strict


def test_entities_that_overlap_have_neither_tags_nor_seqeval() -> None:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("span_ruler", config={"spans_key": "names"})
    patterns = [{"label": "LOC", "pattern": "York"}, {"label": "LOC", "pattern": "New York"}]
    ruler.add_patterns(patterns)  # type: ignore[attr-defined]
    gold = nlp.make_doc("in New York")
    gold.spans["names"] = [Span(gold, 1, 3, "LOC"), Span(gold, 2, 3, "LOC")]
    evaluation = evaluate_pipeline(nlp, [gold], spans_key="names")
    assert evaluation.strict.micro.f1 == 1.0
    assert (evaluation.token_accuracy, evaluation.seqeval) == (None, ())


def test_what_cannot_be_judged_is_refused(ruler: Language, gold: Doc) -> None:
    with pytest.raises(CorpusError, match="annotated"):
        evaluate_pipeline(ruler, [ruler.make_doc("Paris")])
    with pytest.raises(ConfigError):
        evaluate_pipeline(spacy.blank("en"), [gold])


@pytest.mark.usefixtures("collector")
def test_the_collector_pauses_and_goes_on() -> None:
    gc.enable()
    with pause_collector():
        assert not gc.isenabled()
    assert gc.isenabled()


@pytest.mark.usefixtures("collector")
def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    with pause_collector():
        pass
    assert not gc.isenabled()


@pytest.mark.usefixtures("collector")
def test_the_collector_goes_on_after_an_error() -> None:
    gc.enable()
    with pytest.raises(RuntimeError, match="stop"), pause_collector():
        raise RuntimeError("stop")
    assert gc.isenabled()


def test_an_evaluation_shows_itself_in_a_line_and_in_a_table(ruler: Language, gold: Doc) -> None:
    evaluation = evaluate_pipeline(ruler, [gold], name="my <ruler>")
    assert repr(evaluation) == (
        "<Evaluation of my <ruler> (entity_ruler): F1 50.00, P 50.00, R 50.00; 1 document, "
        "2 gold entities>"
    )
    html = evaluation._repr_html_()
    assert "<caption>my &lt;ruler&gt; (entity_ruler)</caption>" in html
    assert "<td>micro average</td><td>50.00</td>" in html
