import re
from collections.abc import Sequence

import numpy as np
import pytest

from spacy_hf_ner.evaluation.pairing import DocPair, Entity
from spacy_hf_ner.visual.entities_page import make_entities_page

TEXT = "Tim Cook met <script> in Rome."
ROME = Entity(25, 29, "LOC")


BORDERS = np.array(
    [[0, 3], [4, 8], [9, 12], [13, 21], [22, 24], [25, 29], [29, 30]], dtype=np.int64
)
NO_BORDERS = BORDERS[:0]  # nobody has annotated a token


def make_pair(gold: Sequence[Entity], predicted: Sequence[Entity]) -> DocPair:
    return DocPair(TEXT, tuple(gold), tuple(predicted), (), BORDERS)


@pytest.fixture
def page() -> str:
    right = make_pair([ROME], [Entity(25, 29, "LOC", score=0.987)])
    wrong = make_pair([Entity(0, 8, "PER"), ROME], [Entity(0, 3, "PER", score=0.4321)])
    return make_entities_page([right, wrong], model="en_<test>", n_docs=2)


def test_the_page_asks_for_nothing_outside_itself(page: str) -> None:
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:|//)|@import|url\((?!["']?data:)""", page)


def test_text_and_names_are_escaped(page: str) -> None:
    assert "<script>" not in page
    assert "en_<test>" not in page
    assert "&lt;script&gt;" in page


def test_scores_are_shown_beside_their_entities(page: str) -> None:
    assert "<i>0.99</i>" in page
    assert "score 0.4321" in page


def test_documents_with_differences_are_marked_and_counted(page: str) -> None:
    assert page.count('class="card right"') == page.count('class="card wrong"') == 1
    assert "2 differences" in page


def test_what_is_wrong_is_written_for_those_who_see_no_outline(page: str) -> None:
    assert "(wrong border)" in page
    assert "(missed)" in page


def test_overlapping_entities_are_shown_below_the_text() -> None:
    page = make_entities_page(
        [make_pair([ROME], [Entity(22, 29, "LOC", 0.3), Entity(25, 29, "LOC", 0.6)])],
        model="m",
        n_docs=1,
    )
    assert "Overlapping:" in page
    assert "<i>0.30</i>" in page
    assert "<i>0.60</i>" in page
    assert "1 difference<" in page


def test_a_long_document_is_cut_into_cards() -> None:
    borders = np.array([(i, i + 4) for i in range(0, 24_000, 12)], dtype=np.int64)
    pair = DocPair(
        "Rome falls. " * 2000, (Entity(0, 4, "LOC"),), (Entity(12, 16, "LOC"),), (), borders
    )
    page = make_entities_page([pair, make_pair([], [ROME])], model="m", n_docs=2)
    assert "Document 1, part 1 of 5" in page
    assert page.count("<article") == 6
    assert page.count("1 difference") + page.count("2 differences") == 2
    assert page.count("all right") == 4


def test_data_that_nobody_has_annotated_shows_predictions_alone() -> None:
    page = make_entities_page([DocPair(TEXT, (), (), (ROME,), NO_BORDERS)], model="m", n_docs=5)
    assert ">Gold<" not in page
    assert "the first 1 of 5 documents" in page
    assert ">not judged<" in page
    assert "Only documents with differences" not in page


def test_gold_without_entities_is_gold() -> None:
    page = make_entities_page([make_pair([], [ROME, Entity(0, 8, "PER")])], model="m", n_docs=1)
    assert ">Gold<" in page
    assert ">2 differences<" in page
    assert "Only documents with differences" in page


def test_a_document_that_nobody_has_annotated_is_neither_right_nor_wrong() -> None:
    unjudged = DocPair(TEXT, (), (), (ROME,), NO_BORDERS)
    page = make_entities_page([unjudged, make_pair([ROME], [ROME])], model="m", n_docs=2)
    assert page.count(">not judged<") == page.count(">all right<") == page.count(">Gold<") == 1


def test_the_text_decides_in_which_direction_it_is_read(page: str) -> None:
    assert (
        page.count(
            '<div dir="auto"><div class="entities" style="line-height: 2.5; direction: inherit">'
        )
        == 4
    )
