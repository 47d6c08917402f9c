"""What Hugging Face's pipeline is known to get wrong: what it gives, and what we give instead.

Both read the same scores, which are written down word by word, so that nothing but the reading of
them is compared.
"""

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from tokenizers import Tokenizer
from transformers import AutoModelForTokenClassification, PreTrainedTokenizerFast
from transformers.pipelines import token_classification

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.engines.scripted import ScriptedEngine
from spacy_hf_ner.model.hf_classifier import make_hf_model
from spacy_hf_ner.model.settings import Settings
from tests.checkpoints import CONLL_LABELS, TokenizerKind, make_checkpoint

# Hugging Face's pipeline warns that it guesses which subwords are words. That is what is compared.
pytestmark = pytest.mark.filterwarnings("ignore:Tokenizer does not support real words:UserWarning")

Found = list[tuple[str, str]]
SHARP = 9.0


class Case(NamedTuple):
    """A text whose words are scored as written, and how it is read."""

    text: str
    script: dict[str, str]  # the label of each word, of all its subwords
    theirs: Found
    ours: Found
    kind: TokenizerKind = "wordpiece"
    labels: tuple[str, ...] = CONLL_LABELS
    tokens: tuple[str, ...] = ()  # where spaCy's blank tokenizer is not meant


IOBES = ("O", "B-PER", "I-PER", "E-PER", "S-PER")
JOSE, ELODIE = (unicodedata.normalize("NFD", name) for name in ("José", "Élodie"))

CASES = {
    "the end of an IOBES entity is an entity of its own": Case(
        "Angela Dorothea Merkel",
        {"Angela": "B-PER", "Dorothea": "I-PER", "Merkel": "E-PER"},
        [("Angela Dorothea", "PER"), ("Merkel", "PER")],
        [("Angela Dorothea Merkel", "PER")],
        labels=IOBES,
    ),
    "neighbouring single tokens of IOBES are merged": Case(
        "Angela Dorothea",
        {"Angela": "S-PER", "Dorothea": "S-PER"},
        [("Angela Dorothea", "PER")],
        [("Angela", "PER"), ("Dorothea", "PER")],
        labels=IOBES,
    ),
    "a bare type is cut at its hyphen": Case(
        "on Friday",
        {"Friday": "date-time"},
        [("Friday", "time")],
        [("Friday", "date-time")],
        labels=("O", "date-time"),
    ),
    "an outside label other than O is an entity": Case(
        "on Friday",
        {"on": "OUT", "Friday": "DATE"},
        [("on", "OUT"), ("Friday", "DATE")],
        [("Friday", "DATE")],
        labels=("OUT", "DATE"),
    ),
    "an entity goes on across a blank line": Case(
        "Angela\n\n\nMerkel",
        {"Angela": "B-PER", "Merkel": "I-PER"},
        [("Angela\n\n\nMerkel", "PER")],
        [("Angela", "PER"), ("Merkel", "PER")],
    ),
    "a word with a combining mark is glued to the word before": Case(
        f"met {ELODIE} today", {ELODIE: "B-PER"}, [], [(ELODIE, "PER")]
    ),
    "a combining mark at the end is cut off": Case(
        f"met {JOSE} today", {JOSE: "B-PER"}, [("Jose", "PER")], [(JOSE, "PER")]
    ),
    "a line end glues two words": Case(
        "Berlin\nFriday",
        {"Berlin": "B-LOC", "Friday": "B-MISC"},
        [("Berlin\nFriday", "LOC")],
        [("Berlin", "LOC"), ("Friday", "MISC")],
        kind="bpe",
    ),
    "the space before and the punctuation after are part of the entity": Case(
        "in Berlin.", {"Berlin": "B-LOC"}, [(" Berlin.", "LOC")], [("Berlin", "LOC")], kind="bpe"
    ),
    "text without spaces is one word": Case(
        "Berlin/Friday", {"Berlin": "B-LOC", "Friday": "B-MISC"}, [("Berlin/Friday", "LOC")],
        [("Berlin", "LOC"), ("Friday", "MISC")], kind="bpe", tokens=("Berlin", "/", "Friday"),
    ),
}  # fmt: skip


def _load_pipeline(folder: Path) -> Any:
    load: Any = AutoModelForTokenClassification.from_pretrained
    wrap: Any = PreTrainedTokenizerFast.from_pretrained
    make: Any = token_classification.TokenClassificationPipeline
    return make(model=load(folder), tokenizer=wrap(folder), device="cpu")


def _script_scores(case: Case, folder: Path) -> ScriptedEngine:
    """Return an engine that gives the subwords of each word the word's label.

    With and without a space before it, because these are other subwords in some tokenizers.
    """
    tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
    table = {}
    for word, label in case.script.items():
        for text in (word, f" {word}"):
            for i in tokenizer.encode(text, add_special_tokens=False).ids:
                table[i] = [SHARP * (known == label) for known in case.labels]
    table = {i: row for i, row in table.items() if tokenizer.id_to_token(i) != "Ġ"}
    outside = [SHARP] + [0.0] * (len(case.labels) - 1)
    return ScriptedEngine(
        dict.fromkeys(range(tokenizer.get_vocab_size()), outside) | table, n_tags=len(case.labels)
    )


