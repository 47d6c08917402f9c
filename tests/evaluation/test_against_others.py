"""Our scores on real test files against those of seqeval, spaCy and nervaluate.

The files have gold tokens; the errors are made up.
"""

import random
import warnings
from pathlib import Path

import pytest
import spacy
from nervaluate import Evaluator
from seqeval.metrics import accuracy_score, f1_score
from seqeval.scheme import IOB2
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import write_tags
from spacy_hf_ner.corpus.conversion import convert_corpus
from spacy_hf_ner.evaluation.pairing import pair_docs
from spacy_hf_ner.evaluation.semeval import count_semeval
from spacy_hf_ner.evaluation.seqeval_report import score_with_seqeval
from spacy_hf_ner.evaluation.strict import score_strict
from spacy_hf_ner.evaluation.tokens import token_accuracy, write_pair_tags

FILES = [
    "wnut17/emerging.test.annotated",
    "wikigold/wikigold.conll.txt",
    "uner_en_ewt/en_ewt-ud-test.iob2",
    "turku_ner_fi/test.tsv",
    "bio_mtl/NCBI-disease-IOB/test.tsv",
    "norne/no_nynorsk-ud-test.conllu",
    "weibo_zh/weiboNER_2nd_conll.test",
]
VIEWS = {"strict": "strict", "exact": "exact", "partial": "partial", "type": "ent_type"}


def _with_errors(gold: Doc, types: list[str], draw: random.Random) -> Doc:
    """Return a prediction that misses, moves, renames and invents entities."""
    doc = Doc(gold.vocab, words=[t.text for t in gold], spaces=[bool(t.whitespace_) for t in gold])
    starts = {ent.start: ent for ent in gold.ents}
    spans: list[Span] = []
    end = 0
    for i in range(len(gold)):
        ent = starts.get(i)
        if i < end or not (ent or draw.random() < 0.01):
            continue
        right = ent.end if ent else i + 1
        label = ent.label_ if ent else draw.choice(types)
        start = i
        error = draw.random()
        if error < 0.1:
            continue
        if error < 0.2:
            label = draw.choice(types)
        elif error < 0.3:
            right = min(right + 1, len(gold))
        elif error < 0.4:
            start = max(start - 1, end)
        spans.append(Span(doc, start, right, label))
        end = right
    doc.ents = spans
    return doc


@pytest.fixture(scope="module", params=FILES)
def examples(
    request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[Example]:
    """Return the gold Docs of one converted file beside predictions on the same tokens."""
    path = shared_data / request.param
    output = tmp_path_factory.mktemp("docs") / "test.spacy"
    convert_corpus(str(path), output)
    golds = list(DocBin().from_disk(output).get_docs(spacy.blank("en").vocab))
    types = sorted({ent.label_ for doc in golds for ent in doc.ents})
    draw = random.Random(0)  # noqa: S311 - not for secrets
    return [Example(_with_errors(gold, types, draw), gold) for gold in golds]


def _tags(doc: Doc) -> list[str]:
    spans = [TokenSpan(ent.start, ent.end, ent.label_) for ent in doc.ents]
    return [str(tag) for tag in write_tags(spans, len(doc), SCHEMES["IOB2"])]


def test_strict_f1_equals_seqevals_and_spacys(examples: list[Example]) -> None:
    pairs = [pair_docs(eg.reference, eg.predicted) for eg in examples]
    strict = score_strict(pairs)
    gold, predicted = (
        [_tags(eg.reference) for eg in examples],
        [_tags(eg.predicted) for eg in examples],
    )
    theirs = f1_score(gold, predicted, mode="strict", scheme=IOB2)
    macro = f1_score(gold, predicted, mode="strict", scheme=IOB2, average="macro")
    assert 0.5 < strict.micro.f1 < 0.95
    assert strict.micro.f1 == pytest.approx(theirs, abs=1e-9)
    assert strict.macro.f1 == pytest.approx(macro, abs=1e-9)
    assert strict.micro.f1 == pytest.approx(get_ner_prf(examples)["ents_f"], abs=1e-9)
    tags = [write_pair_tags(pair) for pair in pairs]
    assert score_with_seqeval(tags, mode="default").micro.f1 == pytest.approx(
        f1_score(gold, predicted), abs=1e-9
    )
    assert token_accuracy(tags) == pytest.approx(accuracy_score(gold, predicted), abs=1e-9)


def test_the_four_views_equal_nervaluates(examples: list[Example]) -> None:
    gold, predicted = (
        [_tags(eg.reference) for eg in examples],
        [_tags(eg.predicted) for eg in examples],
    )
    types = sorted({tag[2:] for tags in (*gold, *predicted) for tag in tags if tag != "O"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = Evaluator(gold, predicted, tags=types, loader="list").evaluate()["overall"]
    for view, ours in count_semeval(
        [pair_docs(eg.reference, eg.predicted) for eg in examples]
    ).items():
        other = theirs[VIEWS[view]]
        counts = (ours.correct, ours.incorrect, ours.partial, ours.missed, ours.spurious)
        assert counts == (
            other.correct,
            other.incorrect,
            other.partial,
            other.missed,
            other.spurious,
        ), view
        assert ours.f1 == pytest.approx(other.f1, abs=1e-9)
