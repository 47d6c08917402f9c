"""A corpus, opened: which format each of its files is in.

These count, each before those below it:

1. The format that the user names. It is always obeyed, and an unknown one is always refused.
2. The format that claims a name or a folder as a whole: ``hf:NAME`` and what `save_to_disk` wrote
   are data sets; a folder with an ``.ann``, and the two files of such a pair, are brat's.
3. The ending of a file, where it belongs to one format alone.
4. The first lines of a text: the first format of the list that takes them. CoNLL, the last, takes
   them all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

from spacy_hf_ner.corpus.folders import (
    find_claimant,
    find_data_folder,
    find_format_by_suffix,
    group_parts,
    is_data,
    name_part,
    report_unread,
)
from spacy_hf_ner.corpus.format import Format
from spacy_hf_ner.corpus.formats import FORMATS
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.text_files import TextFile, open_text
from spacy_hf_ner.errors import ConfigError, CorpusError

__all__ = ["find_format", "list_format_names", "open_corpora", "open_corpus"]

AUTO: Final = "auto"
N_HEAD: Final = 200  # lines of a text that tell its format


def open_corpus(path: Path | str, options: ReadOptions, *, format_name: str = AUTO) -> Source:
    """Return a corpus in one part, such as a file or brat's folder, as a source of sentences.

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
    """Return the parts of a corpus by their names: files of a folder, splits, or one file.

    Args:
        name: A path, or ``hf:NAME`` for a data set on the hub.
        options: What the user says about the corpus.
        format_name: A format's name, or ``"auto"``.

    Raises:
        ConfigError: There is no such format, or it does not read what is named.
        CorpusError: The corpus cannot be read as what it claims to be.
        MissingExtraError: The format needs a library that is not installed.
    """
    named = _get_format(format_name) if format_name != AUTO else None
    # A format that the user names is the only one asked whether it claims the name.
    candidates = [named] if named is not None else FORMATS
    claimant = find_claimant(name, candidates)
    if claimant is not None:
        return _open_whole(claimant, name, options)
    path = Path(name)
    if not path.exists():
        raise _refuse_missing(name, named)
    if path.is_dir():
        return _open_folder(path, options, named)
    return {name_part(path): _open_file(path, options, named)}


def list_format_names() -> list[str]:
    """Return what the setting ``format`` may be, ``"auto"`` first."""
    return [AUTO, *sorted(known.name for known in FORMATS)]


def find_format(path: Path, options: ReadOptions) -> Format:
    """Return the format of a file: by its name if that tells, else by its first lines.

    Raises:
        CorpusError: There is no such file.
    """
    known = find_claimant(str(path)) or find_format_by_suffix(path)
    return known or _sniff_format(open_text(path, encoding=options.encoding))


def _get_format(name: str) -> Format:
    for known in FORMATS:
        if known.name == name:
            return known
    _, *names = list_format_names()
    raise ConfigError(
        f"unknown format {name!r}: expected {AUTO} or one of {', '.join(names)}.",
        settings=("format",),
    )


def _sniff_format(file: TextFile) -> Format:
    head: list[str] = []
    for _, line in islice(file.lines(), N_HEAD):
        if line.strip():
            head.append(line)
    for candidate in FORMATS:
        if candidate.sniff is not None and candidate.sniff(head):
            return candidate
    raise CorpusError(f"{file.path}: expected a text in some known format, got another.")


def _refuse_missing(name: str, named: Format | None) -> ConfigError | CorpusError:
    """Return the error on a name that is no path, or not in the format that the user names."""
    claimant = find_claimant(name)
    if named is not None and claimant is not None:
        return ConfigError(
            f'{name} can be read with format = "{claimant.name}" only, got "{named.name}". Leave '
            "the setting out, or name a file.",
            settings=("format",),
        )
    return CorpusError(f"{name}: expected a file or a folder, got nothing there. Check the path.")


def _open_whole(claimant: Format, name: str, options: ReadOptions) -> dict[str, Source]:
    assert claimant.open_whole is not None, "a format that claims a name opens it"
    sources = claimant.open_whole(name, options)
    files: list[Path] = []
    for source in sources.values():
        files += source.files
    folder = Path(name)
    if files and folder.is_dir():
        return _add_unread(sources, folder, files)
    return dict(sources)


def _open_folder(folder: Path, options: ReadOptions, named: Format | None) -> dict[str, Source]:
    files = sorted(file for file in folder.iterdir() if is_data(file, named))
    if not files:
        inner = find_data_folder(folder, named)
        format_name = AUTO if named is None else named.name
        return open_corpora(str(inner), options, format_name=format_name)
    sources: dict[str, Source] = {}
    for part, group in group_parts(files).items():
        if len(group) == 1:
            sources[part] = _open_file(group[0], options, named)
        else:
            sources[part] = _open_shards(part, group, options)
    return _add_unread(sources, folder, files)


def _open_shards(part: str, files: Sequence[Path], options: ReadOptions) -> Source:
    sharded = find_format_by_suffix(files[0])
    assert sharded is not None, "shards are told by their endings"
    assert sharded.open_files is not None, "only formats that open several files have shards"
    name = files[0].with_name(f"{part}-*{files[0].suffix}")
    return sharded.open_files(files, str(name), options)


def _open_file(path: Path, options: ReadOptions, named: Format | None) -> Source:
    known = named or find_format_by_suffix(path)
    if known is not None and known.open_files is not None:
        return known.open_files([path], str(path), options)
    if known is not None and known.open_whole is not None:
        (source,) = known.open_whole(str(path), options).values()
        return source
    # The encoding of a text is detected once, here: that may take a pass over the whole file.
    # What the formats read again is the text, to count its tags in constant memory, and once more
    # for each time that its sentences are asked for.
    text = open_text(path, encoding=options.encoding)
    known = known or _sniff_format(text)
    assert known.open_text is not None, "a format that sniffs texts opens them"
    return known.open_text(text, options)


def _add_unread(
    sources: Mapping[str, Source], folder: Path, files: Sequence[Path]
) -> dict[str, Source]:
    """Return the sources; the first reports files of the folder that look like data, unread."""
    first = next(iter(sources))
    origin = sources[first].origin
    problems = (*origin.problems, *report_unread(folder, files))
    source = replace(sources[first], origin=replace(origin, problems=problems))
    return {**sources, first: source}
