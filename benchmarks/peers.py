r"""How fast Hugging Face token classifiers run in spaCy: ours beside its peers.

All have one checkpoint and read the same texts.

    make bench            # peers in an environment of their own, then all of it
    python benchmarks/peers.py [--model PIPELINE] [--device cuda]
    python benchmarks/peers.py --words 1500 --rounds 2      # a quick look, to see that it works
    python benchmarks/peers.py --redraw benchmarks/results/peers.json \
        --svg docs/images/speed.svg

Short texts are sentences, each a text of its own; documents are whole. Everybody reads the same
slice in turn, round after round. Figures go to `benchmarks/results/`: a table (printed),
`peers.json` and `speed.svg`. They mean something only on a quiet machine.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import spacy
from corpora import sign_measurement
from speed.alone import run_alone, use_device
from speed.chart import draw_speeds
from speed.competitors import BASELINE, COMPETITORS, Competitor
from speed.meter import read_work
from speed.models import find_model, make_pipelines
from speed.report import Report, describe_machine, print_report, read_report
from speed.rounds import run_rounds
from speed.runner import Setting
from speed.texts import find_corpus, read_texts, thin_out

from spacy_hf_ner.corpus.readers import read_docs

N_DOCS = 100  # of the training data, for what is made of our pipeline
N_STARTS = 5
N_ALONE_WORDS = 2000


def main() -> None:
    """Measure, print, save and draw."""
    args = read_arguments()
    if args.redraw:
        finish(read_report(args.redraw), args.redraw, args.svg)
        return
    args.output.mkdir(parents=True, exist_ok=True)
    corpus = find_corpus()
    model = args.model or find_model(corpus)
    vocab = spacy.blank("en").vocab
    docs = list(islice(read_docs(corpus.train, vocab), N_DOCS))
    pipelines, problems = make_pipelines(model, docs, args.output, args.device)
    setting = Setting(pipelines, args.device)
    use_device(setting)
    report = Report(corpus.name, describe_machine(args.device))
    competitors = choose(report, setting, args.only, problems)
    n_rounds = args.rounds or (
        4 if args.device == "cpu" else 3
    )  # slices about as long as a batch of nlp.pipe
    texts = {
        kind: thin_out(some, args.words) for kind, some in read_texts(corpus.dev, vocab).items()
    }
    nlp = spacy.load(model)
    n_docs = len(texts["documents"])
    report.signature = sign_measurement(nlp, data=corpus.dev, n_docs=n_docs).to_json()
    # Nobody's measurement is to carry its memory.
    del nlp
    for kind, some in texts.items():
        report.kinds.append(
            run_rounds(
                kind,
                some,
                competitors,
                setting,
                baseline=BASELINE,
                n_rounds=n_rounds,
                n_single=args.single if kind == "short" else 0,
                work=read_work(setting.checkpoint),
            )
        )
    few = [[text.text for text in thin_out(some, N_ALONE_WORDS)] for some in texts.values()]
    path = args.output / "texts.json"
    path.write_text(json.dumps(few), encoding="utf-8")
    measure_alone(report, competitors, setting, path)
    finish(report, args.output / "peers.json", args.svg)


def read_arguments() -> argparse.Namespace:
    """Return the command line."""
    results = Path(__file__).resolve().parent / "results"
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--model", type=Path, help="a pipeline with hf_ner; by default one trained here, once"
    )
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument(
        "--rounds", type=int, help="slices that the texts are dealt to; 4, on a GPU 3"
    )
    parser.add_argument(
        "--words", type=int, help="about so many words of each kind of texts; all by default"
    )
    parser.add_argument(
        "--single", type=int, default=60, help="short texts that are read one at a time"
    )
    parser.add_argument("--only", nargs="*", help="competitors by name")
    parser.add_argument("--output", type=Path, default=results)
    parser.add_argument("--svg", type=Path, default=results / "speed.svg")
    parser.add_argument(
        "--redraw", type=Path, help="measure nothing: print and draw what a run has saved"
    )
    return parser.parse_args()


def choose(
    report: Report, setting: Setting, names: Sequence[str] | None, problems: Mapping[str, str]
) -> list[Competitor]:
    """Return who takes part, and note who does not."""
    chosen = []
    for one in COMPETITORS:
        if names and one.name not in names:
            continue
        reason = one.explain_absence(setting)
        if reason is None:
            chosen.append(one)
            report.roles[one.name] = one.role
        elif setting.device in one.devices:
            report.absent[one.name] = problems.get(one.pipeline, reason)
    return chosen


def measure_alone(
    report: Report, competitors: Sequence[Competitor], setting: Setting, texts: Path
) -> None:
    """Measure what needs processes of their own: memory, and how long a start takes."""
    batch_size = max((kind.batch_size for kind in report.kinds), default=1)
    shared = json.dumps(setting.to_json() | {"batch_size": batch_size})
    for one in competitors:
        print(f"memory: {one.name}", file=sys.stderr)
        report.memory[one.name] = run_alone("memory", one.name, shared, str(texts))
    for _ in range(N_STARTS):
        for what in ("pipeline", "spacy", "checkpoint"):
            folder = setting.checkpoint if what == "checkpoint" else setting.pipelines["ours"]
            report.starts.setdefault(what, []).append(run_alone("start", what, folder))


def finish(report: Report, path: Path, svg: Path) -> None:
    """Print, save and draw a report."""
    report.save(path)
    print_report(report)
    svg.write_text(draw_speeds(report), encoding="utf-8")
    print(f"Saved {path} and {svg}.")


if __name__ == "__main__":
    main()
