"""Names moved into another context, and read again there."""

from collections.abc import Sequence

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Span

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.rewriting import Rewriter, Rewriting
from spacy_hf_ner.rewriting.analogies import Analogies
from spacy_hf_ner.rewriting.candidates import Candidates
from spacy_hf_ner.rewriting.gazetteers import CountryNames
from spacy_hf_ner.rewriting.names import Name
from spacy_hf_ner.rewriting.vectors import WordVectors
from tests.rewriting.extras import needs_gazetteers

pytestmark = needs_gazetteers

# Two axes: what a word is, and where it is at home.
VECTORS = {
    "america": (0, 0, 0, 1),
    "india": (0, 0, 0, -1),
    "paris": (1, 0, 0, 1),
    "mumbai": (1, 0.1, 0, -1),
    "delhi": (1, 0.2, 0, -1),
    "chicago": (1, 0.4, 0, 1),
    "toyota": (0, 1, 0, 1),
    "firms": (0, 1, 0.05, -1),
    "mahindra": (0, 1, 0.1, -1),
    "infosys": (0, 1, 0.2, -1),
    "oracle": (0, 1, 0.3, 1),
    "sarah": (0, 0, 1, 1),
    "radha": (0, 0, 1, -1),
    "miller": (0, 0.2, 1, 1),
    "singh": (0, 0.2, 1, -1),
    "japan": (0.5, 0.5, 0.5, 0.5),
}


def make_vectors() -> WordVectors:
    return WordVectors(list(VECTORS), np.array(list(VECTORS.values()), dtype=np.float32))


def make_candidates(target: str = "india") -> Candidates:
    return Candidates(make_vectors(), source="america", target=target)


def make_pipeline(*, unread: Sequence[str] = ()) -> Language:
    """Return a pipeline that knows all names, but those that it is not to read.

    It takes Oracle for a person.
    """
    kinds = {
        "LOC": ["Paris", "Chicago", "Mumbai", "Delhi", "America", "India"],
        "ORG": ["Toyota", "Mahindra", "Infosys"],
        "PER": ["Sarah", "Radha", "Sarah Miller", "Radha Singh", "Singh", "Miller", "Oracle"],
    }
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    for kind, names in kinds.items():
        known = [{"label": kind, "pattern": name} for name in names if name not in unread]
        ruler.add_patterns(known)  # type: ignore[attr-defined]
    return nlp


def rewrite(text: str, *, unread: Sequence[str] = ()) -> Rewriting:
    nlp = make_pipeline(unread=unread)

    def read(texts: Sequence[str]) -> list[Sequence[Span]]:
        return [doc.ents for doc in nlp.pipe(texts)]

    method = Analogies(make_candidates(), read)
    return Rewriter(method, tokenizer=nlp.tokenizer).rewrite(nlp(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("I am going to Paris.", "I am going to Mumbai."),
        ("PARIS's sights, paris!", "MUMBAI's sights, mumbai!"),
        ("Paris is no Chicago.", "Mumbai is no Delhi."),
        ("Sarah Miller left America.", "Radha Singh left India."),
        ("Sarah met Miller.", "Radha met Singh."),
        # "Firms" is nearer, but no company.
        ("She has a Toyota.", "She has a Mahindra."),
        # It is no person, whatever the model says, and its like may be read as what it is.
        ("She sued Oracle.", "She sued Infosys."),
        ("Nothing to see.", "Nothing to see."),
    ],
)
def test_names_become_their_like_in_the_other_context(old: str, new: str) -> None:
    assert rewrite(old).doc.text == new


def test_a_candidate_that_is_not_read_as_the_same_type_is_passed_over() -> None:
    assert rewrite("a Toyota in Paris", unread=["Mumbai", "Mahindra"]).doc.text == (
        "an Infosys in Delhi"
    )


def test_where_none_is_good_the_name_stays_and_is_counted() -> None:
    rewriting = rewrite("Paris and Toyota", unread=["Mumbai", "Delhi"])
    assert rewriting.doc.text == "Paris and Mahindra"
    assert [name.text for name in rewriting.kept] == ["Paris"]


def test_the_same_name_becomes_the_same_in_all_texts() -> None:
    nlp = make_pipeline()
    method = Analogies(make_candidates(), lambda texts: [doc.ents for doc in nlp.pipe(texts)])
    rewriter = Rewriter(method)
    texts = ["Chicago", "Paris", "Chicago"]
    first, other, again = (rewriter.rewrite(nlp(text)).doc.text for text in texts)
    assert first == again != other


def test_a_word_that_the_vectors_lack_is_refused() -> None:
    with pytest.raises(ConfigError, match="target must be a word that the vectors have"):
        make_candidates("atlantis")


def test_what_no_gazetteer_lists_is_said_to_be_unlisted() -> None:
    candidates = make_candidates()
    cities = list(candidates.propose(Name("Paris", "LOC", 0, 5)))
    assert [(candidate.text, candidate.is_listed) for candidate in cities[:2]] == [
        ("Mumbai", True),
        ("Delhi", True),
    ]
    companies = list(candidates.propose(Name("Toyota", "ORG", 0, 6)))
    assert [candidate.text for candidate in companies] == ["Mahindra", "Infosys"]
    words = list(candidates.propose(Name("Toyota", "PRODUCT", 0, 6)))
    assert {candidate.is_listed for candidate in words} == {False}
    assert words[0].text == "Firms"
    # They are at home elsewhere, or a gazetteer has them as something else.
    assert not {"Oracle", "Paris", "Mumbai", "Radha"} & {candidate.text for candidate in words}


def test_a_word_that_is_no_name_where_a_sentence_begins_is_passed_over() -> None:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    known = [{"label": "PRODUCT", "pattern": name} for name in ("Galaxy", "Sensex")]
    ruler.add_patterns(known)  # type: ignore[attr-defined]
    words = [*VECTORS, "galaxy", "sensex"]
    rows = [*VECTORS.values(), VECTORS["toyota"], VECTORS["infosys"]]
    vectors = WordVectors(words, np.array(rows, dtype=np.float32))
    candidates = Candidates(vectors, source="america", target="india")
    nearest = [candidate.text for candidate in candidates.propose(Name("Galaxy", "PRODUCT", 0, 6))]
    assert nearest.index("Firms") < nearest.index("Sensex")
    method = Analogies(candidates, lambda texts: [doc.ents for doc in nlp.pipe(texts)])
    assert Rewriter(method).rewrite(nlp("a Galaxy")).doc.text == "a Sensex"


@pytest.mark.parametrize("name", ["Owen", "Liam", "Michael"])
def test_a_name_of_the_source_or_of_its_language_is_none_of_the_target(name: str) -> None:
    words = [*VECTORS, name.lower()]
    # As near as can be: it is proposed if it may be.
    data = np.array([*VECTORS.values(), VECTORS["radha"]], dtype=np.float32)
    candidates = Candidates(WordVectors(words, data), source="america", target="india")
    assert name in CountryNames("IN").first
    proposed = {candidate.text for candidate in candidates.propose(Name("Sarah", "PER", 0, 5))}
    proposed |= {candidate.text for candidate in candidates.propose(Name("John", "PER", 0, 4))}
    assert name not in proposed
