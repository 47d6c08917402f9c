"""What is said of a network that gives no numbers any more."""

from spacy_hf_ner.model.training.divergence import explain_divergence


def test_the_error_names_the_network_and_what_to_do_next() -> None:
    message = str(explain_divergence("bert-base-cased"))
    assert message.startswith("bert-base-cased: expected numbers")
    assert "with a lower learn rate (`hf-ner find-rate` suggests one)" in message
