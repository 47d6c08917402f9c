"""Memory of a process that reads a long stream of short texts.

    python benchmarks/memory.py [--docs 100000] [--precision auto|fp32] [--blank] [--output CSV]

The texts are sentences of real data (of the sample corpus, where that lies nowhere), drawn at
random, so that batches have ever new lengths. The network is the MiniLM encoder, with a head that
was never trained: memory does not depend on what it finds.

Prints how much memory the process holds after so many texts. `--blank` leaves the component out.
"""

import argparse
import csv
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import spacy
from corpora import DATA, REPOSITORY, find_encoder, read_docs
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example

_STEPS: Final = (1_000, 2_000, 5_000)
_EVERY: Final = 10_000
_MEBIBYTE: Final = 1024  # in kibibytes


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--docs", type=int, default=100_000)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--blank", action="store_true", help="without the component")
    parser.add_argument("--output", type=Path, help="write the curve as CSV, too")
    args = parser.parse_args()
    nlp = spacy.blank("en") if args.blank else make_pipeline(args.precision)
    texts = draw(read_sentences(), args.docs)
    curve: list[tuple[int, float]] = []
    start = time.perf_counter()
    for n_docs, _ in enumerate(nlp.pipe(texts), start=1):
        if n_docs in _STEPS or n_docs % _EVERY == 0:
            n_mebibytes = read_memory()
            curve.append((n_docs, n_mebibytes))
            seconds = time.perf_counter() - start
            print(f"{n_docs:>9,} texts  {n_mebibytes:>7,.0f} MiB  {seconds:>6,.0f} s", flush=True)
    if args.output:
        with args.output.open("w", encoding="utf8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["texts", "mebibytes"])
            writer.writerows(curve)


def make_pipeline(precision: str) -> Language:
    """Return a pipeline with the encoder and a new head."""
    nlp = spacy.blank("en")
    model = {"name": str(find_encoder()), "precision": precision}
    nlp.add_pipe("hf_ner", config={"model": model})
    gold = nlp.make_doc("Angela Merkel met Kofi Annan.")
    gold.ents = [Span(gold, 0, 2, label="PER"), Span(gold, 3, 5, label="PER")]
    nlp.initialize(lambda: [Example(nlp.make_doc(gold.text), gold)])
    return nlp


def read_sentences() -> list[str]:
    """Return the texts of real sentences."""
    name = "conllpp/conllpp_train.txt"
    if not (DATA / name).is_file():
        name = str(REPOSITORY / "corpus" / "sample" / "train.conll")
    docs = read_docs(name, spacy.blank("en"))
    return [sentence.text for doc in docs for sentence in doc.sents]


def draw(texts: list[str], n_texts: int) -> Iterator[str]:
    """Yield so many texts at random, the same in every run."""
    rng = random.Random(0)  # noqa: S311 - no secret
    for _ in range(n_texts):
        yield rng.choice(texts)


def read_memory() -> float:
    """Return the MiB that this process holds now; Linux says so."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    _, _, after_name = status.partition("VmRSS:")
    return int(after_name.split()[0]) / _MEBIBYTE


if __name__ == "__main__":
    main()
