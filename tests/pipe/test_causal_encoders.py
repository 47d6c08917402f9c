"""A new head on a causal network is trained and read at the last subword of a word."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

from tests.families.networks import make_family

TEXT = "Angela Merkel met Tim Cook."


def _train_a_new_head(folder: Path, **model: Any) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner", config={"model": {"name": str(folder), **model}})
    example = Example.from_dict(nlp.make_doc(TEXT), {"entities": [(0, 13, "PER")]})
    optimizer = nlp.initialize(lambda: [example])
    nlp.update([example], sgd=optimizer)
    return nlp


def _get_reading(nlp: Language) -> tuple[str, str]:
    ner: Any = nlp.get_pipe("hf_ner")
    shim = ner.classifier.shim
    return shim.checkpoint.subword_labels, shim.aggregation


@pytest.mark.parametrize(
    ("family", "expected"), [("bert", "first"), ("gpt2", "last"), ("mixtral", "last")]
)
def test_a_new_head_is_read_where_it_is_trained(family: str, expected: str, tmp_path: Path) -> None:
    folder = make_family(family, tmp_path / "encoder", encoder_only=True)
    nlp = _train_a_new_head(folder)
    assert _get_reading(nlp) == (expected, expected)
    nlp.to_disk(tmp_path / "saved")
    again = spacy.load(tmp_path / "saved")
    again(TEXT)
    assert _get_reading(again) == (expected, expected)


def test_what_the_config_says_holds_for_causal_networks_too(tmp_path: Path) -> None:
    folder = make_family("gpt2", tmp_path / "encoder", encoder_only=True)
    nlp = _train_a_new_head(folder, subword_labels="all", aggregation="mean")
    assert _get_reading(nlp) == ("all", "mean")


def test_a_published_causal_classifier_is_read_at_the_first_subword(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner", config={"model": {"name": str(make_family("gpt2", tmp_path))}})
    nlp(TEXT)
    assert _get_reading(nlp) == ("first", "first")
