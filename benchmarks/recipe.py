r"""What one encoder learns from one corpus in several ways with the same budget, and how fast.

A way is the name of a file in configs/ (or the path of one), trained as `spacy train` does;
`plain`, the loop of `plain_loop.py`; or `trainer`, Hugging Face's Trainer with the settings of its
run_ner example. All see every training sentence once an epoch, and what is judged is the model
after the last one: development data chooses nothing.

F1 is that of strict spans by character offsets on all development data, "macro" its mean over
entity types. The words are those of the corpus; prediction counts all that it takes from a text
(ours, spaCy's) or a list of words (theirs) to entities. "in hf_ner" is F1 of the same weights under
our component.

    python benchmarks/recipe.py --corpus conllpp --ways hf_ner plain trainer transition \
        --seeds 0 1 2
    python benchmarks/recipe.py --corpus sample --ways hf_ner \
        --override training.optimizer.learn_rate.initial_rate=2e-4
    python benchmarks/recipe.py --limit-sentences 100 --limit-docs 15 --epochs 5 --ways hf_ner plain

Each run adds a line to benchmarks/results/recipe.jsonl, with scores by entity type. Converted
corpora are kept there.
"""

import argparse
import json
import math
import random
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import spacy
import torch
from corpora import DATA, REPOSITORY, read_docs
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from transformers.utils.logging import set_verbosity_error
from ways import Outcome, Task, count_words, read_gold, run_way

RESULTS = REPOSITORY / "benchmarks" / "results"
SAMPLE = REPOSITORY / "corpus" / "sample"
CORPORA = {
    "sample": (f"{SAMPLE}/train.conll", f"{SAMPLE}/dev.conll"),
    "conllpp": ("conllpp/conllpp_train.txt", "conllpp/conllpp_dev.txt"),
    "wnut17": ("wnut17/wnut17train.conll", "wnut17/emerging.dev.conll"),
    "ncbi": ("bio_mtl/NCBI-disease-IOB/train.tsv", "bio_mtl/NCBI-disease-IOB/devel.tsv"),
    # One file, of which a fifth of the documents is development data.
    "gum": ("ud_en/gum_train_part.conllu", "ud_en/gum_train_part.conllu"),
}
DEV_SHARE = 0.2  # where both parts are in one file
HEADER = (
    f"{'way':<14}{'seed':>5}{'F1 (range)':>22}{'macro':>7}{'P':>7}{'R':>7}{'in hf_ner':>11}"
    f"{'trained w/s':>13}{'predicted w/s':>15}"
)


def main() -> None:
    """Train, judge and print."""
    args = read_arguments()
    set_verbosity_error()  # type: ignore[no-untyped-call]
    RESULTS.mkdir(exist_ok=True)
    known = {
        "threads": torch.get_num_threads(),
        **{name: version(name) for name in ("spacy", "torch", "transformers")},
    }
    known |= {key: value for key, value in vars(args).items() if key not in {"ways", "seeds"}}
    with tempfile.TemporaryDirectory() as folder:
        train_file, dev_file = prepare_corpus(args, Path(folder))
        task = Task(train_file, dev_file, args.epochs, args.precision, args.override)
        print(describe(task), HEADER, sep="\n", flush=True)
        for way in args.ways:
            outcomes = []
            for seed in args.seeds:
                outcome = run_way(way, task, seed)
                if outcome is None:
                    break
                outcomes.append(outcome)
                keep({"way": way, "seed": seed, **known, **as_record(outcome)})
                if len(args.seeds) > 1:
                    print(format_row(way, f"#{seed}", [outcome]), file=sys.stderr, flush=True)
            if outcomes:
                print(format_row(way, f"{len(outcomes)}x", outcomes), flush=True)


