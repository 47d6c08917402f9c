"""What the scores of a pipeline are worth on held-out data: raw, calibrated, and the score that Hugging Face gives.

Documents are dealt to two halves; everything that is fitted is fitted on the other half. ECE has 15 bins of equal mass.

    python benchmarks/calibration.py MODEL [--data conllpp/conllpp_dev.txt]
"""

import argparse
from typing import Any

import numpy as np
import numpy.typing as npt
import spacy
from corpora import read_docs
from spacy.training import Example

from spacy_hf_ner.core.reliability import auroc, calibration_noise, measure_reliability
from spacy_hf_ner.pipe.calibration import Calibration, JudgedSpans, choose_maps, fit_rows, judge_spans
from spacy_hf_ner.pipe.prediction import Decoder, find_entities

Floats = npt.NDArray[np.float32]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", default="conllpp/conllpp_dev.txt")
    args = parser.parse_args()
    nlp = spacy.load(args.model)
    component: Any = nlp.get_pipe("hf_ner")
    examples = [Example(nlp.make_doc(gold.text), gold) for gold in read_docs(args.data, nlp)]
    rows = [component.tagger.predict([example.predicted])[0] for example in examples]
    halves = [list(range(part, len(examples), 2)) for part in (0, 1)]
    print(f"{'':44} ECE of both halves      AUROC of both halves")
    variants: list[tuple[str, Decoder, bool, bool]] = [
        ("mean of token maxima (Hugging Face's score)", "greedy", False, False),
        ("the same, temperature fitted", "greedy", True, False),
        ("span posterior", "viterbi", False, False),
        ("span posterior, temperature fitted", "viterbi", True, False),
        ("span posterior, calibrated", "viterbi", True, True),
    ]
    for name, decoder, with_temperature, with_maps in variants:
        judged = []
        for here, there in ((halves[0], halves[1]), (halves[1], halves[0])):
            temperature = fit_on(component, examples, rows, there) if with_temperature else 1.0
            spans = judge(component, examples, rows, here, decoder, temperature)
            scores = spans.scores
            if with_maps:
                maps = choose_maps(judge(component, examples, rows, there, decoder, temperature)).calibration
                scores = maps.apply(scores, spans.entity_types)
            judged.append((scores, spans.is_correct))
        errors = "  ".join(f"{measure_reliability(*half).expected_error:.4f}" for half in judged)
        ranks = "  ".join(f"{auroc(*half) or 0.0:.4f}" for half in judged)
        print(f"{name:44} {errors:22}  {ranks}")
    print(f"sampling noise of the ECE of perfectly calibrated scores: {calibration_noise(judged[0][0]):.4f}")


def fit_on(component: Any, examples: list[Example], rows: list[Floats], chosen: list[int]) -> float:  # noqa: ANN401
    """Return the temperature that fits the tokens of some examples."""
    return fit_rows([examples[i] for i in chosen], [rows[i] for i in chosen], component.tagger.load("auto"))


def judge(
    component: Any,  # noqa: ANN401
    examples: list[Example],
    rows: list[Floats],
    chosen: list[int],
    decoder: Decoder,
    temperature: float,
) -> JudgedSpans:
    """Return the spans found in some examples with their scores, and whether they are right."""
    some = [examples[i] for i in chosen]
    found = find_entities(
        [example.predicted for example in some],
        [rows[i] for i in chosen],
        component.tagger.load("auto"),
        decoder=decoder,
        threshold=None,
        keep_entities=False,
        overlapping=False,
        calibration=Calibration(decoder, temperature),
    )
    return judge_spans(some, found)


if __name__ == "__main__":
    main()
