"""The token that clients bring."""

from pathlib import Path

import pytest

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.serving.bearer import TOKEN_VARIABLE, is_allowed, read_token


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Bearer sesame", True),
        ("bearer  sesame ", True),
        ("Bearer sesam", False),
        ("Bearer sesame!", False),
        ("Bearer", False),
        ("Basic sesame", False),
        ("sesame", False),
        ("Bearer séame", False),
        ("", False),
        (None, False),
    ],
)
def test_only_the_token_lets_a_client_in(header: str | None, expected: bool) -> None:
    assert is_allowed(header, "sesame") is expected


def test_without_a_token_everybody_is_let_in() -> None:
    assert is_allowed(None, None)
    assert is_allowed("Bearer whatever", None)


def test_a_token_comes_from_a_file_or_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert read_token(None) is None
    monkeypatch.setenv(TOKEN_VARIABLE, "one")
    assert read_token(None) == "one"
    file = tmp_path / "token"
    file.write_text("two\n")
    assert read_token(file) == "two"


def test_no_token_where_one_is_expected_is_an_error(tmp_path: Path) -> None:
    # A server that is meant to be closed must not be open by mistake.
    with pytest.raises(ConfigError, match="token_file must be a file"):
        read_token(tmp_path / "missing")
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ConfigError, match="to hold a token, got nothing"):
        read_token(tmp_path / "empty")
