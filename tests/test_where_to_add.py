"""One of each is added to a copy of the package, as docs/architecture.md says, and used."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.checkpoints import make_checkpoint

PACKAGE = Path(__file__).resolve().parents[1] / "spacy_hf_ner"

# An entity is known by its last tag, which no scheme of the package does.
SCHEME_ROW = '    Scheme("TOY_IOE2", "I", "I", "E", "E", "I"),\n'

POOLING = '''
def take_toy(subwords: Subwords) -> torch.Tensor:
    """Return the log-probabilities of each unit's last subword. Shape: (n_units, n_tags)."""
    owned = torch.nonzero(subwords.owner >= 0)[:, 0]
    last = subwords.evidence.index_copy(0, subwords.owner[owned], owned)
    return normalize(subwords.logits[last])


'''

ENGINE = '''"""A toy engine: a script under another name."""

from spacy_hf_ner.model.engines.scripted import ScriptedEngine


class ToyEngine(ScriptedEngine):
    """Answers from a table."""

    name = "toy"
'''

FORMAT = '''"""A toy format: one sentence a line, words with a slash and their type."""

from collections.abc import Iterator, Sequence

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.format import Format
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.text_files import TextFile


def open_toy(file: TextFile, options: ReadOptions) -> Source:
    def read() -> Iterator[Sentence]:
        for _, line in file.lines():
            cells = [cell.partition("/") for cell in line.split()]
            spans = [TokenSpan(i, i + 1, type_) for i, (_, _, type_) in enumerate(cells) if type_]
            yield Sentence(tuple(word for word, _, _ in cells), tuple(spans))

    return Source(file.make_origin("toy"), read, has_documents=False)


def is_toy(head: Sequence[str]) -> bool:
    return head[0].endswith("/TOY")


TOY = Format(name="toy", suffixes=(".toy",), sniff=is_toy, open_text=open_toy)
'''

COMMAND = '''"""``hf-ner toy``: says that it was run."""

import typer


def toy() -> None:
    """Say a word."""
    typer.echo("toy was run")
'''

CHECK = '''"""Documents that say toy."""

from collections.abc import Iterator

from spacy_hf_ner.checking.findings import Finding
from spacy_hf_ner.checking.parts import CheckedData


def check_toys(data: CheckedData) -> Iterator[Finding]:
    """Yield a finding on toys."""
    n = sum("toy" in gold_doc.doc.text for _, _, gold_doc in data.docs())
    yield Finding("toys", "note", n, "A toy was found.", "Play.")
