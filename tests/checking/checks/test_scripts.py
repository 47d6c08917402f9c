from spacy_hf_ner.checking.checks.scripts import check_scripts
from tests.checking.conftest import MakeData

LATIN = "A sentence with some letters in it."
CYRILLIC = "Предложение с несколькими буквами."


def test_a_document_in_another_script_than_most_is_found(make_data: MakeData) -> None:
    (finding,) = check_scripts(make_data(train=[LATIN, LATIN, CYRILLIC]))
    assert finding.n == 1
    assert str(finding.examples[0]).startswith("train 3: ")


def test_japanese_is_one_script_and_figures_are_none(make_data: MakeData) -> None:
    japanese = [
        "東京タワーは日本の東京にあるとても高い塔です",
        "ひらがなだけでかかれたぶんしょうです。",
    ]
    assert list(check_scripts(make_data(train=[*japanese, "Oslo 3 : 2"]))) == []
