import io
import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config_from_str, load_model_from_config, registry

from spacy_hf_ner.evaluation.run_logger import make_run_logger_v1
from spacy_hf_ner.evaluation.training_log import read_training_log

CONFIG = """
[nlp]
lang = "en"
pipeline = ["ner"]

[components]

[components.ner]
factory = "ner"

[components.ner.model]
@architectures = "spacy.TransitionBasedParser.v2"
state_type = "ner"
extra_state_tokens = false
hidden_width = 8
maxout_pieces = 1
use_upper = true

[components.ner.model.tok2vec]
@architectures = "spacy.HashEmbedCNN.v2"
width = 8
depth = 1
embed_size = 20
pretrained_vectors = null
window_size = 1
maxout_pieces = 2
subword_features = false

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = {data}

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = {data}

[training]
max_steps = 5
eval_frequency = 2

[training.logger]
{logger}

[training.optimizer]
@optimizers = "Adam.v1"

[training.optimizer.learn_rate]
@schedules = "warmup_linear.v1"
initial_rate = 0.01
warmup_steps = 2
total_steps = 10
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    doc = spacy.blank("en")("Merkel saw Paris today")
    doc.ents = [Span(doc, 0, 1, "PER"), Span(doc, 2, 3, "LOC")]
    DocBin(docs=[doc] * 4).to_disk(tmp_path / "train.spacy")
    return tmp_path / "train.spacy"


def _train(data: Path, logger: str, more: str = "") -> tuple[Language, str]:
    text = CONFIG.replace("{data}", json.dumps(str(data))).replace("{logger}", logger)
    config = load_config_from_str(text + more)
    nlp = init_nlp(load_model_from_config(config, auto_fill=True).config)
    out = io.StringIO()
    train(nlp, None, stdout=out, stderr=io.StringIO())
    return nlp, out.getvalue()


def test_a_run_is_shown_and_written(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" / "run.jsonl"
    _, shown = _train(
        data, f'@loggers = "spacy_hf_ner.RunLogger.v1"\noutput_file = {json.dumps(str(path))}'
    )
    header = next(line for line in shown.splitlines() if "WORDS/S" in line)
    assert header.split() == [
        "E",
        "#",
        "LOSS",
        "ner",
        "P",
        "R",
        "F",
        "SCORE",
        "RATE",
        "WORDS/S",
        "LEFT",
        "LOC",
        "PER",
    ]
    assert "best: #" in shown
    steps = read_training_log(path)
    assert [step.step for step in steps] == [0, 2, 4]
    assert steps[2].losses["ner"] > 0
    assert 0 <= steps[2].scores["ents_f"] <= 100
    assert steps[0].words_per_second is None  # nothing but the evaluated update has run
    assert steps[1].words_per_second is not None


def test_the_learn_rate_is_the_one_of_the_update(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    _train(data, f'@loggers = "spacy_hf_ner.RunLogger.v1"\noutput_file = {json.dumps(str(path))}')
    schedule = registry.get("schedules", "warmup_linear.v1")(
        initial_rate=0.01, warmup_steps=2, total_steps=10
    )
    rates = [next(schedule) for _ in range(5)]
    assert [step.learn_rate for step in read_training_log(path)] == pytest.approx(
        [rates[0], rates[2], rates[4]]
    )


FALLING = """
[training.optimizer.learn_rate]
@schedules = "spacy_hf_ner.warmup_linear.v1"
initial_rate = 0.01
total_steps = ${training.max_steps}
"""


@pytest.mark.parametrize("ends_high", [True, False])
def test_a_run_that_ends_at_a_high_rate_is_warned_of(ends_high: bool, data: Path) -> None:
    logger = '@loggers = "spacy_hf_ner.RunLogger.v1"'
    text = CONFIG.replace("{data}", json.dumps(str(data))).replace("{logger}", logger)
    if not ends_high:
        text = text.partition("[training.optimizer.learn_rate]")[0] + FALLING
    nlp = init_nlp(load_model_from_config(load_config_from_str(text), auto_fill=True).config)
    out = io.StringIO()
    train(nlp, None, stdout=out, stderr=io.StringIO())
    assert ("The learn rate ended at" in out.getvalue()) is ends_high
    assert ("total_steps = ${training.max_steps} does" in out.getvalue()) is ends_high


def test_a_run_that_is_interrupted_is_not_warned_of_its_learn_rate(data: Path) -> None:
    def interrupt(_nlp: Language, info: dict[str, Any]) -> None:
        if info["step"] == 4:
            raise KeyboardInterrupt

    registry.callbacks("tests.interrupt.v1", func=lambda: interrupt)
    logger = '@loggers = "spacy_hf_ner.RunLogger.v1"'
    text = CONFIG.replace("{data}", json.dumps(str(data))).replace("{logger}", logger)
    text += '\n[training.before_update]\n@callbacks = "tests.interrupt.v1"\n'
    nlp = init_nlp(load_model_from_config(load_config_from_str(text), auto_fill=True).config)
    out = io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        train(nlp, None, stdout=out, stderr=io.StringIO())
    assert "learn rate ended" not in out.getvalue()


def test_it_is_a_link_in_spacys_chain_of_loggers(data: Path, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.jsonl", tmp_path / "theirs.jsonl"
    chain = f"""@loggers = "spacy.ChainLogger.v1"

[training.logger.logger1]
@loggers = "spacy_hf_ner.RunLogger.v1"
output_file = {json.dumps(str(ours))}
progress_bar = false

