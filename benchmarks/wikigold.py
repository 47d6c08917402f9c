"""Span F1 on wikigold: a pipeline trained on the sample corpus reads text it has never seen.

python benchmarks/wikigold.py [MODEL] [--bias 4]

MODEL is training/hf_ner_sample/model-calibrated by default, and the bias that of its config.
"""

import argparse

import spacy
from corpora import REPOSITORY, read_docs

from spacy_hf_ner.evaluation.pairing import pair_docs
from spacy_hf_ner.evaluation.prediction import predict
from spacy_hf_ner.evaluation.strict import score_strict


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = REPOSITORY / "training" / "hf_ner_sample" / "model-calibrated"
    parser.add_argument("model", nargs="?", default=str(default))
    parser.add_argument("--bias", type=float, help="the dial between precision and recall")
    args = parser.parse_args()
    changes = {} if args.bias is None else {"components.hf_ner.bias": args.bias}
    nlp = spacy.load(args.model, config=changes)
    golds = read_docs("wikigold/wikigold.conll.txt", nlp)
    examples = predict(nlp, golds, progress=True).examples
    scores = score_strict([pair_docs(example.reference, example.predicted) for example in examples])
    for name, counts in {"all": scores.micro, **scores.per_type}.items():
        print(f"{name:5} P {counts.precision:.3f}  R {counts.recall:.3f}  F1 {counts.f1:.3f}")


if __name__ == "__main__":
    main()
