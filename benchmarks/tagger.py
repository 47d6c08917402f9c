"""Fine-grained tags of English: hf_tagger beside spaCy's own tagger, and a loop written by hand.

All three fine-tune the same encoder on the same sentences as often: the development part of the
English Web Treebank, and a part of GUM. They are judged on the test part of the treebank, on gold
tokens, by the share of right tags; the model after the last step counts.

    python benchmarks/tagger.py --seeds 0 1 2
    python benchmarks/tagger.py --limit-docs 100 --epochs 2 --ways hf_tagger plain

Each run adds a line to benchmarks/results/tagger.jsonl.
"""

import argparse
import io
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from corpora import DATA, REPOSITORY, find_encoder
from plain_loop import PlainLoop, Row, read_rows
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config, load_model_from_path, registry
from spacy.vocab import Vocab
from transformers.utils.logging import set_verbosity_error
from ways import CLOCK, Clock, Task, set_budget

from spacy_hf_ner.corpus.columns import Columns
from spacy_hf_ner.corpus.conversion import ConvertOptions, convert_corpus
from spacy_hf_ner.corpus.docs import copy_tokens
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.pipe.tag_scoring import score_tags

RESULTS = REPOSITORY / "benchmarks" / "results"
TRAINING = ("ud_en/en_ewt-ud-dev.conllu", "ud_en/gum_train_part.conllu")
TEST = "ud_en/en_ewt-ud-test.conllu"
N_SENTENCES = 10  # in a document
LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "upstream": "*",
    "pooling": {"@layers": "reduce_mean.v1"},
}


def main() -> None:
    """Train, judge and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--precision", choices=["bf16", "none"], default="none")
    parser.add_argument("--limit-docs", type=int, default=0, help="the first documents only")
    args = parser.parse_args()
    set_verbosity_error()  # type: ignore[no-untyped-call]
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        training = [doc for name in TRAINING for doc in read_tagged(name, Path(folder))]
        golds = read_tagged(TEST, Path(folder))
        if args.limit_docs:
            training, golds = training[: args.limit_docs], golds[: args.limit_docs]
        file = Path(folder) / "train.spacy"
        DocBin(docs=training).to_disk(file)
        task = Task(file, file, args.epochs, args.precision, {})
        print(f"{sum(map(len, training)):,} words in training, {sum(map(len, golds)):,} in test")
        for way in args.ways:
            accuracies: list[float] = []
            for seed in args.seeds:
                predicted = WAYS[way](task, seed, golds)
                accuracies.append(judge(predicted, golds))
                record = {"way": way, "seed": seed, "accuracy": accuracies[-1], **vars(args)}
                with (RESULTS / "tagger.jsonl").open("a", encoding="utf8") as log:
                    log.write(json.dumps(record) + "\n")
            low, high = min(accuracies), max(accuracies)
            print(f"{way:<12}{statistics.mean(accuracies):.2%} ({low:.2%}-{high:.2%})", flush=True)


def read_tagged(name: str, folder: Path) -> list[Doc]:
    """Return the documents of a treebank with their tags; end the program where it is missing."""
    path = DATA / name
    if not path.is_file():
        sys.exit(f"Skipped: there is no {path}. The real data is not part of this repository.")
    output = folder / f"{path.stem}.spacy"
    options = ReadOptions(columns=Columns(task="pos"))
    convert_corpus(str(path), output, options, ConvertOptions(n_sents=N_SENTENCES))
    return list(DocBin().from_disk(output).get_docs(Vocab()))


def judge(predicted: Sequence[Doc], golds: Sequence[Doc]) -> float:
    """Return the share of right tags."""
    examples = [Example(doc, gold) for doc, gold in zip(predicted, golds, strict=True)]
    accuracy: float = score_tags(examples, target="tag")["tag_acc"]
    return accuracy


def run_hf_tagger(task: Task, seed: int, golds: Sequence[Doc]) -> list[Doc]:
    """Return what hf_tagger finds, trained as configs/tagger.cfg says."""
    config = load_config(REPOSITORY / "configs" / "tagger.cfg")
    component = config["components"]["hf_tagger"]
    component["target"] = "tag"
    component["model"] |= {
        "precision": task.precision.replace("none", "fp32"),
        "mixed_precision": task.precision,
    }
    return run_config(config, task, seed, golds)


def run_spacy_tagger(task: Task, seed: int, golds: Sequence[Doc]) -> list[Doc]:
    """Return what spaCy's tagger finds, on the same encoder in spacy-transformers."""
    config = load_config(REPOSITORY / "configs" / "shared_encoder.cfg")
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER, "nO": None}
    components = {
        "transformer": config["components"]["transformer"],
        "tagger": {"factory": "tagger", "model": model},
    }
    config["components"] = components
    config["nlp"]["pipeline"] = list(components)
    config["initialize"]["components"] = {}
    return run_config(config, task, seed, golds)


