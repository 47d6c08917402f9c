"""What the scores of a pipeline are worth on held-out data.

Three are compared: raw scores, calibrated ones, and the score that Hugging Face gives.

Documents are dealt to two halves; everything that is fitted is fitted on the other half. ECE has 15
bins of equal mass.

    python benchmarks/calibration.py MODEL [--data conllpp/conllpp_dev.txt]
"""

import argparse
from functools import partial
from typing import TYPE_CHECKING, Any

import spacy
from corpora import read_docs
from spacy.training import Example

from spacy_hf_ner.core.reliability import auroc, calibration_noise, measure_reliability
from spacy_hf_ner.pipe.calibration import Calibration
from spacy_hf_ner.pipe.entities import find_entities
from spacy_hf_ner.pipe.fitting import fit_calibration, fit_token_temperature, judge_spans
from spacy_hf_ner.pipe.held_out import read_held_out

if TYPE_CHECKING:
    from spacy_hf_ner.pipe.component_settings import Decoder


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    parser.add_argument("--data", default="conllpp/conllpp_dev.txt")
    args = parser.parse_args()
    nlp = spacy.load(args.model)
    component: Any = nlp.get_pipe("hf_ner")
    tag_set = component.classifier.load("auto")
    docs = [
        read_held_out(
            Example(doc, gold),
            component.classifier.predict([doc])[0],
            tag_set,
            spans_key="hf_ner",
            prefer_group=False,
        )
        for gold in read_docs(args.data, nlp)
        if len(doc := nlp.make_doc(gold.text))
    ]
    halves = docs[::2], docs[1::2]
    print(f"{'':44} ECE of both halves      AUROC of both halves")
    variants: list[tuple[str, Decoder, bool, bool]] = [
        ("mean of token maxima (Hugging Face's score)", "greedy", False, False),
        ("the same, temperature fitted", "greedy", True, False),
        ("span posterior", "viterbi", False, False),
        ("span posterior, temperature fitted", "viterbi", True, False),
        ("span posterior, calibrated", "viterbi", True, True),
    ]
    for name, decoder, with_temperature, with_maps in variants:
        find = partial(
            find_entities,
            tag_set=tag_set,
            decoder=decoder,
            threshold=None,
            keep_entities=False,
            overlapping=False,
        )
        judged = []
        for here, there in (halves, halves[::-1]):
            calibration = (
                Calibration(decoder, fit_token_temperature(there)) if with_temperature else None
            )
            if with_maps:
                calibration = fit_calibration(there, find, decoder).calibration
            spans = judge_spans(here, find, calibration)
            judged.append((spans.scores, spans.is_correct))
        errors = "  ".join(f"{measure_reliability(*half).expected_error:.4f}" for half in judged)
        ranks = "  ".join(f"{auroc(*half) or 0.0:.4f}" for half in judged)
        print(f"{name:44} {errors:22}  {ranks}")
    noise = calibration_noise(judged[0][0])
    print(f"sampling noise of the ECE of perfectly calibrated scores: {noise:.4f}")


if __name__ == "__main__":
    main()
