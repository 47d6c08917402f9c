"""A new user's first hour, with nothing but README and docs: each job by its documented command.

The jobs build on one another, as they do for a user: a fixture is a job whose result others need.
"""

import json
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_hf_ner.cli.encoder import MINILM, fetch_encoder
from tests.cli.boxes import unwrap
from tests.jobs.commands import ROOT, find_command, run_command

N_LINES = 700  # of the sample corpus, so that all takes a minute
SHORT = "--training.max_steps 12 --training.eval_frequency 12"
TEXTS = ["Ada Lovelace wrote to Charles Babbage in London.", "Nothing here."]
HF_NER = "python -m spacy hf-ner "


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what a user has: a corpus, texts, an encoder."""
    desk = tmp_path_factory.mktemp("desk")
    for part in ("train", "dev", "test"):
        source = ROOT / "corpus" / "sample" / f"{part}.conll"
        with source.open(encoding="utf8") as file:
            lines = "".join(islice(file, N_LINES))
        (desk / f"{part}.conll").write_text(lines, encoding="utf8")
    (desk / "texts.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf8")
    fetch_encoder(desk / "encoder", name=MINILM.name)
    return desk


@pytest.fixture(scope="module")
def converted(desk: Path) -> Path:
    for part in ("train", "dev"):
        run_command(find_command("README.md", f"{HF_NER}convert {part}.conll"), desk)
    run_command(f"{HF_NER}convert test.conll test.spacy", desk)
    return desk


@pytest.fixture(scope="module")
def configured(converted: Path) -> Path:
    command = find_command("README.md", f"{HF_NER}init-config")
    run_command(command, converted, {"FacebookAI/xlm-roberta-base": "encoder"})
    return converted


@pytest.fixture(scope="module")
def trained(configured: Path) -> Path:
    run_command(find_command("README.md", "python -m spacy train"), configured, more=SHORT)
    return configured


MODEL = "training/model-best"
NAMES = {"MODEL": MODEL, "DATA": "test.spacy", "DEV": "dev.spacy", "TEXTS": "texts.txt"}


def test_a_corpus_becomes_docs(converted: Path) -> None:
    docs = DocBin().from_disk(converted / "train.spacy").get_docs(spacy.blank("en").vocab)
    assert sum(len(doc.ents) for doc in docs) > 10


def test_the_config_is_complete_and_knows_the_data(configured: Path) -> None:
    shown = run_command("python -m spacy init fill-config config.cfg filled.cfg", configured)
    assert "base config is already complete" in unwrap(shown)
    config = spacy.util.load_config(configured / "config.cfg")
    assert (config["paths"]["train"], config["paths"]["dev"]) == ("train.spacy", "dev.spacy")
    assert config["training"]["max_steps"] >= 600


def test_training_leaves_a_pipeline_that_knows_the_types_of_the_data(trained: Path) -> None:
    nlp = spacy.load(trained / MODEL)
    docs = DocBin().from_disk(trained / "train.spacy").get_docs(nlp.vocab)
    types = {entity.label_ for doc in docs for entity in doc.ents}
    assert set(nlp.pipe_labels["hf_ner"]) == types


def test_a_pipeline_that_was_trained_goes_on_at_a_rate_that_works(trained: Path) -> None:
    optimizer = spacy.load(trained / MODEL).resume_training()
    for _ in range(3):
        assert optimizer.learn_rate == 2e-4
        optimizer.step_schedules()  # type: ignore[no-untyped-call]


def test_an_evaluation_is_printed(trained: Path) -> None:
    shown = run_command(find_command("docs/evaluation.md", f"{HF_NER}evaluate"), trained, NAMES)
    assert "micro average" in shown
    assert MODEL in unwrap(shown)


def test_an_evaluation_leaves_a_report(trained: Path) -> None:
    command = find_command("docs/commands.md", f"{HF_NER}evaluate")
    run_command(command, trained, {**NAMES, "DIR": "metrics"})
    names = {path.name for path in (trained / "metrics").iterdir()}
    assert {"metrics.json", "report.html"} <= names


def test_types_of_another_pipeline_are_renamed(trained: Path) -> None:
    other = spacy.blank("en")
    other.add_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": "Ada"}])  # type: ignore[attr-defined]
    other.to_disk(trained / "other")
    shown = run_command(f"{HF_NER}evaluate other test.spacy --label-map PERSON=PER", trained)
    assert "PERSON" not in shown.partition("micro average")[0]


def test_scores_are_calibrated(trained: Path) -> None:
    command = find_command("docs/commands.md", f"{HF_NER}calibrate")
    run_command(command, trained, {**NAMES, "OUTPUT": "calibrated"})
    assert spacy.load(trained / "calibrated").pipe_names == ["hf_ner"]


def test_pipelines_are_compared(trained: Path) -> None:
    command = find_command("docs/commands.md", f"{HF_NER}compare")
    run_command(command, trained, {**NAMES, "DIR": "compared"})
    rows = json.loads((trained / "compared" / "comparison.json").read_text(encoding="utf8"))
    assert len(rows) == 2


def test_entities_are_shown_on_a_page(trained: Path) -> None:
    command = find_command("docs/commands.md", f"{HF_NER}visualise")
    run_command(command, trained, {**NAMES, "FILE": "entities.html"})
    assert "<html" in (trained / "entities.html").read_text(encoding="utf8")


def test_texts_become_entities(trained: Path) -> None:
    command = find_command("docs/commands.md", f"{HF_NER}annotate")
    run_command(command, trained, {**NAMES, "OUTPUT": "entities.jsonl"})
    lines = (trained / "entities.jsonl").read_text(encoding="utf8").splitlines()
    assert [json.loads(line)["text"] for line in lines] == TEXTS


def test_texts_are_annotated_in_a_pipe(trained: Path) -> None:
    shown = run_command(f"{HF_NER}annotate {MODEL} -", trained, stdin="\n".join(TEXTS))
    assert [json.loads(line)["text"] for line in shown.splitlines()] == TEXTS


def test_a_pipeline_is_exported_to_onnx(trained: Path) -> None:
    pytest.importorskip("onnxscript")
    command = find_command("docs/commands.md", f"{HF_NER}export-onnx")
    run_command(command, trained, {**NAMES, "OUTPUT": "onnx"})
    assert spacy.load(trained / "onnx")(TEXTS[0]).has_annotation("ENT_IOB")


# spaCy's `package` leaves the files open that it has written.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_a_package_is_installed_in_another_environment(trained: Path) -> None:
    command = find_command("docs/commands.md", f"{HF_NER}package")
    shown = run_command(command, trained, {**NAMES, "DIR": "packages", "NAME": "hour"})
    assert shown.splitlines()[-1].startswith("pip install ")
    (wheel,) = (trained / "packages").glob("*.whl")
    target = trained / "site-packages"
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*install, "--target", target, wheel], check=True)  # noqa: S603 - our own wheel
    program = "import en_hour; print(en_hour.load().pipe_names)"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program],
        cwd=target,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{target}:{ROOT}", "PATH": "", "HF_HUB_OFFLINE": "1"},
    )
    assert done.stdout == "['hf_ner']\n"


def test_a_pipeline_learns_new_types(trained: Path) -> None:
    records = (
        '{"text": "Ada drank tea.", "entities": [{"start": 10, "end": 13, "label": "DRINK"}]}\n'
    )
    (trained / "new.jsonl").write_text(records * 20, encoding="utf8")
    run_command(f"{HF_NER}convert new.jsonl new.spacy", trained)
    command = HF_NER + find_command("docs/training.md", "hf-ner init-config").removeprefix(
        "hf-ner "
    )
    run_command(command, trained)
    run_command("python -m spacy train more.cfg --output more", trained, more=SHORT)
    old = spacy.load(trained / MODEL).pipe_labels["hf_ner"]
    new = spacy.load(trained / "more" / "model-last").pipe_labels["hf_ner"]
    assert set(new) == {"DRINK", *old}


def read_snippets(page: str, folder: Path) -> str:
    """Return the Python of a page, for a checkpoint and a pipeline that are at hand."""
    text = (ROOT / page).read_text(encoding="utf8")
    checkpoint = (folder / MODEL / "hf_ner" / "model").as_posix()
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    assert "dslim/bert-base-NER" in code
    loaded = 'spacy.load("en_core_web_sm", exclude=["ner"])'
    assert loaded in code
    sentences = "nlp = spacy.blank('en'); nlp.add_pipe('sentencizer')"
    code = code.replace(f"nlp = {loaded}", sentences)
    return code.replace("dslim/bert-base-NER", checkpoint)


def run_snippet(code: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {"texts": TEXTS}
    exec(code, names)  # noqa: S102 - a page of our own
    return names


def test_a_checkpoint_is_added_to_a_pipeline(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run_snippet(read_snippets("README.md", trained), trained, monkeypatch)
    assert capsys.readouterr().out.startswith("[")
    assert names["nlp"].pipe_names == ["sentencizer", "hf_ner"]


def test_a_checkpoint_is_read_in_batches_and_saved_whole(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = read_snippets("docs/start/published.md", trained)
    assert "nlp.pipe(texts)" in code
    run_snippet(code, trained, monkeypatch)
    assert spacy.load(trained / "my_pipeline").pipe_names == ["sentencizer", "hf_ner"]
