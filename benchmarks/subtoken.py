"""Entities that begin or end inside of a token: how many can be expressed, and are they found?

The first table counts gold entities whose borders are borders of the tokens that spaCy makes of the
text, and those whose borders are borders of subwords in these tokens. The second one has F1 of a
network that labels every subword perfectly: with a unit for each token and entities expanded to
tokens, and with units for parts of tokens and tokens that are split. What is missing there, no
training can bring.

    python benchmarks/subtoken.py

The subwords are those of a byte-level tokenizer, which knows every script. The Korean sentences
were written for this, and are in the repository; the other data is not.
"""

import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import spacy
from corpora import REPOSITORY, read_docs
from spacy.language import Language

from spacy_hf_ner import make_example
from spacy_hf_ner.core.labels import make_tag_set
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.model.hf_classifier import make_hf_model
from spacy_hf_ner.model.reading.encoding import FastTokenizer
from spacy_hf_ner.model.settings import LabelUnitChoice, Settings

sys.path.insert(0, str(REPOSITORY))

from tests.checkpoints import make_checkpoint
from tests.perfect_engine import LabelledText, PerfectEngine

KOREAN: Final = Path(__file__).with_name("korean_particles.txt")
WEIBO: Final = ("weibo_zh/weiboNER_2nd_conll.dev", "weibo_zh/weiboNER_2nd_conll.test")
WINDOW: Final = 510  # subwords that a network reads at once
MARKED: Final = re.compile(r"\[([^|\]]+)\|([A-Z]+)\]")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts with gold entities.

    Attributes:
        name: What it is called in the table.
        lang: The language of the tokenizer that reads it.
        texts: The texts.
    """

    name: str
    lang: str
    texts: Sequence[LabelledText]


def main() -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = make_checkpoint(
            Path(folder) / "roberta", family="roberta", labels=["O", "B-X", "I-X"]
        )
        tokenizer_json = (checkpoint / "tokenizer.json").read_text(encoding="utf8")
        tokenizer = FastTokenizer(tokenizer_json)
        print("| gold entities that can be expressed | entities | by tokens | by parts of tokens |")
        print("|---|--:|--:|--:|")
        for corpus in read_corpora():
            print(describe_borders(corpus, tokenizer), flush=True)
        print()
        print("| F1 of perfect subwords | token, expand | part, split |")
        print("|---|--:|--:|")
        for corpus in (read_weibo(), read_korean()):
            token = measure_f1(corpus, checkpoint, tokenizer, "token", "expand")
            part = measure_f1(corpus, checkpoint, tokenizer, "part", "split")
            print(f"| {corpus.name} | {token:.3f} | {part:.3f} |", flush=True)


def read_corpora() -> Iterator[Corpus]:
    """Yield the corpora of the first table."""
    yield read_weibo()
    yield read_file("GermEval 2014, dev", "de", ["germeval2014/NER-de-dev.tsv"])
    conll = ["conllpp/conllpp_train.txt", "conllpp/conllpp_dev.txt"]
    yield read_file("CoNLL++, train and dev", "en", conll)
    yield read_korean()
    tweets = read_file("BTC", "en", ["btc/a.conll", "btc/e.conll", "btc/f.conll"])
    yield tweets
    yield Corpus("BTC, in hashtags", "en", [keep_hashtags(text) for text in tweets.texts])


def read_file(name: str, lang: str, files: Sequence[str]) -> Corpus:
    """Return what ``hf-ner convert`` reads."""
    nlp = spacy.blank(lang)
    texts: list[LabelledText] = []
    for file in files:
        for doc in read_docs(file, nlp):
            texts.append(
                (doc.text, [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents])
            )
    return Corpus(name, lang, texts)


def read_weibo() -> Corpus:
    """Return the posts of Weibo, which are labelled by characters.

    A line holds a character with its place in a word, ``腔1``, and its tag. The tokens are what is
    between white space and punctuation, as of any language that spaCy does not know.
    """
    nlp = spacy.blank("xx")
    texts: list[LabelledText] = []
    for file in WEIBO:
        for doc in read_docs(file, nlp):
            characters = [token for token in doc if not token.is_space]
            place = {token.i: i for i, token in enumerate(characters)}
            entities: list[tuple[int, int, str]] = []
            for ent in doc.ents:
                entities.append((place[ent.start], place[ent.end - 1] + 1, ent.label_))
            texts.append(("".join(token.text[0] for token in characters), entities))
    return Corpus("Weibo, dev and test", "xx", texts)


def read_korean() -> Corpus:
    """Return the sentences with particles, in which names are marked: ``[부산|LOC]에서``."""
    texts: list[LabelledText] = []
    for line in KOREAN.read_text(encoding="utf8").splitlines():
        text = ""
        at = 0
        entities: list[tuple[int, int, str]] = []
        for match in MARKED.finditer(line):
            text += line[at : match.start()]
            entities.append((len(text), len(text) + len(match[1]), match[2]))
            text += match[1]
            at = match.end()
        texts.append((text + line[at:], entities))
    return Corpus("Korean, with particles", "xx", texts)


def keep_hashtags(labelled: LabelledText) -> LabelledText:
    """Return a text with those entities only that touch a hashtag."""
    text, entities = labelled
    hashtags = [match.span() for match in re.finditer(r"#\w+", text)]
    kept: list[tuple[int, int, str]] = []
    for start_char, end_char, entity_type in entities:
        if any(start < end_char and start_char < end for start, end in hashtags):
            kept.append((start_char, end_char, entity_type))
    return text, kept


def describe_borders(corpus: Corpus, tokenizer: FastTokenizer) -> str:
    """Return a row of the first table."""
    nlp = spacy.blank(corpus.lang)
    n_entities = n_by_tokens = n_by_parts = 0
    for text, entities in corpus.texts:
        if not entities:
            continue
        doc = nlp.make_doc(text)
        (encoding,) = tokenizer.encode([doc])
        starts = {token.idx for token in doc}
        ends = {token.idx + len(token) for token in doc}
        part_starts = starts.union(encoding.start_char.tolist())
        part_ends = ends.union(encoding.end_char.tolist())
        for start_char, end_char, _ in entities:
            n_entities += 1
            n_by_tokens += start_char in starts and end_char in ends
            n_by_parts += start_char in part_starts and end_char in part_ends
    by_tokens = f"{n_by_tokens / n_entities:.2%}"
    return f"| {corpus.name} | {n_entities:,} | {by_tokens} | {n_by_parts / n_entities:.2%} |"


def measure_f1(
    corpus: Corpus,
    checkpoint: Path,
    tokenizer: FastTokenizer,
    label_unit: LabelUnitChoice,
    alignment: str,
) -> float:
    """Return F1, by characters, of a network that labels every subword perfectly."""
    nlp = spacy.blank(corpus.lang)
    texts = list(find_short(nlp, corpus.texts, tokenizer))
    types = sorted({entity_type for _, entities in texts for _, _, entity_type in entities})
    engine = PerfectEngine(texts, tokenizer, make_tag_set(types, SCHEMES["IOB2"]))
    model = {"name": str(checkpoint), "label_unit": label_unit}
    nlp.add_pipe("hf_ner", config={"model": model, "alignment": alignment})
    component: Any = nlp.get_pipe("hf_ner")
    settings = Settings(str(checkpoint), label_unit=label_unit, window=WINDOW)
    component.model = make_hf_model(settings, read_engine=lambda _: engine)
    component.model.shims[0].load("IOB2").tag_set = make_tag_set(types, SCHEMES["IOB2"])
    examples = [make_example(nlp.make_doc(text), {"entities": gold}) for text, gold in texts]
    return float(nlp.evaluate(examples)["ents_f"])


def find_short(
    nlp: Language, texts: Iterable[LabelledText], tokenizer: FastTokenizer
) -> Iterator[LabelledText]:
    """Yield the texts that fit a window; say how many do not."""
    n_long = 0
    for text, entities in texts:
        (encoding,) = tokenizer.encode([nlp.make_doc(text)])
        if len(encoding.ids) <= WINDOW:
            yield text, entities
        else:
            n_long += 1
    if n_long:
        print(f"({n_long} texts do not fit a window and are left out)", file=sys.stderr)


if __name__ == "__main__":
    main()
