"""More training data from little: other mentions, other letters, other neighbours.

An augmenter of spaCy's corpus readers. What it changes lies between borders of gold annotation, so
that gold stays exact.

Source: Dai & Adel (2020), https://aclanthology.org/2020.coling-main.343, for mentions that are
replaced and segments that are shuffled.
"""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_hf_ner.core.wording import shorten
from spacy_hf_ner.corpus.docs import copy_tokens
from spacy_hf_ner.corpus.drafts import Draft, DraftToken, Edit, read_draft
from spacy_hf_ner.errors import ConfigError, CorpusError

__all__ = ["Augmenter", "make_augment_v1", "read_gazetteer"]

Augment = Callable[[Language, Example], Iterator[Example]]
Mention = tuple[DraftToken, ...]

MIN_LETTERS: Final = 4  # of a word that is misspelt: of shorter ones too little is left


@dataclass(slots=True)
class _SeenMentions:
    """The mentions of a type, each once.

    Attributes:
        in_order: As they were met; one is drawn from it without a look at the others.
    """

    in_order: list[Mention] = field(default_factory=list)
    _known: set[Mention] = field(default_factory=set)

    def add(self, mention: Mention) -> None:
        """Keep a mention, unless it is known."""
        if mention not in self._known:
            self._known.add(mention)
            self.in_order.append(mention)


@dataclass(slots=True)
class Augmenter:
    """Yields each Example, and behind it altered copies.

    Attributes:
        shares: How probable each kind of change is, by its name.
        copies: How many altered copies there are of each.
        gazetteer: Names of each type; None for the mentions that were seen so far.
        before: An augmenter whose Examples are altered, or None.
        numbers: Where chance comes from.
    """

    shares: Mapping[str, float]
    copies: int
    gazetteer: Mapping[str, list[str]] | None
    before: Augment | None
    numbers: random.Random
    _mentions: dict[str, _SeenMentions] = field(default_factory=dict)
    _previous_gold: Doc | None = None

    def __call__(self, nlp: Language, example: Example) -> Iterator[Example]:
        """Yield an Example, and altered copies of it, if anything in them is altered."""
        examples: Iterable[Example] = (example,)
        if self.before is not None:
            examples = self.before(nlp, example)
        for unaltered in examples:
            yield unaltered
            gold = unaltered.reference
            self._remember(gold)
            for _ in range(self.copies):
                altered = self._alter(nlp, gold)
                if altered is not None:
                    yield altered
            self._previous_gold = gold

    def _alter(self, nlp: Language, gold: Doc) -> Example | None:
        """Return an altered copy of a gold Doc, or None if chance left it as it was."""
        draft = read_draft(gold)
        before = list(draft.tokens)
        if self._previous_gold is not None and self._happens("joined"):
            first = read_draft(self._previous_gold)
            first.join(draft)
            draft = first
        draft.apply(self._replace_mentions(nlp, draft))
        draft.apply(self._shuffle_segments(draft))
        if self._happens("casing"):
            change = self.numbers.choice((str.lower, str.upper))
            draft.tokens = [replace(token, text=change(token.text)) for token in draft.tokens]
        draft.tokens = [self._misspell(token) for token in draft.tokens]
        if draft.tokens == before:
            return None
        reference = draft.make_doc(gold.vocab)
        if reference.has_unknown_spaces:
            # Its text is not the text that was written.
            return Example(copy_tokens(reference, reference.vocab), reference)
        return Example(nlp.make_doc(reference.text), reference)

    def _happens(self, kind: str) -> bool:
        return self.numbers.random() < self.shares[kind]

    # mentions

    def _remember(self, gold: Doc) -> None:
        """Keep the mentions of a gold Doc, each once."""
        if self.gazetteer is not None:
            return
        draft = read_draft(gold)
        for ent in draft.ents:
            seen = self._mentions.setdefault(ent.label, _SeenMentions())
            seen.add(_strip(draft.tokens[ent.start : ent.end]))

    def _replace_mentions(self, nlp: Language, draft: Draft) -> Iterator[Edit]:
        """Yield other mentions of the same types, each in the place of one."""
        borders = draft.find_borders()
        for ent in draft.ents:
            # A span that begins or ends inside of the mention has no place in another.
            is_whole = borders[borders.index(ent.start) + 1] == ent.end
            if not is_whole or not self._happens("replaced"):
                continue
            old = draft.tokens[ent.start : ent.end]
            new = self._choose_mention(nlp, ent.label, _strip(old))
            if new is not None:
                yield Edit(ent.start, ent.end, _dress(new, old))

    def _choose_mention(self, nlp: Language, entity_type: str, old: Mention) -> Mention | None:
        """Return another mention of a type, or None if there is none."""
        if self.gazetteer is not None:
            names = self.gazetteer.get(entity_type, [])
            if not names:
                return None
            doc = nlp.make_doc(self.numbers.choice(names))
            new = _strip(read_draft(doc).tokens)
        else:
            new = self.numbers.choice(self._mentions[entity_type].in_order)
        return None if new == old else new

    # segments

    def _shuffle_segments(self, draft: Draft) -> Iterator[Edit]:
        """Yield the words of some segments in another order.

        A segment lies between two borders: a mention, or what stands between two of them.
        """
        for start, end in pairwise(draft.find_borders()):
            old = draft.tokens[start:end]
            has_white_space = any(token.text.isspace() for token in old)
            if len(old) == 1 or has_white_space or not self._happens("shuffled"):
                continue
            new = list(old)
            self.numbers.shuffle(new)
            yield Edit(start, end, _dress([replace(token, has_space=True) for token in new], old))

    # letters

    def _misspell(self, token: DraftToken) -> DraftToken:
        """Return a token with one letter left out, doubled, or changed with its neighbour."""
        text = token.text
        if len(text) < MIN_LETTERS or not text.isalpha() or not self._happens("spelling"):
            return token
        i = self.numbers.randrange(len(text) - 1)
        misspelt = self.numbers.choice(
            (
                text[:i] + text[i + 1 :],
                text[: i + 1] + text[i:],
                text[:i] + text[i + 1] + text[i] + text[i + 2 :],
            )
        )
        return replace(token, text=misspelt)


