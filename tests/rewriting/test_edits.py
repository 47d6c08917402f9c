"""All text outside the table of replacements is the same, character by character."""

from hypothesis import given
from hypothesis import strategies as st

from spacy_hf_ner.rewriting.edits import Edit, RewrittenText, apply_edits, restore


@st.composite
def texts_with_edits(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    text = draw(st.text(min_size=1, max_size=60))
    borders = st.lists(st.integers(0, len(text)), unique=True, max_size=10)
    places = sorted(draw(borders))
    edits: list[Edit] = []
    for start, end in zip(places[::2], places[1::2], strict=False):
        edits.append(Edit(start, end, draw(st.text(max_size=12)), "PER"))
    return text, draw(st.permutations(edits))


def cut_out(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in reversed(spans):
        text = text[:start] + text[end:]
    return text


@given(texts_with_edits())
def test_all_text_outside_the_table_is_unchanged(given_edits: tuple[str, list[Edit]]) -> None:
    text, edits = given_edits
    rewritten = apply_edits(text, edits)
    rows = rewritten.replacements
    assert len(rows) == len(edits)
    old = cut_out(text, [(row.old_start, row.old_end) for row in rows])
    new = cut_out(rewritten.text, [(row.new_start, row.new_end) for row in rows])
    assert new == old
    for row in rows:
        assert text[row.old_start : row.old_end] == row.old
        assert rewritten.text[row.new_start : row.new_end] == row.new


@given(texts_with_edits())
def test_each_character_outside_the_table_is_found_again(
    given_edits: tuple[str, list[Edit]],
) -> None:
    text, edits = given_edits
    rewritten = apply_edits(text, edits)
    inside = {i for edit in edits for i in range(edit.start_char, edit.end_char)}
    for i in set(range(len(text))) - inside:
        assert rewritten.text[rewritten.locate(i)] == text[i]
        assert rewritten.locate_end(i + 1) == rewritten.locate(i) + 1


def test_what_starts_or_ends_inside_a_replaced_stretch_moves_to_its_borders() -> None:
    rewritten = apply_edits("to Paris.", [Edit(3, 8, "Mumbai", "LOC")])
    assert rewritten.text == "to Mumbai."
    assert (rewritten.locate(5), rewritten.locate_end(5)) == (3, 9)


def test_the_table_leads_back_to_the_old_text() -> None:
    rewritten = apply_edits("Paris, Rome", [Edit(7, 11, "Delhi", "LOC"), Edit(0, 5, "Goa", "LOC")])
    assert rewritten.text == "Goa, Delhi"
    assert restore(rewritten.text, rewritten.replacements) == "Paris, Rome"


def test_a_text_without_edits_is_itself() -> None:
    assert apply_edits("Paris", []) == RewrittenText("Paris", ())
