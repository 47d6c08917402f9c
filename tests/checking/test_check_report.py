from spacy_hf_ner.checking.check_report import run_checks
from tests.checking.conftest import MakeData


def test_a_report_counts_types_by_part_and_puts_errors_first(make_data: MakeData) -> None:
    data = make_data(train=["[Oslo|LOC] calls [Ann|PER]", "[Rome|LOC]"], test=["[Oslo|ORG] calls"])
    checked = run_checks(data)
    assert checked.n_docs == {"train": 2, "test": 1}
    assert checked.type_rows() == [("LOC", "2", "0"), ("ORG", "0", "1"), ("PER", "1", "0")]
    severities = [finding.severity for finding in checked.findings]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    assert severities[0] == "error"  # training has no ORG
    assert repr(checked).startswith("<CheckReport of train, test: ")


def test_a_report_is_plain_values(make_data: MakeData) -> None:
    checked = run_checks(make_data(train=["[Oslo|LOC]", "[Oslo|LOC]", "[Oslo|ORG]"]))
    values = checked.to_json()
    assert values["n_entities"] == {"LOC": {"train": 2}, "ORG": {"train": 1}}
    assert values["suggestions"][0]["likelier"]["entity_type"] == "LOC"
    assert values["suggestions"][0]["place"] == {"part": "train", "doc": 3, "text": "[Oslo]"}
    assert {finding["check"] for finding in values["findings"]} >= {"few_examples"}
