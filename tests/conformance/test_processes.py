"""Several processes, forked after the parent has predicted, or spawned; and several threads."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from spacy.language import Language

from tests.conformance.kinds import Kind
from tests.conformance.pipelines import TEXTS, make_pipeline, summarise
from tests.patience import PATIENCE_S

# Forking after a forward pass of torch can lead to a deadlock, which fails the test by its timeout.
PROGRAM = """
import multiprocessing
import sys

import spacy
import torch

TEXTS = {texts!r} * 4
TEXTS[3] *= 200  # enough for torch to use several threads, in the parent as in its children


def summarise(doc):
    scores = [round(score, 3) for score in doc.spans["hf_ner"].attrs["scores"]]
    return doc.text, [(ent.start, ent.end, ent.label_) for ent in doc.ents], scores


if __name__ == "__main__":
    torch.set_num_threads(2)
    nlp = spacy.load(sys.argv[1])
    alone = [summarise(doc) for doc in nlp.pipe(TEXTS)]
    assert any(entities for _, entities, _ in alone)
    for start_method in ("fork", "spawn"):
        multiprocessing.set_start_method(start_method, force=True)
        together = [summarise(doc) for doc in nlp.pipe(TEXTS, n_process=2, batch_size=12)]
        print(start_method, "the same" if together == alone else together)
    multiprocessing.set_start_method("fork", force=True)
    unused = spacy.blank("en")
    model = {{"name": sys.argv[1] + "/hf_ner/model", "precision": "fp32"}}
    unused.add_pipe("hf_ner", config={{"model": model}})
    together = [summarise(doc) for doc in unused.pipe(TEXTS, n_process=2, batch_size=12)]
    print("fork before the first use", "the same" if together == alone else together)
"""


@pytest.fixture(scope="module")
def report(ner_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the output of a program that predicts alone, then in two processes of each kind."""
    folder = tmp_path_factory.mktemp("processes")
    make_pipeline(ner_checkpoint).to_disk(folder / "pipeline")
    program = folder / "program.py"
    program.write_text(PROGRAM.format(texts=TEXTS), encoding="utf8")
    command = [sys.executable, str(program), str(folder / "pipeline")]
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        try:
            output, errors = run.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(
                run.pid, signal.SIGKILL
            )  # the children of a deadlock would outlive their parent
            raise
    assert run.returncode == 0, errors
    return output.splitlines()


@pytest.mark.parametrize("start_method", ["fork", "spawn", "fork before the first use"])
def test_two_processes_find_what_one_does_after_the_parent_has_predicted(
    start_method: str, report: list[str]
) -> None:
    assert f"{start_method} the same" in report


def test_threads_may_share_a_pipeline(kind: Kind) -> None:
    nlp = kind.make_pipeline()
    alone = [summarise(nlp(text)) for text in TEXTS]
    with ThreadPoolExecutor(max_workers=4) as threads:
        assert [summarise(doc) for doc in threads.map(nlp, TEXTS * 5)] == alone * 5


def test_threads_may_share_pipelines_from_their_first_use_on(kind: Kind) -> None:
    alone = summarise(kind.make_pipeline()(TEXTS[0]))
    start = Barrier(4)

    def use(nlp: Language) -> object:
        start.wait()
        return summarise(nlp(TEXTS[0]))

    with ThreadPoolExecutor(max_workers=4) as threads:
        for _ in range(5):
            shared, other = kind.make_pipeline(), kind.make_pipeline()
            assert list(threads.map(use, [shared, shared, shared, other])) == [alone] * 4
