"""What is left of names in texts, in sentences."""

import pytest
import spacy

from spacy_hf_ner.core.expected_recall import RecallEstimate, count_found
from spacy_hf_ner.pipe.calibration import Calibration
from spacy_hf_ner.pipe.hf_ner import HFNer
from spacy_hf_ner.rewriting.remains import Remains, describe_remains, estimate_recall


def test_what_is_left_is_said_in_sentences() -> None:
    remains = Remains(n_replaced=5, below_threshold=1, kept=2, missed=3)
    below, kept, missed, recall = describe_remains(remains, RecallEstimate(0.875, 1200))
    assert below.endswith("below the threshold: 1 entity.")
    assert kept.endswith("was found for them: 2 names.")
    assert missed.endswith("still stands in 3 places.")
    assert recall == (
        "On held-out texts the model found 87.5% of 1,200 gold entities. In texts like those, "
        "expect that 12.5% of all names stay because they are not found."
    )


def test_where_nothing_is_left_the_recall_is_said_alone() -> None:
    (recall,) = describe_remains(Remains(n_replaced=5), None)
    assert "is not known: nothing stored in it says so" in recall


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, 0.25), ({"annotate": "spans"}, None), ({"calibrated": False}, None)],
)
def test_the_recall_is_that_of_the_one_hf_ner(
    settings: dict[str, object], expected: object
) -> None:
    nlp = spacy.blank("en")
    assert estimate_recall(nlp, None) is None
    component = nlp.add_pipe("hf_ner", config=settings)
    assert isinstance(component, HFNer)
    assert estimate_recall(nlp, None) is None
    recall = count_found({"PER": 4}, [("PER", 0.9), ("PER", 0.3)])
    component.cfg["calibration"] = Calibration("viterbi", 1.0, recall=recall).to_json()
    estimate = estimate_recall(nlp, 0.5, ["PER"])
    assert (estimate and estimate.recall) == expected
    nlp.add_pipe("hf_ner", name="another")
    assert estimate_recall(nlp, 0.5) is None
