"""``python -m spacy hf-ner init-config``: a complete config that trains ``hf_ner`` on own data."""

import json
import random
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from spacy_hf_ner.cli.complete_config import complete, read_comments, write_commented
from spacy_hf_ner.cli.encoder import MINILM
from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.core.replacing import write_file
from spacy_hf_ner.errors import ConfigError, CorpusError

if TYPE_CHECKING:
    from thinc.api import Config

__all__ = ["EXAMPLE", "RECIPE", "Recipe", "count_steps", "init_config", "make_config"]

EXAMPLE = "config.cfg --encoder FacebookAI/xlm-roberta-base --train train.spacy --dev dev.spacy"

RECIPE: Final = Path(__file__).with_name("recipe.cfg")
STDOUT: Final = Path("-")

# A corpus is read so often by default, or as often as fills so many steps.
DEFAULT_EPOCHS: Final = 4
MIN_STEPS: Final = 600
N_EVALUATIONS: Final = 4

# The learn rates that encoders bear, by the width of their layers: MiniLM has 384, BERT 768.
RATES: Final = ((512, 2e-4), (768, 5e-5))
RATE_OF_LARGE: Final = 2e-5
RATE_OF_UNKNOWN: Final = 5e-5
MINILM_WIDTH: Final = 384


@dataclass(frozen=True, slots=True)
class Recipe:
    """What ``init-config`` was asked for; None leaves what the recipe has.

    Attributes:
        encoder: A folder, or a name on the hub.
        train: Training data, as .spacy.
        dev: Development data, as .spacy.
        lang: Language code.
        epochs: How often the training data is read.
        learn_rate: The highest learn rate; None for what suits the encoder.
        keep_labels: Keep entity types of the encoder that the data lacks.
    """

    encoder: str | None = None
    train: Path | None = None
    dev: Path | None = None
    lang: str | None = None
    epochs: int | None = None
    learn_rate: float | None = None
    keep_labels: bool = False


Encoder = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        "-e",
        help=("Encoder: a folder, a name on the Hugging Face hub, or a trained pipeline's folder."),
    ),
]
Train = Annotated[
    Path | None,
    typer.Option("--train", "-t", help="Training data (.spacy), whose steps are counted."),
]
Dev = Annotated[Path | None, typer.Option("--dev", "-d", help="Development data (.spacy).")]
Epochs = Annotated[
    int | None,
    typer.Option(
        "--epochs",
        min=1,
        help=(
            f"Passes over the training data; by default {DEFAULT_EPOCHS}, but {MIN_STEPS} steps."
        ),
    ),
]
Lang = Annotated[str | None, typer.Option("--lang", help="Language code, such as de.")]
LearnRate = Annotated[
    float | None,
    typer.Option(
        "--learn-rate", help="Highest learn rate; by default what suits the encoder's size."
    ),
]
KeepLabels = Annotated[
    bool,
    typer.Option("--keep-labels", help="Keep entity types of the encoder that the data lacks."),
]
Force = Annotated[bool, typer.Option("--force", "-F", help="Write over a file that is there.")]


def init_config(  # noqa: PLR0913 - one argument an option
    output: Annotated[Path, typer.Argument(help="File to write, or - for stdout.", dir_okay=False)],
    *,
    encoder: Encoder = None,
    train: Train = None,
    dev: Dev = None,
    epochs: Epochs = None,
    lang: Lang = None,
    learn_rate: LearnRate = None,
    keep_labels: KeepLabels = False,
    force: Force = False,
) -> dict[str, Any] | None:
    """Write a complete training config: nothing is left for `spacy init fill-config`.

    With --train it counts how many steps the epochs have, so that the learn rate falls to zero at
    the last.
    """
    if output != STDOUT and output.exists() and not force:
        raise ConfigError(
            f"{output}: expected a file to write, got one that is there. Set force = true to write "
            "over it.",
            settings=("force",),
        )
    recipe = Recipe(
        encoder=encoder,
        train=train,
        dev=dev,
        lang=lang,
        epochs=epochs,
        learn_rate=learn_rate,
        keep_labels=keep_labels,
    )
    config = make_config(recipe)
    text = write_commented(config, read_comments(RECIPE.read_text(encoding="utf8")))
    if output == STDOUT:
        msg.results.write(text)
        return None
    write_file(output, text)
    msg.good(f"{output}: train with")
    # Not as a message, whose long lines are broken: it is there to be copied.
    typer.echo(_write_training_command(output, train=train, dev=dev))
    training = config["training"]
    rate = training["optimizer"]["learn_rate"]["initial_rate"]
    return {"output": str(output), "max_steps": training["max_steps"], "learn_rate": rate}


def _write_training_command(output: Path, *, train: Path | None, dev: Path | None) -> str:
    command = ["python", "-m", "spacy", "hf-ner", "train", str(output), "--output", "training"]
    if train is None:
        command += ["--paths.train", "train.spacy"]
    if dev is None:
        command += ["--paths.dev", "dev.spacy"]
    return shlex.join(command)


