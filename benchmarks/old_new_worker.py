"""The process in which `old_new.py` measures one checkout.

It reads one JSON request a line from stdin, and writes one JSON answer a line to stdout. It reaches
the checkout only in public ways: pipelines, registered names, the command line.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training.batchers import minibatch_by_words
from spacy.util import registry
from thinc.api import Adam, Optimizer, fix_random_seed
from typer.main import get_command

N_MODEL_WORDS = 25_000  # enough that the model finds most names
N_DECODER_WORDS = 2_000
N_DECODED_TIMES = 15  # decoding is so much faster than reading that it gets more words
LEARN_RATE = 2e-4


class Bench:
    """What is measured: one method a part, each returns what is to be timed."""

    def __init__(self, *, model: str, folder: str, setting: dict[str, Any]) -> None:
        """Read the data and load the pipelines.

        Args:
            model: A pipeline with the component ``hf_ner``.
            folder: Where to write.
            setting: Paths of encoder and data, and how many words a measurement takes.
        """
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._setting = setting
        self._nlp = spacy.load(model)
        train = read_docs(setting["train"], self._folder / "train.spacy")
        docs = take_words(read_docs(setting["dev"], self._folder / "dev.spacy"), setting["n_words"])
        self._documents = [doc.text for doc in docs]
        self._sentences = [sentence.text for doc in docs for sentence in doc.sents]
        self._train = take_words(train, setting["n_words"])
        self._learner, self._sgd = make_learner(setting["encoder"], self._train)
        self._decoder = make_decoder(take_words(train, N_DECODER_WORDS))

    @property
    def n_docs(self) -> int:
        """How many documents a measurement reads."""
        return len(self._documents)

    def short(self) -> Callable[[], object]:
        """Prediction of sentences."""
        return lambda: list(self._nlp.pipe(self._sentences))

    def documents(self) -> Callable[[], object]:
        """Prediction of documents."""
        return lambda: list(self._nlp.pipe(self._documents))

    def decoding(self) -> Callable[[], object]:
        """What the component does after its model."""
        component: Any = self._decoder.get_pipe("hf_ner")
        docs = [self._decoder.make_doc(text) for text in self._documents * N_DECODED_TIMES]
        return lambda: list(component.pipe(docs, batch_size=64))

    def convert(self) -> Callable[[], object]:
        """Conversion of the file that is predicted, whole."""
        output = self._folder / "converted.spacy"
        output.unlink(missing_ok=True)
        return lambda: convert(self._setting["dev"], output)

    def training(self) -> Callable[[], object]:
        """Training steps."""
        examples = make_examples(self._learner, self._train)

        def train() -> None:
            for batch in minibatch_by_words(examples, size=450, tolerance=0.2):
                self._learner.update(batch, sgd=self._sgd, drop=0.1)

        return train


def make_model(*, output: str, setting: dict[str, Any]) -> str:
    """Train a pipeline for a minute, save it, and return its folder."""
    converted = Path(output).with_suffix(".spacy")
    docs = take_words(read_docs(setting["train"], converted), N_MODEL_WORDS)
    nlp, sgd = make_learner(setting["encoder"], docs)
    for batch in minibatch_by_words(make_examples(nlp, docs), size=450, tolerance=0.2):
        nlp.update(batch, sgd=sgd, drop=0.1)
    nlp.to_disk(output)
    return output


def make_learner(encoder: str, docs: Iterable[Doc]) -> tuple[Language, Optimizer]:
    """Return a pipeline that is ready to train, and its optimizer."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner", config={"model": {"name": encoder}})
    nlp.initialize(lambda: make_examples(nlp, docs))
    return nlp, Adam(
        LEARN_RATE, L2=0.01, L2_is_weight_decay=True, grad_clip=1.0, use_averages=False
    )


def make_decoder(docs: Iterable[Doc]) -> Language:
    """Return a pipeline whose model is tiny: nearly all of its time goes into what comes after."""
    fix_random_seed(0)
    tok2vec = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "width": 8,
        "depth": 1,
        "embed_size": 500,
        "window_size": 1,
        "maxout_pieces": 1,
        "subword_features": False,
        "pretrained_vectors": None,
    }
    model = {"@architectures": "spacy_hf_ner.TokenClassifier.v1", "tok2vec": tok2vec}
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner", config={"model": model})
    examples = make_examples(nlp, docs)
    sgd = nlp.initialize(lambda: examples)
    for _ in range(5):
        nlp.update(examples, sgd=sgd)
    return nlp


def make_examples(nlp: Language, docs: Iterable[Doc]) -> list[Example]:
    """Return gold Docs as Examples."""
    return [Example(nlp.make_doc(doc.text), doc) for doc in docs]


def read_docs(corpus: str, converted: Path) -> list[Doc]:
    """Return the gold Docs of a file, converted once."""
    if not converted.exists():
        converted.parent.mkdir(parents=True, exist_ok=True)
        convert(corpus, converted)
    return list(DocBin().from_disk(converted).get_docs(spacy.blank("en").vocab))


def take_words(docs: Iterable[Doc], n_words: int) -> list[Doc]:
    """Return the first Docs that together have so many words."""
    taken: list[Doc] = []
    n_taken = 0
    for doc in docs:
        if n_taken >= n_words:
            break
        taken.append(doc)
        n_taken += len(doc)
    return taken


def convert(corpus: str, output: Path) -> None:
    """Run ``hf-ner convert`` in this process."""
    command = get_command(registry.cli.get("hf-ner"))
    command.main(["convert", str(corpus), str(output)], standalone_mode=False)


def measure(work: Callable[[], object], clock: str) -> float:
    """Return the seconds that some work takes."""
    now = time.perf_counter if clock == "wall" else time.process_time
    gc.collect()
    start = now()
    work()
    return now() - start


def main() -> None:
    """Answer requests until stdin ends."""
    # What the package prints would stand between the answers, so they get stdout for themselves.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    bench: Bench | None = None
    clock = "wall"
    for line in sys.stdin:
        request = json.loads(line)
        job = request.pop("job")
        answer: object = None
        if job == "make_model":
            answer = make_model(output=request.pop("output"), setting=request)
        elif job == "prepare":
            clock = request["clock"]
            bench = Bench(model=request.pop("model"), folder=request.pop("folder"), setting=request)
            # What was made so far stays: the collector need not go through it in a measurement.
            gc.collect()
            gc.freeze()
            answer = bench.n_docs
        else:
            assert bench is not None, "prepare comes before measure"
            answer = measure(getattr(bench, request["part"])(), clock)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
