"""The sizes that compressed buffers of arrow files say they have."""

from pathlib import Path
from typing import Any

import pytest

from spacy_hf_ner.corpus.arrow_sizes import count_unpacked_bytes

pa = pytest.importorskip("pyarrow")

ROWS = {"words": ["Ed", "Li", None] * 1_000, "numbers": [1, 2, 3] * 1_000}


def write(path: Path, table: Any, compression: str | None) -> None:
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(str(path), table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=1_000)


def measure(path: Path) -> int:
    with pa.memory_map(str(path)) as source:
        return count_unpacked_bytes(pa.ipc.MessageReader.open_stream(source))


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_what_is_counted_is_what_the_buffers_hold(tmp_path: Path, compression: str) -> None:
    table = pa.table(ROWS)
    write(tmp_path / "a.arrow", table, compression)
    n_bytes = measure(tmp_path / "a.arrow")
    # Buffers are padded to eight bytes, and those that shrink by nothing are not compressed.
    assert table.nbytes * 0.9 < n_bytes < table.nbytes * 1.1
    assert (tmp_path / "a.arrow").stat().st_size < n_bytes


def test_dictionaries_count_too(tmp_path: Path) -> None:
    column = pa.array(["a" * 10_000, "b" * 10_000]).dictionary_encode()
    write(tmp_path / "a.arrow", pa.table({"words": column}), "zstd")
    assert 20_000 <= measure(tmp_path / "a.arrow") < 21_000


def test_what_is_not_compressed_is_not_unpacked(tmp_path: Path) -> None:
    write(tmp_path / "a.arrow", pa.table(ROWS), None)
    assert measure(tmp_path / "a.arrow") == 0
