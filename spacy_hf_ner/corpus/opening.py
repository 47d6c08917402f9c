"""A corpus, opened: which format each of its files is in.

These count, the first before the second and so on:

1. The format that the user names. It is always obeyed, and an unknown one always refused.
2. The format that claims a name or a folder as a whole: ``hf:`` and folders that `save_to_disk` wrote are data sets,
   folders with an ``.ann`` and its pairs of files are brat's. The first of the list counts.
3. The ending of a file, where it belongs to one format alone.
4. The first lines of a text: the first format of the list to which they look right. CoNLL, the last, takes them all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

from spacy_hf_ner.corpus.folders import (
    find_data_folder,
    format_of_suffix,
    group_parts,
    list_files,
    name_part,
    report_unread,
)
from spacy_hf_ner.corpus.format import Format
from spacy_hf_ner.corpus.formats import FORMATS
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.text_files import TextFile, open_text
from spacy_hf_ner.errors import ConfigError, CorpusError

__all__ = ["find_format", "get_format", "open_corpora", "open_corpus"]

AUTO: Final = "auto"
N_HEAD: Final = 200  # lines of a text that tell its format


def open_corpus(path: Path | str, options: ReadOptions, *, format_name: str = AUTO) -> Source:
    """Return a corpus in one part, such as one file or one folder of brat annotations, as a source of sentences.

    Raises:
        ConfigError: There is no such format.
        CorpusError: The corpus is not in the format, or has several parts.
        MissingExtraError: The format needs a library that is not installed.
    """
    sources = open_corpora(str(path), options, format_name=format_name)
    if len(sources) > 1:
        raise CorpusError(
            f"{path}: expected a corpus in one part, got {', '.join(sources)}. Name one of them."
        )
    return next(iter(sources.values()))


def open_corpora(name: str, options: ReadOptions, *, format_name: str = AUTO) -> dict[str, Source]:
    """Return the parts of a corpus by their names: the files of a folder, the splits of a data set, or one file.

    Args:
        name: A path, or ``hf:NAME`` for a data set on the hub.
        options: What the user says about the corpus.
        format_name: A format's name, or ``"auto"``.

    Raises:
        ConfigError: There is no such format, or it cannot read such a name.
        CorpusError: The corpus cannot be read as what it claims to be.
        MissingExtraError: The format needs a library that is not installed.
    """
    named = None if format_name == AUTO else get_format(format_name)
    claimant = find_claimant(name, FORMATS if named is None else [named])
    if claimant is not None and claimant.open_whole is not None:
        sources = dict(claimant.open_whole(name, options))
        return _report_files_beside(sources, Path(name))
    path = Path(name)
    _check_place(path, named)
    if path.is_dir():
        return _open_folder(path, options, named)
    return {name_part(path): _open_file(path, options, named)}


def get_format(name: str) -> Format:
    """Return the format of a name.

    Raises:
        ConfigError: There is none.
    """
    for known in FORMATS:
        if known.name == name:
            return known
    names = ", ".join(sorted(known.name for known in FORMATS))
    raise ConfigError(
        f"unknown format {name!r}: expected {AUTO} or one of {names}.", settings=("format",)
    )


def find_claimant(name: str, formats: Sequence[Format]) -> Format | None:
    """Return the first format that reads this name as a whole, or None."""
    for candidate in formats:
        if candidate.claims is not None and candidate.claims(name):
            return candidate
    return None


def find_format(path: Path, options: ReadOptions) -> Format:
    """Return the format of a file: by its name if that tells, else by its first lines.

    Raises:
        CorpusError: There is no such file.
    """
    known = find_claimant(str(path), FORMATS) or format_of_suffix(path)
    return known or sniff_format(open_text(path, encoding=options.encoding))


def sniff_format(file: TextFile) -> Format:
    """Return the format that the first lines of a text are in."""
    head = [line for _, line in islice(file.lines(), N_HEAD) if line.strip()]
    for candidate in FORMATS:
        if candidate.sniff is not None and candidate.sniff(head):
            return candidate
    raise CorpusError(f"{file.path}: expected a text in a known format, got another. Name it.")


def _check_place(path: Path, named: Format | None) -> None:
    """Refuse what is not there, and what the named format cannot read as such."""
    if path.exists():
        return
    claimant = find_claimant(str(path), FORMATS)
    if named is not None and claimant is not None:
        raise ConfigError(
            f"{path} is in the format {claimant.name}, got the format {named.name}. Leave it out.",
            settings=("format",),
        )
    raise CorpusError(f"{path}: expected a file or a folder, got nothing there. Check the path.")


def _open_folder(folder: Path, options: ReadOptions, named: Format | None) -> dict[str, Source]:
    files = list_files(folder, named)
    if not files:
        inner = find_data_folder(folder, named)
        return open_corpora(str(inner), options, format_name=AUTO if named is None else named.name)
    sources = {
        part: _open_part(part, group, options, named) for part, group in group_parts(files).items()
    }
    return _add_unread(sources, folder, files)


def _open_part(part: str, files: list[Path], options: ReadOptions, named: Format | None) -> Source:
    if len(files) == 1:
        return _open_file(files[0], options, named)
    shared = files[0].with_name(f"{part}-*{files[0].suffix}")
    chosen = named or find_format(files[0], options)
    assert chosen.open_files is not None
    return chosen.open_files(files, str(shared), options)


def _open_file(path: Path, options: ReadOptions, named: Format | None) -> Source:
    """Return a file as a source; the encoding of a text is detected once, and its first lines are read once."""
    chosen = named or format_of_suffix(path)
    if chosen is not None and chosen.open_files is not None:
        return chosen.open_files([path], str(path), options)
    if chosen is not None and chosen.open_whole is not None:
        (source,) = chosen.open_whole(str(path), options).values()
        return source
    text = open_text(path, encoding=options.encoding)
    if chosen is None:
        chosen = sniff_format(text)
    assert chosen.open_text is not None
    return chosen.open_text(text, options)


def _report_files_beside(sources: dict[str, Source], folder: Path) -> dict[str, Source]:
    files = [file for source in sources.values() for file in source.files]
    return _add_unread(sources, folder, files) if files and folder.is_dir() else sources


def _add_unread(
    sources: Mapping[str, Source], folder: Path, files: Sequence[Path]
) -> dict[str, Source]:
    """Add to the first source that some files of the folder look like a corpus and are not read."""
    unread = report_unread(folder, files)
    first = next(iter(sources))
    problems = (*sources[first].problems, *unread)
    return {**sources, first: replace(sources[first], problems=problems)}
