from pathlib import Path

import pytest

from spacy_hf_ner.cards.sealing import is_edited, keep_edited_cards, read_edited, seal


def test_a_card_of_ours_is_known_by_its_seal() -> None:
    card = seal("# A model\n\nWith words.\n")
    assert not is_edited(card)
    assert not is_edited(card.replace("\n", "\r\n")), "what git does on Windows is no edit"


@pytest.mark.parametrize(
    "edited",
    [
        "# Mine\n",
        "",
        seal("# A model\n").replace("model", "better model"),
        seal("# A model\n") + "\nMore.\n",
        "Before.\n" + seal("# A model\n"),
    ],
)
def test_a_card_that_people_have_written_or_changed_is_theirs(edited: str) -> None:
    assert is_edited(edited)


def test_only_edited_cards_come_along_to_the_next_pipeline(tmp_path: Path) -> None:
    for name, card in {"first": "# Mine\n", "second": seal("# Ours\n"), "gone": "# Mine\n"}.items():
        (tmp_path / "old" / name / "model").mkdir(parents=True)
        (tmp_path / "old" / name / "model" / "README.md").write_text(card, encoding="utf8")
    for name in ("first", "second"):
        (tmp_path / "fresh" / name / "model").mkdir(parents=True)
    keep_edited_cards(tmp_path / "old", tmp_path / "fresh")
    assert read_edited(tmp_path / "fresh" / "first" / "model") == "# Mine\n"
    assert not (tmp_path / "fresh" / "second" / "model" / "README.md").exists()
    assert not (tmp_path / "fresh" / "gone").exists()
