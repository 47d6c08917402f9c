"""Requests from many threads, as in a web service: they find what one thread finds."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc

from tests.conformance.pipelines import TEXTS, make_pipeline

N_THREADS = 100

Found = list[tuple[int, int, str, float]]


def list_entities(doc: Doc) -> Found:
    return [(ent.start, ent.end, ent.label_, round(ent._.score, 4)) for ent in doc.ents]


@pytest.mark.parametrize("is_used_before", [True, False])
def test_a_hundred_requests_from_a_hundred_threads_find_what_one_thread_finds(
    ner_checkpoint: Path, tmp_path: Path, is_used_before: bool
) -> None:
    make_pipeline(ner_checkpoint).to_disk(tmp_path / "pipeline")
    expected = [list_entities(doc) for doc in map(spacy.load(tmp_path / "pipeline"), TEXTS)]
    assert any(expected)
    nlp = spacy.load(tmp_path / "pipeline")
    if is_used_before:
        nlp(TEXTS[0])
    at_once = threading.Barrier(N_THREADS)

    def answer(i: int) -> Found:
        at_once.wait()
        return list_entities(nlp(TEXTS[i % len(TEXTS)]))

    with ThreadPoolExecutor(N_THREADS) as threads:
        found = list(threads.map(answer, range(N_THREADS)))
    for i, entities in enumerate(found):
        assert entities == expected[i % len(TEXTS)]
