"""A pipeline that was judged, with its signed results in a file."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from huggingface_hub import ModelCard
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_hf_ner.commands import evaluate, report
from tests.checkpoints import make_checkpoint

TEXT = "Angela Merkel met Tim Cook in San José."


def make_gold(nlp: Language) -> Doc:
    gold = nlp.make_doc(TEXT)
    gold.set_ents([Span(gold, 0, 2, "PER"), Span(gold, 6, 8, "LOC")])
    return gold


def read_metadata(card: str) -> dict[str, Any]:
    """Return the metadata of a card as the hub reads them."""
    data: Any = ModelCard(card).data
    metadata: dict[str, Any] = data.to_dict()
    return metadata


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the pipeline ``saved`` and ``metrics.json``; to be copied."""
    folder = tmp_path_factory.mktemp("judged")
    nlp = spacy.blank("en")
    nlp.meta["name"] = "news"
    config = {"model": {"name": str(make_checkpoint(folder / "checkpoint"))}}
    nlp.add_pipe("hf_ner", config=config)
    nlp.to_disk(folder / "saved")
    report(evaluate(nlp, [make_gold(nlp)]), folder)
    return folder
