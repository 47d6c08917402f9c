"""Streams of lines: cut anywhere, and answered while they come."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_hf_ner.serving.line_streams import LineSplitter, Spool, answer_lines
from spacy_hf_ner.serving.serve_settings import ServeSettings
from spacy_hf_ner.serving.served_model import ServedModel
from tests.patience import PATIENCE_S


def split(pieces: Sequence[bytes], max_bytes: int = 100) -> list[bytes | None]:
    splitter = LineSplitter(max_bytes)
    lines = [line for piece in pieces for line in splitter.split(piece)]
    return [*lines, *splitter.end()]


@given(
    st.lists(st.binary(max_size=8).map(lambda line: line.replace(b"\n", b"")), max_size=8),
    st.lists(st.integers(0, 80), max_size=8),
)
def test_lines_are_the_same_wherever_a_body_is_cut(lines: list[bytes], cuts: list[int]) -> None:
    body = b"\n".join(lines)
    places = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[start:end] for start, end in pairwise(places)]
    assert split(pieces) == [line for line in lines if line.strip()]


def test_a_line_that_is_too_long_comes_out_as_none_and_the_next_is_read() -> None:
    assert split([b"abc\n", b"de", b"fg", b"hi\nj"], max_bytes=4) == [b"abc", None, b"j"]
    assert split([b"abcde"], max_bytes=4) == [None]


def test_a_spool_gives_what_was_written_before_and_meanwhile() -> None:
    async def run() -> bytes:
        spool = Spool()
        spool.write(b"before ")

        async def write() -> None:
            for piece in (b"and ", b"meanwhile"):
                await asyncio.sleep(0)
                spool.write(piece)
            spool.close()

        writing = asyncio.create_task(write())
        read = b"".join([piece async for piece in spool])
        await writing
        spool.discard()
        return read

    assert asyncio.run(run()) == b"before and meanwhile"


def test_a_spool_holds_more_than_memory_and_is_empty_when_all_is_read() -> None:
    n_bytes = 20 * 2**20

    async def run() -> None:
        spool = Spool()
        for start in range(0, n_bytes, 2**20):
            spool.write(bytes([start >> 20]) * 2**20)
        spool.close()
        content = b"".join([piece async for piece in spool])
        assert content == b"".join(bytes([i]) * 2**20 for i in range(20))
        spool._file.seek(0, 2)
        assert spool._file.tell() == 0
        spool.discard()

    asyncio.run(run())


def test_a_stream_ends_where_its_answers_cannot_be_written(model: Path) -> None:
    settings = ServeSettings(models={"news": str(model)})
    served = ServedModel("news", str(model), settings, observe=print)

    async def send() -> AsyncIterator[bytes]:
        # More than fit into the blocks that wait for their answers.
        for _ in range(20):
            yield b'"Berlin"\n' * 64

    async def run() -> None:
        lines = answer_lines(send(), served, lambda *_: {"found": object()}, settings.limits)
        await asyncio.wait_for(anext(lines), timeout=PATIENCE_S)

    with pytest.raises(TypeError, match="not JSON serializable"):
        asyncio.run(run())
    served.close()
