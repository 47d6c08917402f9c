"""What ``to_bytes`` and ``to_disk`` of the component wrote, damaged.

What must hold: a refusal is a sentence and leaves the component as it was; what is not refused
reads a text, but for what only the first text can show.
"""

import copy
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import spacy
import srsly
import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from spacy_hf_ner.errors import HFNerError
from spacy_hf_ner.pipe.hf_ner import HFNer
from tests.checkpoints import make_checkpoint
from tests.fuzz.mutations import (
    ByteEdit,
    ValueEdit,
    byte_edits,
    edit_bytes,
    edit_json,
    edit_value,
    value_edits,
)
from tests.fuzz.target import REFUSED, Broken, Verdict, check_message

# What only shows at the first text: sums of finite weights that overflow in this one, and notes
# that say, as those of an encoder do, that nobody has trained a head.
LATE_REFUSALS: Final = ("NaN logits", "without a trained head")
TEXT: Final = "Angela Merkel met Tim Cook in San José."


@dataclass(frozen=True, slots=True)
class Case:
    """Saved bytes or a saved folder, and what is done to them.

    Attributes:
        part: What is damaged: all bytes, one part of them, or a file of the folder.
        content: Edits of bytes.
        values: Edits of values, where the part has some.
    """

    part: str
    content: tuple[ByteEdit, ...]
    values: tuple[ValueEdit, ...]


class SavedBytes:
    """A component that somebody calibrated, saved and damaged."""

    name: ClassVar[str] = "saved"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._checkpoint = make_checkpoint(folder / "checkpoint", num_hidden_layers=1)
        self._nlp = spacy.blank("xx")
        self._add_component()
        self._component.cfg["calibration"] = None
        self._bytes = self._component.to_bytes(exclude=["vocab"])
        self._disk = folder / "saved"
        self._component.to_disk(self._disk, exclude=["vocab"])
        self._files = sorted(
            path.relative_to(self._disk).as_posix()
            for path in self._disk.rglob("*")
            if path.is_file()
        )
        self._expected = self._predict()

    @property
    def _component(self) -> HFNer:
        component = self._nlp.get_pipe("hf_ner")
        assert isinstance(component, HFNer)
        return component

    def cases(self) -> SearchStrategy[Case]:
        """Return what draws a part and its damage."""
        parts = ["bytes", "bytes", "bytes:cfg", "bytes:cfg", "bytes:model", "tree", *self._files]
        return st.builds(
            Case, part=st.sampled_from(parts), content=byte_edits(), values=value_edits()
        )

    def check(self, case: Case) -> Verdict:
        """Read damaged bytes or a damaged folder into a component that works."""
        put_back = self._remember()
        try:
            self._read(case)
        except HFNerError as error:
            check_message(error)
            if self._predict() != self._expected:
                self._restore()
                raise Broken("a refusal leaves the component changed", str(error)) from error
            return Verdict(REFUSED)
        except BaseException:
            self._restore()
            raise
        try:
            return Verdict(self._check_reading())
        finally:
            put_back()

    def _check_reading(self) -> str:
        """Check that what was read predicts, and return how that ended."""
        try:
            self._predict()
        except HFNerError as error:
            check_message(error)
            self._check_weights()
            if not any(refusal in str(error) for refusal in LATE_REFUSALS):
                promise = "what was read without complaint cannot predict"
                raise Broken(promise, str(error)) from error
            return "read, and refused at the first text"
        return "read"

    def _read(self, case: Case) -> None:
        if case.part == "bytes":
            self._component.from_bytes(edit_bytes(self._bytes, case.content), exclude=["vocab"])
        elif case.part == "tree":
            tree = edit_value(srsly.msgpack_loads(self._bytes), case.values)
            self._component.from_bytes(_pack(tree), exclude=["vocab"])
        elif case.part.startswith("bytes:"):
            tree = srsly.msgpack_loads(self._bytes)
            name = case.part.partition(":")[2]
            tree[name] = _edit(tree[name], case)
            self._component.from_bytes(_pack(tree), exclude=["vocab"])
        else:
            with tempfile.TemporaryDirectory(dir=self._folder) as name:
                folder = Path(name, "saved")
                shutil.copytree(self._disk, folder)
                file = folder / case.part
                file.write_bytes(_edit(file.read_bytes(), case))
                self._component.from_disk(folder, exclude=["vocab"])

    def _predict(self) -> list[tuple[int, int, str, float]]:
        doc = self._nlp(TEXT)
        found = []
        for span in doc.spans["hf_ner"]:
            score = span._.score
            if not 0.0 <= score <= 1.0:
                raise Broken("a score is out of range", repr(score))
            found.append((span.start, span.end, span.label_, round(score, 4)))
        return found

    def _check_weights(self) -> None:
        """Check that what cannot predict has finite weights: others are refused before.

        Tables of embeddings aside, of which a text needs a few rows.
        """
        component: Any = self._component
        for module in component.classifier.shim.checkpoint.network.modules():
            if isinstance(module, torch.nn.Embedding):
                continue
            for name, weights in module.named_parameters(recurse=False):
                if not bool(torch.isfinite(weights).all()):
                    raise Broken("weights that are no numbers were read without complaint", name)

    def _remember(self) -> Callable[[], None]:
        """Return what puts back all that reading changes: to load it takes longer than a case."""
        component: Any = self._component
        cfg = copy.deepcopy(component.cfg)
        attributes = dict(component.__dict__)
        shim = component.classifier.shim
        checkpoint = shim.checkpoint

        def put_back() -> None:
            component.cfg.clear()
            component.cfg.update(cfg)
            component.__dict__.update(attributes)
            shim.checkpoint = checkpoint

        return put_back

    def _restore(self) -> None:
        """Have a component that works, whatever the last one went through."""
        self._nlp.remove_pipe("hf_ner")
        self._add_component()
        self._component.from_bytes(self._bytes, exclude=["vocab"])

    def _add_component(self) -> None:
        """Add a new component; a new pipeline would take longer than all the rest of a case."""
        model = {"name": str(self._checkpoint), "precision": "fp32", "mixed_precision": "none"}
        self._nlp.add_pipe("hf_ner", config={"model": model})


def _edit(content: bytes, case: Case) -> bytes:
    if case.values:
        try:
            return edit_json(content, case.values)
        except ValueError:
            pass  # not JSON
    return edit_bytes(content, case.content)


def _pack(tree: Any) -> bytes:
    try:
        packed: bytes = srsly.msgpack_dumps(tree)
    except (TypeError, ValueError, OverflowError, UnicodeError):
        return b"\x80"  # msgpack has no such value: an empty table
    return packed
