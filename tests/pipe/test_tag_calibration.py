"""The temperature of a tagger's scores."""

import numpy as np
import pytest

from spacy_hf_ner.core.score_maps import apply_temperature
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.tag_calibration import (
    TaggedTokens,
    fit_tag_temperature,
    read_temperature,
)


def make_docs(n_docs: int, *, share_right: float, says: float = 0.99) -> list[TaggedTokens]:
    """Return Docs of a model that says of all tokens how sure it is, and is right less often."""
    random = np.random.default_rng(0)
    docs: list[TaggedTokens] = []
    for _ in range(n_docs):
        rows = np.log(np.tile([says, 1 - says], (40, 1)))
        gold = (random.random(40) >= share_right).astype(np.int64)
        docs.append(TaggedTokens(rows, gold))
    return docs


def test_a_model_that_is_too_sure_gets_a_temperature_over_one_and_lower_scores() -> None:
    report = fit_tag_temperature(make_docs(20, share_right=0.8))
    assert report.temperature > 1.5
    assert (report.n_docs, report.n_tokens) == (20, 800)
    assert not report.is_thin
    for raw, new in zip(report.raw, report.new, strict=True):
        assert raw.error is not None
        assert new.error is not None
        assert new.error < raw.error / 2


def test_docs_without_gold_are_left_out_and_one_doc_has_no_other_half() -> None:
    empty = TaggedTokens(np.zeros((0, 2)), np.zeros(0, dtype=np.int64))
    report = fit_tag_temperature([empty, *make_docs(1, share_right=0.8)])
    assert report.n_docs == 1
    assert report.is_thin
    assert report.new[0].error is None
    assert report.raw[1].error is None


def test_without_gold_nothing_can_be_fitted() -> None:
    with pytest.raises(ConfigError, match="tokens with gold labels, got none"):
        fit_tag_temperature([])


def test_a_temperature_changes_no_label_and_rows_stay_log_probabilities() -> None:
    rows = np.log(np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]))
    scaled = apply_temperature(rows, 2.0)
    assert scaled.argmax(axis=1).tolist() == rows.argmax(axis=1).tolist()
    np.testing.assert_allclose(np.exp(scaled).sum(axis=1), 1.0)
    np.testing.assert_allclose(apply_temperature(rows, 1.0), rows)


@pytest.mark.parametrize("stored", [None, [], {}, {"temperature": "hot"}, {"temperature": 0.0}])
def test_a_damaged_temperature_is_refused(stored: object) -> None:
    with pytest.raises(ConfigError, match="the stored calibration is damaged"):
        read_temperature(stored)
    assert read_temperature({"temperature": 2}) == 2.0
