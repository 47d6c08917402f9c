"""Streams of lines: bodies of any size, a text a line, answered by a line each, in their order.

The texts are read as fast as the model reads them. The answers go out as they come, while the
client is still sending; those that it does not take yet wait in a file::

    lines → blocks → the model's queue → answers → spool → the client

So a client may send all it has before it looks at the first answer, as most libraries do.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Final

from spacy_hf_ner.serving.batch_queue import Answer, TextJob
from spacy_hf_ner.serving.bodies import check_text
from spacy_hf_ner.serving.refusals import RefusedError
from spacy_hf_ner.serving.serve_settings import Limits
from spacy_hf_ner.serving.served_model import ServedModel
from spacy_hf_ner.serving.service import Describe

__all__ = ["LINES", "LineSplitter", "Spool", "answer_lines"]

LINES: Final = "application/x-ndjson"

_N_BLOCK: Final = 64  # texts that are put into the queue together
_N_BLOCKS: Final = 4  # that are there at once
_PAUSE: Final = 0.05  # seconds until a full queue is asked again
_PIECE: Final = 2**16  # bytes that are sent at once
_IN_MEMORY: Final = 2**23  # bytes of answers that wait; more of them wait on the disk

_TOO_MANY: Final = 429


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a stream.

    Attributes:
        index: Its place among those that are not blank, from 0.
        text_id: What the client calls it; None for nothing.
        job: Its text.
    """

    index: int
    text_id: Any
    job: TextJob

    def write(self, answer: Answer) -> bytes:
        """Return the line that answers it."""
        record: dict[str, Any] = {"index": self.index}
        if self.text_id is not None:
            record["id"] = self.text_id
        record.update(answer)
        return json.dumps(record, ensure_ascii=False).encode("utf8", "replace") + b"\n"


async def answer_lines(
    stream: AsyncIterable[bytes], model: ServedModel, describe: Describe, limits: Limits
) -> AsyncIterator[bytes]:
    """Yield the answers to the lines of a body, as lines.

    A line is a text, or ``{"text": …}``, with an ``id`` if the client wants one back; blank lines
    are passed over. A line that cannot be read has an answer of its own.

    Args:
        stream: The pieces of the body, as they come.
        model: What reads the texts.
        describe: Turns a Doc into an answer.
        limits: How much the server takes.
    """
    spool = Spool()
    work = asyncio.create_task(_fill(spool, stream, model, describe, limits))
    try:
        async for piece in spool:
            yield piece
        await work
    finally:
        work.cancel()
        # It has to be at its end before the file goes. What it failed of was raised above.
        await asyncio.wait({work})
        spool.discard()


async def _fill(
    spool: "Spool",
    stream: AsyncIterable[bytes],
    model: ServedModel,
    describe: Describe,
    limits: Limits,
) -> None:
    """Write the answers to all lines to a spool."""
    # What is in the model's queue: blocks of lines, and their answers to come.
    blocks: asyncio.Queue[tuple[list[_Line], asyncio.Future[list[Answer]]] | None]
    blocks = asyncio.Queue(_N_BLOCKS)

    async def read() -> None:
        async for lines in _read_blocks(stream, describe, limits):
            await blocks.put((lines, await _submit(lines, model)))
        await blocks.put(None)

    async def write() -> None:
        while (block := await blocks.get()) is not None:
            lines, answers = block
            for line, answer in zip(lines, await answers, strict=True):
                spool.write(line.write(answer))

    # Each waits for the other: where one fails, the other would wait for ever.
    reading = asyncio.create_task(read())
    writing = asyncio.create_task(write())
    try:
        await asyncio.gather(reading, writing)
    finally:
        reading.cancel()
        writing.cancel()
        spool.close()


