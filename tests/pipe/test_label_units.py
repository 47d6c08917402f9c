"""Checkpoints whose labels run over subwords: decoded on these, put on tokens."""

import random
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from transformers import AutoModelForTokenClassification

from spacy_hf_ner import as_hf_entities
from spacy_hf_ner.core.labels import read_labels
from spacy_hf_ner.model.hf_classifier import make_hf_model
from spacy_hf_ner.model.reading.encoding import FastTokenizer
from spacy_hf_ner.model.settings import LabelUnitChoice, Settings
from spacy_hf_ner.pipe.held_out import read_held_out
from tests.checkpoints import make_checkpoint
from tests.perfect_engine import LabelledText, PerfectEngine

TYPES = ("email", "url", "secret", "phone", "person")
SCHEMES = {"IOBES": "BIES", "BILOU": "BILU", "IOB2": "BI"}
FIRST_NAMES = ("Ngozi", "Björn", "Anneliese", "Xiomara", "Wei", "Siddhartha")
LAST_NAMES = ("Okonkwo", "Þórarinsdóttir", "Featherstonehaugh", "Li", "Szczepański", "Oyelaran")
N_TEXTS = 12  # of each type


def _word(rng: random.Random, low: int, high: int) -> str:
    return "".join(rng.choices(string.ascii_lowercase, k=rng.randint(low, high)))


def _email(rng: random.Random) -> str:
    return f"{_word(rng, 2, 9)}.{_word(rng, 3, 9)}{rng.randint(0, 99)}@{_word(rng, 4, 9)}.org"


def _url(rng: random.Random) -> str:
    host = f"{_word(rng, 4, 9)}.{_word(rng, 3, 9)}.net"
    return f"https://{host}/{_word(rng, 2, 9)}?q={_word(rng, 3, 6)}"


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
    rng = random.Random(entity_type)  # noqa: S311 - the same texts in every run
    texts: list[LabelledText] = []
    for _ in range(N_TEXTS):
        first, second = MAKERS[entity_type](rng), MAKERS[entity_type](rng)
        text = f"Please write {first} down , and then\n{second} as well ."
        start = text.index("\n") + 1
        entities = [(13, 13 + len(first), entity_type), (start, start + len(second), entity_type)]
        texts.append((text, entities))
    return texts


TEXTS = {entity_type: _make_texts(entity_type) for entity_type in TYPES}


