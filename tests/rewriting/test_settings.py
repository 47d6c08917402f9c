"""What a user says of how names are rewritten."""

from pathlib import Path

import pytest

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.rewriting import Hashes, Masks, Method, Redactions
from spacy_hf_ner.rewriting.settings import RewriteSettings, make_method


@pytest.mark.parametrize(
    ("how", "kind"), [("redact", Redactions), ("mask", Masks), ("hash", Hashes)]
)
def test_each_way_has_its_method(how: str, kind: type[Method], tmp_path: Path) -> None:
    method = make_method(RewriteSettings(how, key_file=tmp_path / "key"))
    assert isinstance(method, kind)
    assert (tmp_path / "key").exists() == (how == "hash")


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"how": "hide"}, "how must be one of redact, "), ({"scope": "text"}, "scope must be one of")],
)
def test_a_setting_out_of_its_range_is_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RewriteSettings(**{"how": "redact", **settings})  # type: ignore[arg-type]


def test_hashes_need_a_key() -> None:
    with pytest.raises(ConfigError, match="key_file must be given"):
        make_method(RewriteSettings("hash"))
