"""Writes in every way that the package knows, in children that can be killed at any moment.

Importing takes seconds, writing milliseconds: so a child is forked from a process that has imported
and loaded everything, and a kill at a random moment hits what it is meant to hit. Run as
``python -m tests.interruptions.worker FOLDER``; requests and answers are lines of JSON::

    {"way": "pipeline", "kill_after": 0.02}
    {"code": -9, "output": "", "seconds": 0.02, "problem": null}
"""

import contextlib
import io
import json
import os
import resource
import signal
import sys
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import spacy
import torch
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.util import load_config
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app
from spacy_hf_ner.core import replacing
from spacy_hf_ner.core.outputs import replace_pipeline
from spacy_hf_ner.core.replacing import add_to_folder, replace_folder, write_file
from spacy_hf_ner.evaluation.pipelines import load_pipeline
from spacy_hf_ner.model.network import load_network
from spacy_hf_ner.model.notes import is_saved_model_file
from spacy_hf_ner.pipe.calibration import Calibration
from spacy_hf_ner.runs.training_run import RunFolder
from tests.checkpoints import make_checkpoint
from tests.conformance.pipelines import TEXTS, get_checkpoint, get_ner, make_pipeline
from tests.runs.small_run import make_config

N_LINES = 20_000  # of a file that is large enough to be cut
LINES = [text for text in TEXTS if text.strip()]  # a text is a line


class Workplace:
    """What the ways of writing need, loaded before anything is forked.

    Args:
        folder: Where all of it is, and where it is written.
    """

    def __init__(self, folder: Path) -> None:
        self.checkpoint = make_checkpoint(folder / "checkpoint")
        self.nlp = make_pipeline(self.checkpoint)
        docs = list(self.nlp.pipe(TEXTS))
        self.data = folder / "dev.spacy"
        DocBin(docs=docs).to_disk(self.data)
        self.texts = folder / "texts.txt"
        self.texts.write_text("".join(f"{text}\n" for text in LINES), encoding="utf8")
        self.model = folder / "model"
        self.nlp.to_disk(self.model)
        self.metrics = folder / "metrics"
        run = CliRunner().invoke(
            app, ["evaluate", str(self.model), str(self.data), "--output", str(self.metrics)]
        )
        assert run.exit_code == 0, run.output
        self.empty = make_pipeline("nowhere/at-all")
        (folder / "run").mkdir()
        self.config = make_config(folder / "run")

    def mark(self, number: int) -> None:
        """Write a number into the weights and into cfg: a reader must find the same in both."""
        with torch.no_grad():
            get_checkpoint(self.nlp).network.classifier.bias[0] = number
        get_ner(self.nlp).cfg["calibration"] = Calibration("viterbi", 1.0 + number).to_json()


Write = Callable[[Workplace, Path, int], None]


@dataclass(frozen=True)
class Way:
    """A way of writing.

    Attributes:
        write: Writes to a folder, something else with each number.
        check: Reads what is there, as users would; raises an error where it is broken.
    """

    write: Write
    check: Callable[[Workplace, Path], None]


def write_one_file(_place: Workplace, folder: Path, number: int) -> None:
    write_file(folder / "file", f"{number}\n" * N_LINES)


def check_one_file(_place: Workplace, folder: Path) -> None:
    check_lines(folder / "file")


def write_several_files(_place: Workplace, folder: Path, number: int) -> None:
    with add_to_folder(folder) as fresh:
        for name in ("a", "b", "c"):
            write_lines(fresh / name, number)


def check_several_files(_place: Workplace, folder: Path) -> None:
    for name in ("a", "b", "c"):
        check_lines(folder / name)


def write_a_folder(_place: Workplace, folder: Path, number: int) -> None:
    with replace_folder(folder / "made", marker="a") as fresh:
        for name in ("a", "b", "c"):
            write_lines(fresh / name, number)


def check_a_folder(place: Workplace, folder: Path) -> None:
    replacing.complete_swap(folder / "made")
    check_several_files(place, folder / "made")
    texts = {(folder / "made" / name).read_text("utf8") for name in ("a", "b", "c")}
    assert len(texts) == 1


def write_a_component(place: Workplace, folder: Path, number: int) -> None:
    place.mark(number)
    get_ner(place.nlp).to_disk(folder / "hf_ner", exclude=["vocab"])


def check_a_component(place: Workplace, folder: Path) -> None:
    get_ner(place.empty).from_disk(folder / "hf_ner", exclude=["vocab"])
    check_mark(place.empty)


def write_a_pipeline(place: Workplace, folder: Path, number: int) -> None:
    place.mark(number)
    with replace_pipeline(folder / "nlp", is_outdated=is_saved_model_file) as fresh:
        place.nlp.to_disk(fresh)


def check_a_pipeline(_place: Workplace, folder: Path) -> None:
    check_mark(spacy.load(folder / "nlp"))


def check_our_way_to_load_a_pipeline(_place: Workplace, folder: Path) -> None:
    check_mark(load_pipeline(str(folder / "nlp")))


