"""Which words were written together."""

from importlib import import_module
from pathlib import Path

import pytest
import spacy

from spacy_hf_ner.corpus.columns import Columns, Task
from spacy_hf_ner.corpus.detokenize import detokenize
from spacy_hf_ner.corpus.opening import open_corpus
from spacy_hf_ner.corpus.source import ReadOptions


def join(text: str, lang: str = "en") -> str:
    words = text.split(" ")
    return "".join(w + " " * s for w, s in zip(words, detokenize(words, lang), strict=True)).strip()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("Oh , no !", "Oh, no!"),
        ("I do n't ( really ) know : why ?", "I don't (really) know: why?"),
        ("it 's Tom ’s", "it's Tom’s"),
        ("it ' s fine", "it's fine"),
        ('He said " yes , sir " and " no " .', 'He said "yes, sir" and "no".'),
        ("`` Yes '' he said", "``Yes'' he said"),
        ("e - mail and / or $ 5 %", "e-mail and/or $5%"),
        ("He left - for good", "He left-for good"),
        ("Really ?! Yes ....", "Really?! Yes...."),
        ("“ So ” it goes …", "“So” it goes…"),
        ("# 5 [ sic ]", "#5 [sic]"),
        ("Miners ' widows and the boss ' car", "Miners' widows and the boss' car"),
        ("' Miners ' widows ' is a film", "'Miners' widows' is a film"),
        ("He liked ' Boys ' of old", "He liked 'Boys' of old"),
        ("the bus ' stopped ' here", "the bus 'stopped' here"),
        ('for years , " he said .', 'for years," he said.'),
        ('He said , " Yes .', 'He said, "Yes.'),
        ('It is over . "', 'It is over."'),
        ("a new tool - the best of 1710 - 1774", "a new tool - the best of 1710-1774"),
        ("a state - of - the - art e - mail", "a state-of-the-art e-mail"),
        ("Ann < ann@example.org > : 5 < 6 > 3", "Ann <ann@example.org>: 5 < 6 > 3"),
        ("115 ° F and 30 s", "115°F and 30 s"),
        ("I can not ; woodrow s ; do nt", "I cannot; woodrows; dont"),
    ],
)
def test_english_is_written_as_it_is(words: str, text: str) -> None:
    assert join(words) == text


@pytest.mark.parametrize(
    ("words", "lang", "text"),
    [
        ("Er sagte : „ Ja “ .", "de", "Er sagte: „Ja“."),
        ("E - Mail", "de", "E - Mail"),
        ("l' eau est « froide » ! Ah , non ?", "fr", "l'eau est « froide » ! Ah, non ?"),
        ("Han sa « ja » .", "nn", "Han sa «ja»."),
        ("Han sagde » ja « .", "da", "Han sagde »ja«."),
        ("我 在 iPhone 5 。 好", "zh", "我在iPhone 5。好"),
        ("नमस्ते दुनिया ।", "hi", "नमस्ते दुनिया।"),
        ("سلام ؟", "fa", "سلام؟"),
    ],
)
def test_other_languages_are_written_in_their_own_way(words: str, lang: str, text: str) -> None:
    assert join(words, lang) == text


def test_no_words_have_no_white_space() -> None:
    assert detokenize([]) == []


@pytest.mark.parametrize(
    ("name", "task", "lang", "share"),
    [
        ("ud_en/en_ewt-ud-test.conllu", "pos", "en", 0.985),
        ("ud_en/gum_train_part.conllu", "pos", "en", 0.99),
        ("uner_en_ewt/en_ewt-ud-test.iob2", "ner", "en", 0.97),
        ("norne/no_nynorsk-ud-test.conllu", "ner", "nn", 0.99),
    ],
)
def test_white_space_is_right_where_a_real_text_tells(
    shared_data: Path, name: str, task: Task, lang: str, share: float
) -> None:
    options = ReadOptions(columns=Columns(task=task))
    n_gaps = n_right = 0
    for sentence in open_corpus(shared_data / name, options).read():
        for gap, space in zip(sentence.gaps[:-1], detokenize(sentence.words, lang), strict=False):
            n_gaps += 1
            n_right += bool(gap) == space
    assert n_gaps > 20_000
    assert n_right / n_gaps >= share


@pytest.mark.parametrize("lang", ["da", "de", "es", "fi", "fr", "it", "nl", "pt", "sv"])
def test_the_examples_that_spacy_has_for_a_language_come_back_whole(lang: str) -> None:
    nlp = spacy.blank(lang)
    examples = import_module(f"spacy.lang.{lang}.examples").sentences
    docs = [nlp(text) for text in examples]
    gaps = [(bool(token.whitespace_), token.i) for doc in docs for token in doc[:-1]]
    found = [
        space for doc in docs for space in detokenize([token.text for token in doc], lang)[:-1]
    ]
    n_right = sum(space == gap for space, (gap, _) in zip(found, gaps, strict=True))
    assert len(gaps) >= 30
    assert n_right / len(gaps) >= 0.97
