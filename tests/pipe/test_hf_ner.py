"""The whole component over a tiny network: contexts, windows, overlapping spans, log lines."""

import logging
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_hf_ner.core.labels import read_labels
from spacy_hf_ner.model.hf_classifier import make_hf_model
from spacy_hf_ner.model.reading.encoding import FastTokenizer
from spacy_hf_ner.model.reading.layout import lay_out
from spacy_hf_ner.model.settings import Settings
from spacy_hf_ner.pipe.entity_formats import as_hf_entities
from tests.checkpoints import make_checkpoint
from tests.perfect_engine import PerfectEngine

SENTENCES = ("Angela Merkel met Tim Cook in San José.", "Kofi Annan was born in Kumasi, Ghana.")
TEXT = " ".join(SENTENCES)
LONG = f"{TEXT} O'Brien-Smith's U.S.-based firm lost $3.5bn in 東京! " * 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("bert"), seed=1)


def _make_nlp(folder: Path, *, model: dict[str, Any] | None = None, **config: Any) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    settings = {
        "name": str(folder),
        "precision": "fp32",
        "mixed_precision": "none",
        **(model or {}),
    }
    nlp.add_pipe("hf_ner", config={"model": settings, **config})
    return nlp


def _read(doc: Doc, *, first_char: int = 0) -> list[Any]:
    found = [(e.start_char + first_char, e.end_char + first_char, e.label_) for e in doc.ents]
    return [
        (*span, pytest.approx(e._.score, abs=1e-4)) for span, e in zip(found, doc.ents, strict=True)
    ]


def test_each_sentence_is_read_by_itself_where_the_context_is_the_sentence(folder: Path) -> None:
    nlp = _make_nlp(folder, model={"context": "sentence"})
    alone = [_read(nlp(SENTENCES[0])), _read(nlp(SENTENCES[1]), first_char=len(SENTENCES[0]) + 1)]
    assert _read(nlp(TEXT)) == [entity for sentence in alone for entity in sentence]
    assert _read(_make_nlp(folder)(TEXT)) != _read(nlp(TEXT))
    with nlp.select_pipes(disable="sentencizer"):  # without boundaries all of it is one sentence
        assert _read(nlp(TEXT)) != [entity for sentence in alone for entity in sentence]


@pytest.mark.parametrize("decoder", ["viterbi", "greedy"])
def test_a_long_document_has_the_entities_of_its_pieces_that_share_the_windows(
    folder: Path, decoder: str
) -> None:
    nlp = _make_nlp(folder, model={"window": 48}, decoder=decoder)
    ner: Any = nlp.get_pipe("hf_ner")
    with nlp.select_pipes(disable="hf_ner"):
        doc = nlp(LONG)
    ner.classifier.load("auto")
    layout = lay_out(
        [doc], ner.classifier.shim.checkpoint.tokenizer.encode([doc]), ner.classifier.shim.reading
    )
    assert len(layout.windows) > 5
    assert all(before.end == after.start for before, after in pairwise(layout.windows))
    starts = [
        int(layout.units[0].token_i[np.flatnonzero(layout.alignment.evidence == w.start)[0]])
        for w in layout.windows
    ]
    pieces = [doc[start:end].as_doc() for start, end in pairwise([*starts, len(doc)])]
    expected = [
        entity
        for start, piece in zip(starts, ner.pipe(pieces), strict=True)
        for entity in _read(piece, first_char=doc[start].idx)
    ]
    assert _read(ner(doc)) == expected
    assert len(expected) > 20


def test_overlapping_spans_are_given_on_request_and_the_entities_are_left_alone(
    folder: Path,
) -> None:
    low, best = (_make_nlp(folder, annotate="spans", threshold=t)(TEXT) for t in (0.05, None))
    group = low.spans["hf_ner"]
    assert low.ents == ()
    assert len(group) > len(best.spans["hf_ner"])
    assert min(group.attrs["scores"]) >= 0.05
    assert any(a.end > b.start for a, b in pairwise(group))
    assert [span._.score for span in group] == group.attrs["scores"]


