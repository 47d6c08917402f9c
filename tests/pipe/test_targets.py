from typing import Any

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_hf_ner.core.labels import TagSet, make_tag_set, read_labels
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.errors import TagError
from spacy_hf_ner.model.reading.units import find_units
from spacy_hf_ner.model.training.loss import MISSING, Targets
from spacy_hf_ner.pipe.gold import read_gold
from spacy_hf_ner.pipe.targets import TokenTargets, read_targets

TAGS = make_tag_set(["LOC", "PER"], SCHEMES["IOB2"])
NLP = spacy.blank("en")


def _example(text: str, entities: Any, **annotation: Any) -> Example:
    return Example.from_dict(NLP.make_doc(text), {"entities": entities, **annotation})


def _place(
    example: Example,
    tag_set: TagSet = TAGS,
    *,
    silent: tuple[int, ...] = (),
    key: str | None = None,
) -> Targets:
    """Return what an Example teaches a model that has no rows for some of the tokens."""
    units = find_units(example.predicted)
    rows = np.zeros((len(units), len(tag_set)), dtype=np.float32)
    rows[np.isin(units.token_i, silent)] = np.nan
    targets = read_targets(example, tag_set, incorrect_spans_key=key)
    return targets.place(UnitRows(rows, units), tag_set)


def _read(example: Example, scheme: str = "IOB2", *, silent: tuple[int, ...] = ()) -> list[str]:
    """Return the tags of the units; ``?`` where nothing is taught."""
    tags = make_tag_set(["LOC", "PER"], SCHEMES[scheme])
    columns = _place(example, tags, silent=silent).tags
    return ["?" if k == MISSING else tags.labels[k] for k in columns]


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


def _make_doc(words: list[str], entity: tuple[int, int, str]) -> Example:
    """Return an Example whose gold is one entity of tokens."""
    doc = Doc(NLP.vocab, words=words)
    gold = doc.copy()
    start, end, entity_type = entity
    gold.set_ents([Span(gold, start, end, label=entity_type)], default="outside")
    return Example(doc, gold)


# words, the entity's tokens, tokens without a row: what each scheme teaches of those with one
TRIMMED = [
    (["in", " \n", "Rome", "x"], (1, 3), (), "O {single} O"),
    (["in", "Rome", " \n", "x"], (1, 3), (), "O {single} O"),
    (["New", "\n", "York", "x"], (0, 3), (), "{begin} {end} O"),
    (["in", "\u200b", "Rome", "x"], (1, 3), (1,), "O ? {single} O"),
    (["in", "Rome", "\ufeff", "x"], (1, 3), (2,), "O {single} ? O"),
    (["New", "\u00ad", "York", "x"], (0, 3), (1,), "{begin} ? {end} O"),
    (["in", "\u0301", "x"], (1, 2), (1,), "O ? O"),
    (["in", " \n", "x"], (1, 2), (), "O O"),
]


@pytest.mark.parametrize("scheme", ["IO", "IOB1", "IOB2", "IOBES", "BILOU", "BMES"])
@pytest.mark.parametrize(("words", "borders", "silent", "expected"), TRIMMED)
def test_prefixes_are_counted_over_the_units_that_have_rows(
    words: list[str],
    borders: tuple[int, int],
    silent: tuple[int, ...],
    expected: str,
    scheme: str,
) -> None:
    example = _make_doc(words, (*borders, "LOC"))
    roles = {name: f"{getattr(SCHEMES[scheme], name)}-LOC" for name in ("single", "begin", "end")}
    assert _read(example, scheme, silent=silent) == expected.format(**roles).split()


def test_entities_that_touch_but_for_white_space_are_told_apart() -> None:
    doc = Doc(NLP.vocab, words=["Rome", "\n", "Oslo"])
    gold = doc.copy()
    gold.set_ents([Span(gold, 0, 1, label="LOC"), Span(gold, 2, 3, label="LOC")])
    assert _read(Example(doc, gold), "IOB1") == ["I-LOC", "B-LOC"]


def _mark_wrong(text: str, *spans: tuple[int, int, str], entities: Any = ()) -> Example:
    example = _example(text, list(entities))
    reference = example.reference
    reference.spans["wrong"] = [Span(reference, start, end, label=t) for start, end, t in spans]
    return example


def test_spans_known_to_be_wrong_are_placed_if_the_model_could_find_them() -> None:
    example = _mark_wrong("Angela  Merkel met Tim", (0, 3, "LOC"), (3, 4, "ORG"), (1, 2, "PER"))
    (wrong,) = _place(example, key="wrong").wrong_spans
    assert (wrong.start, wrong.end, wrong.type_i) == (0, 2, 0)
    assert wrong.units.tolist() == [0, 1, 2, 3]
    assert _place(example, key="other").wrong_spans == ()


