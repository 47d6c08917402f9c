"""The JSON that is stored as cfg."""

import json
import re
from typing import Any

import numpy as np
import pytest

from spacy_hf_ner.pipe.stored_cfg import parse_cfg, to_plain


def test_what_is_stored_is_read_back() -> None:
    stored = {"added_labels": ["PER"], "class_weights": [1.0], "settings": {}, "other": 1}
    assert parse_cfg(json.dumps(stored).encode("utf8")) == stored


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ([], "expected a table, got list"),
        ({"added_labels": "PER"}, "added_labels to be a list of names, got 'PER'"),
        ({"added_labels": [1]}, "added_labels to be a list of names, got [1]"),
        ({"class_weights": {}}, "expected a list or null as class_weights, got {}"),
        ({"settings": []}, "expected a dict or null as settings, got []"),
    ],
)
def test_values_of_a_wrong_type_are_refused(stored: Any, message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        parse_cfg(json.dumps(stored).encode("utf8"))


def test_numbers_of_numpy_become_plain_ones_in_tables_too() -> None:
    plain = to_plain({"PER": np.float32(0.5)})
    assert plain == {"PER": 0.5}
    assert json.dumps(plain) == '{"PER": 0.5}'
