"""What a user says of how names are rewritten."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from spacy.tokens import Span

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.rewriting import Hashes, Masks, Method, Redactions
from spacy_hf_ner.rewriting.pseudonyms import Pseudonyms
from spacy_hf_ner.rewriting.settings import RewriteSettings, make_method
from tests.rewriting.extras import needs_gazetteers


def find_nothing(texts: Sequence[str]) -> list[Sequence[Span]]:
    return [()] * len(texts)


@pytest.mark.parametrize(
    ("how", "kind"), [("redact", Redactions), ("mask", Masks), ("hash", Hashes)]
)
def test_each_way_has_its_method(how: str, kind: type[Method], tmp_path: Path) -> None:
    method = make_method(RewriteSettings(how, key_file=tmp_path / "key"), find_nothing)
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
        make_method(RewriteSettings("hash"), find_nothing)


@needs_gazetteers
def test_pseudonyms_have_the_seed_and_the_locale_asked_for() -> None:
    settings = RewriteSettings("pseudonym", locale="de_DE", seed=1)
    assert isinstance(make_method(settings, find_nothing), Pseudonyms)


def test_analogies_need_both_contexts() -> None:
    with pytest.raises(ConfigError, match="source and target must be given"):
        make_method(RewriteSettings("analogy", source="america"), find_nothing)