[training.logger.logger2]
@loggers = "spacy.ConsoleLogger.v3"
output_file = {json.dumps(str(theirs))}
"""
    _train(data, chain)
    mine, spacys = read_training_log(ours), read_training_log(theirs)
    assert [step.step for step in mine] == [step.step for step in spacys] == [0, 2, 4]
    assert [step.scores["ents_f"] for step in mine] == pytest.approx(
        [step.scores["ents_f"] for step in spacys]
    )


def test_numbers_of_the_training_may_be_variables(data: Path) -> None:
    config = CONFIG.replace("max_steps = 5", "max_steps = ${vars.steps}").replace(
        "eval_", "max_epochs = ${vars.n}\neval_"
    )
    text = config.replace("{data}", json.dumps(str(data))).replace(
        "{logger}", '@loggers = "spacy_hf_ner.RunLogger.v1"'
    )
    nlp = load_model_from_config(
        load_config_from_str(text + "[vars]\nsteps = 3\nn = 0\n"), auto_fill=True
    )
    setup = registry.resolve({"logger": {"@loggers": "spacy_hf_ner.RunLogger.v1"}})["logger"]
    log_step, finalize = setup(nlp, io.StringIO(), io.StringIO())
    log_step(None)
    finalize()


def test_a_loss_that_is_no_number_is_written_as_null(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    nlp, _ = _train(data, '@loggers = "spacy_hf_ner.RunLogger.v1"')
    log_step, finalize = make_run_logger_v1(str(path))(nlp, io.StringIO(), io.StringIO())
    scores = {
        "ents_f": 0.5,
        "ents_ece": float("inf"),
        "ents_per_type": {"PER": {"p": 0.5, "r": 0.5, "f": 0.5}},
    }
    log_step(
        {
            "epoch": 0,
            "step": 0,
            "words": 4,
            "losses": {"ner": float("nan")},
            "score": 0.5,
            "other_scores": scores,
        }
    )
    finalize()
    line = json.loads(path.read_text(encoding="utf8"), parse_constant=pytest.fail)
    assert (line["losses"], line["scores"]) == ({"ner": None}, {"ents_f": 50.0, "ents_ece": None})
    assert read_training_log(path)[0].losses == {}


def test_a_component_is_shown_by_its_whole_name(data: Path) -> None:
    text = CONFIG.replace("{data}", json.dumps(str(data))).replace(
        "{logger}", '@loggers = "spacy_hf_ner.RunLogger.v1"'
    )
    text = text.replace("components.ner", "components.named_entities").replace(
        '["ner"]', '["named_entities"]'
    )
    nlp = load_model_from_config(load_config_from_str(text), auto_fill=True)
    out = io.StringIO()
    make_run_logger_v1()(nlp, out, io.StringIO())
    header, rule = out.getvalue().splitlines()
    assert "LOSS named_entities" in header
    assert len(header) == len(rule)


@pytest.mark.parametrize(
    ("scorer", "key", "weight"),
    [
        ("spacy_hf_ner.seqeval_scorer.v1", "seqeval_f", 0.5),
        ("spacy_hf_ner.ner_scorer.v1", "ents_ece", -0.1),
    ],
)
def test_the_best_model_can_be_chosen_by_the_keys_of_our_scorers(
    scorer: str, key: str, weight: float, data: Path, tmp_path: Path
) -> None:
    path = tmp_path / "run.jsonl"
    logger = f'@loggers = "spacy_hf_ner.RunLogger.v1"\noutput_file = {json.dumps(str(path))}'
    weights_config = f"[training.score_weights]\nents_f = 0.5\n{key} = {weight}\n"
    more = f'[components.ner.scorer]\n@scorers = "{scorer}"\n{weights_config}'
    nlp, _ = _train(data, logger, more)
    weights = nlp.config["training"]["score_weights"]  # spaCy makes them sum to 1
    assert weights[key] * weight > 0
    for step in read_training_log(path):
        # The calibration error is missing where entities have no scores, as those of spaCy's ner.
        scores = {name: step.scores[name] / 100 for name in ("ents_f", key) if name in step.scores}
        assert step.score == pytest.approx(
            sum(weights[name] * score for name, score in scores.items()), abs=1e-6
        )


@pytest.mark.parametrize(
    ("max_steps", "max_epochs", "has_end"), [(100, 0, True), (0, 3, True), (0, 0, False)]
)
def test_the_time_left_is_blank_in_a_run_without_end(
    max_steps: int, max_epochs: int, has_end: bool, data: Path
) -> None:
    settings = f"max_steps = {max_steps}\nmax_epochs = {max_epochs}"
    text = CONFIG.replace("max_steps = 5", settings).replace("{data}", json.dumps(str(data)))
    text = text.replace("{logger}", '@loggers = "spacy_hf_ner.RunLogger.v1"')
    nlp = load_model_from_config(load_config_from_str(text), auto_fill=True)
    out = io.StringIO()
    log_step, finalize = make_run_logger_v1(progress_bar=False)(nlp, out, io.StringIO())
    log_step({"epoch": 0, "step": 0, "words": 4, "losses": {}, "score": 0.5, "other_scores": {}})
    finalize()
    cells = out.getvalue().splitlines()[-1].split()
    assert cells[:4] == ["0", "0", "0.00", "50.00"]
    # The rate is last, or the time left after it: no speed is known after one update.
    assert (":" in cells[-1]) is has_end
