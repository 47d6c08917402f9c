import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from spacy.training import Example

from spacy_hf_ner.runs.replay import BatchStream, EvaluatedStep, replay_evaluations

Drawn = list[tuple[int, list[Any]]]


def _draw_batches(*, is_stream: bool) -> Iterator[tuple[int, list[Example]]]:
    """Shuffle once an epoch as spaCy does; a stream draws before each batch, as augmenters do."""
    words: list[Any] = ["a", "bb", "ccc", "dddd"]
    for epoch in range(3):
        random.shuffle(words)
        for word in words:
            batch = [word]
            if is_stream:
                batch.append(str(np.random.random()))
            yield epoch, batch


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("draws_between", [False, True])
def test_batches_are_drawn_again_whoever_draws_in_between(
    is_stream: bool, draws_between: bool
) -> None:
    random.seed(0)
    np.random.seed(0)
    stream = BatchStream(_draw_batches(is_stream=is_stream))
    drawn: Drawn = []
    for step, (epoch, batch) in enumerate(stream):
        drawn.append((epoch, batch))
        if draws_between:
            random.random()
            np.random.random()
        if step == 9:
            break
    n_words = stream.n_words
    random.seed(7)
    np.random.seed(7)
    again = BatchStream(_draw_batches(is_stream=is_stream), draws=stream.draws, n_replayed=10)
    replayed = [pair for _, pair in zip(range(10), again, strict=False)]
    assert replayed == [(epoch, []) for epoch, _ in drawn]
    assert again.n_words == n_words
    # A shuffled list is noted once an epoch at most; a stream that nobody disturbs, once.
    n_noted = {(False, False): 1, (False, True): 3, (True, False): 1, (True, True): 10}
    assert len(stream.draws) == n_noted[is_stream, draws_between]


def test_evaluations_answer_as_they_did_and_then_evaluate() -> None:
    step = EvaluatedStep(
        step=0, epoch=0, score=0.5, other_scores={"p": 1.0}, losses={}, words=1, seconds=1
    )
    evaluate = replay_evaluations(lambda: (0.9, {}), [step])
    assert [evaluate(), evaluate(), evaluate()] == [(0.5, {"p": 1.0}), (0.9, {}), (0.9, {})]
