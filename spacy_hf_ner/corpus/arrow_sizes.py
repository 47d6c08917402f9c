"""How much memory the compressed buffers of an arrow file ask for, before anybody unpacks them.

The first eight bytes of a compressed buffer say how long it is unpacked. Arrow allocates that and
has no limit, so a few kilobytes may fill the memory. Where the buffers of a message lie stands in
its metadata, a flatbuffer, which Arrow has checked by the time it hands the message out::

    message     metadata: Message → RecordBatch → compression, buffers (offset, length), …
                body:     [8 bytes: length][compressed] [8 bytes: length][compressed] …

Source: https://arrow.apache.org/docs/format/Columnar.html (Compression; IPC);
https://flatbuffers.dev/internals/
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Any, Final

__all__ = ["count_unpacked_bytes"]

# Fields of the tables, by their number in Arrow's schemas Message.fbs and Schema.fbs.
_HEADER_TYPE: Final = 1
_HEADER: Final = 2
_DATA: Final = 1  # of a dictionary: the record batch of its values
_BUFFERS: Final = 2
_COMPRESSION: Final = 3

# Kinds of messages.
_DICTIONARY: Final = 2
_RECORDS: Final = 3

_PREFIX: Final = struct.Struct("<q")  # before a compressed buffer: its length unpacked
_BUFFER: Final = struct.Struct("<qq")  # where a buffer lies in the body: offset, length


def count_unpacked_bytes(messages: Iterable[Any]) -> int:
    """Return how many bytes the compressed buffers of some messages say that they hold.

    Args:
        messages: What a ``pyarrow.ipc.MessageReader`` reads.

    Raises:
        struct.error: A message is damaged.
    """
    return sum(length for message in messages for length in _read_lengths(message))


def _read_lengths(message: Any) -> Iterator[int]:  # noqa: ANN401 - pyarrow has no types
    """Yield the unpacked length of each compressed buffer of a message."""
    table = _Table.read_root(memoryview(message.metadata))
    kind = table.read_byte(_HEADER_TYPE)
    if kind not in {_DICTIONARY, _RECORDS} or message.body is None:
        return
    records = table.read_table(_HEADER)
    if kind == _DICTIONARY and records is not None:
        records = records.read_table(_DATA)
    if records is None or records.find(_COMPRESSION) is None:
        return
    body = memoryview(message.body)
    for offset, length in records.read_pairs(_BUFFERS):
        if length >= _PREFIX.size:
            (n_unpacked,) = _PREFIX.unpack_from(body, offset)
            yield max(n_unpacked, 0)  # -1 says that it is not compressed


class _Table:
    """A table of a flatbuffer.

    Args:
        content: The flatbuffer.
        start: Where the table begins in it.
    """

    def __init__(self, content: memoryview, start: int) -> None:
        self._content = content
        self._start = start

    @classmethod
    def read_root(cls, content: memoryview) -> "_Table":
        """Return the table that a flatbuffer is."""
        return cls(content, _read_number("<I", content, 0))

    def find(self, field: int) -> int | None:
        """Return where the value of a field lies, or None where the table has none."""
        # Before the fields lies how far back the list of their places begins: its own size, the
        # table's, and for each field how far behind the start it lies; 0 for none.
        places = self._start - _read_number("<i", self._content, self._start)
        n_bytes = _read_number("<H", self._content, places)
        at = 4 + 2 * field
        if at >= n_bytes:
            return None
        distance = _read_number("<H", self._content, places + at)
        return self._start + distance if distance else None

    def read_byte(self, field: int) -> int:
        """Return the number in a field of one byte; 0 where there is none."""
        place = self.find(field)
        return 0 if place is None else self._content[place]

    def read_table(self, field: int) -> "_Table | None":
        """Return the table that a field holds."""
        place = self.find(field)
        return None if place is None else _Table(self._content, self._follow(place))

    def read_pairs(self, field: int) -> Iterator[tuple[int, int]]:
        """Yield the pairs of numbers in a field that is a list of them."""
        place = self.find(field)
        if place is None:
            return
        start = self._follow(place)
        for i in range(_read_number("<I", self._content, start)):
            yield _BUFFER.unpack_from(self._content, start + 4 + i * _BUFFER.size)

    def _follow(self, place: int) -> int:
        """Return where what does not lie in the table itself begins."""
        return place + _read_number("<I", self._content, place)


def _read_number(form: str, content: memoryview, place: int) -> int:
    number: int
    (number,) = struct.unpack_from(form, content, place)
    return number
