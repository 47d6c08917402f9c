from typing import Any

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_hf_ner.core.alignment import Units
from spacy_hf_ner.core.labels import make_tag_set, read_labels
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.errors import TagError
from spacy_hf_ner.model.training.loss import MISSING
from spacy_hf_ner.pipe.targets import TokenTargets, read_targets

TAGS = make_tag_set(["LOC", "PER"], SCHEMES["IOB2"])
NLP = spacy.blank("en")


def _example(text: str, entities: Any, **annotation: Any) -> Example:
    return Example.from_dict(NLP.make_doc(text), {"entities": entities, **annotation})


def _read(example: Example, scheme: str = "IOB2", **settings: Any) -> list[str]:
    tags = make_tag_set(["LOC", "PER"], next(s for name, s in SCHEMES.items() if name == scheme))
    return [
        "?" if k == MISSING else tags.labels[k]
        for k in read_targets(example, tags, **settings).tags
    ]


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("IO", "I-PER I-PER I-PER O I-LOC"),
        ("IOB1", "I-PER I-PER B-PER O I-LOC"),
        ("IOB2", "B-PER I-PER B-PER O B-LOC"),
        ("IOBES", "B-PER E-PER S-PER O S-LOC"),
        ("BILOU", "B-PER L-PER U-PER O U-LOC"),
        ("BMES", "B-PER E-PER S-PER O S-LOC"),
    ],
)
def test_gold_entities_become_tags_of_every_scheme(scheme: str, expected: str) -> None:
    example = _example(
        "Angela Merkel Tim in Berlin", [(0, 13, "PER"), (14, 17, "PER"), (21, 27, "LOC")]
    )
    assert _read(example, scheme) == expected.split()


def test_missing_annotation_has_no_tag() -> None:
    assert _read(_example("Angela Merkel met Tim", ["U-PER", None, "-", "O"])) == [
        "B-PER",
        "?",
        "?",
        "O",
    ]
    assert _read(Example(NLP.make_doc("Angela Merkel"), NLP.make_doc("Angela Merkel"))) == [
        "?",
        "?",
    ]


def test_an_entity_that_ends_inside_a_token_has_no_tag_and_the_rest_stays() -> None:
    predicted = Doc(NLP.vocab, words=["New-York", "met", "Tim"])
    reference = Doc(
        NLP.vocab,
        words=["New", "-", "York", "met", "Tim"],
        spaces=[False, False, True, True, False],
        ents=["B-LOC", "O", "O", "O", "B-PER"],
    )
    assert _read(Example(predicted, reference)) == ["?", "O", "B-PER"]


def test_a_type_that_the_model_does_not_know_is_named() -> None:
    with pytest.raises(TagError, match=r"'ORG', but the model knows LOC, PER"):
        read_targets(_example("Google", [(0, 6, "ORG")]), TAGS)


def test_spans_known_to_be_wrong_are_paths_of_tags() -> None:
    example = _example("Angela Merkel met Tim", [(18, 21, "PER")])
    reference = example.reference
    reference.spans["wrong"] = [
        Span(reference, 0, 2, label="LOC"),
        Span(reference, 2, 3, label="ORG"),
    ]
    targets = read_targets(example, TAGS, incorrect_spans_key="wrong")
    b_loc, i_loc = TAGS.labels.index("B-LOC"), TAGS.labels.index("I-LOC")
    assert list(targets.wrong_paths) == [((0, b_loc), (1, i_loc))]
    assert read_targets(example, TAGS, incorrect_spans_key="other").wrong_paths == ()
    reference.spans["wrong"] = [reference.ents[0]]
    with pytest.raises(ValueError, match="E868"):
        read_targets(example, TAGS, incorrect_spans_key="wrong")


def test_columns_that_a_checkpoint_lacks_are_named() -> None:
    tags = read_labels(["O", "B-PER"])
    with pytest.raises(TagError, match="no tag 'I-PER'"):
        read_targets(_example("Angela Merkel", [(0, 13, "PER")]), tags)


def test_targets_of_units_leave_out_white_space_and_paths_that_cross_it() -> None:
    token_i = np.array([0, 2, 3])
    units = Units(token_i, token_i, token_i + 1)
    wrong_paths = [((2, 1), (3, 2)), ((0, 1), (1, 2))]
    targets = TokenTargets(np.array([1, 2, 2, MISSING]), wrong_paths).of_units(units)
    assert targets.tags.tolist() == [1, 2, MISSING]
    assert list(targets.wrong_paths) == [((1, 1), (2, 2))]


def test_targets_are_empty_where_there_is_neither_a_tag_nor_a_wrong_span() -> None:
    missing = np.array([MISSING, MISSING])
    assert TokenTargets(missing).is_empty
    assert not TokenTargets(missing, [((0, 1),)]).is_empty
    assert not TokenTargets(np.array([MISSING, 0])).is_empty
