import spacy
from spacy.language import Language
from spacy.tokens import Span

from spacy_hf_ner.evaluation.error_records import make_error_records
from spacy_hf_ner.evaluation.results import evaluate_pipeline


def test_every_error_is_a_record_of_plain_values_with_its_context(ruler: Language) -> None:
    right = ruler.make_doc("Angela Merkel slept.")
    right.ents = [Span(right, 0, 2, "PER")]
    wrong = ruler.make_doc("In Paris nobody met Ann.")
    wrong.ents = [Span(wrong, 1, 2, "LOC"), Span(wrong, 4, 5, "PER")]
    evaluation = evaluate_pipeline(ruler, [right, wrong])
    assert list(make_error_records(evaluation)) == [
        {
            "doc": 1,
            "kind": "wrong type",
            "gold": {"text": "Paris", "type": "LOC", "start_char": 3, "end_char": 8},
            "predicted": {
                "text": "Paris",
                "type": "PER",
                "start_char": 3,
                "end_char": 8,
                "score": None,
            },
            "context": "In Paris nobody met Ann.",
            "context_start": 0,
        },
        {
            "doc": 1,
            "kind": "missed",
            "gold": {"text": "Ann", "type": "PER", "start_char": 20, "end_char": 23},
            "predicted": None,
            "context": "In Paris nobody met Ann.",
            "context_start": 0,
        },
    ]


def test_of_a_long_text_only_what_is_around_the_error_is_kept() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Paris"}])  # type: ignore[attr-defined]
    gold = nlp.make_doc("a " * 500 + "Paris " + "b " * 500)
    gold.ents = [Span(gold, 0, 1, "X")]
    missed, spurious = make_error_records(evaluate_pipeline(nlp, [gold]))
    assert missed["context"] == "a " * 40 + "a"
    assert spurious["context"] == "a " * 40 + "Paris" + " b" * 40
    assert spurious["context_start"] == 1000 - 80
