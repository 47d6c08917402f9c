"""Every real file that lies beside the repository, against counts of another program.

It shares no code with ours.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from spacy_hf_ner.corpus.opening import open_corpus
from spacy_hf_ner.corpus.source import ReadOptions

FILES = (
    "anem/AnEM.test",
    "anem/AnEM.train",
    "bio_mtl/NCBI-disease-IOB/devel.tsv",
    "bio_mtl/NCBI-disease-IOB/test.tsv",
    "bio_mtl/NCBI-disease-IOB/train.tsv",
    "bio_mtl/NCBI-disease-IOBES/devel.tsv",
    "bio_mtl/NCBI-disease-IOBES/test.tsv",
    "btc/a.conll",
    "btc/e.conll",
    "btc/f.conll",
    "conllpp/conllpp_dev.txt",
    "conllpp/conllpp_train.txt",
    "germeval2014/NER-de-dev.tsv",
    "multiconer2/en-dev.conll",
    "multiconer2/hi-dev.conll",
    "norne/no_nynorsk-ud-test.conllu",
    "sec_filings/FIN3.txt",
    "sec_filings/FIN5.txt",
    "turku_ner_fi/dev.tsv",
    "turku_ner_fi/test.tsv",
    "turku_ner_fi/train.tsv",
    "uner_en_ewt/en_ewt-ud-dev.iob2",
    "uner_en_ewt/en_ewt-ud-test.iob2",
    "weibo_zh/weiboNER_2nd_conll.dev",
    "weibo_zh/weiboNER_2nd_conll.test",
    "wikigold/wikigold.conll.txt",
    "wnut17/emerging.dev.conll",
    "wnut17/emerging.test.annotated",
    "wnut17/wnut17train.conll",
)


def read_expected(shared_data: Path) -> dict[str, dict[str, Any]]:
    expected: dict[str, dict[str, Any]] = json.loads(
        (shared_data / "expected_counts.json").read_text(encoding="utf8")
    )["files"]
    return expected


def test_no_file_with_expected_counts_is_left_untested(shared_data: Path) -> None:
    assert set(read_expected(shared_data)) == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_file_has_the_sentences_words_and_entities_that_are_expected(
    shared_data: Path, name: str
) -> None:
    expected = read_expected(shared_data)[name]
    sentences = list(open_corpus(shared_data / name, ReadOptions()).read())
    n_blank = sum(p.kind.startswith("blank word") for s in sentences for p in s.problems)
    entities = Counter(span.entity_type for s in sentences for span in s.spans)
    assert len(sentences) == expected["sents"]
    assert sum(len(s.words) for s in sentences) + n_blank == expected["toks"]
    assert n_blank == expected.get("blank_toks", 0)
    assert entities.total() == expected["n_ents"]
    # The file lists the 20 commonest types of a data set that has more.
    assert {t: n for t, n in entities.items() if t in expected["ents"]} == expected["ents"]


def count(path: Path, lang: str = "en") -> tuple[int, int, Counter[str]]:
    sentences = [s for s in open_corpus(path, ReadOptions(lang=lang)).read() if s.words]
    n_words = sum(len(s.words) for s in sentences)
    return len(sentences), n_words, Counter(span.entity_type for s in sentences for span in s.spans)


def test_the_kaggle_csv_has_the_counts_that_are_expected(shared_data: Path) -> None:
    types = {
        "geo": 8392,
        "tim": 4516,
        "org": 4458,
        "gpe": 3923,
        "per": 3899,
        "art": 129,
        "eve": 92,
        "nat": 59,
    }
    assert count(shared_data / "gmb_kaggle_csv/ner_dataset.csv") == (10928, 238665, Counter(types))


def test_bare_types_have_the_counts_that_are_expected(shared_data: Path) -> None:
    n_sentences, n_words, entities = count(shared_data / "gum/GUM_news_nasa.tsv")
    assert (n_sentences, n_words, entities.total()) == (49, 1210, 203)


def test_a_json_array_with_character_spans_has_the_counts_that_are_expected(
    shared_data: Path,
) -> None:
    n_texts, _, entities = count(shared_data / "ner_wikipedia_ja/ner.json", lang="xx")
    assert (n_texts, entities.total()) == (5343, 13185)


@pytest.mark.parametrize(
    ("name", "n_texts", "n_spans"),
    [
        ("fashion_brands_eval.jsonl", 500, 238),
        ("test_annotated.jsonl", 523 - 4 - 2, 244 - 2),  # 4 ignored, with 2 of the spans; 2 blank
    ],
)
def test_prodigy_files_have_the_counts_that_are_expected(
    shared_data: Path, name: str, n_texts: int, n_spans: int
) -> None:
    found, _, entities = count(shared_data / "jsonl_prodigy" / name)
    assert (found, entities.total()) == (n_texts, n_spans)


def test_germeval_has_the_inner_entities_beside_the_outer_ones(shared_data: Path) -> None:
    sentences = open_corpus(shared_data / "germeval2014/NER-de-dev.tsv", ReadOptions()).read()
    assert sum(span not in s.spans for s in sentences for span in s.layers) == 212
