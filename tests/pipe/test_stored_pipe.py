"""A component over a token classifier, stored and read."""

from pathlib import Path

import numpy as np
from spacy.language import Language

from tests.pipe.token_types import TokenTypes, predict_rows


def test_a_component_is_stored_in_a_folder_without_values_of_the_run(
    nlp: Language, component: TokenTypes, tmp_path: Path
) -> None:
    component.cfg.update(threshold=0.5, calibration={"temperature": 2.0})
    component.to_disk(tmp_path)
    other = TokenTypes(nlp).from_disk(tmp_path)
    assert np.array_equal(predict_rows(other, nlp), predict_rows(component, nlp))
    assert other.cfg == {
        "added_labels": [],
        "class_weights": None,
        "calibration": {"temperature": 2.0},
    }


def test_a_component_is_stored_in_bytes_without_values_of_the_run(
    nlp: Language, component: TokenTypes
) -> None:
    component.cfg["threshold"] = 0.5
    other = TokenTypes(nlp).from_bytes(component.to_bytes())
    assert np.array_equal(predict_rows(other, nlp), predict_rows(component, nlp))
    assert "threshold" not in other.cfg
    assert other.labels == component.labels


def test_what_is_excluded_is_not_stored(component: TokenTypes, tmp_path: Path) -> None:
    component.to_disk(tmp_path, exclude=["vocab", "model"])
    assert [path.name for path in tmp_path.iterdir()] == ["cfg"]
