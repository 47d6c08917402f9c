"""Training speed beside a plain PyTorch loop: same encoder, same words, same precision, in turns in one process.

The plain loop is what people write by hand: sentences, ids ready before the clock starts, the first subword of each
word labelled, batches of 32 sentences padded to the longest, AdamW. Ours is ``nlp.update`` on whole documents, with
all that belongs to it: tokenising, alignment, windows, targets.

    python benchmarks/training.py [--rounds 7] [--words 6000] [--precision bf16|none]
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import spacy
import torch
from corpora import find_encoder, read_docs, spread
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.batchers import minibatch_by_words
from thinc.api import Adam, fix_random_seed
from transformers import AutoModelForTokenClassification, AutoTokenizer

from spacy_hf_ner import as_tags

LEARN_RATE = 1.5e-4
BATCH_SENTENCES = 32


class PlainLoop:
    """A hand-written fine-tuning loop.

    Args:
        docs: Gold documents.
        labels: The tags.
        precision: ``"bf16"`` for autocast, ``"none"`` for float32.
    """

    def __init__(self, docs: list[Doc], labels: list[str], precision: str) -> None:
        encoder = str(find_encoder())
        tokenizer: Any = AutoTokenizer.from_pretrained(encoder)  # type: ignore[no-untyped-call]
        self.network: Any = AutoModelForTokenClassification.from_pretrained(encoder, num_labels=len(labels))
        self.network.train()
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=LEARN_RATE, weight_decay=0.01)
        self.autocast = precision == "bf16"
        self.pad_id = tokenizer.pad_token_id
        self.rows = [row for doc in docs for row in _read_sentences(doc, tokenizer, labels)]

    def batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor, int]]:
        """Give ids, mask, labels and the number of words of one batch after the other, for ever."""
        rows = cycle(self.rows)
        while True:
            batch = list(islice(rows, BATCH_SENTENCES))
            width = max(len(ids) for ids, _, _ in batch)
            ids = torch.tensor([i + [self.pad_id] * (width - len(i)) for i, _, _ in batch])
            labels = torch.tensor([t + [-100] * (width - len(t)) for _, t, _ in batch])
            yield ids, (ids != self.pad_id).long(), labels, sum(n for _, _, n in batch)

    def step(self, batch: tuple[torch.Tensor, torch.Tensor, torch.Tensor, int]) -> int:
        """Train on one batch and return its words."""
        ids, mask, labels, n_words = batch
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.autocast):
            loss = self.network(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return n_words


def _read_sentences(doc: Doc, tokenizer: Any, labels: list[str]) -> Iterator[tuple[list[int], list[int], int]]:  # noqa: ANN401
    tags = as_tags(doc)
    for sentence in doc.sents:
        tokens = [token for token in sentence if not token.is_space]
        encoded = tokenizer([t.text for t in tokens], is_split_into_words=True, truncation=True, max_length=510)
        seen: set[int] = set()
        wanted = []
        for word in encoded.word_ids():
            wanted.append(-100 if word is None or word in seen else labels.index(tags[tokens[word].i]))
            seen.add(-1 if word is None else word)
        yield encoded["input_ids"], wanted, len(tokens)


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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--words", type=int, default=6000, help="words in each turn")
    parser.add_argument("--precision", choices=["bf16", "none"], default="bf16")
    args = parser.parse_args()
    fix_random_seed(0)
    docs = read_docs("conllpp/conllpp_train.txt", spacy.blank("en"))[:300]
    types = sorted({ent.label_ for doc in docs for ent in doc.ents})
    plain = PlainLoop(docs, ["O", *(f"{p}-{t}" for t in types for p in "BI")], args.precision)
    nlp, examples = make_pipeline(docs, args.precision)
    sgd = Adam(LEARN_RATE, L2=0.01, L2_is_weight_decay=True, grad_clip=1.0, use_averages=False)
    batches = plain.batches()
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
    print(f"words/s in training, {args.precision}, median (range) of {args.rounds} turns of {args.words} words")
    for name, values in speeds.items():
        print(f"  {name:12} {spread(values)}")
    ratios = [a / b for a, b in zip(speeds["hf_ner"], speeds["plain loop"], strict=True)]
    print(f"  ratio        {spread(ratios, 2)}, of medians {_ratio(speeds):.2f}")


def _ratio(speeds: dict[str, list[float]]) -> float:
    return statistics.median(speeds["hf_ner"]) / statistics.median(speeds["plain loop"])


if __name__ == "__main__":
    main()