def by_two_renames(write: Write) -> Write:
    """Return a way to write as on systems that cannot exchange two names."""

    def write_by_two_renames(place: Workplace, folder: Path, number: int) -> None:
        replacing._exchange = lambda *_: False
        write(place, folder, number)

    return write_by_two_renames


def calibrate(place: Workplace, folder: Path, _number: int) -> None:
    run_command("calibrate", place.model, place.data, folder / "nlp")


def export_onnx(place: Workplace, folder: Path, _number: int) -> None:
    run_command("export-onnx", place.model, folder / "nlp")


def check_texts(_place: Workplace, folder: Path) -> None:
    assert list(spacy.load(folder / "nlp").pipe(TEXTS))


def package(place: Workplace, folder: Path, _number: int) -> None:
    run_command("package", place.model, folder, "--name", "tiny", "--version", "0.1.0")


def check_wheel(_place: Workplace, folder: Path) -> None:
    with zipfile.ZipFile(folder / "en_tiny-0.1.0-py3-none-any.whl") as wheel:
        assert wheel.testzip() is None


def encoder(place: Workplace, folder: Path, _number: int) -> None:
    options = ("--name", place.checkpoint, "--revision", "0" * 40)
    run_command("encoder", folder / "encoder", *options)


def check_encoder(_place: Workplace, folder: Path) -> None:
    load_network(folder / "encoder", "encoder")


def convert(place: Workplace, folder: Path, _number: int) -> None:
    run_command("convert", place.data, folder / "out.conll")


def check_conll(_place: Workplace, folder: Path) -> None:
    assert (folder / "out.conll").read_text(encoding="utf8").endswith("\n\n")


def evaluate(place: Workplace, folder: Path, _number: int) -> None:
    run_command("evaluate", place.model, place.data, "--output", folder)


def check_evaluation(_place: Workplace, folder: Path) -> None:
    json.loads((folder / "metrics.json").read_text(encoding="utf8"))
    check_page(folder / "report.html")


def visualise(place: Workplace, folder: Path, _number: int) -> None:
    run_command("visualise", place.model, place.data, "--output", folder / "page.html")


def check_entities(_place: Workplace, folder: Path) -> None:
    check_page(folder / "page.html")


def compare(place: Workplace, folder: Path, _number: int) -> None:
    run_command("compare", place.model, place.data, "--output", folder)


def check_comparison(_place: Workplace, folder: Path) -> None:
    json.loads((folder / "comparison.json").read_text(encoding="utf8"))
    check_page(folder / "comparison.html")


def annotate(place: Workplace, folder: Path, _number: int) -> None:
    run_command("annotate", place.model, place.texts, folder / "found.jsonl")


def check_annotation(_place: Workplace, folder: Path) -> None:
    check_records(folder / "found.jsonl")


def rewrite(place: Workplace, folder: Path, _number: int) -> None:
    output = folder / "new.jsonl"
    table = folder / "table.jsonl"
    run_command("rewrite", place.model, place.texts, output, "--how", "redact", "--table", table)


def check_rewritten(_place: Workplace, folder: Path) -> None:
    check_records(folder / "new.jsonl")
    assert list(read_lines(folder / "table.jsonl"))


def check_data(place: Workplace, folder: Path, _number: int) -> None:
    run_command("check", place.data, "--output", folder)


def check_findings(_place: Workplace, folder: Path) -> None:
    json.loads((folder / "check.json").read_text(encoding="utf8"))
    check_page(folder / "check.html")


def init_config(place: Workplace, folder: Path, _number: int) -> None:
    data = ("--train", place.data, "--dev", place.data)
    encoder = ("--encoder", place.checkpoint)
    run_command("init-config", folder / "new.cfg", "--force", *encoder, *data)


def check_config(_place: Workplace, folder: Path) -> None:
    assert load_config(folder / "new.cfg")["training"]["optimizer"]


def train(place: Workplace, folder: Path, _number: int) -> None:
    code = place.config.with_name("code.py")
    # Where it was interrupted it goes on, so that this is interrupted, too.
    if RunFolder(folder).read_state() is None:
        run_command("train", place.config, "--output", folder, "--code", code)
    run_command("train", place.config, "--output", folder, "--code", code, "--resume")


def check_run(_place: Workplace, folder: Path) -> None:
    run = RunFolder(folder)
    state = run.read_state()
    if run.read_outcome() is None and state is None:
        return  # killed before anything was evaluated
    for model in (run.best, run.last):
        replacing.complete_swap(model)
        assert spacy.load(model)("Merkel saw Paris.")


def card(place: Workplace, folder: Path, number: int) -> None:
    if not (folder / "nlp").is_dir():
        write_a_pipeline(place, folder, number)
    run_command("card", folder / "nlp", place.metrics / "metrics.json", "--license", "mit")


def check_card(place: Workplace, folder: Path) -> None:
    meta = json.loads((folder / "nlp" / "meta.json").read_text(encoding="utf8"))
    assert meta["license"] == "mit"
    check_a_pipeline(place, folder)


