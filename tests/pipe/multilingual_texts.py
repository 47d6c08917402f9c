"""Texts that are hard to read, the same in each run.

Some are generated from words of many scripts, others written by hand.
"""

import random
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab
from tokenizers import pre_tokenizers

_IDEOGRAPH = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")

_WORDS = """\
Angela Merkel met Tim Cook in San José on Friday and flew back to Berlin
The European Union's Court of Justice ruled against Google LLC Luxembourg (C-507/17)
Kofi Annan's U.S.-based O'Brien-Smith can't $3.5bn re-elected
São Paulo Łódź Nguyễn Zürich İstanbul Straße naïve
Ærøskøbing ﬁnance Ⅳ x² №5 … — “quoted” ‘so’ ¿qué? 100%
東京 東京タワー 北京是中国的首都。 日本の 서울에서 김철수는 대한민국
Москва Россия Достоевский Київ Αθήνα Κωνσταντίνος नई दिल्ली भारत क्षत्रिय برلين عاصمة ألمانيا القاهرة
תל־אביב ירושלים กรุงเทพมหานคร ประเทศไทย Երևան თბილისი አዲስ مُحَمَّد
😀 👩\u200d👩\u200d👧\u200d👦 🇩🇪
☃ Zoe\u0308 cafe\u0301 か\u3099 zero\u200bwidth soft\u00adhyphen \u200b"""
WORDS = tuple(re.split("[ \n]", _WORDS))

_LONGEST_LINE = 120  # characters: a single window in bytes, too

HARD_TEXTS = (
    "",
    " ",
    "\n",
    "a",
    "😀",
    "☃",
    "…",
    "  two  leading and  double   spaces  ",
    "a line\nand the next\r\nand a third",
    "John\n\n\nSmith lives in\n\nBerlin",
    "tab\tseparated\tJohn Smith\tBerlin",
    "no\u00a0break\u00a0space, ideographic\u3000space, thin\u2009space",
    "😀😀 laughs at 👩‍👩‍👧‍👦 and 🇩🇪🇫🇷",
    "…and so on … until …",
    "ﬁrst ﬂoor ﬃ ㎏ Ⅷ ½",
    "Jose\u0301 met Zoe\u0308 in Mu\u0308nchen, and Nguye\u0302\u0303n came too",
    "José met Zoë in München, and Nguyễn came too",
    "か\u3099 がき゛ ハ\u309a",
    "नई दिल्ली में भारत की राजधानी है",
    "مُحَمَّد يَعِيشُ في القَاهِرَة",
    "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย",
    "東京タワーは日本の東京にある。北京是中国的首都。",
    "[SEP] is text, so are [CLS] and </s> and <s> and [MASK] and <unk>",
    "zero\u200bwidth \u200b \u200d joins\u2060words \ufeffBOM",
    "control\x00characters\x07in\x1ba text",
    "surrogate-free 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝓶𝓪𝓽𝓱 𐍈 𒀀",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "!!! ??? ... --- ((( ))) '' \"\" `` ´´",
    "O'Brien-Smith's U.S.-based firm can't, won't and shouldn't've",
    "http://www.example.org/a?b=c&d=e#f user@example.org @user #tag",
    "İstanbul ISPARTA ıssız ß ẞ ŉ ǆ",
    "مدينة Berlin في ألمانيا und שלום 世界 hello",
)


def make_texts(n_texts: int, *, seed: int = 0) -> list[str]:
    """Return texts of 1 to 14 words in many scripts, most of them separated by single spaces."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    spaces = [" "] * 60 + ["  ", "\n", "\t", "\u00a0", "\n\n"]
    texts = []
    for _ in range(n_texts):
        words = chance.choices(WORDS, k=chance.randint(1, 14))
        texts.append("".join(word + chance.choice(spaces) for word in words[:-1]) + words[-1])
    return texts


def read_lines(path: Path, *, n_lines: int) -> list[str]:
    """Return sentences of a CoNLL file, words joined by spaces; none if there is no file."""
    if not path.is_file():
        return []
    blocks = path.read_text(encoding="utf8").split("\n\n")
    lines = [
        " ".join(re.split(r"[ \t]", row)[0] for row in block.splitlines() if row)
        for block in blocks
    ]
    return [line for line in lines if len(line) < _LONGEST_LINE][:n_lines]


def find_bert_words(text: str) -> list[tuple[int, int]]:
    """Return the words that BERT's tokenizer finds: white space, punctuation, ideographs."""
    found = [span for _, span in pre_tokenizers.BertPreTokenizer().pre_tokenize_str(text)]
    cuts = [start + m.start() for start, end in found for m in _IDEOGRAPH.finditer(text[start:end])]
    borders = sorted(
        {*(i for cut in cuts for i in (cut, cut + 1)), *(i for span in found for i in span)}
    )
    return [
        (a, b) for a, b in pairwise(borders) if any(start <= a and b <= end for start, end in found)
    ]


def find_spaced_words(text: str) -> list[tuple[int, int]]:
    """Return where the words lie that white space of any kind separates."""
    return [match.span() for match in re.finditer(r"\S+", text)]


def make_doc(vocab: Vocab, text: str, find_words: Callable[[str], list[tuple[int, int]]]) -> Doc:
    """Return a Doc whose tokens are the words found, and the white space between them."""
    words: list[str] = []
    spaces: list[bool] = []
    done = 0
    for start, end in [*find_words(text), (len(text), len(text))]:
        gap, word = text[done:start], text[start:end]
        if gap[:1] == " " and spaces:
            spaces[-1], gap = True, gap[1:]
        words += [part for part in (gap, word) if part]
        spaces += [False for part in (gap, word) if part]
        done = end
    doc = Doc(vocab, words=words, spaces=spaces)
    assert doc.text == text
    return doc
