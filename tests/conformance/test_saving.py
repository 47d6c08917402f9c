"""A component that is saved takes the place of an older one, whoever else has that in use."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spacy

from spacy_hf_ner.core import replacing
from spacy_hf_ner.errors import CheckpointError, OutputError
from spacy_hf_ner.model import network
from tests.checkpoints import make_checkpoint
from tests.conformance.kinds import Kind
from tests.conformance.pipelines import TEXTS, get_component, get_ner, make_pipeline, summarise
from tests.patience import PATIENCE_S

MAPS = Path("/proc/self/maps")


def forbid_to_rename_mapped_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have folders with a file that this process has mapped stay where they are, as on Windows."""
    rename = Path.rename

    def rename_unmapped(path: Path, target: Path) -> Path:
        if f"{path}{os.sep}" in MAPS.read_text(encoding="utf8"):
            raise PermissionError(errno.EACCES, "a file is mapped", str(path))
        return rename(path, target)

    monkeypatch.setattr(replacing, "_exchange", lambda *_: False)
    monkeypatch.setattr(Path, "rename", rename_unmapped)


@pytest.mark.skipif(not MAPS.exists(), reason="the system does not say what is mapped")
def test_where_mapped_files_are_locked_a_pipeline_is_saved_over_itself(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = kind.make_pipeline()
    expected = [summarise(doc) for doc in nlp.pipe(TEXTS)]
    nlp.to_disk(tmp_path / "mapped")
    nlp.to_disk(tmp_path / "left")
    forbid_to_rename_mapped_files(monkeypatch)
    # As on Linux: the weights stay mapped from their file, which then cannot be replaced.
    mapped = spacy.load(tmp_path / "mapped")
    with pytest.raises(OutputError, match=f"{kind.factory} cannot be written: Permission denied"):
        mapped.to_disk(tmp_path / "mapped")
    assert [summarise(doc) for doc in spacy.load(tmp_path / "mapped").pipe(TEXTS)] == expected
    # As on Windows: they leave their file when they are loaded.
    monkeypatch.setattr(network, "_LOCKS_MAPPED_FILES", True)
    loaded = spacy.load(tmp_path / "left")
    loaded.to_disk(tmp_path / "left")
    assert [summarise(doc) for doc in spacy.load(tmp_path / "left").pipe(TEXTS)] == expected


SAVING_PROCESS = """
import sys
import spacy

nlp = spacy.load(sys.argv[1])
for _ in range(10):
    nlp.get_pipe("hf_ner").to_disk(sys.argv[2], exclude=["vocab"])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody replace what others read")
def test_two_processes_save_to_one_folder(ner_checkpoint: Path, tmp_path: Path) -> None:
    make_pipeline(ner_checkpoint).to_disk(tmp_path / "saved")
    folders = [str(tmp_path / "saved"), str(tmp_path / "out")]
    command = [sys.executable, "-c", SAVING_PROCESS, *folders]
    processes = [subprocess.Popen(command) for _ in range(2)]  # noqa: S603
    assert [process.wait(timeout=PATIENCE_S) for process in processes] == [0, 0]
    ner = get_ner(make_pipeline("nowhere/at-all"))
    assert ner.from_disk(tmp_path / "out", exclude=["vocab"]).labels
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "saved"]


def test_a_component_whose_swap_was_cut_is_found_by_whoever_loads_next(
    kind: Kind, tmp_path: Path
) -> None:
    nlp = kind.make_pipeline()
    nlp.to_disk(tmp_path)
    scratch = tmp_path / f"{replacing.SCRATCH_PREFIX}12345678"
    (scratch / "old").mkdir(parents=True)
    shutil.copytree(tmp_path / kind.factory, scratch / "new" / kind.factory)
    (tmp_path / kind.factory).rename(scratch / "old" / kind.factory)
    loaded = spacy.load(tmp_path)
    assert get_component(loaded).labels == get_component(nlp).labels


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("cfg", b"\xff"),
        ("cfg", b"[]"),
        ("cfg", b'{"added_labels": [1]}'),
        ("cfg", b'{"calibration": {"temperature": "hot"}}'),
        ("model/model.safetensors", b"x"),
        ("model/tokenizer.json", b"{}"),
    ],
)
def test_a_component_that_is_read_over_stays_as_it_was_when_what_is_read_is_damaged(
    file: str, content: bytes, ner_checkpoint: Path, tmp_path: Path
) -> None:
    nlp = make_pipeline(ner_checkpoint)
    ner = get_ner(nlp)
    ner.add_label("EXTRA")
    expected = [summarise(doc) for doc in nlp.pipe(TEXTS)]
    make_pipeline(make_checkpoint(tmp_path / "other", labels=("O", "B-X", "I-X"))).to_disk(
        tmp_path / "saved"
    )
    (tmp_path / "saved" / "hf_ner" / file).write_bytes(content)
    with pytest.raises(ValueError, match=r"damaged|calibration") as caught:
        ner.from_disk(tmp_path / "saved" / "hf_ner")
    assert isinstance(caught.value, CheckpointError) or "calibration" in str(caught.value)
    assert "EXTRA" in ner.labels
    assert [summarise(doc) for doc in nlp.pipe(TEXTS)] == expected


def test_damaged_bytes_are_refused_in_a_sentence(kind: Kind) -> None:
    ner = get_component(kind.make_pipeline())
    packed = ner.to_bytes(exclude=["vocab"])
    for damaged in (
        b"",
        b"\xc1",
        packed[: len(packed) // 2],
        packed.replace(b"hf_ner", b"\xff" * 6),
    ):
        with pytest.raises(CheckpointError, match="is damaged"):
            ner.from_bytes(damaged, exclude=["vocab"])
