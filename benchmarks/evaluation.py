"""How long evaluation takes when prediction is done.

Measured are 100,000 gold entities, and the report of 3,000 sentences.

Run: python benchmarks/evaluation.py
"""

import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import spacy
from spacy.scorer import Scorer
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_hf_ner.evaluation.confidence import collect_scores, measure_confidence, trace_thresholds
from spacy_hf_ner.evaluation.confusion import count_confusions, rank_confusions
from spacy_hf_ner.evaluation.matching import match_entities
from spacy_hf_ner.evaluation.pairing import DocPair, pair_docs
from spacy_hf_ner.evaluation.prediction import Prediction
from spacy_hf_ner.evaluation.resampling import bootstrap, count_docs
from spacy_hf_ner.evaluation.results import judge, pause_collector
from spacy_hf_ner.evaluation.semeval import count_semeval
from spacy_hf_ner.evaluation.seqeval_report import score_with_seqeval
from spacy_hf_ner.evaluation.slices import slice_scores
from spacy_hf_ner.evaluation.strict import score_strict
from spacy_hf_ner.evaluation.tokens import token_accuracy, write_pair_tags
from spacy_hf_ner.visual.evaluation_page import make_report

TOKENS = 20  # in a sentence
ENTITIES = 2.5  # in a sentence, about as many as in news
TYPES = ("PER", "LOC", "ORG", "MISC")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
]
T = TypeVar("T")


def make_examples(n_sentences: int, vocab: Vocab, *, per_doc: int = 10) -> list[Example]:
    """Return Docs of made-up words with predictions of which about eight in ten are right."""
    draw = random.Random(0)  # noqa: S311 - not for secrets
    words = [f"word{i}" for i in range(5000)]
    examples = []
    for _ in range(n_sentences // per_doc):
        tokens = [draw.choice(words) for _ in range(TOKENS * per_doc)]
        spaces = [True] * len(tokens)
        gold, predicted = (
            Doc(vocab, words=tokens, spaces=spaces),
            Doc(vocab, words=tokens, spaces=spaces),
        )
        starts = sorted(draw.sample(range(0, len(tokens) - 2, 3), round(ENTITIES * per_doc)))
        gold.ents = [Span(gold, i, i + draw.choice((1, 2)), draw.choice(TYPES)) for i in starts]
        predicted.ents = [
            Span(predicted, e.start, e.end, e.label_ if draw.random() < 0.8 else draw.choice(TYPES))  # noqa: PLR2004
            for e in gold.ents
        ]
        scores = [draw.betavariate(6, 1) for _ in predicted.ents]
        predicted.spans["hf_ner"] = SpanGroup(
            predicted, spans=list(predicted.ents), attrs={"scores": scores}
        )
        examples.append(Example(predicted, gold))
    return examples


def timed(name: str, work: Callable[[], T], seconds: list[float]) -> T:
    """Return what the work gives, having printed and kept the seconds that it took.

    They are the processor's: others may be busy, too.
    """
    start = time.process_time()
    result = work()
    seconds.append(time.process_time() - start)
    print(f"  {name:<32} {seconds[-1]:6.2f} s")
    return result


def measure_parts(examples: list[Example]) -> None:
    """Print how long each part of an evaluation takes, our own first."""
    ours: list[float] = []
    pairs: list[DocPair] = timed(
        "pairing", lambda: [pair_docs(eg.reference, eg.predicted) for eg in examples], ours
    )
    n_gold = sum(len(pair.gold) for pair in pairs)
    matches = timed("matching", lambda: [match_entities(p.gold, p.predicted) for p in pairs], ours)
    timed("strict spans", lambda: score_strict(pairs), ours)
    timed("intervals (1,000 draws)", lambda: bootstrap(count_docs(pairs)), ours)
    timed("SemEval-2013", lambda: count_semeval(pairs), ours)
    timed("slices", lambda: slice_scores(pairs), ours)
    timed("confusions", lambda: (count_confusions(matches), rank_confusions(pairs, matches)), ours)
    scored = timed("scores", lambda: collect_scores(pairs), ours)
    timed(
        "calibration and thresholds",
        lambda: (measure_confidence(scored), trace_thresholds(scored)),
        ours,
    )
    tags = timed("tags", lambda: [write_pair_tags(pair) for pair in pairs], ours)
    timed("token accuracy", lambda: token_accuracy(tags), ours)
    print(f"{n_gold:,} gold entities, our own evaluation: {sum(ours):.2f} s")
    others: list[float] = []
    timed("seqeval, default mode", lambda: score_with_seqeval(tags, mode="default"), others)
    timed("seqeval, strict mode", lambda: score_with_seqeval(tags, mode="strict"), others)
    timed("spaCy's Scorer", lambda: Scorer(spacy.blank("en")).score(examples), others)
    print(f"other programs' reports: {sum(others):.2f} s")


def measure_report(examples: list[Example]) -> None:
    """Print the size of a report, and how long headless Chromium takes to start and draw it."""
    nlp = spacy.blank("en")
    evaluation = judge(nlp, Prediction(tuple(examples), n_words=1, seconds=1.0))
    report = make_report(evaluation, data="made up")
    n_sentences = sum(len(eg.reference) for eg in examples) // TOKENS
    print(f"report of {n_sentences:,} sentences: {len(report.encode()) / 1e6:.2f} MB")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("no Chromium here: opening it is not measured.")
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, html in (("an empty page", "<p>"), ("the report", report)):
            page = Path(folder) / "page.html"
            page.write_text(html, encoding="utf8")
            command = [
                chromium,
                *FLAGS,
                f"--user-data-dir={folder}/profile",
                "--dump-dom",
                page.as_uri(),
            ]
            start = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True)  # noqa: S603
            print(
                f"  Chromium, {name:<22} {time.perf_counter() - start:6.2f} s, its start included"
            )


def main() -> None:
    """Measure both."""
    vocab = spacy.blank("en").vocab
    examples = make_examples(40_000, vocab)
    with pause_collector():  # as in `judge`, which these are the parts of
        measure_parts(examples)
    measure_report(make_examples(3_000, vocab, per_doc=1))


if __name__ == "__main__":
    main()
