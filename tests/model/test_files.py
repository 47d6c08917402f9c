"""Folders as bytes, and in messages."""

from pathlib import Path

import srsly

from spacy_hf_ner.model.files import name_files, pack_folder, unpack_folder


def test_a_packed_folder_has_the_files_that_were_written() -> None:
    packed = pack_folder(lambda folder: (folder / "a.txt").write_bytes(b"\x00\xff"))
    with unpack_folder(packed) as folder:
        assert [path.name for path in folder.iterdir()] == ["a.txt"]
        assert (folder / "a.txt").read_bytes() == b"\x00\xff"
    assert not folder.exists()


def test_packed_files_cannot_leave_their_folder() -> None:
    packed = srsly.msgpack_dumps({"../../escaped.txt": b"x"})
    with unpack_folder(packed) as folder:
        assert [path.name for path in folder.iterdir()] == ["escaped.txt"]


def test_the_files_of_a_folder_are_named_in_order_and_not_all(tmp_path: Path) -> None:
    assert name_files(tmp_path) == "nothing"
    assert name_files(tmp_path / "gone") == "nothing"
    for name in "hgfedcba":
        (tmp_path / name).touch()
    assert name_files(tmp_path) == "a, b, c, d, e, f, g, h"
    (tmp_path / "i").touch()
    assert name_files(tmp_path) == "a, b, c, d, e, f, g, h, …"
