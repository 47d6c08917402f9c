import json
from pathlib import Path

import pytest
import spacy

from spacy_hf_ner.commands import evaluate_labels, report_labels
from spacy_hf_ner.errors import CorpusError
from spacy_hf_ner.evaluation.card_results import read_card_results
from tests.checkpoints import make_checkpoint


def test_labels_of_tokens_are_read_with_their_accuracy(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path / "checkpoint", labels=("NOUN", "VERB"))
    nlp = spacy.blank("en")
    config = {"target": "pos", "model": {"name": str(checkpoint)}}
    nlp.add_pipe("hf_tagger", config=config)
    gold = nlp.make_doc("Dogs bark")
    gold[0].pos_, gold[1].pos_ = "NOUN", "VERB"
    evaluation = evaluate_labels(nlp, [gold])
    report_labels(evaluation, tmp_path)
    noted = read_card_results(tmp_path / "metrics.json")
    assert noted.results.judged == "pos, token by token"
    assert noted.results.overall.f1 == evaluation.labels[0].accuracy
    assert noted.results.overall.n_gold == 2
    assert noted.pipeline == "en_pipeline 0.0.0 (hf_tagger)"


@pytest.mark.parametrize("content", ["", "[]", json.dumps({"strict": {}}), '{"signature": {}}'])
def test_a_file_without_signed_results_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text(content, encoding="utf8")
    with pytest.raises(CorpusError, match="with its signature, got something else"):
        read_card_results(tmp_path / "metrics.json")