def run_config(config: Any, task: Task, seed: int, golds: Sequence[Doc]) -> list[Doc]:  # noqa: ANN401
    """Train as `spacy train` does, and return the predicted Docs."""
    clock = Clock()
    registry.loggers(CLOCK, func=lambda: clock.set_up)
    with tempfile.TemporaryDirectory() as folder:
        # spaCy evaluates after the first step: one document is enough.
        first = Path(folder) / "first.spacy"
        DocBin(docs=golds[:1]).to_disk(first)
        config["paths"] |= {
            "train": str(task.train_file),
            "dev": str(first),
            "encoder": str(find_encoder()),
            "labels": "none",  # no such folder: labels are those of the data
        }
        config["system"]["seed"] = seed
        config["training"]["logger"] = {"@loggers": CLOCK}
        config["training"]["score_weights"] = {"tag_acc": 1.0}
        nlp = init_nlp(config)
        clock.total_steps = set_budget(nlp, task)
        train(nlp, Path(folder), stdout=io.StringIO())
        return tag(load_model_from_path(Path(folder) / "model-last"), golds)


def tag(nlp: Language, golds: Sequence[Doc]) -> list[Doc]:
    """Return what a pipeline makes of gold words."""
    return list(nlp.pipe(copy_tokens(gold, nlp.vocab) for gold in golds))


class TagLoop(PlainLoop):
    """The loop that people write by hand, for tags of words."""

    def read_tags(self, doc: Doc) -> list[str]:
        """Return the tag of each token; empty where gold has none."""
        return [token.tag_ for token in doc]

    def predict(self, docs: Sequence[Doc]) -> list[Doc]:
        """Return copies of documents with the tags that the network finds."""
        self.network.eval()
        rows_of_doc = [list(read_rows(doc, self.tokenizer)) for doc in docs]
        all_rows: list[Row] = []
        for rows in rows_of_doc:
            all_rows += rows
        found = iter(self._find_labels(all_rows))
        copies: list[Doc] = []
        for doc, rows in zip(docs, rows_of_doc, strict=True):
            copy = copy_tokens(doc, doc.vocab)
            for row in rows:
                ids = next(found)
                for i, token_i in enumerate(row.tokens):
                    if token_i >= 0:
                        copy[token_i].tag_ = self.labels[ids[i]]
            copies.append(copy)
        return copies


def run_plain(task: Task, seed: int, golds: Sequence[Doc]) -> list[Doc]:
    """Return what the loop written by hand finds."""
    torch.manual_seed(seed)
    docs = list(DocBin().from_disk(task.train_file).get_docs(Vocab()))
    labels = sorted({token.tag_ for doc in docs for token in doc} - {""})
    loop = TagLoop(docs, labels, task.precision)
    loop.train(epochs=task.epochs, seed=seed)
    return loop.predict(golds)


WAYS: dict[str, Callable[[Task, int, Sequence[Doc]], list[Doc]]] = {
    "hf_tagger": run_hf_tagger,
    "tagger": run_spacy_tagger,
    "plain": run_plain,
}

if __name__ == "__main__":
    main()
