import sys
from collections.abc import Callable

import pytest
from spacy.tokens import Doc

from spacy_hf_ner.errors import MissingExtraError
from spacy_hf_ner.evaluation.pairing import pair_docs
from spacy_hf_ner.evaluation.seqeval_report import SeqevalMode, score_with_seqeval
from spacy_hf_ner.evaluation.strict import score_strict
from spacy_hf_ner.evaluation.tokens import write_pair_tags

MakeDoc = Callable[..., Doc]
WORDS = ["Tim", "Cook", "left", "Rome", "Paris", "today"]


@pytest.mark.parametrize("mode", ["default", "strict"])
def test_seqeval_agrees_with_strict_spans(make_doc: MakeDoc, mode: SeqevalMode) -> None:
    gold = make_doc(WORDS, [(0, 2, "PER"), (3, 4, "LOC"), (4, 5, "LOC")])
    predicted = make_doc(WORDS, [(0, 1, "PER"), (3, 4, "LOC"), (4, 5, "ORG")])
    pairs = [pair_docs(gold, predicted), pair_docs(predicted, gold)]
    scores, ours = score_with_seqeval(map(write_pair_tags, pairs), mode=mode), score_strict(pairs)
    assert scores.micro.f1 == pytest.approx(ours.micro.f1, abs=1e-12)
    assert scores.macro.f1 == pytest.approx(ours.macro.f1, abs=1e-12)
    assert scores.per_type["LOC"].recall == pytest.approx(ours.per_type["LOC"].recall, abs=1e-12)
    assert 0 < scores.micro.f1 < 1


@pytest.mark.parametrize("mode", ["default", "strict"])
def test_texts_without_entities_score_zero(make_doc: MakeDoc, mode: SeqevalMode) -> None:
    assert (
        score_with_seqeval(
            [write_pair_tags(pair_docs(make_doc(WORDS), make_doc(WORDS)))], mode=mode
        ).micro.f1
        == 0.0
    )


def test_without_seqeval_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "seqeval.metrics", None)
    with pytest.raises(MissingExtraError, match=r"spacy-hf-ner\[eval\]"):
        score_with_seqeval([], mode="strict")


@pytest.mark.parametrize("mode", ["default", "strict"])
def test_a_type_may_be_called_like_an_average_or_have_hyphens_at_its_ends(
    make_doc: MakeDoc, mode: SeqevalMode
) -> None:
    names = ["micro avg", "-a-", "a", "a/", "_"]
    gold = make_doc(WORDS, [(i, i + 1, name) for i, name in enumerate(names)])
    predicted = make_doc(WORDS, [(0, 1, "micro avg"), (1, 2, "a"), (2, 3, "a"), (4, 5, "_")])
    pair = pair_docs(gold, predicted)
    scores = score_with_seqeval([write_pair_tags(pair)], mode=mode)
    assert {t: row.f1 for t, row in scores.per_type.items()} == pytest.approx(
        {t: counts.f1 for t, counts in score_strict([pair]).per_type.items()}
    )
    assert scores.micro.f1 == pytest.approx(score_strict([pair]).micro.f1)
