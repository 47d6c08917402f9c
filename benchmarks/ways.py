"""The ways of training that `recipe.py` compares.

They are spaCy's with a config, a plain loop, and Hugging Face's Trainer.
"""

import importlib.util
import io
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import spacy
from corpora import REPOSITORY, find_encoder, sign_measurement
from plain_loop import (
    IGNORED,
    PlainLoop,
    Row,
    label_row,
    list_labels,
    load_network,
    read_rows,
    tag_docs,
)
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config, load_model, registry, resolve_dot_names
from spacy.vocab import Vocab
from thinc.api import fix_random_seed
from tqdm import tqdm
from transformers.data.data_collator import DataCollatorForTokenClassification
from transformers.trainer import Trainer
from transformers.trainer_callback import PrinterCallback
from transformers.trainer_utils import set_seed
from transformers.training_args import TrainingArguments

from spacy_hf_ner import as_tags
from spacy_hf_ner.evaluation.pairing import pair_docs
from spacy_hf_ner.evaluation.prediction import predict
from spacy_hf_ner.evaluation.signature import Signature
from spacy_hf_ner.evaluation.strict import StrictScores, score_strict

CLOCK = "benchmarks.Clock.v1"


@dataclass(frozen=True, slots=True)
class Task:
    """What every way is given.

    Attributes:
        train_file: Training data, as spaCy reads it.
        dev_file: Development data.
        epochs: How often each sentence is seen.
        precision: ``"bf16"`` or ``"none"``, for the ways that are ours and the plain loop; the
            others keep their own.
        overrides: Settings of the configs, by dotted name.
    """

    train_file: Path
    dev_file: Path
    epochs: int
    precision: str
    overrides: dict[str, Any]


@dataclass(slots=True)
class Outcome:
    """What came of one run."""

    scores: StrictScores
    n_steps: int
    train_speed: float
    predict_speed: float
    signature: Signature
    in_hf_ner: float | None = None


@dataclass(slots=True)
class Clock:
    """A logger of `spacy train` that measures the steps after the first.

    The first is followed by an evaluation.
    """

    n_steps: int = 0
    total_steps: int = 0
    seconds: float = 0.0
    _start: float = field(default=0.0, repr=False)

    def set_up(
        self, _nlp: Language, _stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr
    ) -> Any:  # noqa: ANN401
        """Return spaCy's two callbacks."""
        bar = tqdm(total=self.total_steps, unit="step", file=stderr, leave=False, disable=None)

        def log_step(_info: dict[str, Any] | None) -> None:
            self.n_steps += 1
            bar.update()
            if self.n_steps == 1:
                self._start = time.perf_counter()

        def finish() -> None:
            self.seconds = time.perf_counter() - self._start
            bar.close()

        return log_step, finish

    def measure_speed(self, n_words: int) -> float:
        """Return words per second, given the words of all steps; NaN for a single step."""
        return (
            n_words * (self.n_steps - 1) / self.n_steps / self.seconds
            if self.n_steps > 1
            else float("nan")
        )


def run_way(way: str, task: Task, seed: int) -> Outcome | None:
    """Train and judge once; None, having said why, where something is missing."""
    if way == "plain":
        return run_plain(task, seed)
    if way == "trainer":
        return run_trainer(task, seed)
    path = Path(way) if way.endswith(".cfg") else REPOSITORY / "configs" / f"{way}.cfg"
    return run_config(path, task, seed)