async def _submit(lines: list[_Line], model: ServedModel) -> "asyncio.Future[list[Answer]]":
    """Put a block into the queue of a model, when there is room for it."""
    jobs = [line.job for line in lines]
    while True:
        try:
            return asyncio.wrap_future(model.submit(jobs))
        except RefusedError as error:
            if error.status != _TOO_MANY:
                raise
        await asyncio.sleep(_PAUSE)


async def _read_blocks(
    stream: AsyncIterable[bytes], describe: Describe, limits: Limits
) -> AsyncIterator[list[_Line]]:
    """Yield the lines of a body, some at once, none later than it comes."""
    splitter = LineSplitter(limits.max_body)
    index = 0
    block: list[_Line] = []
    async for piece in stream:
        for content in splitter.split(piece):
            block.append(_read_line(index, content, describe, limits))
            index += 1
            if len(block) == _N_BLOCK:
                yield block
                block = []
        if block:
            yield block
            block = []
    for content in splitter.end():
        yield [_read_line(index, content, describe, limits)]


def _read_line(index: int, content: bytes | None, describe: Describe, limits: Limits) -> _Line:
    """Return a line; its job has an error where it holds no text.

    Args:
        index: Its place.
        content: What it holds; None if it is too long to be read.
        describe: Turns a Doc into an answer.
        limits: How much the server takes.
    """
    if content is None:
        error = f"expected a line to have at most {limits.max_body:,} bytes, got more."
        return _Line(index, None, TextJob("", describe, error))
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        return _Line(index, None, TextJob("", describe, f"expected a line of JSON: {error}."))
    text_id = None
    if isinstance(value, dict):
        text_id = value.get("id")
        value = value.get("text")
    try:
        error_text = check_text(value, limits, place="a text")
    except RefusedError as error:
        error_text = error.sentence
    return _Line(index, text_id, TextJob("" if error_text else value, describe, error_text))


class LineSplitter:
    """Cuts pieces of bytes into lines.

    Args:
        max_bytes: How long a line may be; a longer one comes out as None.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rest = bytearray()  # of a line whose end has not come yet
        self._is_too_long = False

    def split(self, piece: bytes) -> Iterator[bytes | None]:
        """Yield the lines that end in a piece, without their ends; blank ones are left out."""
        *ends, rest = piece.split(b"\n")
        for end in ends:
            self._add(end)
            yield from self.end()
        self._add(rest)

    def end(self) -> Iterator[bytes | None]:
        """Yield the line that has begun, if it is not blank: it ends now."""
        if self._is_too_long:
            yield None
        elif self._rest.strip():
            yield bytes(self._rest)
        self._rest.clear()
        self._is_too_long = False

    def _add(self, piece: bytes) -> None:
        if self._is_too_long or len(self._rest) + len(piece) > self._max_bytes:
            self._rest.clear()
            self._is_too_long = True
            return
        self._rest += piece


class Spool:
    """Bytes from one who writes to one who reads, on the disk where they are many.

    The file has no name, and is empty whenever the reader has caught up.
    """

    def __init__(self) -> None:
        # It lives as long as the stream of a client, which closes it.
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self._n_written = 0
        self._n_read = 0
        self._changed = asyncio.Event()
        self._is_closed = False

    def write(self, piece: bytes) -> None:
        """Add bytes at the end."""
        self._file.seek(self._n_written)
        self._file.write(piece)
        self._n_written += len(piece)
        self._changed.set()

    def close(self) -> None:
        """Let the reader come to an end."""
        self._is_closed = True
        self._changed.set()

    def discard(self) -> None:
        """Give up what has not been read."""
        self._file.close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            if self._n_read < self._n_written:
                yield self._read()
            elif self._is_closed:
                return
            else:
                self._changed.clear()
                await self._changed.wait()

    def _read(self) -> bytes:
        self._file.seek(self._n_read)
        piece = self._file.read(_PIECE)
        self._n_read += len(piece)
        if self._n_read == self._n_written:
            self._file.seek(0)
            self._file.truncate()
            self._n_read = self._n_written = 0
        return piece
