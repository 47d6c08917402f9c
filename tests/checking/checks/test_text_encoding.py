import pytest

from spacy_hf_ner.checking.checks.text_encoding import check_text_encoding
from tests.checking.conftest import MakeData

TEXTS = ["Übermorgen in Köln", "Pelé’s “goal” – naïve", "Łódź, Ångström"]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("wrong", ["latin-1", "cp1252"])
def test_utf8_that_was_read_as_something_else_is_found(
    text: str, wrong: str, make_data: MakeData
) -> None:
    broken = text.encode("utf8").decode(wrong, errors="replace")
    (finding,) = check_text_encoding(make_data(train=[broken, "[Oslo|LOC]"]))
    assert finding.n == 1


@pytest.mark.parametrize("text", [*TEXTS, "Âge d'or, São Paulo", "SÃO PAULO", "São\u00a0Paulo"])
def test_texts_that_were_read_rightly_are_left_alone(text: str, make_data: MakeData) -> None:
    assert list(check_text_encoding(make_data(train=[text]))) == []
