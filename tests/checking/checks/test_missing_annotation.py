import spacy

from spacy_hf_ner.checking.checks.missing_annotation import check_missing_annotation
from tests.checking.conftest import MakeData


def test_documents_and_tokens_that_nobody_annotated_are_told_apart(make_data: MakeData) -> None:
    nlp = spacy.blank("en")
    bare = nlp.make_doc("Nobody was here.")
    partly = nlp.make_doc("Ann met Tim.")
    partly.set_ents([], missing=[partly[2:4]], default="outside")
    documents, tokens = check_missing_annotation(make_data(train=[bare, partly, "[Oslo|LOC]"]))
    assert (documents.n, documents.severity) == (1, "warning")
    assert (tokens.n, tokens.severity) == (2, "note")
    assert str(tokens.examples[0]) == "train 2: Ann met [Tim]."
