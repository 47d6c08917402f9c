"""Bytes to lines: the encoding of a file, and its lines without their ends, in constant memory."""

import codecs
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.corpus.source import Origin
from spacy_hf_ner.errors import CorpusError

__all__ = ["HALF_CHARACTER", "TextFile", "open_text"]

HEAD: Final = 4096  # bytes that tell a byte order mark, or UTF-16 and UTF-32 without one
CHUNK: Final = 1 << 20  # bytes in which the first line must end
NOT_ASCII: Final = 0x80  # the first of the bytes beyond

WIDE_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
BYTE_ORDER_MARK: Final = "\ufeff"  # as a character, where a codec leaves it
CESU_8: Final = "cesu-8"  # UTF-8 in which characters beyond U+FFFF are written as two surrogates
UNDEFINED_IN_CP1252: Final = frozenset({0x81, 0x8D, 0x8F, 0x90, 0x9D})

# Name of our error handler: surrogates stay, other bytes that are no UTF-8 become U+FFFD.
KEEP_OR_REPLACE: Final = "spacy_hf_ner.keep_or_replace"

DAMAGED: Final = "bytes that are not UTF-8"
HALF_CHARACTER: Final = "half of a character beyond U+FFFF, read as U+FFFD"


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file whose encoding is known.

    Attributes:
        path: The file.
        encoding: A Python codec's name, or ``"cesu-8"``.
        newline: What ends a line, besides a carriage return before it.
        problems: Lines whose bytes are not in the encoding; U+FFFD is read in their place.
    """

    path: Path
    encoding: str
    newline: str = "\n"
    problems: tuple[Problem, ...] = ()

    def make_origin(self, format_name: str, problems: Iterable[Problem] = ()) -> Origin:
        """Return what this file is to a source that is read from it.

        Args:
            format_name: The format that it is read in.
            problems: What is wrong with it in that format.
        """
        return Origin(
            str(self.path), format_name, self.encoding, problems=(*self.problems, *problems)
        )

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield each line with its number from 1, without its end.

        Raises:
            CorpusError: The bytes are not in the encoding.
        """
        number = 0
        try:
            with self._open() as file:
                for number, line in enumerate(file, start=1):
                    text = self._finish(line.rstrip("\r\n"))
                    if number == 1:
                        text = text.removeprefix(BYTE_ORDER_MARK)
                    yield number, text
        except UnicodeError as error:
            raise self._refuse_bytes(error, place=f"{self.path}:{number + 1}") from error

    def read(self) -> str:
        """Return the whole text, line ends included.

        Raises:
            CorpusError: The bytes are not in the encoding.
        """
        try:
            with self._open() as file:
                return self._finish(file.read()).removeprefix(BYTE_ORDER_MARK)
        except UnicodeError as error:
            raise self._refuse_bytes(error, place=str(self.path)) from error

    def _refuse_bytes(self, error: UnicodeError, *, place: str) -> CorpusError:
        return CorpusError(
            f"{place}: expected text in {self.encoding}, got bytes that are none ({error}). Set "
            "encoding to the right codec, or convert the file to UTF-8.",
            settings=("encoding",),
        )

    def _open(self) -> TextIO:
        codec = self.encoding
        errors = "strict"
        if self.problems:
            errors = "replace"
        if self.encoding == CESU_8:
            # Python has no such codec. To UTF-8, its pairs of surrogates are errors, which stay.
            codec = "utf-8"
            errors = KEEP_OR_REPLACE if self.problems else "surrogatepass"
        return self.path.open(encoding=codec, errors=errors, newline=self.newline)

    def _finish(self, text: str) -> str:
        if self.encoding == CESU_8:
            return _join_surrogates(text)
        return text


def open_text(path: Path, *, encoding: str = "auto") -> TextFile:
    """Return a text file with its encoding: the one that is named, else what its bytes show.

    Raises:
        CorpusError: There is no such file, or no such encoding.
    """
    if not path.is_file():
        found = "a folder" if path.is_dir() else "nothing there"
        raise CorpusError(f"{path}: expected a file, got {found}.")
    if encoding == "auto":
        return _detect_encoding(path)
    if encoding.lower() == CESU_8:
        return _open_cesu_8(path)
    try:
        "a".encode(encoding)  # refuses codecs that are not of text, such as hex
    except (LookupError, ValueError) as error:
        raise CorpusError(
            f"unknown encoding {encoding!r}: expected 'auto', 'cesu-8' or one of Python's codecs "
            "of text, such as utf-16.",
            settings=("encoding",),
        ) from error
    return TextFile(path, encoding.lower(), _find_newline(path))


def _open_cesu_8(path: Path) -> TextFile:
    lines = _scan_lines(path)
    newline = _find_newline(path)
    if lines.invalid:
        # The wrong encoding was named. Without problems, reading is strict, and says so.
        return TextFile(path, CESU_8, newline)
    return TextFile(path, CESU_8, newline, tuple(lines.halves))


