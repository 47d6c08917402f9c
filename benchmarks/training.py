"""Training speed beside a plain PyTorch loop.

Both have the same encoder, words and precision, and take turns in one process.

The plain loop is what people write by hand (`plain_loop.py`). Ours is ``nlp.update`` on whole
documents, with all that belongs to it: tokenising, alignment, windows, targets. `recipe.py`
compares what they learn.

    python benchmarks/training.py [--rounds 7] [--words 6000] [--precision bf16|none]
"""

import argparse
import statistics
import time
from itertools import cycle

import spacy
from corpora import find_encoder, read_docs, spread
from plain_loop import LEARN_RATE, PlainLoop, list_labels
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.batchers import minibatch_by_words
from thinc.api import Adam, fix_random_seed


def make_pipeline(docs: list[Doc], precision: str) -> tuple[Language, list[Example]]:
    """Return our pipeline, ready to train, and its Examples."""
    nlp = spacy.blank("en")
    model = {"name": str(find_encoder()), "mixed_precision": precision}
    nlp.add_pipe("hf_ner", config={"model": model})
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
    nlp.initialize(lambda: examples)
    return nlp, examples


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--words", type=int, default=6000, help="words in each turn")
    parser.add_argument("--precision", choices=["bf16", "none"], default="bf16")
    args = parser.parse_args()
    fix_random_seed(0)
    docs = read_docs("conllpp/conllpp_train.txt", spacy.blank("en"))[:300]
    plain = PlainLoop(docs, list_labels(docs), args.precision)
    nlp, examples = make_pipeline(docs, args.precision)
    sgd = Adam(LEARN_RATE, L2=0.01, L2_is_weight_decay=True, grad_clip=1.0, use_averages=False)
    batches = plain.endless_batches()
    ours = cycle(minibatch_by_words(examples, size=600, tolerance=0.2))
    speeds: dict[str, list[float]] = {"plain loop": [], "hf_ner": []}
    for round_i in range(args.rounds + 1):
        for name, measured in speeds.items():
            n_words, start = 0, time.perf_counter()
            while n_words < args.words:
                if name == "plain loop":
                    n_words += plain.step(next(batches))
                else:
                    batch = next(ours)
                    nlp.update(batch, sgd=sgd, drop=0.1)
                    n_words += sum(len(example.reference) for example in batch)
            if round_i:  # the first turn warms up
                measured.append(n_words / (time.perf_counter() - start))
    print(
        f"words/s in training, {args.precision}, "
        f"median (range) of {args.rounds} turns of {args.words} words"
    )
    for name, values in speeds.items():
        print(f"  {name:12} {spread(values)}")
    ratios = [a / b for a, b in zip(speeds["hf_ner"], speeds["plain loop"], strict=True)]
    print(f"  ratio        {spread(ratios, 2)}, of medians {_ratio(speeds):.2f}")


def _ratio(speeds: dict[str, list[float]]) -> float:
    return statistics.median(speeds["hf_ner"]) / statistics.median(speeds["plain loop"])


if __name__ == "__main__":
    main()