'''

# What a user writes: all settings are named in a config.
PROGRAM = """
import json, sys, spacy

found = {}
for aggregation in sys.argv[3:]:
    nlp = spacy.blank("en")
    model = {"name": sys.argv[1], "backend": "toy", "aggregation": aggregation}
    nlp.add_pipe("hf_ner", config={"scheme": "TOY_IOE2", "model": model})
    doc = nlp(sys.argv[2])
    found[aggregation] = [(ent.text, ent.label_, ent._.score) for ent in doc.ents]
print(json.dumps(found))
"""

# What `python -m spacy` does, for one command after the other: spaCy takes seconds to start.
COMMANDS = """
import contextlib, io, json, sys
from spacy.cli import app
from spacy.util import registry
from typer.main import get_command

registry.cli.get_all()
printed = []
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as output:
        get_command(app).main(["hf-ner", *arguments], standalone_mode=False)
    printed.append(output.getvalue())
print(json.dumps(printed))
"""


def insert(path: Path, text: str, *, before: str) -> None:
    """Insert text before the only place in a file where something stands."""
    source = path.read_text(encoding="utf8")
    assert source.count(before) == 1, f"{path.name}: {before!r}"
    path.write_text(source.replace(before, text + before), encoding="utf8")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a copy of the package, to which one of each was added."""
    root = tmp_path_factory.mktemp("house")
    package = root / "spacy_hf_ner"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))

    # a tag scheme: a row
    insert(package / "core/schemes.py", SCHEME_ROW, before=")\n# fmt: on")

    # a way to pool subwords: a function in the table
    aggregation = package / "model/reading/aggregation.py"
    insert(aggregation, POOLING, before="AGGREGATIONS: dict[")
    insert(aggregation, '    "toy_last": take_toy,\n', before='    "max": take_max,\n')

    # an engine: a file, named in the table
    (package / "model/engines/toy.py").write_text(ENGINE, encoding="utf8")
    line = '    "toy": "spacy_hf_ner.model.engines.toy:ToyEngine",\n'
    insert(package / "model/engines/table.py", line, before='    "onnx": "spacy_hf_ner')

    # a corpus format: a file, named in the list
    (package / "corpus/formats/toy.py").write_text(FORMAT, encoding="utf8")
    formats = package / "corpus/formats/__init__.py"
    insert(formats, "from spacy_hf_ner.corpus.formats.toy import TOY\n", before="\n__all__")
    insert(formats, "    TOY,\n", before="    CONLL,\n]")

    # a command: a file, and its line in the app
    (package / "cli/toy.py").write_text(COMMAND, encoding="utf8")
    app = package / "cli/app.py"
    insert(app, "from spacy_hf_ner.cli import toy\n", before="from spacy_hf_ner.cli.flags")
    insert(app, 'app.command("toy")(toy.toy)\n', before='app.command("encoder"')

    # a check of data: a file, and its line in the list
    (package / "checking/checks/toys.py").write_text(CHECK, encoding="utf8")
    checks = package / "checking/checks/__init__.py"
    line = "from spacy_hf_ner.checking.checks.toys import check_toys\n"
    insert(checks, line, before="from spacy_hf_ner.checking.findings")
    insert(checks, "    check_toys,\n", before="    check_few_examples,\n")
    return root


def run(house: Path, program: str, *arguments: str | Path) -> Any:
    """Return the JSON that a program prints, with the copy in place of the package."""
    # A path in front of all others; the entry points are those of the installed package.
    environment = os.environ | {"PYTHONPATH": str(house), "COLUMNS": "200"}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    finished = subprocess.run(  # noqa: S603 - our own program
        command, env=environment, capture_output=True, text=True, check=False, cwd=house
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    return json.loads(finished.stdout)


@pytest.fixture
def scripted_folder(tmp_path: Path) -> Path:
    """Return a checkpoint whose subwords are labelled by hand: the last one of a word decides."""
    labels = ["O", "I-PER", "E-PER"]
    folder = make_checkpoint(tmp_path / "checkpoint", labels=labels)
    stored = json.loads((folder / "tokenizer.json").read_text(encoding="utf8"))
    ids: dict[str, int] = stored["model"]["vocab"]

    outside, inside, last = [9.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0]
    logits = dict.fromkeys(ids.values(), outside)
    # Each word is written as two letters, which the tokenizer of tests/checkpoints.py knows.
    logits[ids["##b"]] = inside
    logits[ids["##c"]] = last
    script = {"n_tags": 3, "max_subwords": 64, "logits": logits}
    (folder / "scripted.json").write_text(json.dumps(script), encoding="utf8")
    return folder


def test_a_scheme_a_pooling_and_an_engine_are_named_in_a_config(
    house: Path, scripted_folder: Path
) -> None:
    found = run(house, PROGRAM, scripted_folder, "xb yc zc x", "first", "toy_last")
    assert found["first"] == []
    # I E E: the second entity touches the first, and is told from it by its last tag
    texts = [(text, entity_type) for text, entity_type, _ in found["toy_last"]]
    assert texts == [("xb yc", "PER"), ("zc", "PER")]
    assert all(score > 0.9 for *_, score in found["toy_last"])


def test_a_format_is_detected_listed_and_converted_and_a_command_is_run(
    house: Path, tmp_path: Path
) -> None:
    source = tmp_path / "train.toy"
    source.write_text("Angela/TOY met Tim/PER\n", encoding="utf8")
    # Its first lines tell the format of a file whose ending says nothing.
    unnamed = tmp_path / "train.data"
    unnamed.write_text("met Angela/TOY\n", encoding="utf8")
    data = tmp_path / "data.conll"
    data.write_text("a O\ntoy O\nAnn B-PER\n\n", encoding="utf8")
    commands = [
        ["convert", "--help"],
        ["convert", str(source), str(tmp_path / "train.conll")],
        ["convert", str(unnamed), str(tmp_path / "again.conll")],
        ["toy"],
        ["check", str(data)],
    ]
    help_text, _, _, toy_text, check_text = run(house, COMMANDS, json.dumps(commands))
    assert "toy" in help_text
    written = (tmp_path / "train.conll").read_text(encoding="utf8")
    assert "Angela\t_\t_\tB-TOY\nmet\t_\t_\tO\nTim\t_\t_\tB-PER\n" in written
    assert "Angela\t_\t_\tB-TOY" in (tmp_path / "again.conll").read_text(encoding="utf8")
    assert "toy was run" in toy_text
    assert "A toy was found. Play." in check_text