def _detect_encoding(path: Path) -> TextFile:
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith(codecs.BOM_UTF8):
        return _detect_by_lines(path, is_marked=True)
    for mark, name in WIDE_MARKS:
        if head.startswith(mark):
            return TextFile(path, name, _find_newline(path))
    wide = _detect_wide(head)
    if wide is not None:
        return TextFile(path, wide)
    return _detect_by_lines(path)


def _detect_wide(head: bytes) -> str | None:
    """Return UTF-32 or UTF-16 for bytes that are zero where these have zeros, else None.

    Characters of the first planes have zeros in these places::

        utf-32-le   a 0 0 0 | b 0 0 0      UTF-32: the outer byte always, and the one beside it
        utf-32-be   0 0 0 a | 0 0 0 b      in nearly all characters
        utf-16-le   a 0 | b 0
        utf-16-be   0 a | 0 b
    """
    if b"\0" not in head:
        return None
    first = head[0::4]
    second = head[1::4]
    third = head[2::4]
    fourth = head[3::4]
    few = len(head) // 5
    if not any(fourth) and third.count(0) > few:
        return "utf-32-le"
    if not any(first) and second.count(0) > few:
        return "utf-32-be"
    n_even = head[0::2].count(0)
    n_odd = head[1::2].count(0)
    if max(n_even, n_odd) <= few:
        return None
    return "utf-16-le" if n_odd > n_even else "utf-16-be"


@dataclass(slots=True)
class _Scan:
    """What the lines of a file that are not ASCII are in.

    Attributes:
        n_valid: How many are UTF-8.
        n_surrogates: How many are CESU-8 and no UTF-8.
        invalid: The numbers of the others; in a file of another encoding most of them.
        halves: Lines of CESU-8 with half of a character.
        high: The bytes beyond ASCII of the lines that are no UTF-8.
    """

    n_valid: int = 0
    n_surrogates: int = 0
    invalid: "array[int]" = field(default_factory=lambda: array("Q"))
    halves: list[Problem] = field(default_factory=list)
    high: set[int] = field(default_factory=set)

    def add_no_utf_8(self, line: bytes, number: int) -> None:
        """Take a line that is no UTF-8."""
        self.high.update(byte for byte in line if byte >= NOT_ASCII)
        if not _is_cesu_8(line):
            self.invalid.append(number)
            return
        self.n_surrogates += 1
        text = line.decode("utf-8", "surrogatepass")
        # Each half of a character without its other half becomes one more U+FFFD.
        if _join_surrogates(text).count("\ufffd") > text.count("\ufffd"):
            self.halves.append(Problem(HALF_CHARACTER, number))


def _scan_lines(path: Path) -> _Scan:
    """Decode each line that is not ASCII as UTF-8, and tell what fails, and how."""
    lines = _Scan()
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            # Most lines of most corpora are ASCII, and this is the cheapest way to know it.
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                lines.add_no_utf_8(line, number)
            else:
                lines.n_valid += 1
    return lines


def _detect_by_lines(path: Path, *, is_marked: bool = False) -> TextFile:
    """Return a file in the encoding that its lines show.

    One that begins with UTF-8's byte order mark is UTF-8 or CESU-8.
    """
    lines = _scan_lines(path)
    newline = _find_newline(path)
    # Other encodings hardly ever look like UTF-8 or CESU-8: where few lines are invalid, these are
    # damaged.
    is_mostly_valid = lines.n_valid + lines.n_surrogates > len(lines.invalid)
    if lines.invalid and not (is_mostly_valid or is_marked):
        is_latin_1 = lines.high & UNDEFINED_IN_CP1252
        return TextFile(path, "latin-1" if is_latin_1 else "cp1252", newline)
    encoding = "utf-8"
    if lines.n_surrogates:
        encoding = CESU_8
    elif is_marked:
        encoding = "utf-8-sig"
    damaged = [Problem(DAMAGED, number) for number in lines.invalid]
    return TextFile(path, encoding, newline, (*damaged, *lines.halves))


def _is_cesu_8(line: bytes) -> bool:
    try:
        line.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _keep_or_replace(error: UnicodeError) -> tuple[str | bytes, int]:
    try:
        return codecs.lookup_error("surrogatepass")(error)
    except UnicodeError:
        return codecs.lookup_error("replace")(error)


codecs.register_error(KEEP_OR_REPLACE, _keep_or_replace)


def _join_surrogates(text: str) -> str:
    """Make one character of each pair of surrogates, and U+FFFD of each half without its other."""
    if text.isascii():
        return text
    # UTF-16 writes such characters as pairs of surrogates, so its decoder joins them.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _find_newline(path: Path) -> str:
    r"""Return "\r" for a file of old Mac lines, else "\n"."""
    with path.open("rb") as file:
        head = file.read(CHUNK)  # a first line this long is no line
    has_mac_lines = b"\r" in head and b"\n" not in head
    return "\r" if has_mac_lines else "\n"