def test_a_wrong_span_lies_in_the_segment_that_it_would_be_found_in() -> None:
    example = _mark_wrong("Tim met\n\nAngela Merkel", (3, 5, "PER"), (1, 4, "PER"))
    (wrong,) = _place(example, key="wrong").wrong_spans  # none is found across a blank line
    assert wrong.units.tolist() == [2, 3]
    assert (wrong.start, wrong.end) == (0, 2)


def test_a_wrong_span_without_a_row_is_left_out() -> None:
    assert not _place(_mark_wrong("Tim", (0, 1, "PER")), silent=(0,), key="wrong").wrong_spans


def test_a_span_that_is_gold_and_wrong_is_refused() -> None:
    example = _mark_wrong("met Tim", (1, 2, "PER"), entities=[(4, 7, "PER")])
    with pytest.raises(ValueError, match="E868"):
        read_targets(example, TAGS, incorrect_spans_key="wrong")


def test_a_wrong_span_that_is_labelled_o_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    example = _mark_wrong("Tim", (0, 1, "O"))
    example.reference.spans["no_type"] = example.reference.spans["wrong"]
    for _ in range(2):
        assert read_targets(example, TAGS, incorrect_spans_key="no_type").wrong_spans == []
    (record,) = caplog.records
    assert 'spans["no_type"]: expected spans with the entity type' in record.getMessage()


def test_columns_that_a_checkpoint_lacks_are_named() -> None:
    tags = read_labels(["O", "B-PER"])
    with pytest.raises(TagError, match="no tag 'I-PER'"):
        _place(_example("Angela Merkel", [(0, 13, "PER")]), tags)


def test_gold_outside_of_entities_is_refused_by_a_model_that_knows_no_outside() -> None:
    with pytest.raises(TagError, match=r'no tag "O": its labels are those of a tagger'):
        _place(_example("Angela met", []), read_labels(["NOUN", "VERB"]))


def test_targets_are_empty_where_there_is_neither_annotation_nor_a_wrong_span() -> None:
    doc = NLP.make_doc("Angela Merkel")
    missing = np.array([False, False])
    assert TokenTargets(doc, [], missing).is_empty
    assert not TokenTargets(doc, [], missing, [TokenSpan(0, 1, "PER")]).is_empty
    assert not TokenTargets(doc, [], np.array([False, True])).is_empty


def _example_with_group(
    spans: list[tuple[int, int, str]] | None, entities: Any = "missing"
) -> Example:
    example = _example("Angela met Tim in Berlin", None)
    gold = example.reference
    if entities != "missing":
        gold.ents = [Span(gold, *entity) for entity in entities]
    if spans is not None:
        gold.spans["found"] = [Span(gold, *span) for span in spans]
    return example


@pytest.mark.parametrize(
    ("spans", "entities", "prefer_group", "expected"),
    [
        ([(0, 1, "PER")], "missing", False, "B-PER O O O O"),
        ([(0, 1, "PER")], [(2, 3, "PER")], False, "O O B-PER O O"),
        ([(0, 1, "PER")], [(2, 3, "PER")], True, "B-PER O O O O"),
        ([], "missing", False, "O O O O O"),
        ([], [(2, 3, "PER")], True, "O O O O O"),
        (None, "missing", True, "? ? ? ? ?"),
        (None, [(2, 3, "PER")], True, "O O B-PER O O"),
        ([(0, 1, "PER"), (0, 3, "LOC")], "missing", True, "B-LOC I-LOC I-LOC O O"),
    ],
)
def test_gold_is_in_the_group_or_in_ents_by_the_rule_of_evaluation(
    spans: list[tuple[int, int, str]] | None, entities: Any, prefer_group: bool, expected: str
) -> None:
    example = _example_with_group(spans, entities)
    targets = read_targets(example, TAGS, spans_key="found", prefer_group=prefer_group)
    units = find_units(example.predicted)
    columns = targets.write_columns(units.token_i, TAGS).tolist()
    assert " ".join("?" if k == MISSING else TAGS.labels[k] for k in columns) == expected
    judged = read_gold(example.reference, spans_key="found", prefer_group=prefer_group)
    assert judged.is_annotated == ("?" not in expected)


def test_a_group_teaches_nothing_where_nobody_asks_for_it() -> None:
    example = _example_with_group([(0, 1, "PER")])
    assert read_targets(example, TAGS).is_empty
