"""The converter, on real files of every format after a few edits.

Each case has a folder that already holds an older output and somebody else's file. What must hold:

- a refusal is a sentence, and leaves the folder as it was;
- a conversion changes its own output only, and its report counts what was written;
- what was written reads back with the same words and entities;
- rows of words are words of the output, or they are counted as repaired.
"""

import csv
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

import spacy
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spacy_hf_ner.corpus.columns import Columns, Task
from spacy_hf_ner.corpus.conversion import ConvertOptions, convert_corpus
from spacy_hf_ner.corpus.conversion_report import ConversionReport
from spacy_hf_ner.corpus.opening import list_format_names
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.errors import HFNerError
from tests.conftest import SHARED_DATA
from tests.fuzz.mutations import ByteEdit, ValueEdit, byte_edits, edit_bytes, edit_json, value_edits
from tests.fuzz.samples import SAMPLES
from tests.fuzz.target import REFUSED, Broken, Verdict, check_message

SAMPLE_CORPUS: Final = Path(__file__).parents[2] / "corpus" / "sample" / "dev.conll"
MAX_BYTES: Final = 200_000  # of a real file, from its beginning
MAX_RECORDS: Final = 10  # of a file that is one array
MAX_LINES: Final = 40  # of it in one case
SUFFIXES: Final = {".conll", ".conllu", ".csv", ".tsv", ".txt", ".json", ".jsonl", ".iob2"}
BINARY: Final = {".spacy", ".parquet", ".arrow"}

OURS: Final = "out"
OLD: Final = b"an older output"


@dataclass(frozen=True, slots=True)
class Case:
    """A file, what is done to it, and what is asked of the converter.

    Attributes:
        file: The name of the file.
        first_line: The first of the lines that are taken of it.
        n_lines: How many.
        edits: What is done to its bytes.
        values: What is done to its values before, if it is JSON.
        output: The ending of the output.
        format_name: The format that the user names.
        scheme: The scheme that the user names.
        task: What the user asks for.
        n_sents: The most sentences in a document.
        strict: Whether repairs are refused.
        split: Shares of the parts, for a folder.
    """

    file: str
    first_line: int
    n_lines: int
    edits: tuple[ByteEdit, ...]
    values: tuple[ValueEdit, ...]
    output: str
    format_name: str
    scheme: str
    task: Task
    n_sents: int
    strict: bool
    split: str


class Converter:
    """Real files of every format, edited."""

    name: ClassVar[str] = "converter"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = _collect_files(folder)

    def cases(self) -> SearchStrategy[Case]:
        """Return what draws a file, a few of its lines, edits and options."""
        # Most users name nothing; what is named wrongly is refused before anything is read.
        formats = ["auto"] * 60 + list_format_names()
        schemes = ["auto"] * 20 + ["IOB1", "IOB2", "IOBES", "bare"]
        tasks: list[Task] = ["ner", "ner", "ner", "ner", "ner", "ner", "pos", "chunk"]
        return st.builds(
            Case,
            file=st.sampled_from(sorted(self._files)),
            first_line=st.integers(0, 2_000),
            n_lines=st.integers(1, MAX_LINES),
            edits=byte_edits(),
            values=st.one_of(st.just(()), value_edits()),
            output=st.sampled_from([".spacy", ".conll", ".parquet", ""]),
            format_name=st.sampled_from(formats),
            scheme=st.sampled_from(schemes),
            task=st.sampled_from(tasks),
            n_sents=st.sampled_from([0, 0, 1, 3]),
            strict=st.sampled_from([False] * 9 + [True]),
            split=st.sampled_from(["", "", "80/10/10"]),
        )

    def check(self, case: Case) -> Verdict:
        """Convert one file."""
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            folder = Path(name)
            source = self._write_source(case, folder)
            output = _prepare_output(folder, case.output)
            before = _read_folder(folder)
            try:
                report = _convert(case, source, output)
            except HFNerError as error:
                check_message(error)
                _check_untouched(before, _read_folder(folder), "a refusal changes files")
                return Verdict(REFUSED)
            _check_written(case, source, output, before, report)
            return Verdict(f"converted {report.files[0].format}")

    def _write_source(self, case: Case, folder: Path) -> Path:
        """Write the edited file, with what belongs to it, and return its path."""
        content = self._files[case.file]
        suffix = Path(case.file).suffix
        if suffix not in BINARY and not case.file.endswith((".ann", ".json")):
            content = _take_lines(content, case.first_line, case.n_lines)
        if suffix == ".json":
            content = edit_json(content, case.values)
        content = edit_bytes(content, case.edits)
        path = folder / f"in{suffix}"
        path.write_bytes(content)
        if suffix == ".ann":
            path.with_suffix(".txt").write_bytes(self._files["brat.txt"])
        return path


