"""Checkpoint folders whose files are damaged, exchanged, missing or too many.

What must hold: a refusal is a sentence; what is not refused reads a text, or refuses to; and
nothing that lies in the folder is run.
"""

import json
import pickle
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import spacy
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from spacy.language import Language

from spacy_hf_ner.errors import HFNerError
from tests.checkpoints import make_checkpoint
from tests.fuzz.mutations import (
    ByteEdit,
    ValueEdit,
    byte_edits,
    edit_bytes,
    edit_json,
    value_edits,
)
from tests.fuzz.target import REFUSED, Broken, Verdict, check_message

TEXT: Final = "Angela Merkel met Tim Cook in San José."
MARKER: Final = "somebody-was-here"
SMALLEST: Final[dict[str, Any]] = {"num_hidden_layers": 1, "hidden_size": 8, "intermediate_size": 8}
FIXTURES: Final = Path(__file__).parents[1] / "fixtures"

# What others put into a folder: by name, what it says.
EXTRA: Final[dict[str, bytes]] = {
    "adapter_config.json": b'{"peft_type": "LORA", "base_model_name_or_path": "../other"}',
    "adapter_model.safetensors": b"\x02\x00\x00\x00\x00\x00\x00\x00{}",
    "config.4.0.0.json": b'{"model_type": "bert", "num_labels": 10000000000}',
    "model.safetensors.index.json": b'{"weight_map": {"a": "../../other/model.safetensors"}}',
    "pytorch_model.bin.index.json": b'{"weight_map": {"a": "weights.bin"}}',
    "generation_config.json": b"[1]",
    "special_tokens_map.json": b'{"unk_token": {"content": 1}}',
    "added_tokens.json": b'{"a": 10000000000}',
    "vocab_extra.txt": b"a",
    "modeling_evil.py": f"open({MARKER!r}, 'w')".encode(),
    "chat_template.jinja": b"{{ 1/0 }}",
    "tf_model.h5": b"",
    "spacy_hf_ner.json": b'{"version": 99}',
}


# Damage of what is inside of files comes twice as often.
KINDS: Final = (
    "values", "values", "bytes", "bytes", "remove", "empty", "folder", "exchange", "extra",
    "pickle",
)  # fmt: skip


