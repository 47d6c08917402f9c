"""Checkpoints whose labels run over subwords: decoded on these, put on tokens."""

import random
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

from spacy_hf_ner.core.labels import read_labels
from spacy_hf_ner.model.engines.base import ReadEngine
from spacy_hf_ner.model.hf_classifier import make_hf_model
from spacy_hf_ner.model.reading.encoding import FastTokenizer
from spacy_hf_ner.model.settings import Settings
from tests.checkpoints import make_checkpoint
from tests.perfect_engine import LabelledText, PerfectEngine

TYPES = ("email", "url", "secret", "phone", "person")
SCHEMES = {"IOBES": "BIES", "BILOU": "BILU", "IOB2": "BI"}
FIRST_NAMES = ("Ngozi", "Björn", "Anneliese", "Xiomara", "Wei", "Siddhartha")
LAST_NAMES = ("Okonkwo", "Þórarinsdóttir", "Featherstonehaugh", "Li", "Szczepański", "Oyelaran")
N_TEXTS = 40  # of each type


def _word(rng: random.Random, low: int, high: int) -> str:
    return "".join(rng.choices(string.ascii_lowercase, k=rng.randint(low, high)))


def _email(rng: random.Random) -> str:
    return f"{_word(rng, 2, 9)}.{_word(rng, 3, 9)}{rng.randint(0, 99)}@{_word(rng, 4, 9)}.org"


def _url(rng: random.Random) -> str:
    return f"https://{_word(rng, 4, 9)}.{_word(rng, 3, 9)}.net/{_word(rng, 2, 9)}?q={_word(rng, 3, 6)}"


def _secret(rng: random.Random) -> str:
    return "".join(rng.choices(string.ascii_letters + string.digits, k=rng.randint(20, 40)))


def _phone(rng: random.Random) -> str:
    return f"+{rng.randint(1, 99)} {rng.randint(100, 999)} {rng.randint(10000, 9999999)}"


def _person(rng: random.Random) -> str:
    return f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}"


MAKERS: dict[str, Callable[[random.Random], str]] = {
    "email": _email,
    "url": _url,
    "secret": _secret,
    "phone": _phone,
    "person": _person,
}


def _make_texts(entity_type: str) -> list[LabelledText]:
    """Return texts with two entities of a type, the second right after a line break."""
    rng = random.Random(entity_type)
    texts: list[LabelledText] = []
    for _ in range(N_TEXTS):
        first, second = MAKERS[entity_type](rng), MAKERS[entity_type](rng)
        text = f"Please write {first} down , and then\n{second} as well ."
        start = text.index("\n") + 1
        entities = [(13, 13 + len(first), entity_type), (start, start + len(second), entity_type)]
        texts.append((text, entities))
    return texts


TEXTS = {entity_type: _make_texts(entity_type) for entity_type in TYPES}


def _make_labels(scheme: str, types: tuple[str, ...] = TYPES) -> list[str]:
    prefixes = SCHEMES[scheme]
    return ["O", *(f"{prefix}-{name}" for name in types for prefix in prefixes)]


@pytest.fixture(scope="module", params=SCHEMES)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of bytes in pairs, with the labels of a scheme."""
    return make_checkpoint(
        tmp_path_factory.mktemp("labels") / request.param,
        family="roberta",
        labels=_make_labels(request.param),
    )


def _know(folder: Path, texts: list[LabelledText]) -> ReadEngine:
    """Return what makes an engine that labels the subwords of texts perfectly."""
    tokenizer = FastTokenizer((folder / "tokenizer.json").read_text(encoding="utf8"))
    tag_set = read_labels(_make_labels(folder.name), scheme=folder.name)
    return lambda _: PerfectEngine(texts, tokenizer, tag_set)


def _make_pipeline(
    folder: Path,
    texts: list[LabelledText],
    *,
    label_unit: Literal["auto", "token", "subword"] = "subword",
    **config: Any,
) -> Language:
    """Return a pipeline that knows how each subword of some texts is labelled."""
    nlp = spacy.blank("en")
    ner: Any = nlp.add_pipe("hf_ner", config={"model": {"name": str(folder)}, **config})
    ner.model = make_hf_model(
        Settings(str(folder), label_unit=label_unit), read_engine=_know(folder, texts)
    )
    return nlp


def _measure_f1(folder: Path, texts: list[LabelledText], label_unit: Any) -> float:
    nlp = _make_pipeline(folder, texts, label_unit=label_unit, scheme=folder.name)
    examples = [
        Example.from_dict(nlp.make_doc(text), {"entities": list(entities)})
        for text, entities in texts
    ]
    return float(nlp.evaluate(examples)["ents_f"])


@pytest.mark.parametrize("entity_type", TYPES)
def test_what_is_labelled_perfectly_by_subword_is_found_by_subword_alone(
    folder: Path, entity_type: str
) -> None:
    texts = TEXTS[entity_type]
    by_token = _measure_f1(folder, texts, "token")
    by_subword = _measure_f1(folder, texts, "subword")
    print(f"{folder.name:8} {entity_type:8} token {by_token:.2f}  subword {by_subword:.2f}")
    assert by_subword >= 0.99
    if folder.name != "IOB2":  # whose first subword says all
        assert by_token < 0.95
