from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_hf_ner.core.labels import make_tag_set, read_labels
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.errors import ConfigError, TagError
from spacy_hf_ner.model.training.loss import MISSING
from spacy_hf_ner.pipe.targets import (
    find_class_weights,
    find_entity_types,
    read_targets,
    resolve_class_weights,
)

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
    reference = Doc(NLP.vocab, words=["New", "-", "York", "met", "Tim"], spaces=[False, False, True, True, False],
                    ents=["B-LOC", "O", "O", "O", "B-PER"])  # fmt: skip
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


def test_types_are_those_of_the_data_sorted() -> None:
    examples = [
        _example("Tim Berlin", [(0, 3, "PER"), (4, 10, "LOC")]),
        _example("Tim", [(0, 3, "PER")]),
    ]
    assert find_entity_types(examples) == ["LOC", "PER"]
    with pytest.raises(ValueError, match="E869"):
        find_entity_types([_example("Tim", [(0, 3, "!PER")])])


def test_balanced_weights_are_inverse_to_frequency_with_a_mean_of_one() -> None:
    examples = [_example("Tim met him there", [(0, 3, "PER")])]
    weights = resolve_class_weights("balanced", TAGS, lambda: examples)
    assert weights is not None
    outside, person = weights[TAGS.labels.index("O")], weights[TAGS.labels.index("B-PER")]
    assert person / outside == pytest.approx(3.0)
    assert (person + outside) / 2 == pytest.approx(1.0)
    assert weights[TAGS.labels.index("I-LOC")] == 1.0


def test_a_table_of_weights_applies_to_all_tags_of_a_type() -> None:
    weights = resolve_class_weights({"PER": 2.0, "O": 0.5}, TAGS, list)
    assert weights == [
        {"O": 0.5, "B-PER": 2.0, "I-PER": 2.0}.get(label, 1.0) for label in TAGS.labels
    ]
    assert resolve_class_weights(None, TAGS, list) is None
    for wrong in ({"ORG": 1.0}, {"PER": 0.0}):
        with pytest.raises(ConfigError, match="class_weights"):
            resolve_class_weights(wrong, TAGS, list)


def test_columns_that_a_checkpoint_lacks_are_named() -> None:
    tags = read_labels(["O", "B-PER"])
    with pytest.raises(TagError, match="no tag 'I-PER'"):
        read_targets(_example("Angela Merkel", [(0, 13, "PER")]), tags)


def test_class_weights_are_those_of_the_setting_now_for_all_tags_there_are_now() -> None:
    resolved = [0.5, 2.0, 2.0]
    assert find_class_weights(None, TAGS, resolved=resolved) is None
    assert _weigh({"PER": 3.0}, resolved=None) == [1.0, 1.0, 1.0, 3.0, 3.0]
    assert _weigh({"PER": 3.0}, resolved=resolved) == [1.0, 1.0, 1.0, 3.0, 3.0]
    assert _weigh("balanced", resolved=resolved) == [*resolved, 1.0, 1.0]
    with pytest.raises(ConfigError, match=r"initialize.*table"):
        _weigh("balanced", resolved=None)


def _weigh(class_weights: Any, *, resolved: list[float] | None) -> list[float]:
    weights = find_class_weights(class_weights, TAGS, resolved=resolved)
    assert weights is not None
    return [float(weight) for weight in weights]
