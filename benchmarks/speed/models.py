"""The pipelines that are compared: ours, found or trained, and what is made of it for others."""

import logging
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import spacy
from corpora import REPOSITORY, find_encoder
from spacy.cli.train import train
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_config, load_model_from_config
from speed.runner import Device
from speed.texts import Corpus
from thinc.api import fix_random_seed

from spacy_hf_ner.corpus.conversion import convert_corpus

N_TRANSITION_STEPS = 10
DOCS_PER_STEP = 4


def find_model(corpus: Corpus) -> Path:
    """Return our pipeline trained on a corpus by an earlier call, or now.

    Training takes a few minutes on two cores. It uses `configs/hf_ner.cfg`, but without marks of
    case: the checkpoint is to be like published ones.
    """
    output = REPOSITORY / "training" / f"speed_{corpus.train.parent.name}"
    model = output / "model-last"
    if not (model / "hf_ner").is_dir():
        print(f"No trained pipeline in {model}: training one.", file=sys.stderr)
        _train(corpus, output)
    return model


def make_pipelines(
    model: Path, docs: Sequence[Doc], folder: Path, device: Device
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the folders of our pipeline and of those made of it, and why others could not be made.

    Args:
        model: Our pipeline.
        docs: Gold documents to train on, and to compare int8 on.
        folder: Where to write the others.
        device: Where they will run.
    """
    made, problems = {"ours": str(model.resolve())}, {}
    makers: dict[str, Callable[[Path, Sequence[Doc], Path], None]] = {
        "transition": _make_transition
    }
    if device == "cpu":
        makers |= {
            "onnx": partial(_make_onnx, quantize=None),
            "onnx_int8": partial(_make_onnx, quantize="int8"),
        }
    for name, make in makers.items():
        path = (folder / name).resolve()
        shutil.rmtree(path, ignore_errors=True)
        try:
            make(model, docs, path)
        except (ImportError, ValueError) as error:
            problems[name] = str(error)
        else:
            made[name] = str(path)
    return made, problems


def _make_transition(model: Path, docs: Sequence[Doc], folder: Path) -> None:
    """Write spacy-transformers and ner on our checkpoint's encoder, trained for a few steps only.

    Its speed hardly depends on training: it takes one action for each token whatever it has
    learned.
    """
    import spacy_transformers  # noqa: F401 - else spaCy says only that there is no such factory

    logging.getLogger("transformers").setLevel(logging.ERROR)  # it warns that the head is not used
    fix_random_seed(0)
    overrides = {"paths.encoder": str(model / "hf_ner" / "model"), "paths.labels": "none"}
    config = load_config(
        REPOSITORY / "configs" / "transition.cfg", overrides=overrides, interpolate=False
    )
    nlp = load_model_from_config(config, auto_fill=True)
    examples = [
        Example(nlp.make_doc(doc.text), doc) for doc in docs[: N_TRANSITION_STEPS * DOCS_PER_STEP]
    ]
    optimizer = nlp.initialize(lambda: examples)
    for start in range(0, len(examples), DOCS_PER_STEP):
        nlp.update(examples[start : start + DOCS_PER_STEP], sgd=optimizer)
    nlp.to_disk(folder)


def _make_onnx(
    model: Path, docs: Sequence[Doc], folder: Path, *, quantize: Literal["int8"] | None
) -> None:
    """Write our pipeline with an ONNX graph in place of its weights.

    Raises:
        ValueError: int8 finds other entities than float32.
    """
    nlp = spacy.load(model)
    component: Any = nlp.get_pipe("hf_ner")
    shutil.copytree(
        model, folder, ignore=lambda path, _: ["model"] if Path(path).name == "hf_ner" else []
    )
    sample = [nlp.make_doc(doc.text) for doc in docs]
    export = component.export_onnx(folder / "hf_ner" / "model", quantize=quantize, sample=sample)
    if export.problem is not None:
        raise ValueError(export.problem)


def _train(corpus: Corpus, output: Path) -> None:
    steps = load_config(REPOSITORY / "configs" / "hf_ner.cfg")["training"]["max_steps"]
    with tempfile.TemporaryDirectory() as folder:
        data = {part: Path(folder) / f"{part}.spacy" for part in ("train", "dev")}
        for part, path in data.items():
            convert_corpus(str(getattr(corpus, part)), path)
        overrides = {
            "paths.train": str(data["train"]),
            "paths.dev": str(data["dev"]),
            "paths.encoder": str(find_encoder()),
            "paths.labels": "none",
            "components.hf_ner.model.mark_case": False,
            "training.eval_frequency": steps,
        }
        train(REPOSITORY / "configs" / "hf_ner.cfg", output, overrides=overrides)
