"""Findings on labels of tokens."""

import spacy
from spacy.tokens import Doc

from spacy_hf_ner.checking.checks.token_labels import check_token_labels
from tests.checking.conftest import MakeData

NLP = spacy.blank("en")


def make_doc(words: list[str], pos: list[str]) -> Doc:
    return Doc(NLP.vocab, words=words, pos=pos)


def test_data_without_labels_has_no_findings(make_data: MakeData) -> None:
    assert list(check_token_labels(make_data(train=["[Oslo|LOC] is cold."]))) == []


def test_rare_unseen_missing_and_odd_labels_are_found(make_data: MakeData) -> None:
    train = [make_doc(["the", "ship", " "], ["DET", "NOUN", "SPACE"]) for _ in range(60)]
    train.append(make_doc(["the", "ship"], ["DET", "VERB"]))
    train.append(make_doc(["ship", "it"], ["NOUN", ""]))
    dev = [make_doc(["oh"], ["INTJ"])]
    rare, unseen, missing, odd = check_token_labels(make_data(train=train, dev=dev))
    assert "fewer than 10 tokens of 1 label: VERB." in rare.message
    assert "dev has 1 label that train lacks: INTJ." in unseen.message
    assert unseen.severity == "warning"
    assert (missing.n, str(missing.examples[0])) == (1, "train 62: ship [it]")
    assert (odd.n, str(odd.examples[0])) == (1, "train 61: the [ship] (VERB, mostly NOUN)")