def _strip(tokens: Iterable[DraftToken]) -> Mention:
    """Return tokens as a mention: texts and spaces between them alone."""
    mention = [DraftToken(token.text, has_space=token.has_space) for token in tokens]
    if mention:
        mention[-1] = replace(mention[-1], has_space=False)
    return tuple(mention)


def _dress(new: Iterable[DraftToken], old: Sequence[DraftToken]) -> list[DraftToken]:
    """Return tokens as they stand in the place of others, between the same neighbours."""
    knows_starts = old[0].is_sent_start is not None
    dressed: list[DraftToken] = []
    for token in new:
        is_inside = bool(dressed)
        starts = False if is_inside and knows_starts else old[0].is_sent_start
        dressed.append(replace(token, is_sent_start=starts, is_missing=old[0].is_missing))
    dressed[-1] = replace(dressed[-1], has_space=old[-1].has_space)
    return dressed


def make_augment_v1(  # noqa: PLR0913 - one argument a setting
    *,
    replaced: float = 0.0,
    casing: float = 0.0,
    spelling: float = 0.0,
    joined: float = 0.0,
    shuffled: float = 0.0,
    copies: int = 1,
    gazetteer: str | None = None,
    before: Augment | None = None,
    seed: int = 0,
) -> Augmenter:
    """Return an augmenter that gives each example as it is, and altered copies of it.

    A change that a span group forbids, as one of its spans begins or ends inside of what would
    change, is left out.

    Args:
        replaced: The share of mentions that another of their type takes the place of.
        casing: The share of copies that are all in small letters, or all in capitals.
        spelling: The share of words of four letters or more in which one letter is left out,
            doubled, or changes places with the next.
        joined: The share of copies that the example before is put in front of.
        shuffled: The share of segments (mentions, and what stands between two of them) whose words
            are put in another order.
        copies: How many altered copies there are of each example.
        gazetteer: File of names, in the form of an entity ruler's patterns
            (``{"label": "ORG", "pattern": "Toyota"}``, one a line). None: mentions of the examples
            that came before.
        before: Another augmenter, whose examples are altered.
        seed: What is drawn depends on it.

    Raises:
        ConfigError: A share is none, or there are no copies.
        CorpusError: The file of names cannot be read.
    """
    shares = {
        "replaced": replaced,
        "casing": casing,
        "spelling": spelling,
        "joined": joined,
        "shuffled": shuffled,
    }
    for setting, share in shares.items():
        if not 0.0 <= share <= 1.0:
            raise ConfigError(
                f"{setting} must be a share, in [0, 1], got {share}.", settings=(setting,)
            )
    if copies < 1:
        raise ConfigError(f"copies must be at least 1, got {copies}.", settings=("copies",))
    names: Mapping[str, list[str]] | None = None
    if gazetteer is not None:
        names = read_gazetteer(Path(gazetteer))
    numbers = random.Random(seed)  # noqa: S311 - changes of texts, not secrets
    return Augmenter(shares, copies, names, before, numbers)


def read_gazetteer(path: Path) -> dict[str, list[str]]:
    """Return the names of each type in a file of an entity ruler's patterns.

    Raises:
        CorpusError: It is not there, or a line is no name with its type.
    """
    if not path.is_file():
        raise CorpusError(
            f"{path}: expected a file of names, found none. Write a line such as "
            '{"label": "ORG", "pattern": "Toyota"} for each.',
            settings=("gazetteer",),
        )
    names: dict[str, list[str]] = {}
    with path.open(encoding="utf8") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            label, name = _read_name(line)
            if not label or not name:
                raise CorpusError(
                    f'{path}:{number}: expected {{"label": "ORG", "pattern": "Toyota"}}, got '
                    f"{shorten(line.strip())}. Patterns of tokens are no names: leave them out.",
                    settings=("gazetteer",),
                )
            names.setdefault(label, []).append(name)
    return names


def _read_name(line: str) -> tuple[str, str]:
    """Return type and name of a line; nothing where it has none."""
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        return "", ""
    if not isinstance(record, dict):
        return "", ""
    label = record.get("label")
    name = record.get("pattern")
    if not isinstance(label, str) or not isinstance(name, str):
        return "", ""
    return label, name.strip()
