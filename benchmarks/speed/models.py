"""The pipelines that are compared: ours, found or trained; and spacy-transformers with ner on the same encoder."""

import logging
import sys
import tempfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from corpora import REPOSITORY, find_encoder
from spacy.cli.train import train
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_config, load_model_from_config
from speed.texts import Corpus
from thinc.api import fix_random_seed

from spacy_hf_ner.corpus.convert import convert_corpus

N_TRANSITION_STEPS = 10
DOCS_PER_STEP = 4


def find_model(corpus: Corpus) -> Path:
    """Return our pipeline trained on a corpus: the project's, or one that was trained here, now if need be.

    Training takes `configs/hf_ner.cfg` as it is: 400 steps of 450 words, a few minutes on two cores.
    """
    own = REPOSITORY / "training" / f"speed_{corpus.train.parent.name}"
    project = REPOSITORY / "training" / f"hf_ner_{corpus.train.parent.name}"
    places = [project / "model-best", own / "model-last"]
    found = next((place for place in places if (place / "hf_ner").is_dir()), None)
    if found is None:
        print(f"No trained pipeline in {places[0]} or {places[1]}: training one.", file=sys.stderr)
        found = _train(corpus, own)
    return found


def make_transition(model: Path, docs: Iterable[Doc], folder: Path) -> Path | None:
    """Write spacy-transformers and ner on our checkpoint's encoder, trained for a few steps only, and return where.

    Its speed hardly depends on training: it takes one action for each token whatever it has learned.

    Args:
        model: Our pipeline.
        docs: Gold documents.
        folder: Where to write it.
    """
    try:
        import spacy_transformers  # noqa: F401
    except ImportError:
        return None
    logging.getLogger("transformers").setLevel(logging.ERROR)  # it warns that the head is not used
    fix_random_seed(0)
    encoder = str(model / "hf_ner" / "model")
    overrides = {"paths.encoder": encoder, "paths.labels": "none"}
    config = load_config(REPOSITORY / "configs" / "transition.cfg", overrides=overrides, interpolate=False)
    nlp = load_model_from_config(config, auto_fill=True)
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in islice(docs, N_TRANSITION_STEPS * DOCS_PER_STEP)]
    optimizer = nlp.initialize(lambda: examples)
    for start in range(0, len(examples), DOCS_PER_STEP):
        nlp.update(examples[start : start + DOCS_PER_STEP], sgd=optimizer)
    nlp.to_disk(folder)
    return folder


def _train(corpus: Corpus, output: Path) -> Path:
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
            "training.eval_frequency": steps,
        }
        train(REPOSITORY / "configs" / "hf_ner.cfg", output, overrides=overrides)
    return output / "model-last"
