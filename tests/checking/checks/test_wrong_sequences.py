from pathlib import Path

import spacy

from spacy_hf_ner.checking.checks.wrong_sequences import check_wrong_sequences
from spacy_hf_ner.checking.parts import CheckedData, read_parts


def test_what_the_reader_repaired_is_counted_by_kind(tmp_path: Path) -> None:
    right = "Ann B-PER\nmet O\nTim B-PER\n\n" * 30
    (tmp_path / "train.conll").write_text(right + "met O\nOslo I-LOC\n\n", encoding="utf8")
    nlp = spacy.blank("en")
    parts = read_parts([tmp_path / "train.conll"], nlp.vocab, spans_key="hf_ner")
    findings = list(check_wrong_sequences(CheckedData(parts, nlp)))
    assert [finding.n for finding in findings] == [1]
    assert findings[0].message.startswith("train: 1 × ")
