"""Bytes to lines: which encoding a file is in, and its lines without their ends, in constant memory."""

import codecs
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from spacy_hf_ner.corpus.sentence import Problem
from spacy_hf_ner.errors import CorpusError

CHUNK: Final = 1 << 20  # bytes

WIDE_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
BYTE_ORDER_MARK: Final = "\ufeff"  # as a character, where a codec leaves it
CESU_8: Final = "cesu-8"  # UTF-8 in which characters beyond U+FFFF are written as two surrogates
KEEP_OR_REPLACE: Final = (
    "spacy_hf_ner.keep_or_replace"  # surrogates stay, other bytes that are no UTF-8 become U+FFFD
)


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file whose encoding is known.

    Attributes:
        path: The file.
        encoding: A Python codec's name, or ``"cesu-8"``.
        newline: What ends a line, besides a carriage return before it.
        problems: Lines whose bytes are not in the encoding; they are read with U+FFFD in their place.
    """

    path: Path
    encoding: str
    newline: str = "\n"
    problems: tuple[Problem, ...] = ()

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
                    yield number, text.removeprefix(BYTE_ORDER_MARK) if number == 1 else text
        except UnicodeError as error:
            raise CorpusError(
                f"{self.path}:{number + 1}: expected text in {self.encoding}, got bytes that are none ({error}). "
                "Name the file's encoding with --encoding, or convert the file to UTF-8."
            ) from error

    def read(self) -> str:
        """Return the whole text, line ends included.

        Raises:
            CorpusError: The bytes are not in the encoding.
        """
        try:
            with self._open() as file:
                return self._finish(file.read()).removeprefix(BYTE_ORDER_MARK)
        except UnicodeError as error:
            raise CorpusError(
                f"{self.path}: expected text in {self.encoding}, got bytes that are none ({error}). "
                "Name the file's encoding with --encoding, or convert the file to UTF-8."
            ) from error

    def _open(self) -> TextIO:
        codec = "utf-8" if self.encoding == CESU_8 else self.encoding
        if self.encoding == CESU_8:
            errors = KEEP_OR_REPLACE if self.problems else "surrogatepass"
        else:
            errors = "replace" if self.problems else "strict"
        return self.path.open(encoding=codec, errors=errors, newline=self.newline)

    def _finish(self, text: str) -> str:
        return _join_surrogates(text) if self.encoding == CESU_8 else text


def open_text(path: Path, *, encoding: str = "auto") -> TextFile:
    """Return a text file with its encoding: the one that is named, else the one that its bytes show.

    Raises:
        CorpusError: There is no such file, or no such encoding.
    """
    if not path.is_file():
        raise CorpusError(
            f"{path}: expected a file, got {'a folder' if path.is_dir() else 'nothing there'}."
        )
    if encoding != "auto":
        if encoding.lower() == CESU_8:
            seen = _scan_lines(path)
            halves = (
                () if seen.invalid else tuple(seen.halves)
            )  # other bytes do not fit what was named
            return TextFile(path, CESU_8, _newline(path), halves)
        try:
            "a".encode(encoding)  # refuses codecs that are not of text, such as hex
        except (LookupError, ValueError) as error:
            raise CorpusError(
                f"unknown encoding {encoding!r}: --encoding expects 'auto', 'cesu-8' or one of Python's encodings "
                "of text, such as utf-16."
            ) from error
        return TextFile(path, encoding.lower(), _newline(path))
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(codecs.BOM_UTF8):
        return _detect_by_lines(path, is_marked=True)
    for mark, name in WIDE_MARKS:
        if head.startswith(mark):
            return TextFile(path, name, _newline(path))
    wide = _detect_wide(head) if b"\0" in head else None
    return TextFile(path, wide) if wide else _detect_by_lines(path)


def _detect_wide(head: bytes) -> str | None:
    """Return UTF-32 or UTF-16 for bytes that are zero where these have zeros, else None.

    UTF-32 has a zero in every fourth place, and beside it one in nearly every character.
    """
    first, second, third, fourth = (head[i::4] for i in range(4))
    few = len(head) // 5
    if not any(fourth) and third.count(0) > few:
        return "utf-32-le"
    if not any(first) and second.count(0) > few:
        return "utf-32-be"
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) > few:
        return "utf-16-le" if odd > even else "utf-16-be"
    return None


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


def _scan_lines(path: Path) -> _Scan:
    """Decode every line that is not ASCII as UTF-8, and tell what fails, and how."""
    seen = _Scan()
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                seen.n_valid += 1
            except UnicodeDecodeError:
                if _is_cesu_8(line):
                    seen.n_surrogates += 1
                    text = line.decode("utf-8", "surrogatepass")
                    if _join_surrogates(text).count("\ufffd") > text.count("\ufffd"):
                        seen.halves.append(
                            Problem("half of a character beyond U+FFFF, read as U+FFFD", number)
                        )
                else:
                    seen.invalid.append(number)
                seen.high.update(byte for byte in line if byte >= 0x80)  # noqa: PLR2004 - beyond ASCII
    return seen


def _detect_by_lines(path: Path, *, is_marked: bool = False) -> TextFile:
    """Return a file in the encoding that its lines show; one with UTF-8's byte order mark is UTF-8 or CESU-8."""
    seen = _scan_lines(path)
    newline = _newline(path)
    if is_marked or seen.n_valid + seen.n_surrogates > len(seen.invalid) or not seen.invalid:
        # Other encodings hardly ever look like UTF-8 or CESU-8: where few lines are invalid, these are damaged.
        damage = (*(Problem("bytes that are not UTF-8", n) for n in seen.invalid), *seen.halves)
        return TextFile(
            path,
            CESU_8 if seen.n_surrogates else "utf-8-sig" if is_marked else "utf-8",
            newline,
            damage,
        )
    undefined = {0x81, 0x8D, 0x8F, 0x90, 0x9D}  # in Windows-1252
    return TextFile(path, "latin-1" if seen.high & undefined else "cp1252", newline)


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
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _newline(path: Path) -> str:
    r"""Return "\r" for a file of old Mac lines, else "\n"."""
    with path.open("rb") as file:
        head = file.read(CHUNK)
    return "\r" if b"\n" not in head and b"\r" in head else "\n"
