"""What tests of components share."""

import pytest
import spacy
from spacy.language import Language

from spacy_hf_ner.core.labels import make_tag_set
from spacy_hf_ner.core.schemes import SCHEMES
from tests.pipe.token_types import TEXTS, TokenTypes


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


@pytest.fixture
def component(nlp: Language) -> TokenTypes:
    """Return a component that knows PER and LOC, with random weights."""
    component = TokenTypes(nlp)
    component.classifier.set_tags(make_tag_set(["PER", "LOC"], SCHEMES["IOB2"]), scheme="IOB2")
    component.classifier.initialize([nlp.make_doc(text) for text in TEXTS])
    return component