def run_config(path: Path, task: Task, seed: int) -> Outcome | None:
    """Do what `spacy train` does with a config."""
    config = load_config(path)
    if (
        "transformer" in config["components"]
        and importlib.util.find_spec("spacy_transformers") is None
    ):
        print(f"{path.stem}: skipped, spacy-transformers is not installed.")
        return None
    clock = Clock()
    registry.loggers(CLOCK, func=lambda: clock.set_up)
    with tempfile.TemporaryDirectory() as folder:
        first = (
            Path(folder) / "first.spacy"
        )  # spaCy evaluates after the first step: one document is enough
        DocBin(docs=read_gold(task.dev_file, Vocab())[:1]).to_disk(first)
        config["paths"] |= {
            "train": str(task.train_file),
            "dev": str(first),
            "encoder": str(find_encoder()),
        }
        config["paths"] |= {"labels": "none"}  # no such folder: entity types are those of the data
        config["system"]["seed"] = seed
        config["training"]["logger"] = {"@loggers": CLOCK}
        if model := config["components"].get("hf_ner", {}).get("model"):
            model |= {
                "precision": task.precision.replace("none", "fp32"),
                "mixed_precision": task.precision,
            }
        override(config, task.overrides)
        nlp = init_nlp(config)
        clock.total_steps = set_budget(nlp, task)
        train(nlp, Path(folder), stdout=io.StringIO())
        nlp = load_model(Path(folder) / "model-last")
        golds = read_gold(task.dev_file, nlp.vocab)
        signature = sign_measurement(nlp, data=task.dev_file, n_docs=len(golds))
        prediction = predict(nlp, golds)
    return Outcome(
        scores=score([example.predicted for example in prediction.examples], golds),
        n_steps=clock.n_steps,
        train_speed=clock.measure_speed(
            task.epochs * count_words(read_gold(task.train_file, nlp.vocab))
        ),
        predict_speed=count_words(golds) / prediction.seconds,
        signature=signature,
    )


def override(config: dict[str, Any], settings: dict[str, Any]) -> None:
    """Change settings of a config; those of components that it does not have are left out."""
    for name, value in settings.items():
        *sections, key = name.split(".")
        if sections[:1] == ["components"] and sections[1] not in config["components"]:
            continue
        node = config
        for section in sections:
            node = node.setdefault(section, {})
        node[key] = value


def set_budget(nlp: Language, task: Task) -> int:
    """Set a pipeline's config to train for the task's epochs, and return how many steps they are.

    Its schedules are stretched to as many steps.
    """
    config = nlp.config
    resolved = registry.resolve(config.interpolate()["training"], schema=ConfigSchemaTraining)
    (corpus,) = resolve_dot_names(config.interpolate(), [resolved["train_corpus"]])
    examples = list(corpus(nlp))
    random.Random(0).shuffle(examples)  # noqa: S311 - not for secrets
    n_steps = task.epochs * sum(1 for _ in resolved["batcher"](examples))
    training = config["training"]
    training |= {
        "max_epochs": task.epochs,
        "max_steps": 0,
        "patience": 0,
        "eval_frequency": 10 * n_steps,
    }
    for section in find_schedules(training["optimizer"]):
        if "warmup_steps" in section:
            section["warmup_steps"] = round(
                section["warmup_steps"] * n_steps / section["total_steps"]
            )
        section["total_steps"] = n_steps
    override(config, task.overrides)
    nlp.config = config
    return n_steps


