"""Our entities against those of Hugging Face's pipeline, text by text, over three tokenizers.

Compared is what is comparable: float32, one window, the greedy decoder, and spaCy tokens that are
the words of the pipeline's documentation: what white space separates and, for WordPiece,
punctuation and ideographs too. The pipeline's score of an entity is the mean over its words of the
winning label's probability; our greedy score is the mean over its tokens of the winning tag's
probability. They are the same number where each word is one token, which is so wherever the
pipeline reads the words right; a token without subwords counts for neither.
"""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc

from tests.checkpoints import TokenizerKind, make_checkpoint
from tests.conftest import SHARED_DATA
from tests.pipe.hf_reference import KNOWN_ERRORS, STRATEGIES, Entity, Place, Reference, Span
from tests.pipe.multilingual_texts import (
    HARD_TEXTS,
    find_bert_words,
    find_spaced_words,
    make_doc,
    make_texts,
    read_lines,
)

# Hugging Face's pipeline warns that it guesses which subwords are words. That is what is compared.
pytestmark = pytest.mark.filterwarnings("ignore:Tokenizer does not support real words:UserWarning")

TEXTS = (
    *HARD_TEXTS,
    *make_texts(480),
    *read_lines(SHARED_DATA / "conllpp" / "conllpp_dev.txt", n_lines=15),
    *read_lines(SHARED_DATA / "wnut17" / "emerging.dev.conll", n_lines=15),
    *read_lines(SHARED_DATA / "weibo_zh" / "weiboNER_2nd_conll.dev", n_lines=10),
)
FAMILIES: dict[TokenizerKind, tuple[str, Callable[[str], list[Span]]]] = {
    "wordpiece": ("bert", find_bert_words),
    "bpe": ("roberta", find_spaced_words),
    "unigram": ("xlm-roberta", find_spaced_words),
}
# Whole words are single subwords only in a vocabulary that has them, as that of Unigram does.
KNOWN_LINES: dict[TokenizerKind, tuple[str, ...]] = {
    "wordpiece": (),
    "bpe": (),
    "unigram": TEXTS[:400],
}
WINDOW = 510
TOLERANCE = 1e-4


class Comparison:
    """Both readings of all texts with one kind of tokenizer."""

    def __init__(self, folder: Path, kind: TokenizerKind) -> None:
        family, self._find_words = FAMILIES[kind]
        self._folder = make_checkpoint(
            folder, family=family, kind=kind, seed=3, lines=KNOWN_LINES[kind]
        )
        reference = Reference(self._folder, self._find_words)
        self.readings = [reference.read(text) for text in TEXTS]
        self.ours = {aggregation: self._find_ours(aggregation) for aggregation in STRATEGIES}

    def _find_ours(self, aggregation: str) -> list[list[Entity]]:
        """Return our component's entities in each text."""
        nlp = spacy.blank("xx")
        model = {
            "name": str(self._folder),
            "aggregation": aggregation,
            "precision": "fp32",
            "window": WINDOW,
        }
        nlp.add_pipe("hf_ner", config={"model": model, "decoder": "greedy"})
        docs = nlp.pipe([make_doc(nlp.vocab, text, self._find_words) for text in TEXTS])
        return [_read_entities(doc) for doc in docs]


@pytest.fixture(scope="module", params=FAMILIES)
def comparison(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Comparison:
    return Comparison(tmp_path_factory.mktemp(request.param), request.param)


def test_there_are_enough_texts_and_all_fit_one_window(comparison: Comparison) -> None:
    assert len(TEXTS) >= 500
    assert (
        max(reading.outputs[0]["logits"].shape[1] for reading in comparison.readings) <= WINDOW + 2
    )


@pytest.mark.parametrize("aggregation", STRATEGIES)
def test_every_difference_from_the_pipeline_is_one_of_its_known_errors(
    comparison: Comparison,
    aggregation: str,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    n_same = 0
    causes: Counter[str] = Counter()
    for reading, ours in zip(comparison.readings, comparison.ours[aggregation], strict=True):
        theirs = reading.find_entities(STRATEGIES[aggregation])
        only_theirs, only_ours = _subtract(theirs, ours), _subtract(ours, theirs)
        n_same += len(ours) - len(only_ours)
        for stretch in _find_stretches([*only_theirs, *only_ours]):
            touching = [place for place in reading.places if _touches(place, stretch)]
            names = [place.matches() for place in touching]
            assert names, f"unexplained: {reading.text!r}\ntheirs {only_theirs}\nours {only_ours}"
            assert all(len(matches) == 1 for matches in names), (
                reading.text,
                list(zip(touching, names, strict=True)),
            )
            causes[names[0][0]] += 1
    _print_counts(capsys, request.node.callspec.id, n_same, causes)
    assert n_same > len(TEXTS)
    assert set(causes) <= set(KNOWN_ERRORS)


@pytest.mark.parametrize("aggregation", STRATEGIES)
def test_given_the_words_the_pipeline_agrees_but_for_blank_lines_and_special_tokens(
    comparison: Comparison, aggregation: str
) -> None:
    n_compared = 0
    for reading, ours in zip(comparison.readings, comparison.ours[aggregation], strict=True):
        if any(place.kind == "text" or place.gap.count("\n") > 1 for place in reading.places):
            continue
        theirs = reading.find_entities(STRATEGIES[aggregation], give_words=True)
        assert not _subtract(theirs, ours), reading.text
        assert not _subtract(ours, theirs), reading.text
        n_compared += len(ours)
    assert n_compared > len(TEXTS)


def _read_entities(doc: Doc) -> list[Entity]:
    return [Entity(e.start_char, e.end_char, e.label_, e._.score) for e in doc.ents]


def _subtract(these: Sequence[Entity], those: Sequence[Entity]) -> list[Entity]:
    """Return the entities that others lack, with the same span and type and nearly its score."""
    score = {entity[:3]: entity.score for entity in those}
    return [e for e in these if abs(score.get(e[:3], 2.0) - e.score) > TOLERANCE]


def _find_stretches(entities: Sequence[Entity]) -> list[Span]:
    """Return the stretches of text that entities cover; those that overlap are one stretch."""
    stretches: list[Span] = []
    for start, end, *_ in sorted(entities):
        if stretches and start < stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
        else:
            stretches.append((start, end))
    return stretches


def _touches(place: Place, stretch: Span) -> bool:
    """Tell whether nothing but white space lies between a place and a stretch."""
    return (
        not place.text[place.span[1] : stretch[0]].strip()
        and not place.text[stretch[1] : place.span[0]].strip()
    )


def _print_counts(
    capsys: pytest.CaptureFixture[str], case: str, n_same: int, causes: Counter[str]
) -> None:
    with capsys.disabled():
        n_differences = causes.total()
        lines = [f"\n{case}: {len(TEXTS)} texts, {n_same} entities the same, {n_differences} not"]
        lines += [f"  {n:5d} {name}" for name, n in causes.most_common()]
        sys.stdout.write("\n".join(lines) + "\n")
