"""The text over which a worker dies is found by what it wrote down before."""

from contextlib import suppress
from pathlib import Path

from spacy_hf_ner.scale.attempts import find_notes, open_attempts


def die(target: Path, *in_hand: tuple[int, int]) -> None:
    """Leave what a worker leaves that is killed over the last of some batches."""
    with find_notes(target).open("a", encoding="ascii") as file:
        file.write("\nbegin\n")
        file.writelines(f"{first} {end}\n" for first, end in in_hand)


def test_nothing_is_known_at_first(tmp_path: Path) -> None:
    with open_attempts(tmp_path / "part") as attempts:
        assert not attempts.suspects
        assert not attempts.killers


def test_the_batch_of_a_death_is_tried_text_by_text(tmp_path: Path) -> None:
    die(tmp_path / "part", (0, 8), (8, 16))
    with open_attempts(tmp_path / "part") as attempts:
        assert attempts.suspects == set(range(8, 16))
        assert not attempts.killers


def test_two_deaths_over_one_text_alone_set_it_aside(tmp_path: Path) -> None:
    target = tmp_path / "part"
    die(target, (0, 8), (8, 16))
    die(target, (8, 9), (9, 10))
    with open_attempts(target) as attempts:
        assert attempts.killers == set()
        assert 9 in attempts.suspects
        attempts.take_in_hand(9, 10)
        notes = find_notes(target).read_text(encoding="ascii")  # what a kill would leave
    find_notes(target).write_text(notes, encoding="ascii")
    with open_attempts(target) as attempts:
        assert attempts.killers == {9}
        assert attempts.suspects == set(range(8, 16)) - {9}


def test_an_attempt_that_failed_is_no_death(tmp_path: Path) -> None:
    with suppress(ValueError), open_attempts(tmp_path / "part") as attempts:
        attempts.take_in_hand(0, 8)
        raise ValueError("full")
    with open_attempts(tmp_path / "part") as attempts:
        assert not attempts.suspects


def test_a_line_that_was_cut_is_no_evidence(tmp_path: Path) -> None:
    target = tmp_path / "part"
    die(target, (0, 8))
    with find_notes(target).open("a", encoding="ascii") as file:
        file.write("8 ")
    with open_attempts(target) as attempts:
        assert attempts.suspects == set(range(8))