def _make_labels(scheme: str) -> list[str]:
    return ["O", *(f"{prefix}-{name}" for name in TYPES for prefix in SCHEMES[scheme])]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A checkpoint with byte-level BPE for each scheme, by its name."""
    parent = tmp_path_factory.mktemp("schemes")
    made: dict[str, Path] = {}
    for scheme in SCHEMES:
        made[scheme] = make_checkpoint(
            parent / scheme, family="roberta", labels=_make_labels(scheme)
        )
    return made


def _make_pipeline(
    folder: Path, *, label_unit: LabelUnitChoice = "subword", **settings: Any
) -> Language:
    """Return a pipeline with a checkpoint, in the scheme that its folder is named after."""
    model = {"name": str(folder), "label_unit": label_unit, "precision": "fp32", **settings}
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner", config={"model": model, "scheme": folder.name})
    return nlp


def _make_knowing_pipeline(
    folder: Path, texts: Sequence[LabelledText], *, label_unit: LabelUnitChoice = "subword"
) -> Language:
    """Return a pipeline whose engine labels each subword of some texts perfectly."""
    tokenizer = FastTokenizer((folder / "tokenizer.json").read_text(encoding="utf8"))
    tag_set = read_labels(_make_labels(folder.name), scheme=folder.name)
    engine = PerfectEngine(texts, tokenizer, tag_set)
    nlp = _make_pipeline(folder, label_unit=label_unit)
    ner: Any = nlp.get_pipe("hf_ner")
    settings = Settings(str(folder), label_unit=label_unit)
    ner.model = make_hf_model(settings, read_engine=lambda _: engine)
    return nlp


def _measure_f1(
    folder: Path, texts: Sequence[LabelledText], *, label_unit: LabelUnitChoice
) -> float:
    nlp = _make_knowing_pipeline(folder, texts, label_unit=label_unit)
    examples: list[Example] = []
    for text, entities in texts:
        examples.append(Example.from_dict(nlp.make_doc(text), {"entities": list(entities)}))
    return float(nlp.evaluate(examples)["ents_f"])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_labelled_perfectly_by_subword_is_found_perfectly_by_subword(
    folders: dict[str, Path], scheme: str
) -> None:
    for texts in TEXTS.values():
        by_token = _measure_f1(folders[scheme], texts, label_unit="token")
        by_subword = _measure_f1(folders[scheme], texts, label_unit="subword")
        assert by_subword >= 0.99
        # In IOB2 the first subword says all, in the others it only says that something begins.
        assert (by_token >= 0.99) == (scheme == "IOB2")


def test_each_subword_has_the_row_that_the_network_gives_it(folders: dict[str, Path]) -> None:
    nlp = _make_pipeline(folders["IOBES"])
    ner: Any = nlp.get_pipe("hf_ner")
    ner.prepare()
    doc = nlp.make_doc("write to ada.lovelace@example.org today")
    (predicted,) = ner.classifier.predict([doc])
    assert len(predicted) > len(doc)
    (encoding,) = ner.classifier.shim.checkpoint.tokenizer.encode([doc])
    template = ner.classifier.shim.checkpoint.tokenizer.template
    network = AutoModelForTokenClassification.from_pretrained(folders["IOBES"]).eval()
    ids = [*template.prefix, *encoding.ids.tolist(), *template.suffix]
    with torch.inference_mode():
        logits = network(torch.tensor([ids])).logits[0, len(template.prefix) :]
    expected = logits[: len(encoding.ids)].log_softmax(dim=-1).numpy()
    assert np.allclose(predicted.rows, expected, atol=1e-4)


def test_of_two_entities_in_one_token_the_likelier_is_an_entity_and_both_are_spans(
    folders: dict[str, Path],
) -> None:
    text = "ask Ngozi/ada@example.org now"
    nlp = _make_knowing_pipeline(folders["IOBES"], [(text, [(4, 9, "person"), (10, 25, "email")])])
    doc = nlp(text)
    assert [token.text for token in doc] == ["ask", "Ngozi/ada@example.org", "now"]
    group = doc.spans["hf_ner"]
    assert {(span.text, span.label_) for span in group} == {
        (doc[1].text, "person"),
        (doc[1].text, "email"),
    }
    scores = dict(zip([span.label_ for span in group], group.attrs["scores"], strict=True))
    assert [ent.label_ for ent in doc.ents] == [max(scores, key=lambda label: scores[label])]
    assert doc.ents[0]._.score == max(scores.values())


def test_the_characters_of_an_entity_are_kept_where_it_is_a_part_of_a_token(
    folders: dict[str, Path],
) -> None:
    text = "ask Ngozi/ada@example.org and Wei"
    entities = [(4, 9, "person"), (10, 25, "email"), (30, 33, "person")]
    doc = _make_knowing_pipeline(folders["IOBES"], [(text, entities)])(text)
    stored = DocBin(store_user_data=True, docs=[doc]).to_bytes()
    (from_bin,) = DocBin().from_bytes(stored).get_docs(doc.vocab)
    from_bytes = Doc(doc.vocab).from_bytes(doc.to_bytes())
    for kept in (doc, from_bin, from_bytes):
        found = as_hf_entities(kept, "hf_ner")
        as_found = [(e["start"], e["end"], e["entity_group"]) for e in found]
        assert sorted(as_found) == entities
        assert {e["word"] for e in found} == {"Ngozi", "ada@example.org", "Wei"}
        in_token, after = kept.ents
        assert (*in_token._.char_offsets, in_token.label_) in entities
        assert after._.char_offsets == (30, 33)
        assert kept[0:1]._.char_offsets == (0, 3)
        assert len(as_hf_entities(kept)) == 2


def test_two_entities_of_one_type_in_one_token_keep_their_characters_and_scores(
    folders: dict[str, Path],
) -> None:
    text = "ask Ngozi1Xiomara now"
    entities = [(4, 9, "person"), (10, 17, "person")]
    doc = _make_knowing_pipeline(folders["IOBES"], [(text, entities)])(text)
    assert len(doc.ents) == 1
    found = as_hf_entities(doc, "hf_ner")
    assert sorted((e["start"], e["end"], e["entity_group"]) for e in found) == entities
    assert [e["score"] for e in found] == doc.spans["hf_ner"].attrs["scores"]
    assert found[0]["score"] == doc.ents[0]._.score
    assert (found[0]["start"], found[0]["end"]) == doc.ents[0]._.char_offsets


def test_entities_on_whole_tokens_store_no_characters(folders: dict[str, Path]) -> None:
    text, entities = TEXTS["email"][0]
    doc = _make_knowing_pipeline(folders["IOBES"], [(text, entities)])(text)
    assert [span._.char_offsets for span in doc.ents] == [(s, e) for s, e, _ in entities]
    assert set(doc.spans["hf_ner"].attrs) == {"scores", "annotator"}


def test_gold_of_a_token_is_spread_over_its_subwords(folders: dict[str, Path]) -> None:
    text = "write to ada.lovelace@example.org today"
    nlp = _make_pipeline(folders["IOBES"])
    ner: Any = nlp.get_pipe("hf_ner")
    tag_set = ner.prepare()
    example = Example.from_dict(nlp.make_doc(text), {"entities": [(9, 33, "email")]})
    (rows,) = ner.classifier.predict([example.predicted])
    held_out = read_held_out(example, rows, tag_set, spans_key="hf_ner", prefer_group=False)
    tags = [tag_set.labels[column] for column in held_out.tags]
    n_subwords = int((rows.units.token_i == 2).sum())
    assert n_subwords > 3
    before = ["O"] * int((rows.units.token_i < 2).sum())
    after = ["O"] * int((rows.units.token_i > 2).sum())
    inside = ["I-email"] * (n_subwords - 2)
    assert tags == [*before, "B-email", *inside, "E-email", *after]


def test_a_head_that_was_trained_by_subword_is_read_by_subword_again(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    nlp = _make_pipeline(folders["IOBES"], mixed_precision="none")
    examples: list[Example] = []
    for text, entities in TEXTS["email"][:2]:
        examples.append(Example.from_dict(nlp.make_doc(text), {"entities": list(entities)}))
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 5e-3
    for _ in range(25):
        nlp.update(examples, sgd=optimizer)
    assert nlp.evaluate(examples)["ents_f"] == 1.0
    ner: Any = nlp.get_pipe("hf_ner")
    ner.classifier.shim.to_disk(tmp_path / "IOBES")
    again = _make_pipeline(tmp_path / "IOBES", label_unit="auto")
    assert again.evaluate(examples)["ents_f"] == 1.0
    as_before = _make_pipeline(tmp_path / "IOBES", label_unit="token")
    assert as_before.evaluate(examples)["ents_f"] < 1.0


def test_rehearsal_compares_subwords(folders: dict[str, Path]) -> None:
    nlp = _make_pipeline(folders["IOBES"], mixed_precision="none")
    examples: list[Example] = []
    for text, entities in TEXTS["email"][:2]:
        examples.append(Example.from_dict(nlp.make_doc(text), {"entities": list(entities)}))
    nlp("load")
    optimizer = nlp.resume_training()
    assert nlp.rehearse(examples, sgd=optimizer)["hf_ner"] == pytest.approx(0.0, abs=1e-6)
    nlp.update(examples, sgd=optimizer)
    assert nlp.rehearse(examples, sgd=optimizer)["hf_ner"] > 1e-6


def test_balanced_weights_count_subwords(folders: dict[str, Path]) -> None:
    nlp = _make_pipeline(folders["IOBES"])
    ner: Any = nlp.get_pipe("hf_ner")
    ner.class_weights = "balanced"
    text, entities = TEXTS["secret"][0]
    example = Example.from_dict(nlp.make_doc(text), {"entities": list(entities)})
    nlp.initialize(lambda: [example])
    weights = dict(zip(ner.prepare().labels, ner.cfg["class_weights"], strict=True))
    # Two secrets begin and end, and have many subwords between.
    assert weights["B-secret"] == weights["E-secret"] > 3 * weights["I-secret"]