def _collect_files(folder: Path) -> dict[str, bytes]:
    """Return the beginnings of files, by name: our own samples, and real data where it is."""
    files: dict[str, bytes] = {}
    for name, text in SAMPLES.items():
        files[name] = text.encode("utf8")
    files["sample.conll"] = SAMPLE_CORPUS.read_bytes()[:MAX_BYTES]
    files |= _make_binary_files(folder)
    if SHARED_DATA.is_dir():
        for path in sorted(SHARED_DATA.rglob("*")):
            if path.suffix in SUFFIXES and path.parent != SHARED_DATA:
                name = path.relative_to(SHARED_DATA).as_posix()
                files[name] = _read_beginning(path)
    return files


def _read_beginning(path: Path) -> bytes:
    with path.open("rb") as stream:
        beginning = stream.read(MAX_BYTES)
    if path.suffix != ".json":
        return beginning
    # One array, which is no JSON any more when it is cut.
    records = json.loads(path.read_bytes())[:MAX_RECORDS]
    return json.dumps(records).encode("ascii")


def _make_binary_files(folder: Path) -> dict[str, bytes]:
    """Return DocBins, parquet and arrow as programs of others write them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, words=["Tim", "Cook", "met", "Ann", "."], spaces=[True] * 3 + [False] * 2)
    doc.ents = [Span(doc, 0, 2, "PER"), Span(doc, 3, 4, "PER")]
    doc.spans["layers"] = [Span(doc, 0, 1, "GIVEN")]
    DocBin(docs=[doc, doc], store_user_data=True).to_disk(folder / "docs.spacy")
    table = pa.table(
        {
            "tokens": [["Tim", "met", "Ann"], ["Rome"]],
            "ner_tags": [["B-PER", "O", "B-PER"], ["B-LOC"]],
        }
    )
    pq.write_table(table, folder / "records.parquet")
    with (
        pa.OSFile(str(folder / "records.arrow"), "wb") as sink,
        pa.ipc.new_stream(sink, table.schema) as writer,
    ):
        writer.write_table(table)
    names = ("docs.spacy", "records.parquet", "records.arrow")
    return {name: (folder / name).read_bytes() for name in names}


def _take_lines(content: bytes, first: int, n_lines: int) -> bytes:
    lines = content.splitlines(keepends=True)
    start = first % max(len(lines), 1)
    return b"".join(lines[start : start + n_lines])


def _prepare_output(folder: Path, suffix: str) -> Path:
    """Return where to write, among files that are there already."""
    output_folder = folder / "output"
    output_folder.mkdir()
    (output_folder / "else.spacy").write_bytes(OLD)
    if not suffix:
        return output_folder
    output = output_folder / f"{OURS}{suffix}"
    output.write_bytes(OLD)
    return output


def _convert(case: Case, source: Path, output: Path) -> ConversionReport:
    options = ConvertOptions(
        format_name=case.format_name,
        n_sents=case.n_sents,
        split="" if case.output else case.split,
        strict=case.strict,
    )
    read = ReadOptions(lang="en", scheme=case.scheme, columns=Columns(task=case.task))
    return convert_corpus(str(source), output, read, options)


def _read_folder(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _check_untouched(before: dict[str, bytes], after: dict[str, bytes], promise: str) -> None:
    if before != after:
        changed = {name for name in before | after if before.get(name) != after.get(name)}
        raise Broken(promise, ", ".join(sorted(changed)))


def _check_written(
    case: Case, source: Path, output: Path, before: dict[str, bytes], report: ConversionReport
) -> None:
    """Check that the output is all that changed, and that it holds what the report counts."""
    after = _read_folder(output.parents[0] if case.output else output)
    prefix = "output/"
    others = {name: content for name, content in before.items() if not name.startswith(prefix)}
    _check_untouched(
        others,
        {name: content for name, content in _read_folder(source.parent).items() if name in others},
        "a conversion changes its source",
    )
    if after.get("else.spacy") != OLD:
        raise Broken("a conversion changes somebody else's file")
    written = {name for name in after if name != "else.spacy"}
    if case.output and written != {f"{OURS}{case.output}"}:
        raise Broken("a conversion leaves other files", ", ".join(sorted(written)))
    part_words = sum(part.n_words for part in report.parts.values())
    (file,) = report.files
    if file.n_words != part_words:
        raise Broken("the report counts other words for the file than for its parts")
    _check_rows(case, source, report)
    # A file without a word is no corpus to anybody who reads it.
    if case.task == "ner" and file.n_words:
        _check_read_back(case, output, report)


def _check_read_back(case: Case, output: Path, report: ConversionReport) -> None:
    """Check that what was written has the words and entities that the report counts."""
    (file,) = report.files
    n_words = 0
    entities: Counter[str] = Counter()
    if case.output in {".conll", ".parquet"}:
        again = output.with_name("again.spacy")
        try:
            (read,) = convert_corpus(str(output), again, ReadOptions(lang="en")).files
        except HFNerError as error:
            raise Broken(f"a {case.output} that was written is refused", str(error)) from error
        n_words = read.n_words
        entities = read.entities
    else:
        files = [output] if case.output else sorted(output.glob("*.spacy"))
        for path in files:
            if path.name == "else.spacy":
                continue
            for doc in DocBin().from_disk(path).get_docs(Vocab()):
                n_words += sum(not token.text.isspace() for token in doc)
                entities.update(ent.label_ for ent in doc.ents)
    if n_words != file.n_words:
        raise Broken(
            f"{case.output or 'a folder'} reads back with other words",
            f"{file.n_words} written, {n_words} read",
        )
    if +entities != +file.entities:
        raise Broken(
            f"{case.output or 'a folder'} reads back with other entities",
            f"{dict(file.entities)} written, {dict(entities)} read",
        )


def _check_rows(case: Case, source: Path, report: ConversionReport) -> None:
    """Check that no row of words got lost without being counted, by a plain count of rows."""
    (file,) = report.files
    if case.n_sents and case.split:
        return
    if file.format == "conll":
        n_rows = _count_rows(source)
    elif file.format == "csv":
        n_rows = _count_csv_rows(source)
    else:
        return
    if n_rows is None:
        return
    n_repaired = sum(repairs.count for repairs in file.repairs.values())
    n_header = 1
    if file.n_words + n_repaired + n_header < n_rows:
        raise Broken(
            f"rows of {file.format} are lost uncounted",
            f"{n_rows} rows, {file.n_words} words, {n_repaired} repaired",
        )


def _count_rows(source: Path) -> int | None:
    """Return how many rows surely hold a word; None for what is not plainly UTF-8."""
    try:
        text = source.read_bytes().decode("utf8")
    except UnicodeDecodeError:
        return None
    return sum(1 for _ in _find_rows(text))


def _find_rows(text: str) -> Iterator[str]:
    for line in text.replace("\r\n", "\n").split("\n"):
        is_comment = line.startswith(("#", "-DOCSTART-"))
        if line.strip() and not is_comment and "\x00" not in line:
            yield line


def _count_csv_rows(source: Path) -> int | None:
    try:
        with source.open(encoding="utf8", newline="") as stream:
            return sum(1 for row in csv.reader(stream) if any(cell.strip() for cell in row))
    except (UnicodeDecodeError, csv.Error):
        return None
