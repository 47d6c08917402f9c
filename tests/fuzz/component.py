"""The component, on random texts, tokenisations and annotation that was there before it.

What must hold of every Doc that comes back:

- it is the same text in the same tokens, and Docs come in their order;
- entities that were set stay, unless ``overwrite`` is on; with ``annotate = "ents"``, blocked
  tokens stay without entities;
- every span lies in the Doc, begins and ends with something that is no white space, crosses no
  sentence start, and has a score between the threshold and 1;
- it is what the Doc gets by itself.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import spacy
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from spacy.language import Language
from spacy.tokens import Doc, Span

from tests.checkpoints import TOKENIZER_KINDS, make_checkpoint
from tests.fuzz.target import Broken, Verdict

THRESHOLD: Final = 0.05
KEY: Final = "hf_ner"
MAX_WORDS: Final = 14  # of a text
MAX_MIXED: Final = 300  # texts, of which each takes a third of a millisecond
HARD_CHARACTERS: Final = (
    " \t\n\r\u00a0\u200b\u200d\ufeff\u0301\u0308\u3099\u093f\u064e"
    "\x00\x07\x85\u2028\U0001f600\U0001f1e9…ﬁ東か"
)
HARD_WORDS: Final = (
    "Angela", "東京", "Zoe\u0308", "[SEP]", "</s>", " ", "\n\n", "\u200b", "😀", "U.S.", "O'Brien",
    "\ud7ff", "\ue000", "\U0010ffff", "a" * 200, "(" * 60, "9" * 60, "x" * 30, "İstanbul",
)  # fmt: skip

# Settings that each pipeline has; every checkpoint is read with all of them.
PRESETS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"annotate": "spans", "threshold": THRESHOLD},
    {"decoder": "greedy"},
    {"overwrite": True, "threshold": THRESHOLD},
    {"model": {"window": 2, "overlap": 0}},
    {"model": {"window": 8, "overlap": 3}, "annotate": "spans", "threshold": THRESHOLD},
    {"model": {"context": "sentence"}},
    {"model": {"aggregation": "max"}, "threshold": {"PER": 0.5, "LOC": THRESHOLD}},
    {"model": {"aggregation": "mean"}, "decoder": "greedy", "annotate": "spans"},
)


@dataclass(frozen=True, slots=True)
class Text:
    """One Doc before the component.

    Attributes:
        words: Its tokens.
        spaces: Which are followed by a space, as bits.
        entities: Entities that are set: token, length, and type as a number.
        blocked: Tokens that no entity may have.
        missing: Whether tokens without entities are missing annotation instead of outside.
        sentences: Tokens that start a sentence; None where nobody has set any.
    """

    words: tuple[str, ...]
    spaces: int
    entities: tuple[tuple[int, int, int], ...]
    blocked: tuple[int, ...]
    missing: bool
    sentences: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Case:
    """Some Docs for one pipeline.

    Attributes:
        kind: The kind of tokenizer.
        preset: Which settings.
        texts: The Docs.
        n_mixed: How many more there are, of the same words.
        seed: How these are mixed.
    """

    kind: str
    preset: int
    texts: tuple[Text, ...]
    n_mixed: int
    seed: int


class Component:
    """Random Docs through pipelines with different tokenizers and settings."""

    name: ClassVar[str] = "component"

    def __init__(self, folder: Path) -> None:
        self._pipelines: dict[tuple[str, int], Language] = {}
        self._vocab = spacy.blank("xx").vocab
        self._folders: dict[str, Path] = {}
        for kind in TOKENIZER_KINDS:
            self._folders[kind] = make_checkpoint(folder / kind, kind=kind, num_hidden_layers=1)

    def cases(self) -> SearchStrategy[Case]:
        """Return what draws a pipeline and Docs for it."""
        word = st.one_of(
            st.sampled_from(HARD_WORDS),
            st.text(min_size=1, max_size=8),
            st.text(HARD_CHARACTERS + "aB.'", min_size=1, max_size=6),
        )
        index = st.integers(0, 12)
        text = st.builds(
            Text,
            words=st.lists(word, max_size=MAX_WORDS).map(tuple),
            spaces=st.integers(0, 2**MAX_WORDS - 1),
            entities=st.lists(
                st.tuples(index, st.integers(1, 3), st.integers(0, 2)), max_size=2
            ).map(tuple),
            blocked=st.lists(index, max_size=1).map(tuple),
            missing=st.booleans(),
            sentences=st.one_of(st.none(), st.lists(index, max_size=3).map(tuple)),
        )
        return st.builds(
            Case,
            kind=st.sampled_from(TOKENIZER_KINDS),
            preset=st.integers(0, len(PRESETS) - 1),
            texts=st.lists(text, min_size=1, max_size=16).map(tuple),
            n_mixed=st.integers(0, MAX_MIXED),
            seed=st.integers(0, 2**32 - 1),
        )

    def check(self, case: Case) -> Verdict:
        """Send the Docs of one case through its pipeline."""
        nlp = self._get_pipeline(case.kind, case.preset)
        settings = PRESETS[case.preset]
        before = [_make_doc(self._vocab, text, MAX_WORDS) for text in _mix(case)]
        for text in case.texts:
            # Every beginning of a text is a text, and costs less than to draw one.
            for n_words in range(len(text.words) + 1):
                before.append(_make_doc(self._vocab, text, n_words))
        docs = list(nlp.pipe([doc.copy() for doc in before]))
        if len(docs) != len(before):
            raise Broken("a stream loses Docs", f"{len(before)} in, {len(docs)} out")
        for doc, old in zip(docs, before, strict=True):
            _check_doc(doc, old, settings)
        alone = nlp(before[-1].copy())
        if _list_found(alone) != _list_found(docs[-1]):
            raise Broken(
                "the company of other Docs changes what is found",
                f"{_list_found(alone)} alone, {_list_found(docs[-1])} among others",
            )
        return Verdict("read", len(docs))

    def _get_pipeline(self, kind: str, preset: int) -> Language:
        if (kind, preset) not in self._pipelines:
            nlp = spacy.blank("xx", vocab=self._vocab)
            settings = PRESETS[preset]
            model = {
                "name": str(self._folders[kind]),
                "precision": "fp32",
                "mixed_precision": "none",
                **settings.get("model", {}),
            }
            nlp.add_pipe("hf_ner", config={**settings, "model": model})
            self._pipelines[kind, preset] = nlp
        return self._pipelines[kind, preset]


def _mix(case: Case) -> Iterator[Text]:
    """Yield texts of the words of a case, drawn at random: hypothesis takes longer to draw them."""
    rng = random.Random(case.seed)  # noqa: S311 - nothing is secret
    words = [word for text in case.texts for word in text.words]
    words.extend(HARD_WORDS)
    for _ in range(case.n_mixed):
        yield Text(
            words=tuple(rng.choices(words, k=rng.randint(0, MAX_WORDS))),
            spaces=rng.getrandbits(MAX_WORDS),
            entities=tuple(
                (rng.randrange(MAX_WORDS), rng.randint(1, 3), rng.randrange(3))
                for _ in range(rng.randint(0, 2))
            ),
            blocked=tuple(rng.sample(range(MAX_WORDS), k=rng.randint(0, 1))),
            missing=rng.random() < 0.5,
            sentences=rng.choice((None, tuple(rng.sample(range(MAX_WORDS), k=3)))),
        )


def _make_doc(vocab: Any, text: Text, n_words: int) -> Doc:
    words = [_drop_surrogates(word) or "a" for word in text.words[:n_words]]
    spaces = [bool(text.spaces >> i & 1) for i in range(len(words))]
    sent_starts: list[bool | int | None] | None = None
    if text.sentences is not None:
        sent_starts = [i == 0 or i in text.sentences for i in range(len(words))]
    doc = Doc(vocab, words=words, spaces=spaces, sent_starts=sent_starts)
    taken: set[int] = set()
    entities = []
    for start, length, kind in text.entities:
        tokens = range(start, min(start + length, len(doc)))
        if not tokens or not taken.isdisjoint(tokens) or _crosses(doc, tokens):
            continue
        taken.update(tokens)
        entities.append(Span(doc, start, tokens.stop, label=("PER", "LOC", "NEW")[kind]))
    blocked = [doc[i : i + 1] for i in text.blocked if i < len(doc) and i not in taken]
    if entities or blocked:
        default = "missing" if text.missing else "outside"
        doc.set_ents(entities, blocked=blocked, default=default)
    return doc


def _crosses(doc: Doc, tokens: Sequence[int]) -> bool:
    """Tell whether a sentence starts inside of some tokens."""
    return any(doc[i].is_sent_start for i in tokens[1:])


def _check_doc(doc: Doc, old: Doc, settings: dict[str, Any]) -> None:
    if [token.text_with_ws for token in doc] != [token.text_with_ws for token in old]:
        raise Broken("a Doc has other tokens than before", repr(old.text))
    found = {(ent.start, ent.end, ent.label_) for ent in doc.ents}
    keeps_entities = settings.get("annotate") != "spans" and not settings.get("overwrite")
    if not settings.get("overwrite"):
        lost = {(ent.start, ent.end, ent.label_) for ent in old.ents} - found
        if lost:
            raise Broken("an entity that was set is lost", f"{lost} of {old.text!r}")
    blocked = {token.i for token in old if token.ent_iob == 3 and not token.ent_type}
    threshold = settings.get("threshold")
    for span in doc.spans[KEY]:
        # A type that a table does not name has no threshold.
        by_type = threshold.get(span.label_) if isinstance(threshold, dict) else threshold
        _check_span(span, by_type or 0.0)
        if keeps_entities and not blocked.isdisjoint(range(span.start, span.end)):
            raise Broken("an entity lies on a blocked token", f"{span!r} of {doc.text!r}")


def _check_span(span: Span, low: float) -> None:
    doc = span.doc
    where = f"{(span.start, span.end, span.label_)} of {doc.text!r}"
    if not 0 <= span.start < span.end <= len(doc):
        raise Broken("a span lies outside of its Doc", where)
    if doc[span.start].is_space or doc[span.end - 1].is_space:
        raise Broken("a span begins or ends with white space", where)
    if any(doc[i].is_sent_start for i in range(span.start + 1, span.end)):
        raise Broken("a span crosses the start of a sentence", where)
    score = span._.score
    if not isinstance(score, float) or not low <= score <= 1.0:
        raise Broken("a score is out of range", f"{score!r} for {where}")


def _list_found(doc: Doc) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label_) for span in doc.spans[KEY]]


def _drop_surrogates(text: str) -> str:
    """Return a text without lone surrogates, which spaCy itself cannot store."""
    return text.encode("utf8", "ignore").decode("utf8")
