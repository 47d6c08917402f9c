"""Who wins beside other components: the table of docs/pipelines.md."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language

from tests.conformance.pipelines import TEXT, add_hf_ner, find

# One overlaps an entity of the model, which finds "José on", and one is where it finds nothing.
RULES = [{"label": "NAME", "pattern": "José"}, {"label": "DAY", "pattern": "Friday"}]


def add_rules(nlp: Language, **config: Any) -> None:
    ruler: Any = nlp.add_pipe("entity_ruler", config=config)
    ruler.add_patterns(RULES)


@pytest.fixture
def alone(ner_checkpoint: Path) -> list[tuple[str, str]]:
    """Return what the model finds by itself."""
    nlp = spacy.blank("en")
    add_hf_ner(nlp, ner_checkpoint)
    found = find(nlp(TEXT))
    assert any("José" in text for text, _ in found)
    assert all("Friday" not in text for text, _ in found)
    return found


@pytest.mark.parametrize(
    ("overwrite", "has_overlapping_rule", "has_other_rule"),
    [(False, True, True), ("overlapping", False, True), (True, False, False)],
)
def test_after_rules_overwrite_decides(
    ner_checkpoint: Path,
    alone: list[tuple[str, str]],
    overwrite: Any,
    has_overlapping_rule: bool,
    has_other_rule: bool,
) -> None:
    nlp = spacy.blank("en")
    add_rules(nlp)
    add_hf_ner(nlp, ner_checkpoint, overwrite=overwrite)
    found = find(nlp(TEXT))
    assert (("José", "NAME") in found) == has_overlapping_rule
    assert (("Friday", "DAY") in found) == has_other_rule
    if overwrite:
        assert set(alone) <= set(found)


@pytest.mark.parametrize("overwrite_ents", [False, True])
def test_before_rules_their_own_setting_decides(
    ner_checkpoint: Path, alone: list[tuple[str, str]], overwrite_ents: bool
) -> None:
    nlp = spacy.blank("en")
    add_hf_ner(nlp, ner_checkpoint)
    add_rules(nlp, overwrite_ents=overwrite_ents)
    found = find(nlp(TEXT))
    assert ("Friday", "DAY") in found
    assert (("José", "NAME") in found) == overwrite_ents
    assert (set(alone) <= set(found)) == (not overwrite_ents)


def test_of_two_the_first_wins_or_else_the_one_that_overwrites(ner_checkpoint: Path) -> None:
    nlp = spacy.blank("en")
    add_hf_ner(nlp, ner_checkpoint, name="first")
    first = find(nlp(TEXT))
    # The other one reads each token by the subword that is surest, and so finds other things.
    add_hf_ner(nlp, ner_checkpoint, name="second", model={"aggregation": "max"}, threshold=0.0)
    assert find(nlp(TEXT))[: len(first)] == first
    nlp.get_pipe("second").overwrite = "overlapping"  # type: ignore[attr-defined]
    doc = nlp(TEXT)
    assert {(span.text, span.label_) for span in doc.spans["second"]} <= set(find(doc))


def test_two_that_set_groups_leave_each_other_and_the_entities_alone(ner_checkpoint: Path) -> None:
    nlp = spacy.blank("en")
    add_rules(nlp)
    before = find(nlp(TEXT))
    add_hf_ner(nlp, ner_checkpoint, name="first", annotate="spans")
    add_hf_ner(nlp, ner_checkpoint, name="second", annotate="spans", threshold=0.2)
    doc = nlp(TEXT)
    assert find(doc) == before
    assert len(doc.spans["first"]) > 0
    assert len(doc.spans["second"]) > 0
