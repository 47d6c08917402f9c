"""Folders as bytes, and in messages."""

from pathlib import Path

import srsly

from spacy_hf_ner.model.files import list_files, name_files, pack_folder, unpack_folder


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


def test_links_out_of_a_folder_bring_no_files_into_it(tmp_path: Path) -> None:
    private = tmp_path / "private.txt"
    private.touch()
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (folder / "vocab.txt").touch()
    (folder / "inside.txt").symlink_to("vocab.txt")
    (folder / "outside.txt").symlink_to(private)
    (folder / "dangling.txt").symlink_to("gone")
    (folder / "sub").mkdir()
    assert [path.name for path in list_files(folder)] == ["inside.txt", "vocab.txt"]
    # A link to the folder itself changes nothing.
    (tmp_path / "link").symlink_to(folder)
    assert [path.name for path in list_files(tmp_path / "link")] == ["inside.txt", "vocab.txt"]


def test_the_links_that_the_cache_of_the_hub_is_made_of_are_files(tmp_path: Path) -> None:
    repository = tmp_path / "models--a--b"
    snapshot = repository / "snapshots" / "c0ffee"
    snapshot.mkdir(parents=True)
    (repository / "blobs").mkdir()
    (repository / "blobs" / "5f3a").touch()
    (snapshot / "vocab.txt").symlink_to("../../blobs/5f3a")
    (snapshot / "vocab_extra.txt").symlink_to("../../../models--a--b/refs")
    assert [path.name for path in list_files(snapshot)] == ["vocab.txt"]