def make_config(recipe: Recipe) -> "Config":
    """Return the config of a recipe, with every setting that there is.

    Raises:
        ConfigError: Epochs are wanted of no data, the learn rate is none, or the encoder is a
            pipeline that has none.
        CorpusError: The data cannot be read.
        CheckpointError: There is no such encoder.
    """
    from spacy.util import load_config

    _check_recipe(recipe)
    config = complete(load_config(RECIPE))
    training = config["training"]
    if recipe.lang is not None:
        config["nlp"]["lang"] = recipe.lang
    if recipe.encoder is not None:
        encoder = _find_checkpoint(recipe.encoder)
        config["paths"]["encoder"] = encoder
        training["optimizer"]["learn_rate"]["initial_rate"] = choose_rate(encoder)
    if recipe.learn_rate is not None:
        training["optimizer"]["learn_rate"]["initial_rate"] = recipe.learn_rate
    config["components"]["hf_ner"]["keep_checkpoint_labels"] = recipe.keep_labels

    if recipe.dev is not None:
        config["paths"]["dev"] = str(recipe.dev)
    if recipe.train is not None:
        config["paths"]["train"] = str(recipe.train)
        n_steps = count_steps(config, recipe.epochs or DEFAULT_EPOCHS)
        if recipe.epochs is None:
            n_steps = max(n_steps, MIN_STEPS)
        training["max_steps"] = n_steps
        training["eval_frequency"] = max(1, n_steps // N_EVALUATIONS)
    return config


def _check_recipe(recipe: Recipe) -> None:
    if recipe.epochs is not None and recipe.train is None:
        raise ConfigError(
            "train must be given with epochs: their steps are counted in it.",
            settings=("train", "epochs"),
        )
    if recipe.learn_rate is not None and not 0.0 < recipe.learn_rate < 1.0:
        raise ConfigError(
            f"learn_rate must be in (0, 1), got {recipe.learn_rate}.", settings=("learn_rate",)
        )
    for path in (recipe.train, recipe.dev):
        if path is not None:
            _check_docbin(path)


def _check_docbin(path: Path) -> None:
    is_docbin = path.suffix == ".spacy" or any(path.rglob("*.spacy"))
    if is_docbin and path.exists():
        return
    found = "another file" if path.exists() else "nothing there"
    raise CorpusError(
        f"{path}: expected a .spacy file, or a folder of them, got {found}. Convert a corpus "
        f"first: python -m spacy hf-ner convert {path} {path.with_suffix('.spacy')}"
    )


def _find_checkpoint(encoder: str) -> str:
    """Return the checkpoint of a trained pipeline, or what was named if that is no pipeline.

    Raises:
        ConfigError: The pipeline has no checkpoint.
    """
    from spacy.util import load_config

    folder = Path(encoder)
    if not (folder / "config.cfg").is_file():
        return encoder
    for name, component in load_config(folder / "config.cfg")["components"].items():
        checkpoint = folder / name / "model"
        if component.get("factory") == "hf_ner" and (checkpoint / "config.json").is_file():
            return str(checkpoint)
    raise ConfigError(
        f"encoder must be an encoder, or a pipeline with an hf_ner that has one of its own, got "
        f"the pipeline {encoder}.",
        settings=("encoder",),
    )


def choose_rate(encoder: str) -> float:
    """Return a learn rate for an encoder, by the width of its layers.

    It is that of BERT where the encoder is not on this machine yet.

    Raises:
        CheckpointError: The encoder is a path, and there is nothing there.
    """
    width = _read_width(encoder)
    if width is None:
        msg.info(
            f"{encoder} is not on this machine, so its size is not known: the learn rate is "
            f"{RATE_OF_UNKNOWN:g}, which suits encoders of BERT's size."
        )
        return RATE_OF_UNKNOWN
    for widest, rate in RATES:
        if width <= widest:
            return rate
    return RATE_OF_LARGE


def _read_width(encoder: str) -> int | None:
    from spacy_hf_ner.model.hub import find_folder

    if encoder == MINILM.name:
        return MINILM_WIDTH  # the default encoder, here or not
    folder = find_folder(encoder, revision=None)
    if folder is None:
        return None
    stored = json.loads((folder / "config.json").read_text(encoding="utf8"))
    # The last two are DistilBERT's and T5's.
    for key in ("hidden_size", "dim", "d_model"):
        if isinstance(stored.get(key), int):
            return int(stored[key])
    return None


def count_steps(config: "Config", n_epochs: int) -> int:
    """Return how many steps a config makes of so many passes over its training data.

    The data is read and batched as ``spacy train`` does.
    """
    import spacy
    from spacy.training.loop import create_train_batches
    from spacy.util import registry

    resolved = config.interpolate()
    nlp = spacy.blank(resolved["nlp"]["lang"])
    corpus = registry.resolve({"corpus": resolved["corpora"]["train"]})["corpus"]
    batcher = registry.resolve({"batcher": resolved["training"]["batcher"]})["batcher"]
    state = random.getstate()
    # Batches are as many as the order of the data makes them, which training draws from this seed.
    random.seed(resolved["training"]["seed"])
    try:
        return sum(1 for _ in create_train_batches(nlp, corpus, batcher, n_epochs))
    finally:
        random.setstate(state)
