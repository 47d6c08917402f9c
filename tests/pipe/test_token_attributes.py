"""Where a tagger reads and writes labels."""

from collections.abc import Iterator

import pytest
import spacy
from spacy.tokens import Token

from spacy_hf_ner.errors import ConfigError, TagError
from spacy_hf_ner.pipe.token_attributes import get_attribute


@pytest.fixture
def extension() -> Iterator[str]:
    """Return a name that no extension has, before and after."""
    name = "attribute_under_test"
    get_attribute.cache_clear()
    yield name
    get_attribute.cache_clear()
    if Token.has_extension(name):
        Token.remove_extension(name)


@pytest.mark.parametrize(
    ("target", "label", "space_label", "path"),
    [
        ("pos", "NOUN", "SPACE", "token.pos"),
        ("tag", "NNP", "_SP", "token.tag"),
        ("morph", "Case=Nom|Number=Sing", "_", "token.morph"),
    ],
)
def test_what_is_written_is_read_back(target: str, label: str, space_label: str, path: str) -> None:
    attribute = get_attribute(target)
    doc = spacy.blank("en")("We fly")
    attribute.write(doc[1], label)
    assert attribute.read_all(doc) == ["", label]
    assert attribute.space_label == space_label
    assert attribute.path == path
    assert attribute.score_name == f"{target}_score"
    assert attribute.accuracy_name == f"{target}_acc"


def test_no_features_are_a_label_and_not_a_missing_one() -> None:
    attribute = get_attribute("morph")
    doc = spacy.blank("en")("We fly")
    attribute.write(doc[0], "_")
    assert attribute.read_all(doc) == ["_", ""]
    assert doc[0].has_morph()
    assert str(doc[0].morph) == ""


def test_an_extension_is_registered_and_holds_the_label(extension: str) -> None:
    attribute = get_attribute(extension)
    doc = spacy.blank("en")("We fly")
    attribute.write(doc[0], "COMMA")
    assert doc[0]._.get(extension) == "COMMA"
    assert attribute.read_all(doc) == ["COMMA", ""]
    assert attribute.path == f"token._.{extension}"


def test_an_extension_that_was_registered_just_so_is_taken(extension: str) -> None:
    Token.set_extension(extension, default="")
    doc = spacy.blank("en")("We fly")
    doc[0]._.set(extension, "COMMA")
    assert get_attribute(extension).read(doc[0]) == "COMMA"


def test_an_extension_of_somebody_else_is_refused(extension: str) -> None:
    Token.set_extension(extension, getter=lambda token: token.text)
    with pytest.raises(ConfigError, match="somebody has registered otherwise") as caught:
        get_attribute(extension)
    assert caught.value.settings == ("target",)


@pytest.mark.parametrize(
    ("target", "right", "wrong"),
    [
        ("pos", ("NOUN", "X", "CONJ"), ("NN", "SPACE", "")),
        ("tag", ("NN", "-LRB-", "``"), ("",)),
        ("morph", ("_", "Case=Nom", "Case=Nom|Number=Sing"), ("NOUN", "", "Case=Nom|")),
    ],
)
def test_labels_that_a_token_cannot_have_are_refused(
    target: str, right: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    attribute = get_attribute(target)
    attribute.check_labels(right)
    for label in wrong:
        with pytest.raises(TagError, match=f'target = "{target}", expected labels that are'):
            attribute.check_labels((*right, label))
