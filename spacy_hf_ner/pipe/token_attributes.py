"""Where a tagger reads and writes labels of tokens: an attribute of spaCy's, or an extension."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from spacy.tokens import Doc, Token

from spacy_hf_ner.core.universal import NO_FEATURES, UNIVERSAL_POS, are_features
from spacy_hf_ner.errors import ConfigError, TagError

__all__ = ["TokenAttribute", "get_attribute"]

_N_SHOWN = 6  # labels in a message


class TokenAttribute(ABC):
    """What of a token a label is.

    Attributes:
        name: What the setting ``target`` calls it.
        space_label: The label of a token of white space, which no model reads; empty for none.
    """

    space_label = ""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def score_name(self) -> str:
        """The extension of tokens that gives the probability of the label."""
        return f"{self.name}_score"

    @property
    def accuracy_name(self) -> str:
        """What ``nlp.evaluate`` calls the share of right labels."""
        return f"{self.name}_acc"

    @property
    def path(self) -> str:
        """The attribute as ``nlp.analyze_pipes`` has it."""
        return f"token.{self.name}"

    @abstractmethod
    def read(self, token: Token) -> str:
        """Return the label of a token; empty where it has none."""

    @abstractmethod
    def write(self, token: Token, label: str) -> None:
        """Set the label of a token."""

    def read_all(self, doc: Doc) -> list[str]:
        """Return the label of each token of a Doc; empty where it has none."""
        return [self.read(token) for token in doc]

    def is_label(self, label: str) -> bool:
        """Tell whether a token can have this label."""
        return label != ""

    def check_labels(self, labels: tuple[str, ...]) -> None:
        """Check that tokens can have these labels.

        Raises:
            TagError: They cannot have some.
        """
        wrong = [label for label in labels if not self.is_label(label)]
        if not wrong:
            return
        shown = ", ".join(map(repr, wrong[:_N_SHOWN]))
        more = ", …" if len(wrong) > _N_SHOWN else ""
        raise TagError(
            f'with target = "{self.name}", expected {self._expected}, got {shown}{more}. Set '
            "target to what the labels are, or name the labels of the checkpoint, in the order of "
            "their ids, in the model's labels."
        )

    _expected = "labels that are not empty"


class _PartOfSpeech(TokenAttribute):
    """``token.pos_``."""

    space_label = "SPACE"
    _expected = "labels that are parts of speech of Universal Dependencies (NOUN, VERB, …)"

    def read(self, token: Token) -> str:
        return str(token.pos_)

    def write(self, token: Token, label: str) -> None:
        token.pos_ = label

    def is_label(self, label: str) -> bool:
        return label in UNIVERSAL_POS


class _Tag(TokenAttribute):
    """``token.tag_``."""

    space_label = "_SP"

    def read(self, token: Token) -> str:
        return token.tag_

    def write(self, token: Token, label: str) -> None:
        token.tag_ = label


class _Morph(TokenAttribute):
    """``token.morph``."""

    space_label = NO_FEATURES
    _expected = 'labels that are features of Universal Dependencies ("Case=Nom|Number=Sing", "_")'

    def read(self, token: Token) -> str:
        if not token.has_morph():
            return ""
        return str(token.morph) or NO_FEATURES

    def write(self, token: Token, label: str) -> None:
        untyped: Any = token  # spaCy's stubs do not know the method
        untyped.set_morph(label)

    def is_label(self, label: str) -> bool:
        return are_features(label)


class _Extension(TokenAttribute):
    """``token._.NAME``, which is registered here.

    Raises:
        ConfigError: Somebody else has registered it otherwise, or spaCy's tokens have it.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        if not Token.has_extension(name):
            Token.set_extension(name, default="")
            return
        default, method, getter, setter = Token.get_extension(name)
        if default != "" or method or getter or setter:
            raise ConfigError(
                f"target must be an extension that holds a label, got {name!r}, which somebody has "
                'registered otherwise. Name another, or register it with default = "".',
                settings=("target",),
            )

    @property
    def path(self) -> str:
        return f"token._.{self.name}"

    def read(self, token: Token) -> str:
        label = token._.get(self.name)
        return label if isinstance(label, str) else ""

    def write(self, token: Token, label: str) -> None:
        token._.set(self.name, label)


_OF_SPACY: dict[str, Callable[[str], TokenAttribute]] = {
    "pos": _PartOfSpeech,
    "tag": _Tag,
    "morph": _Morph,
}


@lru_cache(maxsize=64)
def get_attribute(target: str) -> TokenAttribute:
    """Return what of a token ``target`` names; an extension is registered the first time.

    Raises:
        ConfigError: Somebody else has registered the extension otherwise.
    """
    of_spacy = _OF_SPACY.get(target)
    if of_spacy is not None:
        return of_spacy(target)
    return _Extension(target)
