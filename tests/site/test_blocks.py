"""Every block of the pages that tell a reader what to do is run, in the order of its page.

It takes long: ``make docs-test`` does it. Pages that only show what there is, such as those of all
formats or of clusters, have tests of their own; ``test_pages.py`` looks at all of them.
"""

import os
import shlex
import shutil
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import spacy

from spacy_hf_ner.cli.encoder import MINILM, fetch_encoder
from tests.jobs.commands import PROGRAM, ROOT, run_command
from tests.site.blocks import Block, read_blocks, read_commands

pytestmark = [
    pytest.mark.skipif("RUN_PAGES" not in os.environ, reason="slow: make docs-test runs it"),
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
]

PAGES = [
    "README.md",
    "docs/index.md",
    *[path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs/start").glob("*.md"))],
    *[path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs/coming").glob("*.md"))],
    "docs/few-labels.md",
    "docs/long-documents.md",
    "docs/publishing.md",
    "docs/scores.md",
]
N_LINES = 700  # of the sample corpus
SHORT = "--training.max_steps 12 --training.eval_frequency 12"
TEXTS = ["Ada Lovelace wrote to Charles Babbage in London.", "Nothing here."]
HF_NER = "python -m spacy hf-ner "
MODEL = "training/model-best"

# What needs a network, and is looked at elsewhere: .ci/run installs, and nothing uploads.
FOREIGN = ("pip", "hf", "make", "curl")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what a reader has after the start pages: a corpus, an encoder, a trained pipeline."""
    desk = tmp_path_factory.mktemp("desk")
    for part in ("train", "dev", "test"):
        source = ROOT / "corpus" / "sample" / f"{part}.conll"
        with source.open(encoding="utf8") as file:
            lines = "".join(islice(file, N_LINES))
        (desk / f"{part}.conll").write_text(lines, encoding="utf8")
        run_command(f"{HF_NER}convert {part}.conll {part}.spacy", desk)
    (desk / "texts.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf8")
    fetch_encoder(desk / "encoder", name=MINILM.name)
    config = "config.cfg --encoder encoder --train train.spacy --dev dev.spacy"
    run_command(f"{HF_NER}init-config {config}", desk)
    train = "python -m spacy train config.cfg --output training"
    run_command(train, desk, more="--training.max_steps 60 --training.eval_frequency 60")
    shutil.copytree(desk / MODEL / "hf_ner" / "model", desk / "checkpoint")
    spacy.load(desk / MODEL).to_disk(desk / "my_pipeline")
    (desk / "config.cfg").unlink()  # pages write it, and would not write over one
    return desk


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(
    page: str, desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "desk"
    shutil.copytree(desk, folder)
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {"texts": TEXTS}
    for block in read_blocks(ROOT / page):
        if block.skipped:
            continue
        if block.language == "python":
            exec(replace_names(block.code), names)  # noqa: S102 - a page of our own
        elif block.language == "bash":
            run_shell(block, folder)


def replace_names(code: str) -> str:
    """Return code with checkpoints and pipelines that are at hand."""
    for name in ("dslim/bert-base-NER", "path/to/checkpoint"):
        code = code.replace(name, "checkpoint")
    return code.replace('spacy.load("en_core_web_sm", exclude=["ner"])', 'spacy.blank("en")')


def run_shell(block: Block, folder: Path) -> None:
    encoders = ("FacebookAI/xlm-roberta-base", "bert-base-cased", "almanach/camembert-bio-base")
    known = dict.fromkeys(encoders, "encoder") | {
        "dslim/bert-base-NER": "checkpoint",
        "MODEL": MODEL,
        "DATA": "test.spacy",
        "DEV": "dev.spacy",
        "TEXTS": "texts.txt",
        "OUTPUT": "output",
        "DIR": "folder",
        "FILE": "file.html",
        "NAME": "ours",
        "recall=0.9": "recall=0.05",  # what so short a training can reach
    }
    for words in read_commands(block):
        if words[0] in FOREIGN:
            continue
        arguments = ["hf-ner", *words[1:]] if words[0] == "hf-ner" else words[3:]
        assert words[0] == "hf-ner" or words[:3] == ["python", "-m", "spacy"], (block.page, words)
        more = SHORT if "train" in arguments[:2] else ""
        run_command(f"{PROGRAM}{shlex.join(arguments)}", folder, known, more=more)
