"""Parts of speech and features of Universal Dependencies."""

import pytest
from spacy.parts_of_speech import IDS

from spacy_hf_ner.core.universal import UNIVERSAL_POS, are_features


def test_spacy_knows_each_part_of_speech() -> None:
    assert set(IDS) - {"", "EOL", "SPACE"} == UNIVERSAL_POS


@pytest.mark.parametrize("text", ["_", "Case=Nom", "Case=Nom|Number=Sing", "PronType=Int,Rel"])
def test_what_is_written_as_features_is_recognised(text: str) -> None:
    assert are_features(text)


@pytest.mark.parametrize("text", ["", "NOUN", "Case=", "=Nom", "Case=Nom|", "|", "Case=Nom||A=B"])
def test_what_is_no_feature_and_value_is_not(text: str) -> None:
    assert not are_features(text)