class _Evil:
    """Writes a file when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return _write_marker, (MARKER,)


def _write_marker(name: str) -> None:
    Path(tempfile.gettempdir(), name).write_text("", encoding="utf8")


EVIL: Final = pickle.dumps(_Evil())


@dataclass(frozen=True, slots=True)
class FileEdit:
    """What is done to one file of a folder.

    Attributes:
        kind: What.
        file: Which, as an index of the folder's files.
        content: Edits of its bytes.
        values: Edits of its values, if it is JSON.
        other: A file that takes its place, or a name of those that others put there.
    """

    kind: Literal["bytes", "values", "remove", "empty", "folder", "exchange", "extra", "pickle"]
    file: int
    content: tuple[ByteEdit, ...]
    values: tuple[ValueEdit, ...]
    other: int


@dataclass(frozen=True, slots=True)
class Case:
    """A folder and what is done to it.

    Attributes:
        base: Which folder.
        edits: What is done to its files.
        settings: Model settings of the user.
    """

    base: str
    edits: tuple[FileEdit, ...]
    settings: tuple[tuple[str, Any], ...]


class CheckpointFolders:
    """Folders of tiny checkpoints, damaged."""

    name: ClassVar[str] = "checkpoints"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bases = _make_bases(folder)
        self._nlp = spacy.blank("xx")  # to make one takes longer than all the rest of a case

    def cases(self) -> SearchStrategy[Case]:
        """Return what draws a folder and its damage."""
        edit = st.builds(
            FileEdit,
            kind=st.sampled_from(KINDS),
            file=st.integers(0, 15),
            content=byte_edits(),
            values=value_edits(),
            other=st.integers(0, 15),
        )
        settings = st.sampled_from(
            [(), (), (), (("allow_pickle", True),), (("mark_case", True),), (("window", 8),)]
        )
        return st.builds(
            Case,
            base=st.sampled_from(sorted(self._bases)),
            edits=st.lists(edit, min_size=1, max_size=2).map(tuple),
            settings=settings,
        )

    def check(self, case: Case) -> Verdict:
        """Load a damaged folder, and read a text with it."""
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            folder = Path(name, "checkpoint")
            shutil.copytree(self._bases[case.base], folder)
            for edit in case.edits:
                damage(folder, edit)
            model = {"name": str(folder), **dict(case.settings)}
            if case.base == "onnx":
                model["backend"] = "onnx"
            verdict = _read_text(self._nlp, model)
            for place in (Path(tempfile.gettempdir()), folder, Path.cwd()):
                if (place / MARKER).exists():
                    (place / MARKER).unlink()
                    raise Broken("code of a checkpoint was run")
            return verdict


def _read_text(nlp: Language, model: dict[str, Any]) -> Verdict:
    """Read a text with a new component that has a checkpoint."""
    try:
        nlp.add_pipe("hf_ner", config={"model": model})
        doc = nlp(TEXT)
    except HFNerError as error:
        check_message(error)
        return Verdict(REFUSED)
    finally:
        if nlp.has_pipe("hf_ner"):
            nlp.remove_pipe("hf_ner")
    for span in doc.spans["hf_ner"]:
        if not 0.0 <= span._.score <= 1.0:
            raise Broken("a score is out of range", repr(span._.score))
    return Verdict("read")


def _make_bases(folder: Path) -> dict[str, Path]:
    """Return whole checkpoint folders of each kind, by name."""
    bases = {
        "bert": make_checkpoint(folder / "bert", **SMALLEST),
        "roberta": make_checkpoint(folder / "roberta", family="roberta", **SMALLEST),
        "unigram": make_checkpoint(folder / "unigram", family="xlm-roberta", **SMALLEST),
        "ours": FIXTURES / "hf_token_classifier" / "hf_ner" / "model",
        "sharded": _shard(folder / "bert", folder / "sharded"),
    }
    if _has_onnxruntime():
        bases["onnx"] = FIXTURES / "onnx" / "hf_ner" / "model"
    return bases


def _has_onnxruntime() -> bool:
    from importlib.util import find_spec

    return find_spec("onnxruntime") is not None


def _shard(source: Path, folder: Path) -> Path:
    """Return a copy of a checkpoint whose weights lie in two files with an index."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(source, folder)
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(weights)
    half = len(names) // 2
    weight_map = {}
    for i, part in enumerate((names[:half], names[half:]), start=1):
        file = f"model-{i:05d}-of-00002.safetensors"
        save_file({name: weights[name] for name in part}, folder / file, {"format": "pt"})
        weight_map.update(dict.fromkeys(part, file))
    index = {"metadata": {"total_size": 1}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf8")
    return folder


def damage(folder: Path, edit: FileEdit) -> None:
    """Do to a folder what one edit says."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    extra = list(EXTRA.items())
    if edit.kind == "extra":
        name, content = extra[edit.other % len(extra)]
        (folder / name).write_bytes(content)
        return
    if not files:
        return
    path = files[edit.file % len(files)]
    if edit.kind == "pickle":
        path.unlink()
        (folder / "pytorch_model.bin").write_bytes(EVIL)
    elif edit.kind == "exchange":
        shutil.copyfile(files[edit.other % len(files)], folder / "other")
        (folder / "other").replace(path)
    elif edit.kind in {"remove", "folder"}:
        path.unlink()
        if edit.kind == "folder":
            path.mkdir()
    else:
        path.write_bytes(_edit_content(path, edit))


def _edit_content(path: Path, edit: FileEdit) -> bytes:
    content = path.read_bytes()
    if edit.kind == "empty":
        return b""
    if edit.kind == "values":
        try:
            return edit_json(content, edit.values)
        except ValueError:
            pass  # not JSON, or not any more
    return edit_bytes(content, edit.content)