def find_schedules(section: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the parts of a config that depend on the number of steps."""
    if "total_steps" in section:
        yield section
    for value in section.values():
        if isinstance(value, dict):
            yield from find_schedules(value)


def run_plain(task: Task, seed: int) -> Outcome:
    """Do what people write by hand."""
    vocab = spacy.blank("en").vocab
    docs, golds = read_gold(task.train_file, vocab), read_gold(task.dev_file, vocab)
    fix_random_seed(seed)
    loop = PlainLoop(docs, list_labels(docs), task.precision)
    start = time.perf_counter()
    n_steps = loop.train(epochs=task.epochs, seed=seed)
    trained = time.perf_counter()
    predicted = loop.predict(golds)
    seconds = time.perf_counter() - trained
    return Outcome(
        scores=score(predicted, golds),
        n_steps=n_steps,
        train_speed=task.epochs * count_words(docs) / (trained - start),
        predict_speed=count_words(golds) / seconds,
        signature=sign_by_name("plain", task, golds),
        in_hf_ner=judge_weights(loop.network, loop.tokenizer, task),
    )


def run_trainer(task: Task, seed: int) -> Outcome | None:
    """Do what Hugging Face's run_ner example does with its default settings, but for the epochs."""
    if importlib.util.find_spec("accelerate") is None:
        print("trainer: skipped, transformers' Trainer needs accelerate: pip install accelerate.")
        return None
    vocab = spacy.blank("en").vocab
    docs, golds = read_gold(task.train_file, vocab), read_gold(task.dev_file, vocab)
    labels = list_labels(docs)
    set_seed(seed)
    network, tokenizer = load_network(labels)
    rows = []
    for doc in docs:
        tags = as_tags(doc)
        rows += [
            {"input_ids": row.ids, "labels": label_row(row, tags, labels)}
            for row in read_rows(doc, tokenizer)
        ]
    with tempfile.TemporaryDirectory() as folder:
        trainer: Any = Trainer(
            model=network,
            args=TrainingArguments(
                output_dir=folder,
                num_train_epochs=task.epochs,
                seed=seed,
                save_strategy="no",
                report_to="none",
                disable_tqdm=not sys.stderr.isatty(),
                use_cpu=True,
            ),
            train_dataset=rows,
            data_collator=DataCollatorForTokenClassification(tokenizer),
        )
        trainer.remove_callback(PrinterCallback)

        def find_labels(wanted: Sequence[Row]) -> list[list[int]]:
            found = trainer.predict(
                [{"input_ids": row.ids, "labels": [IGNORED] * len(row.ids)} for row in wanted]
            )
            ids: list[list[int]] = found.predictions.argmax(-1).tolist()
            return ids

        start = time.perf_counter()
        trainer.train()
        trained = time.perf_counter()
        predicted = tag_docs(golds, tokenizer, labels, find_labels)
        seconds = time.perf_counter() - trained
        n_steps = int(trainer.state.global_step)
    return Outcome(
        scores=score(predicted, golds),
        n_steps=n_steps,
        train_speed=task.epochs * count_words(docs) / (trained - start),
        predict_speed=count_words(golds) / seconds,
        signature=sign_by_name("trainer", task, golds),
        in_hf_ner=judge_weights(network, tokenizer, task),
    )


def sign_by_name(way: str, task: Task, golds: Sequence[Doc]) -> Signature:
    """Return what a run is made with whose model is no pipeline: the way stands for it."""
    signature = sign_measurement(spacy.blank("en"), data=task.dev_file, n_docs=len(golds))
    return replace(signature, pipeline=way)


def judge_weights(network: Any, tokenizer: Any, task: Task) -> float:  # noqa: ANN401
    """Return F1 of a network under our component: whole documents, and the best legal path."""
    with tempfile.TemporaryDirectory() as folder:
        network.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        nlp = spacy.blank("en")
        model = {"name": folder, "precision": task.precision.replace("none", "fp32")}
        nlp.add_pipe("hf_ner", config={"scheme": "IOB2", "model": model})
        golds = read_gold(task.dev_file, nlp.vocab)
        return score(
            [example.predicted for example in predict(nlp, golds).examples], golds
        ).micro.f1


def score(predicted: Sequence[Doc], golds: Sequence[Doc]) -> StrictScores:
    """Return the strict span scores of some documents."""
    return score_strict(pair_docs(gold, doc) for gold, doc in zip(golds, predicted, strict=True))


def read_gold(path: Path, vocab: Vocab) -> list[Doc]:
    """Return the documents of a file."""
    return list(DocBin().from_disk(path).get_docs(vocab))


def count_words(docs: Sequence[Doc]) -> int:
    """Return the number of words in some documents."""
    return sum(not token.is_space for doc in docs for token in doc)
