"""The notebooks: always as they are shown, and run from top to bottom by ``make docs-test``."""

import ast
import json
import os
import shutil
from pathlib import Path

import pytest

from spacy_hf_ner.cli.encoder import MINILM, fetch_encoder
from tests.checkpoints import make_checkpoint

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
N_LINES = 700  # of the sample corpus


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs_and_is_python(path: Path) -> None:
    for cell in json.loads(path.read_text(encoding="utf8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        lines = "".join(cell["source"]).splitlines()
        ast.parse("\n".join(line for line in lines if not line.startswith(("!", "%"))))


@pytest.mark.skipif("RUN_PAGES" not in os.environ, reason="slow: make docs-test runs it")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat
    from nbclient import NotebookClient

    folder = tmp_path / "notebooks"
    (folder / "work").mkdir(parents=True)
    corpus = tmp_path / "corpus" / "sample"
    shutil.copytree(ROOT / "corpus" / "sample", corpus)
    for file in corpus.glob("*.conll"):
        lines = file.read_text(encoding="utf8").splitlines(keepends=True)
        file.write_text("".join(lines[:N_LINES]), encoding="utf8")
    fetch_encoder(folder / "work" / "encoder", name=MINILM.name)
    make_checkpoint(folder / "checkpoint")
    text = path.read_text(encoding="utf8").replace("dslim/bert-base-NER", "./checkpoint")
    short = "--output work/training --training.max_steps 12 --training.eval_frequency 12"
    text = text.replace("--output work/training", short)
    text = text.replace("!python -m spacy hf-ner encoder work/encoder\\n", "")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.reads(text, as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=900, resources=resources).execute()
    shown = json.dumps(notebook.cells)
    assert "entity" in shown or "<mark" in shown, "displaCy has drawn nothing"