def test_entities_and_scores_are_plain_python(folder: Path) -> None:
    entities = as_hf_entities(_make_nlp(folder)(TEXT))
    assert entities
    for entity in entities:
        assert type(entity["score"]) is float
        assert entity["word"] == TEXT[entity["start"] : entity["end"]]


def test_subwords_that_disagree_are_counted_and_said_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nlp = _make_nlp(folder)
    with caplog.at_level(logging.INFO, "spacy_hf_ner"):
        nlp(LONG)
        nlp(LONG)
    said = [record.getMessage() for record in caplog.records if "disagree" in record.getMessage()]
    assert len(said) == 1


@pytest.mark.parametrize("subword_labels", ["first", "all", "all_inside"])
def test_documents_longer_than_the_model_are_learned(tmp_path: Path, subword_labels: str) -> None:
    short = make_checkpoint(tmp_path, max_position_embeddings=40, model_max_length=40)
    nlp = _make_nlp(short, model={"subword_labels": subword_labels})
    names = ("Angela Merkel", "Tim Cook", "Kofi Annan")
    gold = [
        (i, i + len(name), "PER")
        for name in names
        for i in range(len(LONG))
        if LONG.startswith(name, i)
    ]
    example = Example.from_dict(nlp.make_doc(LONG), {"entities": gold})
    optimizer = nlp.initialize(lambda: [example])
    optimizer.learn_rate = 5e-3
    losses = [nlp.update([example], sgd=optimizer, drop=0.1)["hf_ner"] for _ in range(25)]
    assert losses[-1] < losses[0] / 4
    assert {(e.start_char, e.end_char) for e in nlp(LONG).ents} >= {span[:2] for span in gold[:3]}


def test_a_frozen_encoder_stays_and_its_head_learns(folder: Path) -> None:
    nlp = _make_nlp(folder, model={"frozen_layers": -1})
    example = Example.from_dict(nlp.make_doc(TEXT), {"entities": [(0, 13, "PER")]})
    optimizer = nlp.initialize(lambda: [example])
    ner: Any = nlp.get_pipe("hf_ner")
    network = ner.classifier.shim.checkpoint.network
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    nlp.update([example], sgd=optimizer)
    moved = {name for name, p in network.named_parameters() if not bool((p == before[name]).all())}
    assert moved == {"classifier.weight", "classifier.bias"}


def test_types_that_spacy_2_marked_as_wrong_are_refused_whatever_labels_are_given(
    folder: Path,
) -> None:
    nlp = _make_nlp(folder)
    example = Example.from_dict(nlp.make_doc(TEXT), {"entities": [(0, 13, "!PER")]})
    ner: Any = nlp.get_pipe("hf_ner")
    with pytest.raises(ValueError, match="E869"):
        ner.initialize(lambda: [example], labels=["PER"])


# Labels that lack a prefix, by the scheme that they are read in.
LACKING = ("BIE", "BIS", "IES", "BIL", "BIU", "BME", "BMS", "BM")


@pytest.mark.parametrize("prefixes", LACKING)
def test_labels_of_a_checkpoint_that_lack_a_prefix_lose_no_entity(
    prefixes: str, tmp_path: Path
) -> None:
    types = ("PER", "LOC")
    labels = ["O", *(f"{prefix}-{name}" for name in types for prefix in prefixes)]
    checkpoint = make_checkpoint(tmp_path, labels=labels)
    text = "Angela Merkel met X Y in San José and Z"
    entities = [(0, 13, "PER"), (18, 19, "PER"), (20, 21, "PER"), (25, 33, "LOC"), (38, 39, "LOC")]
    tokenizer = FastTokenizer((checkpoint / "tokenizer.json").read_text(encoding="utf8"))
    tag_set = read_labels(labels, scheme=prefixes)
    engine = PerfectEngine([(text, entities)], tokenizer, tag_set)
    settings = Settings(str(checkpoint), label_unit="subword")
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner", config={"model": str(checkpoint)})
    ner: Any = nlp.get_pipe("hf_ner")
    ner.model = make_hf_model(settings, read_engine=lambda _: engine)
    found = [(ent.start_char, ent.end_char, ent.label_) for ent in nlp(text).ents]
    assert found == entities
    assert ner.classifier.shim.checkpoint.tag_set == tag_set
