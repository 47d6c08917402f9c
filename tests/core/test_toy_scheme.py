"""A scheme is a row of the table: also one in which an entity is known by its last tag."""

import numpy as np
import pytest

from spacy_hf_ner.core.chain import make_chain
from spacy_hf_ner.core.decoding import decode_all, decode_viterbi
from spacy_hf_ner.core.labels import make_tag_set, read_labels
from spacy_hf_ner.core.schemes import SCHEMES, Scheme, Tag, get_scheme, scheme_of_prefixes
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import detect_scheme, read_tags, write_tags
from tests.core.brute_force import enumerate_paths

TOY = Scheme("TOY_IOE2", begin="I", inside="I", end="E", single="E", touching="I")


@pytest.fixture(autouse=True)
def _toy_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCHEMES, TOY.name, TOY)


@pytest.mark.parametrize(
    ("spans", "tags"),
    [
        ([(0, 3, "X")], "I-X I-X E-X O"),
        ([(1, 2, "X")], "O E-X O O"),
        # touching entities of one type, of all lengths
        ([(0, 1, "X"), (1, 2, "X")], "E-X E-X O O"),
        ([(0, 2, "X"), (2, 4, "X")], "I-X E-X I-X E-X"),
        ([(0, 1, "X"), (1, 4, "X")], "E-X I-X I-X E-X"),
        ([(0, 2, "X"), (2, 4, "Y")], "I-X E-X I-Y E-Y"),
    ],
)
def test_what_is_written_is_read_back(spans: list[tuple[int, int, str]], tags: str) -> None:
    expected = [TokenSpan(*span) for span in spans]
    written = write_tags(expected, 4, TOY)
    assert " ".join(map(str, written)) == tags
    reading = read_tags(written, TOY)
    assert (list(reading.spans), reading.violations) == (expected, ())


def test_an_entity_that_stops_without_its_end_tag_is_a_violation() -> None:
    reading = read_tags([Tag("I", "X"), Tag("O", "")], TOY)
    assert reading.spans == (TokenSpan(0, 1, "X"),)
    assert [violation.kind for violation in reading.violations] == ["ends without an end tag"]


def test_its_prefixes_name_it() -> None:
    assert scheme_of_prefixes("IE") == TOY
    assert scheme_of_prefixes("BIES") == SCHEMES["IOBES"]
    assert get_scheme(TOY.name) is TOY


def test_it_is_detected_in_data() -> None:
    spans = [TokenSpan(0, 2, "X"), TokenSpan(2, 3, "X"), TokenSpan(4, 7, "Y")]
    guess = detect_scheme([write_tags(spans, 8, TOY)])
    assert (guess.scheme, guess.share) == (TOY, 1.0)


@pytest.mark.parametrize("name", ["auto", TOY.name])
@pytest.mark.parametrize(
    "labels", ["O I-PER E-PER", "O i-PER e-PER", "O PER-I PER-E", "O I_PER E_PER", "O I:PER E:PER"]
)
def test_labels_are_read(labels: str, name: str) -> None:
    tag_set = read_labels(labels.split(), scheme=name)
    assert tag_set.scheme == TOY
    assert tag_set.labels == ("O", "I-PER", "E-PER")


def test_bare_types_beside_prefixed_ones_are_tags_of_single_tokens() -> None:
    labels = read_labels(["O", "I-PER", "E-PER", "DATE"]).labels
    assert labels == ("O", "I-PER", "E-PER", "E-DATE")


def test_a_tag_that_is_spread_over_tokens_stays_one_entity() -> None:
    assert (TOY.split("E"), TOY.split("I")) == (("I", "I", "E"), ("I", "I", "I"))


@pytest.mark.parametrize("seed", range(3))
def test_the_chain_and_its_posteriors_are_those_of_brute_force(seed: int) -> None:
    tag_set = make_tag_set(["X", "Y"], TOY)
    chain = make_chain(tag_set)
    logits = np.random.default_rng(seed).normal(size=(4, len(tag_set))) * 2
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    expected = enumerate_paths(log_probs, chain, tag_set)
    for path in expected.paths:
        assert not read_tags([tag_set.tags[k] for k in path], TOY).violations

    lengths = np.array([4])
    best = decode_viterbi(log_probs, lengths, chain)
    spans = list(zip(best.start.tolist(), best.end.tolist(), best.type_i.tolist(), strict=True))
    assert spans == expected.best
    assert best.score == pytest.approx([expected.posterior[span] for span in spans], abs=1e-12)
    found = decode_all(log_probs, lengths, chain, threshold=np.full(2, 1e-3))
    keys = zip(found.start.tolist(), found.end.tolist(), found.type_i.tolist(), strict=True)
    wanted = {span: p for span, p in expected.posterior.items() if p >= 1e-3}
    assert dict(zip(keys, found.score.tolist(), strict=True)) == pytest.approx(wanted, abs=1e-12)
