"""Files that their owner alone may read."""

import os
import stat
from pathlib import Path

import pytest

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.rewriting.secret_files import open_secret, read_key, write_secret

needs_modes = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")


def read_mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_key_is_made_on_first_use_and_read_from_then_on(tmp_path: Path) -> None:
    file = tmp_path / "new" / "key"
    key = read_key(file)
    assert len(key) == 32
    assert read_key(file) == key
    assert read_key(tmp_path / "other") != key


@needs_modes
def test_the_owner_alone_may_read_a_secret(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        read_key(tmp_path / "key")
        with open_secret(tmp_path / "table") as file:
            file.write("x\n")
    finally:
        os.umask(before)
    assert read_mode(tmp_path / "key") == read_mode(tmp_path / "table") == 0o600


def test_a_secret_takes_the_place_of_another(tmp_path: Path) -> None:
    write_secret(tmp_path / "table", "long and old\n")
    write_secret(tmp_path / "table", "é\n")
    assert (tmp_path / "table").read_text(encoding="utf8") == "é\n"
    assert [file.name for file in tmp_path.iterdir()] == ["table"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("secret", "ValueError"),
        ("é" * 64, "UnicodeDecodeError"),
        ("ab", "got 2"),
        ("", "got 0"),
    ],
)
def test_a_file_that_holds_no_key_is_refused_and_stays(
    content: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text(content, encoding="utf8")
    with pytest.raises(ConfigError, match=message):
        read_key(file)
    assert file.read_text(encoding="utf8") == content
