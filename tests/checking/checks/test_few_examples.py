from spacy_hf_ner.checking.checks.few_examples import MIN_EXAMPLES, check_few_examples
from tests.checking.conftest import MakeData


def test_types_with_few_entities_in_training_are_found_and_no_others(make_data: MakeData) -> None:
    train = ["[Oslo|LOC] calls [Ann|PER]."] + ["[Oslo|LOC] calls."] * (MIN_EXAMPLES - 1)
    data = make_data(dev=["[Ann|PER]"] * MIN_EXAMPLES, train=train)
    (finding,) = check_few_examples(data)
    assert (finding.n, finding.severity) == (1, "warning")
    assert finding.message == "train has only 1 entity of the type PER."
