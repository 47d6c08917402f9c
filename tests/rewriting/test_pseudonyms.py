"""Other names of the same kind, and the way back."""

import json
import re
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.rewriting import Rewriter
from spacy_hf_ner.rewriting.fake_names import list_names
from spacy_hf_ner.rewriting.places import find_country
from spacy_hf_ner.rewriting.pseudonyms import Pseudonyms, Reversal
from tests.rewriting.extras import needs_gazetteers

pytestmark = needs_gazetteers

VOCAB = spacy.blank("en").vocab
PEOPLE = ["Sarah Miller", "Miller", "SARAH", "Kofi Annan", "Ms. Sarah Miller", "J. Miller"]


def make_doc(*parts: str | tuple[str, str]) -> Doc:
    """Return a Doc of words, and of names with their types."""
    words: list[str] = []
    tags: list[str] = []
    for part in parts:
        if isinstance(part, str):
            words.append(part)
            tags.append("O")
            continue
        name = part[0].split()
        words += name
        tags += [f"B-{part[1]}", *[f"I-{part[1]}"] * (len(name) - 1)]
    return Doc(VOCAB, words=words, ents=tags)


def rewrite(doc: Doc, method: Pseudonyms) -> list[str]:
    return [entity.text for entity in Rewriter(method).rewrite(doc).doc.ents]


def test_a_person_is_the_same_in_each_part_of_the_name() -> None:
    doc = make_doc(("Sarah Miller", "PER"), "met", ("MILLER", "PER"), ("Ms. Miller", "PERSON"))
    full, capitals, titled = rewrite(doc, Pseudonyms(seed=1))
    first, last = full.split()
    assert first in list_names("en_US").female - {"Sarah"}
    assert capitals == last.upper()
    assert titled == f"Ms. {last}"


def test_small_words_and_initials_stay_what_they_are() -> None:
    (new,) = rewrite(make_doc(("Ursula J. von der Leyen", "PER")), Pseudonyms(seed=1))
    assert re.fullmatch(r"\w+ [A-Z]\. von der [\w'-]+", new)


def test_a_country_becomes_a_country_and_a_city_none() -> None:
    doc = make_doc(("France", "GPE"), ("Paris", "LOC"), ("Acme", "ORG"))
    country, city, company = rewrite(doc, Pseudonyms(seed=3))
    assert country != "France"
    assert not find_country(city)
    assert company != "Acme"


def test_what_is_no_name_of_a_known_kind_stays() -> None:
    doc = make_doc("on", ("Monday", "DATE"), "saw", ("Casablanca", "WORK_OF_ART"))
    rewriting = Rewriter(Pseudonyms()).rewrite(doc)
    assert rewriting.doc.text == doc.text
    # Dates and quantities are no names, so nothing is said of them.
    assert [name.text for name in rewriting.kept] == ["Casablanca"]


def test_a_name_is_the_same_in_a_corpus_and_another_in_each_document() -> None:
    doc = make_doc(("Paris", "LOC"))
    corpus = Rewriter(Pseudonyms(seed=1))
    assert corpus.rewrite(doc).doc.text == corpus.rewrite(doc).doc.text
    documents = Rewriter(Pseudonyms(seed=1), scope="document")
    assert len({documents.rewrite(doc).doc.text for _ in range(5)}) > 1


def test_no_two_names_become_the_same() -> None:
    names = [(f"Town{i}", "LOC") for i in range(300)]
    new = rewrite(make_doc(*names), Pseudonyms(seed=1))
    assert len(set(new)) == len(names)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=8), st.integers(0, 1000))
def test_the_key_file_leads_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], seed: int
) -> None:
    key_file = tmp_path_factory.mktemp("key") / "key.json"
    method = Pseudonyms(seed=seed, key_file=key_file)
    rewriter = Rewriter(method)
    docs = [make_doc("met", (name, "PER"), "in", ("Paris", "LOC")) for name in names]
    new = [rewriter.rewrite(doc).doc.text for doc in docs]
    method.save()
    assert [Reversal(key_file).restore(text) for text in new] == [doc.text for doc in docs]


def test_names_of_a_key_file_become_what_they_became(tmp_path: Path) -> None:
    doc = make_doc(("Sarah Miller", "PER"))
    first = Pseudonyms(key_file=tmp_path / "key.json")
    expected = rewrite(doc, first)
    first.save()
    assert rewrite(doc, Pseudonyms(key_file=tmp_path / "key.json")) == expected


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"format": "other"})])
def test_what_is_no_key_file_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text(content, encoding="utf8")
    with pytest.raises(ConfigError, match="key_file must be one that rewriting"):
        Pseudonyms(key_file=tmp_path / "key.json")
