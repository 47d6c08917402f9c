"""Schemes in which an entity is known by its last tag: IOE1, IOE2, and IOE, which reads both."""

import numpy as np
import pytest

from spacy_hf_ner.core.chain import make_chain
from spacy_hf_ner.core.decoding import decode_all, decode_viterbi
from spacy_hf_ner.core.labels import make_tag_set, read_labels
from spacy_hf_ner.core.schemes import SCHEMES, Scheme, Tag, choose_strict
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import detect_scheme, read_tags, write_tags
from tests.core.brute_force import enumerate_paths

IOE, IOE1, IOE2 = SCHEMES["IOE"], SCHEMES["IOE1"], SCHEMES["IOE2"]


@pytest.mark.parametrize(
    ("spans", "ioe1", "ioe2"),
    [
        ([(0, 3, "X")], "I-X I-X I-X O", "I-X I-X E-X O"),
        ([(1, 2, "X")], "O I-X O O", "O E-X O O"),
        # touching entities of one type, of all lengths
        ([(0, 1, "X"), (1, 2, "X")], "E-X I-X O O", "E-X E-X O O"),
        ([(0, 1, "X"), (1, 2, "X"), (2, 3, "X")], "E-X E-X I-X O", "E-X E-X E-X O"),
        ([(0, 2, "X"), (2, 4, "X")], "I-X E-X I-X I-X", "I-X E-X I-X E-X"),
        ([(0, 1, "X"), (1, 4, "X")], "E-X I-X I-X I-X", "E-X I-X I-X E-X"),
        ([(0, 2, "X"), (2, 4, "Y")], "I-X I-X I-Y I-Y", "I-X E-X I-Y E-Y"),
    ],
)
def test_what_is_written_is_read_back(
    spans: list[tuple[int, int, str]], ioe1: str, ioe2: str
) -> None:
    expected = [TokenSpan(*span) for span in spans]
    for scheme, tags in ((IOE1, ioe1), (IOE2, ioe2)):
        written = write_tags(expected, 4, scheme)
        assert " ".join(map(str, written)) == tags
        for reader in (scheme, IOE):
            reading = read_tags(written, reader)
            assert (list(reading.spans), reading.violations) == (expected, ())


@pytest.mark.parametrize(
    ("prefixes", "scheme", "spans"),
    [
        ("IO", IOE2, [(0, 1)]),
        ("IIO", IOE2, [(0, 2)]),
        ("EO", IOE1, [(0, 1)]),  # the end tag of an entity that none touches
        ("IEO", IOE1, [(0, 2)]),
    ],
)
def test_an_entity_with_the_wrong_last_tag_is_kept_and_a_violation(
    prefixes: str, scheme: Scheme, spans: list[tuple[int, int]]
) -> None:
    tags = [Tag(prefix, "" if prefix == "O" else "X") for prefix in prefixes]
    reading = read_tags(tags, scheme)
    assert [(span.start, span.end) for span in reading.spans] == spans
    assert [violation.kind for violation in reading.violations] == ["ends without an end tag"]


@pytest.mark.parametrize("scheme", [IOE1, IOE2])
def test_data_tells_them_apart(scheme: Scheme) -> None:
    spans = [TokenSpan(0, 2, "X"), TokenSpan(2, 3, "X"), TokenSpan(4, 7, "Y")]
    guess = detect_scheme([write_tags(spans, 8, scheme)])
    assert (guess.scheme, guess.share) == (scheme, 1.0)


@pytest.mark.parametrize(
    "labels", ["O I-PER E-PER", "O i-PER e-PER", "O PER-I PER-E", "O I_PER E_PER", "O I:PER E:PER"]
)
def test_labels_do_not_tell_them_apart(labels: str) -> None:
    for name, scheme in (("auto", IOE), ("IOE1", IOE1), ("IOE2", IOE2)):
        tag_set = read_labels(labels.split(), scheme=name)
        assert tag_set.scheme == scheme
        assert tag_set.labels == ("O", "I-PER", "E-PER")
    assert choose_strict(IOE) == IOE2


def test_bare_types_beside_prefixed_ones_are_tags_of_single_tokens() -> None:
    mixed = ["O", "I-PER", "E-PER", "DATE"]
    assert read_labels(mixed).labels == ("O", "I-PER", "E-PER", "I-DATE")
    assert read_labels(mixed, scheme="IOE2").labels == ("O", "I-PER", "E-PER", "E-DATE")


def test_types_that_begin_with_an_e_are_no_last_tags() -> None:
    assert read_labels(["O", "E-MAIL", "I-BAN"]).labels == ("O", "I-E-MAIL", "I-I-BAN")
    assert read_labels(["O", "B-PER", "I-PER", "E_MAIL"]).labels[-1] == "I-E_MAIL"


@pytest.mark.parametrize("scheme", [IOE, IOE1, IOE2])
@pytest.mark.parametrize("seed", range(3))
def test_the_chain_and_its_posteriors_are_those_of_brute_force(scheme: Scheme, seed: int) -> None:
    tag_set = make_tag_set(["X", "Y"], scheme)
    chain = make_chain(tag_set)
    logits = np.random.default_rng(seed).normal(size=(4, len(tag_set))) * 2
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    expected = enumerate_paths(log_probs, chain, tag_set)
    for path in expected.paths:
        tags = [tag_set.tags[k] for k in path]
        assert not read_tags(tags, scheme).violations

    lengths = np.array([4])
    best = decode_viterbi(log_probs, lengths, chain)
    spans = list(zip(best.start.tolist(), best.end.tolist(), best.type_i.tolist(), strict=True))
    assert spans == expected.best
    assert best.score == pytest.approx([expected.posterior[span] for span in spans], abs=1e-12)
    found = decode_all(log_probs, lengths, chain, threshold=np.full(2, 1e-3))
    keys = zip(found.start.tolist(), found.end.tolist(), found.type_i.tolist(), strict=True)
    wanted = {span: p for span, p in expected.posterior.items() if p >= 1e-3}
    assert dict(zip(keys, found.score.tolist(), strict=True)) == pytest.approx(wanted, abs=1e-12)
