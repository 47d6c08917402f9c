"""Labels of tokens: too few to learn, never learned, missing, and words that are labelled oddly."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

from spacy_hf_ner.checking.findings import Finding, Place, make_place
from spacy_hf_ner.checking.parts import CheckedData, Part
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.pipe.token_attributes import TokenAttribute, get_attribute

__all__ = ["MIN_TOKENS", "check_token_labels"]

MIN_TOKENS: Final = 10  # of a label in training

# A word with so many tokens, of which so large a share has one label, hardly has another one.
_MIN_WORDS: Final = 50
_MIN_SHARE: Final = 0.98

_TARGETS: Final = ("pos", "tag", "morph")


def check_token_labels(data: CheckedData) -> Iterator[Finding]:
    """Yield findings on each kind of labels that the training data has."""
    for target in _TARGETS:
        attribute = get_attribute(target)
        in_training = _count_labels(data.training, attribute)
        if in_training:
            yield from _find_rare(data, attribute, in_training)
            yield from _find_unseen(data, attribute, in_training)
            yield from _find_missing(data, attribute)
            yield from _find_odd(data, attribute)


def _count_labels(part: Part, attribute: TokenAttribute) -> Counter[str]:
    counts: Counter[str] = Counter()
    for gold_doc in part.docs:
        for token in gold_doc.doc:
            if not token.is_space:
                counts[attribute.read(token)] += 1
    del counts[""]
    return counts


def _find_rare(
    data: CheckedData, attribute: TokenAttribute, in_training: Counter[str]
) -> Iterator[Finding]:
    rare = sorted(label for label, n in in_training.items() if n < MIN_TOKENS)
    if rare:
        yield Finding(
            check="token_labels",
            severity="note",
            n=len(rare),
            message=f"{attribute.name}: {data.training.name} has fewer than {MIN_TOKENS} tokens of "
            f"{count(len(rare), 'label')}: {', '.join(rare)}.",
            advice="They will hardly be learned: join them with others, or annotate more.",
        )


def _find_unseen(
    data: CheckedData, attribute: TokenAttribute, in_training: Counter[str]
) -> Iterator[Finding]:
    for part in data.parts:
        if part is data.training:
            continue
        unseen = sorted(_count_labels(part, attribute).keys() - in_training.keys())
        if unseen:
            yield Finding(
                check="token_labels",
                severity="warning",
                n=len(unseen),
                message=f"{attribute.name}: {part.name} has {count(len(unseen), 'label')} that "
                f"{data.training.name} lacks: {', '.join(unseen)}.",
                advice="They cannot be found: annotate some in the training data, or rename them.",
            )


def _find_missing(data: CheckedData, attribute: TokenAttribute) -> Iterator[Finding]:
    places: list[Place] = []
    for part, doc_i, gold_doc in data.docs():
        for token in gold_doc.doc:
            if not token.is_space and not attribute.read(token):
                end_char = token.idx + len(token)
                places.append(make_place(part.name, doc_i, gold_doc.doc, token.idx, end_char))
    if places:
        yield Finding(
            check="token_labels",
            severity="note",
            n=len(places),
            message=f"{attribute.name}: {count(len(places), 'token')} without a label.",
            advice="They teach nothing, and are not judged: annotate them if that is not meant.",
            examples=places,
        )


def _find_odd(data: CheckedData, attribute: TokenAttribute) -> Iterator[Finding]:
    """Yield a finding on words that nearly always have another label."""
    labels_of_word: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for _, _, gold_doc in data.docs():
        for token in gold_doc.doc:
            label = attribute.read(token)
            if label and not token.is_space:
                labels_of_word[token.text][label] += 1
    usual: dict[str, str] = {}
    for word, counts in labels_of_word.items():
        ((label, n),) = counts.most_common(1)
        if len(counts) > 1 and counts.total() >= _MIN_WORDS and n >= _MIN_SHARE * counts.total():
            usual[word] = label

    places: list[Place] = []
    for part, doc_i, gold_doc in data.docs():
        for token in gold_doc.doc:
            label = attribute.read(token)
            expected = usual.get(token.text, label)
            if label and label != expected:
                end_char = token.idx + len(token)
                place = make_place(part.name, doc_i, gold_doc.doc, token.idx, end_char)
                shown = f"{place.text} ({label}, mostly {expected})"
                places.append(Place(place.part, place.doc, shown))
    if places:
        yield Finding(
            check="token_labels",
            severity="note",
            n=len(places),
            message=f"{attribute.name}: {count(len(places), 'token')} of words that nearly always "
            "have another label.",
            advice="Look at them: some will be mistakes.",
            examples=places,
        )
