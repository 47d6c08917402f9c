"""Data that the tests of checks share."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc

from spacy_hf_ner.checking.parts import CheckedData, make_part
from tests.checkpoints import make_checkpoint

Sides = Sequence[str]
MakeData = Callable[..., CheckedData]


def annotate(text: str) -> Doc:
    """Return a Doc of a text with its entities in brackets: ``"[Tim|PER] met [Ann|PER]."``."""
    nlp = spacy.blank("en")
    plain = ""
    places: list[tuple[int, int, str]] = []
    for piece in text.split("["):
        inside, closed, rest = piece.partition("]")
        if closed:
            entity, _, label = inside.partition("|")
            places.append((len(plain), len(plain) + len(entity), label))
            plain += entity + rest
        else:
            plain += piece
    doc = nlp.make_doc(plain)
    spans = []
    for place in places:
        span = doc.char_span(*place)
        assert span is not None, f"{place} cuts a token of {plain!r}"
        spans.append(span)
    doc.set_ents(spans, default="outside")
    return doc


@pytest.fixture
def make_data() -> MakeData:
    """Return a function that makes data of annotated texts, one argument for each part."""

    def make(**texts_of_part: Sequence[str | Doc]) -> CheckedData:
        parts = []
        for name, texts in texts_of_part.items():
            docs = [annotate(text) if isinstance(text, str) else text for text in texts]
            parts.append(make_part(name, docs, spans_key="hf_ner"))
        return CheckedData(tuple(parts), spacy.blank("en"))

    return make


def make_encoder(folder: Path) -> Path:
    """Write a tiny encoder that nobody has trained to classify tokens, and return its folder."""
    from transformers import AutoModel

    classifier = make_checkpoint(folder / "classifier")
    encoder = folder / "encoder"
    shutil.copytree(classifier, encoder)
    for file in encoder.glob("*.safetensors"):
        file.unlink()
    AutoModel.from_pretrained(classifier).save_pretrained(encoder)
    config = json.loads((encoder / "config.json").read_text(encoding="utf8"))
    for entry in ("id2label", "label2id"):
        config.pop(entry, None)
    (encoder / "config.json").write_text(json.dumps(config), encoding="utf8")
    return encoder
