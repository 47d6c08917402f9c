"""spaCy's commands, from configs to packages."""

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.cli._util import app
from spacy.cli.find_threshold import find_threshold
from spacy.cli.package import get_third_party_dependencies
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_hf_ner import __version__
from tests.conformance.pipelines import (
    add_hf_ner,
    find,
    get_checkpoint,
    get_ner,
    initialize_pipeline,
    make_examples,
    make_pipeline,
    train,
)

Run = Callable[..., str]
NOWHERE = "nobody/knows-this-model"

PARTIAL_CONFIG = """
[nlp]
lang = "en"
pipeline = ["hf_ner"]

[components]

[components.hf_ner]
factory = "hf_ner"

[components.hf_ner.model]
@architectures = "spacy_hf_ner.HFTokenClassifier.v1"
name = "{name}"
precision = "fp32"
mixed_precision = "none"
"""


@pytest.fixture
def run() -> Run:
    """Return a function that runs a command of spaCy, which must succeed, for its output."""

    def run_command(*arguments: object) -> str:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    return run_command


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Return a file of training Docs."""
    nlp = spacy.blank("en")
    path = tmp_path / "train.spacy"
    DocBin(docs=[example.reference for example in make_examples(nlp)]).to_disk(path)
    return path


@pytest.fixture
def write_config(tmp_path: Path, run: Run) -> Callable[[object], Path]:
    """Return a function that writes a full config for a checkpoint."""

    def write(name: object) -> Path:
        (tmp_path / "partial.cfg").write_text(PARTIAL_CONFIG.format(name=name), encoding="utf8")
        run("init", "fill-config", tmp_path / "partial.cfg", tmp_path / "full.cfg")
        return tmp_path / "full.cfg"

    return write


def test_fill_config_adds_every_setting_and_asks_no_network(
    write_config: Callable[[object], Path],
) -> None:
    config = spacy.util.load_config(write_config(NOWHERE))
    assert config["components"]["hf_ner"]["decoder"] == "viterbi"
    assert config["components"]["hf_ner"]["scorer"] == {"@scorers": "spacy.ner_scorer.v1"}
    assert config["components"]["hf_ner"]["model"]["aggregation"] is None
    assert config["components"]["hf_ner"]["model"]["name"] == NOWHERE
    assert config["training"]["score_weights"]["ents_f"] == 1.0


def test_debug_config_accepts_the_filled_config_and_asks_no_network(
    write_config: Callable[[object], Path], run: Run, corpus: Path
) -> None:
    path = write_config(NOWHERE)
    output = run("debug", "config", path, "--paths.train", corpus, "--paths.dev", corpus)
    assert "Config is valid" in output or "validation" in output.lower()


def test_debug_data_reads_the_filled_config_of_a_checkpoint(
    encoder_checkpoint: Path, write_config: Callable[[object], Path], run: Run, corpus: Path
) -> None:
    vocab = spacy.blank("en").vocab
    docs = list(DocBin().from_disk(corpus).get_docs(vocab))
    DocBin(docs=docs * 100).to_disk(corpus)  # of few it says that they are too few, and fails
    path = write_config(encoder_checkpoint)
    output = run("debug", "data", path, "--paths.train", corpus, "--paths.dev", corpus)
    assert "Pipeline can be initialized with data" in output
    assert "Corpus is loadable" in output


def test_init_config_knows_the_component(run: Run, tmp_path: Path) -> None:
    run("init", "config", tmp_path / "made.cfg", "--pipeline", "hf_ner", "--force")
    nlp = spacy.util.load_model_from_config(
        spacy.util.load_config(tmp_path / "made.cfg"), auto_fill=True
    )
    assert "hf_ner" in nlp.pipe_names
    assert get_checkpoint(nlp) is None


def test_init_labels_writes_what_initialize_reads(
    encoder_checkpoint: Path,
    write_config: Callable[[object], Path],
    run: Run,
    corpus: Path,
    tmp_path: Path,
) -> None:
    path = write_config(encoder_checkpoint)
    run("init", "labels", path, tmp_path / "labels", "--paths.train", corpus, "--paths.dev", corpus)
    assert srsly.read_json(tmp_path / "labels" / "hf_ner.json") == ["LOC", "PERSON"]
    nlp = make_pipeline(encoder_checkpoint)
    reader = {"@readers": "spacy.read_labels.v1", "path": str(tmp_path / "labels" / "hf_ner.json")}
    nlp.config["initialize"]["components"]["hf_ner"] = {"labels": reader}
    nlp.initialize()
    assert get_ner(nlp).labels == ("LOC", "PERSON")


def test_train_writes_a_pipeline_that_evaluate_reads(
    encoder_checkpoint: Path,
    write_config: Callable[[object], Path],
    run: Run,
    corpus: Path,
    tmp_path: Path,
) -> None:
    overrides = {
        "paths.train": corpus,
        "paths.dev": corpus,
        "training.max_steps": 40,
        "training.eval_frequency": 20,
        "training.accumulate_gradient": 2,
        "training.optimizer.use_averages": "true",
        "training.optimizer.learn_rate": 0.005,
    }
    options = [part for key, value in overrides.items() for part in (f"--{key}", value)]
    output = run(
        "train", write_config(encoder_checkpoint), "--output", tmp_path / "trained", *options
    )
    assert "LOSS HF_NER" in output
    meta = srsly.read_json(tmp_path / "trained" / "model-best" / "meta.json")
    assert meta["labels"] == {"hf_ner": ["LOC", "PERSON"]}
    assert meta["performance"]["hf_ner_loss"] > 0
    run(
        "evaluate",
        tmp_path / "trained" / "model-best",
        corpus,
        "--output",
        tmp_path / "metrics.json",
    )
    assert srsly.read_json(tmp_path / "metrics.json")["ents_f"] == 1.0


def test_assemble_makes_a_whole_pipeline_of_a_config(
    ner_checkpoint: Path, write_config: Callable[[object], Path], run: Run, tmp_path: Path
) -> None:
    run("assemble", write_config(ner_checkpoint), tmp_path / "assembled")
    nlp = spacy.load(tmp_path / "assembled")
    assert get_ner(nlp).labels == ("PER", "ORG", "LOC", "MISC")
    assert (tmp_path / "assembled" / "hf_ner" / "model" / "model.safetensors").is_file()


def test_debug_model_initializes_trains_and_predicts(
    ner_checkpoint: Path, write_config: Callable[[object], Path], run: Run, corpus: Path
) -> None:
    path = write_config(ner_checkpoint)
    output = run("debug", "model", path, "hf_ner", "--paths.train", corpus, "--paths.dev", corpus)
    assert "model looks good" in output


def test_find_threshold_moves_the_threshold_of_the_component(
    encoder_checkpoint: Path, corpus: Path, tmp_path: Path
) -> None:
    nlp = initialize_pipeline(encoder_checkpoint, threshold=0.0)
    train(nlp, make_examples(nlp))
    nlp.to_disk(tmp_path / "model")
    best, score, scores = find_threshold(
        str(tmp_path / "model"),
        corpus,
        pipe_name="hf_ner",
        threshold_key="threshold",
        scores_key="ents_f",
        n_trials=3,
        silent=True,
    )
    assert score == 1.0
    assert best < 1.0
    assert list(scores) == [0.0, 0.5, 1.0]
    assert scores[1.0] == 0.0  # nothing is certain
    loaded = spacy.load(tmp_path / "model", config={"components": {"hf_ner": {"threshold": 1.0}}})
    assert find(loaded("Who is Shaka Khan?")) == []


def test_packages_require_this_library() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner")
    (requirement,) = get_third_party_dependencies(nlp.config)
    assert requirement.startswith("spacy-hf-ner>=")
    assert requirement[len("spacy-hf-ner>=") :].startswith(__version__)


def test_info_and_meta_list_the_labels(ner_checkpoint: Path, run: Run, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    add_hf_ner(nlp, ner_checkpoint)
    nlp.to_disk(tmp_path)
    assert srsly.read_json(tmp_path / "meta.json")["labels"] == {
        "hf_ner": ["PER", "ORG", "LOC", "MISC"]
    }
    assert "hf_ner" in run("info", tmp_path)


def test_train_selects_a_pipeline_that_sets_no_entities_by_its_span_group(
    encoder_checkpoint: Path,
    write_config: Callable[[object], Path],
    run: Run,
    corpus: Path,
    tmp_path: Path,
) -> None:
    config = spacy.util.load_config(write_config(encoder_checkpoint))
    config["components"]["hf_ner"] |= {"annotate": "spans", "spans_key": "found"}
    config["training"] |= {"max_steps": 40, "eval_frequency": 10}
    config["training"]["optimizer"]["learn_rate"] = 0.005
    config.to_disk(tmp_path / "spans.cfg")
    paths = ("--paths.train", corpus, "--paths.dev", corpus)
    run("train", tmp_path / "spans.cfg", "--output", tmp_path / "trained", *paths)
    best = spacy.load(tmp_path / "trained" / "model-best")
    assert best.meta["performance"]["ents_f"] == 1.0
    assert best("Who is Shaka Khan?").ents == ()
    run(
        "evaluate",
        tmp_path / "trained" / "model-best",
        corpus,
        "--output",
        tmp_path / "metrics.json",
    )
    metrics = srsly.read_json(tmp_path / "metrics.json")
    assert metrics["spans_found_f"] == metrics["ents_f"] == 1.0
