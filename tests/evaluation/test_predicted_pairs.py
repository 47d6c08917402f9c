from collections.abc import Callable

import pytest
import spacy
from spacy.tokens import Doc

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.predicted_pairs import pair_predictions
from spacy_hf_ner.evaluation.prediction import predict

MakeDoc = Callable[..., Doc]


def test_a_pipeline_that_sets_no_entities_is_refused_and_its_span_groups_are_named(
    make_doc: MakeDoc,
) -> None:
    nlp = spacy.blank("en")
    with pytest.raises(ConfigError, match=r"got one that sets neither\. Add a component"):
        pair_predictions(predict(nlp, [make_doc(["Oslo"])]), spans_key="hf_ner")
    ruler = nlp.add_pipe("span_ruler", config={"spans_key": "found"})
    ruler.add_patterns([{"label": "LOC", "pattern": "Oslo"}])  # type: ignore[attr-defined]
    prediction = predict(nlp, [make_doc(["Oslo"], [(0, 1, "LOC")])])
    with pytest.raises(ConfigError, match=r"only doc\.spans\['found'\]\. Name one with spans_key"):
        pair_predictions(prediction, spans_key="hf_ner")
    (pair,) = pair_predictions(prediction, spans_key="found")
    assert pair.predicted == pair.gold