def find_rate(place: Workplace, folder: Path, _number: int) -> None:
    code = place.config.with_name("code.py")
    options = ("--output", folder / "rates.html", "--n-steps", "11")
    run_command("find-rate", place.config, "--code", code, *options)


def check_rates(_place: Workplace, folder: Path) -> None:
    check_page(folder / "rates.html")


WAYS = {
    "file": Way(write_one_file, check_one_file),
    "files": Way(write_several_files, check_several_files),
    "folder": Way(write_a_folder, check_a_folder),
    "folder by two renames": Way(by_two_renames(write_a_folder), check_a_folder),
    "component": Way(write_a_component, check_a_component),
    "component by two renames": Way(by_two_renames(write_a_component), check_a_component),
    "pipeline": Way(write_a_pipeline, check_a_pipeline),
    "pipeline by two renames": Way(
        by_two_renames(write_a_pipeline), check_our_way_to_load_a_pipeline
    ),
    "calibrate": Way(calibrate, check_texts),
    "export-onnx": Way(export_onnx, check_texts),
    "package": Way(package, check_wheel),
    "encoder": Way(encoder, check_encoder),
    "convert": Way(convert, check_conll),
    "evaluate": Way(evaluate, check_evaluation),
    "visualise": Way(visualise, check_entities),
    "compare": Way(compare, check_comparison),
    "annotate": Way(annotate, check_annotation),
    "rewrite": Way(rewrite, check_rewritten),
    "check": Way(check_data, check_findings),
    "init-config": Way(init_config, check_config),
    "train": Way(train, check_run),
    "find-rate": Way(find_rate, check_rates),
    "card": Way(card, check_card),
}


def run_command(*arguments: object) -> None:
    """Run a command of the package, and pass on its exit code and what it says."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    sys.stdout.write(result.output)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    raise SystemExit(result.exit_code)


def write_lines(path: Path, number: int) -> None:
    path.write_text(f"{number}\n" * N_LINES, encoding="utf8")


def check_lines(path: Path) -> None:
    lines = path.read_text(encoding="utf8").split("\n")
    assert len(lines) == N_LINES + 1
    assert len(set(lines)) == 2  # the last line is empty


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a file of JSON lines."""
    for line in path.read_text(encoding="utf8").splitlines():
        yield json.loads(line)


def check_records(path: Path) -> None:
    """Check that a file has a record for each text."""
    assert len(list(read_lines(path))) == len(LINES)


def check_mark(nlp: Language) -> None:
    """Check that weights and cfg have the same number."""
    number = float(get_checkpoint(nlp).network.classifier.bias[0])
    assert get_ner(nlp).cfg["calibration"]["temperature"] == 1.0 + number


def check_page(path: Path) -> None:
    assert path.read_text(encoding="utf8").rstrip().endswith("</html>")


def write_to_small_disk(
    write: Callable[[], None], *, max_file_bytes: int | None
) -> tuple[int, str]:
    """Write where files cannot become larger; return an exit code, and what was printed."""
    output = io.StringIO()
    code = 1
    if max_file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, resource.RLIM_INFINITY))
    try:
        with contextlib.redirect_stdout(output):
            write()
        code = 0
    except SystemExit as error:
        code = int(error.code or 0)
    except BaseException:  # noqa: BLE001 - whatever it is, the test shows it
        traceback.print_exc(file=output)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return code, output.getvalue()


def write_in_child(
    write: Callable[[], None], log: Path, request: dict[str, Any]
) -> tuple[int, str]:
    """Write in a forked process, which is killed or whose disk is full if the request says so.

    Returns:
        Its exit code, negative for a signal, and what it printed.
    """
    log.write_text("", encoding="utf8")
    pid = os.fork()
    if pid == 0:
        os.setsid()  # so that children of its own are killed with it
        code, output = write_to_small_disk(write, max_file_bytes=request.get("max_file_bytes"))
        log.write_text(output, encoding="utf8")
        os._exit(code)
    if request.get("kill_after") is not None:
        time.sleep(request["kill_after"])
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), log.read_text(encoding="utf8")


def answer_requests(root: Path) -> Iterator[dict[str, Any]]:
    place = Workplace(root)
    yield {"ready": True}
    for number, line in enumerate(sys.stdin):
        request = json.loads(line)
        way = WAYS[request["way"]]
        folder = root / request["way"]
        folder.mkdir(exist_ok=True)
        write = partial(way.write, place, folder, number)
        start = time.perf_counter()
        code, output = write_in_child(write, folder.with_suffix(".log"), request)
        seconds = time.perf_counter() - start
        problem = None
        try:
            way.check(place, folder)
        except Exception:  # noqa: BLE001 - whatever it is, the folder cannot be read
            problem = traceback.format_exc()
        yield {"code": code, "output": output, "seconds": seconds, "problem": problem}


if __name__ == "__main__":
    torch.set_num_threads(1)
    for answer in answer_requests(Path(sys.argv[1])):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