def read_arguments() -> argparse.Namespace:
    """Return what the user asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", choices=CORPORA, default="sample")
    parser.add_argument("--ways", nargs="+", default=["hf_ner", "plain", "trainer", "transition"])
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument(
        "--precision",
        choices=["bf16", "none"],
        default="bf16",
        help="of hf_ner and plain; others have their own",
    )
    parser.add_argument(
        "--override",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="settings of the configs",
    )
    parser.add_argument(
        "--limit-docs", type=int, default=0, help="the first documents only, of both parts"
    )
    parser.add_argument(
        "--limit-sentences", type=int, default=0, help="the first training sentences only"
    )
    args = parser.parse_args()
    args.override = dict(read_setting(parser, setting) for setting in args.override)
    return args


def read_setting(parser: argparse.ArgumentParser, setting: str) -> tuple[str, Any]:
    """Return the name and the value of a setting such as ``training.dropout=0.2``.

    A value that is no JSON is text.
    """
    key, equals, value = setting.partition("=")
    if not equals or "." not in key:
        parser.error(f"--override: expected SECTION.KEY=VALUE, got {setting!r}.")
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, value


def prepare_corpus(args: argparse.Namespace, folder: Path) -> tuple[Path, Path]:
    """Return the files of training and development data, within the limits that the user sets."""
    files = []
    for name, split in zip(CORPORA[args.corpus], ("train", "dev"), strict=True):
        path = RESULTS / f"{args.corpus}_{split}.spacy"
        source = DATA / name
        if not path.is_file() or (
            source.is_file() and source.stat().st_mtime > path.stat().st_mtime
        ):
            fresh = folder / path.name
            source_docs = read_docs(name, spacy.blank("en"))
            if len(set(CORPORA[args.corpus])) == 1:
                source_docs = choose_documents(source_docs, split)
            DocBin(docs=source_docs, store_user_data=True).to_disk(fresh)
            shutil.move(fresh, path)  # whole at once: other runs may read it
        docs = read_gold(path, Vocab())
        if args.limit_docs or (args.limit_sentences and split == "train"):
            docs = docs[: args.limit_docs or None]
            path = folder / path.name
            limit = args.limit_sentences if split == "train" else 0
            DocBin(docs=take_sentences(docs, limit) if limit else docs).to_disk(path)
        files.append(path)
    return files[0], files[1]


def choose_documents(docs: Sequence[Doc], split: str) -> list[Doc]:
    """Return the documents of one part, which seed 0 deals; they stay in their order."""
    order = list(range(len(docs)))
    random.Random(0).shuffle(order)  # noqa: S311 - not for secrets
    n_dev = round(DEV_SHARE * len(docs))
    chosen = set(order[:n_dev]) if split == "dev" else set(order[n_dev:])
    return [doc for i, doc in enumerate(docs) if i in chosen]


def take_sentences(docs: Sequence[Doc], limit: int) -> Iterator[Doc]:
    """Yield documents until they have so many sentences; the last one is cut there."""
    for doc in docs:
        sentences = list(doc.sents)[:limit]
        yield doc[: sentences[-1].end].as_doc()
        limit -= len(sentences)
        if not limit:
            return


def describe(task: Task) -> str:
    """Return a line about the task."""
    counts = []
    for name, path in (("train", task.train_file), ("dev", task.dev_file)):
        docs = read_gold(path, Vocab())
        n_sentences = sum(1 for doc in docs for _ in doc.sents)
        n_ents = sum(len(doc.ents) for doc in docs)
        counts.append(
            f"{name} {n_sentences:,} sentences, {count_words(docs):,} words, {n_ents:,} entities"
        )
    return f"{'; '.join(counts)}; {task.epochs} epochs, {torch.get_num_threads()} threads"


def as_record(outcome: Outcome) -> dict[str, Any]:
    """Return what is kept of a run; F1 in [0, 1], speeds in words per second."""
    micro = outcome.scores.micro
    return {
        "signature": outcome.signature.to_json(),
        "f1": micro.f1,
        "precision_score": micro.precision,
        "recall": micro.recall,
        "f1_per_type": {name: counts.f1 for name, counts in outcome.scores.per_type.items()},
        "f1_in_hf_ner": outcome.in_hf_ner,
        "n_steps": outcome.n_steps,
        "train_speed": None if math.isnan(outcome.train_speed) else outcome.train_speed,
        "predict_speed": outcome.predict_speed,
    }


def average_types(outcome: Outcome) -> float:
    """Return the mean of F1 over entity types, in [0, 1]."""
    return statistics.mean(counts.f1 for counts in outcome.scores.per_type.values())


def keep(record: dict[str, Any]) -> None:
    """Add a line to the file of results."""
    with (RESULTS / "recipe.jsonl").open("a", encoding="utf8") as file:
        file.write(json.dumps(record) + "\n")


def format_row(way: str, seeds: str, outcomes: Sequence[Outcome]) -> str:
    """Return a row of the table: means over runs, and medians of speeds."""
    counts = [outcome.scores.micro for outcome in outcomes]
    f1 = [100 * c.f1 for c in counts]
    spread = f"{statistics.mean(f1):.2f}" + (
        f" ({min(f1):.2f}-{max(f1):.2f})" if len(f1) > 1 else ""
    )
    precision, recall = (
        100 * statistics.mean(getattr(c, name) for c in counts) for name in ("precision", "recall")
    )
    ours = [100 * o.in_hf_ner for o in outcomes if o.in_hf_ner is not None]
    speeds = (
        statistics.median(o.train_speed for o in outcomes),
        statistics.median(o.predict_speed for o in outcomes),
    )
    macro = 100 * statistics.mean(average_types(outcome) for outcome in outcomes)
    in_hf_ner = f"{statistics.mean(ours):.2f}" if ours else ""
    return (
        f"{way:<14}{seeds:>5}{spread:>22}{macro:>7.2f}{precision:>7.2f}{recall:>7.2f}"
        f"{in_hf_ner:>11}"
        f"{speeds[0]:>13,.0f}{speeds[1]:>15,.0f}"
    )


if __name__ == "__main__":
    main()
