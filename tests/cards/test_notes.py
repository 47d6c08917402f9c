from typing import Any

import pytest

from spacy_hf_ner.cards.notes import CardNotes, CardResults, Scores, read_card_notes
from spacy_hf_ner.errors import ConfigError

RESULTS = CardResults(
    pipeline="en_news",
    data="dev.spacy",
    sha256="0a" * 32,
    n_docs=12,
    judged="by strict spans",
    date="2026-11-27T12:00:00+00:00",
    signature="data:dev.spacy|docs:12",
    overall=Scores("all", 0.5, 0.25, 1 / 3, 8),
    per_type=(Scores("PER", 0.5, 0.25, 1 / 3, 8),),
    calibration_error=0.02,
    calibration_noise=0.01,
)


def test_notes_are_read_as_they_were_written() -> None:
    notes = CardNotes(license="mit", data_name="dev", results=RESULTS)
    assert read_card_notes(notes.to_json()) == notes
    assert read_card_notes(None) == CardNotes()


@pytest.mark.parametrize(
    "damaged",
    [
        "mit",
        {"license": 3},
        {"unheard_of": "x"},
        {"results": {}},
        {"results": {**CardNotes(results=RESULTS).to_json()["results"], "overall": {"f1": 1.0}}},
        {
            "results": {
                **CardNotes(results=RESULTS).to_json()["results"],
                "per_type": [
                    {
                        "name": "PER",
                        "precision": float("nan"),
                        "recall": 0.0,
                        "f1": 0.0,
                        "n_gold": 1,
                    }
                ],
            }
        },
    ],
)
def test_damaged_notes_are_refused(damaged: Any) -> None:
    with pytest.raises(ConfigError, match="noted for the model card is damaged"):
        read_card_notes(damaged)