def _make_nlp(folder: Path, **model: Any) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe(
        "hf_ner",
        config={"model": {"name": str(folder), "precision": "fp32", **model}, "decoder": "greedy"},
    )
    return nlp


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_where_the_pipeline_is_wrong_we_are_right(case: Case, tmp_path: Path) -> None:
    folder = make_checkpoint(
        tmp_path, kind=case.kind, labels=case.labels, lines=(ELODIE,) * 40
    )  # one subword
    engine = _script_scores(case, folder)
    theirs = _load_pipeline(folder)
    (inputs,) = theirs.preprocess(case.text, is_split_into_words=False)
    batch: Any = type("Batch", (), {"ids": inputs["input_ids"].numpy()})
    outputs = [{**inputs, "logits": engine.run(batch)}]
    first = token_classification.AggregationStrategy.FIRST
    found = theirs.postprocess(outputs, aggregation_strategy=first)
    assert [(case.text[e["start"] : e["end"]], e["entity_group"]) for e in found] == case.theirs

    nlp = _make_nlp(folder)
    ner: Any = nlp.get_pipe("hf_ner")
    ner.model = make_hf_model(Settings(str(folder)), read_engine=lambda _: engine)
    spaces = [False] * len(case.tokens)
    doc = nlp(Doc(nlp.vocab, words=list(case.tokens), spaces=spaces) if case.tokens else case.text)
    assert [(ent.text, ent.label_) for ent in doc.ents] == case.ours


@pytest.fixture
def short_checkpoint(tmp_path: Path) -> Path:
    """A checkpoint that reads 30 subwords at once, and calls everything a person."""
    folder = make_checkpoint(
        tmp_path, labels=("O", "B-PER", "I-PER"), max_position_embeddings=32, model_max_length=32
    )
    _edit_head(
        folder, lambda weight, bias: (weight.zero_(), bias.copy_(torch.tensor([0.0, 0.0, 5.0])))
    )
    return folder


def _edit_head(folder: Path, edit: Callable[[torch.Tensor, torch.Tensor], object]) -> None:
    load: Any = AutoModelForTokenClassification.from_pretrained
    network = load(folder)
    with torch.no_grad():
        edit(network.classifier.weight, network.classifier.bias)
    network.save_pretrained(folder)


def test_text_beyond_the_limit_is_dropped_by_the_pipeline_and_read_by_us(
    short_checkpoint: Path,
) -> None:
    text = " ".join(["Berlin"] * 60)
    theirs = _load_pipeline(short_checkpoint)(text, aggregation_strategy="first")
    assert max(entity["end"] for entity in theirs) < len(text) / 2
    assert [ent.text for ent in _make_nlp(short_checkpoint)(text).ents] == [text]


def test_an_entity_longer_than_the_overlap_is_cut_by_the_pipeline_and_whole_with_us(
    short_checkpoint: Path,
) -> None:
    text = " ".join(["Berlin"] * 60)
    theirs = _load_pipeline(short_checkpoint)(text, aggregation_strategy="first", stride=4)
    assert all(entity["end"] - entity["start"] < len(text) for entity in theirs)
    assert [ent.text for ent in _make_nlp(short_checkpoint, overlap=4)(text).ents] == [text]


@pytest.mark.filterwarnings("ignore:Mean of empty slice:RuntimeWarning")  # theirs, of no entities
def test_scores_that_are_no_numbers_give_nothing_in_the_pipeline_and_an_error_with_us(
    tmp_path: Path,
) -> None:
    folder = make_checkpoint(tmp_path)
    _edit_head(folder, lambda weight, _: weight.fill_(torch.nan))
    assert _load_pipeline(folder)("Angela Merkel", aggregation_strategy="first") == []
    with pytest.raises(CheckpointError, match="hold NaN or infinity"):
        _make_nlp(folder)("Angela Merkel")


def test_a_literal_special_token_ends_the_text_for_the_pipeline_and_is_text_to_us(
    tmp_path: Path,
) -> None:
    folder = make_checkpoint(tmp_path)
    theirs = _load_pipeline(folder).tokenizer
    assert theirs.sep_token_id in theirs("a [SEP] b")["input_ids"][:-1]
    ours: Any = _make_nlp(folder)
    classifier = ours.get_pipe("hf_ner").classifier
    classifier.load("auto")
    (encoding,) = classifier.shim.checkpoint.tokenizer.encode([ours.make_doc("a [SEP] b")])
    assert theirs.sep_token_id not in encoding.ids.tolist()
