"""A run that goes on: its first steps are replayed without learning, in spaCy's own loop.

spaCy's loop counts steps, draws batches and moves schedules itself, and none of these can be told
where to begin. So a run that was interrupted goes through its first steps again, in no time:

* batches are drawn as they were drawn then, and handed on empty, so that nothing is learned;
* evaluations answer what they answered then.

What is left to restore afterwards are weights, optimizers and random numbers
(:mod:`.run_state`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from spacy.training import Example

from spacy_hf_ner.runs.random_states import (
    RandomStates,
    find_moved,
    read_random_states,
    set_random_states,
)

__all__ = ["BatchStream", "Draw", "Evaluate", "EvaluatedStep", "replay_evaluations"]

Batch = list[Example]
Evaluate = Callable[[], tuple[float, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Draw:
    """A batch before which somebody else than the data had drawn random numbers.

    Attributes:
        step: The step of the batch.
        states: Where the generators stood from which the data drew.
    """

    step: int
    states: RandomStates


@dataclass(frozen=True, slots=True)
class EvaluatedStep:
    """A step after which the model was evaluated.

    Attributes:
        step: Updates made before.
        epoch: Passes over the data completed.
        score: The score that decides which model is best.
        other_scores: All scores.
        losses: The loss of each component, summed since the last evaluation.
        words: Words learned from so far.
        seconds: Seconds since the run began.
    """

    step: int
    epoch: int
    score: float
    other_scores: dict[str, Any]
    losses: dict[str, float]
    words: int
    seconds: int


class BatchStream:
    """The batches of a run, drawn so that another process can draw them again.

    The data draws from the random numbers of the process: it is shuffled anew in each epoch. A
    network draws from them, too, in between; a replay learns nothing, so it has to be told where
    the generators stood. That is noted where it matters: at a batch for which the data has drawn
    from a generator that somebody else had moved.

    Args:
        batches: The epoch and the examples of each batch, drawn when they are asked for.
        draws: The draws of the steps to replay.
        n_replayed: How many steps to replay: their batches are drawn, and handed on empty.

    Attributes:
        draws: The draws so far.
        n_words: Words drawn so far, those of replayed steps, too.
    """

    def __init__(
        self,
        batches: Iterable[tuple[int, Batch]],
        *,
        draws: Iterable[Draw] = (),
        n_replayed: int = 0,
    ) -> None:
        self._batches = iter(batches)
        self._n_replayed = n_replayed
        self._step = 0
        self._left_by_data: RandomStates = {}
        self.draws = list(draws)
        self._states_at = {draw.step: draw.states for draw in self.draws}
        self.n_words = 0

    def __iter__(self) -> Iterator[tuple[int, Batch]]:
        while True:
            is_replayed = self._step < self._n_replayed
            try:
                epoch, batch = self._replay() if is_replayed else self._draw()
            except StopIteration:
                return
            self._step += 1
            self.n_words += sum(len(example) for example in batch)
            yield epoch, [] if is_replayed else batch

    def _replay(self) -> tuple[int, Batch]:
        states = self._left_by_data | self._states_at.get(self._step, {})
        set_random_states(states)
        drawn = next(self._batches)
        self._left_by_data = read_random_states()
        return drawn

    def _draw(self) -> tuple[int, Batch]:
        before = read_random_states()
        drawn = next(self._batches)
        after = read_random_states()
        moved_by_others = find_moved(self._left_by_data, before)
        noted: RandomStates = {}
        for name in find_moved(before, after):
            if name in moved_by_others:
                noted[name] = before[name]
        if noted:
            self.draws.append(Draw(self._step, noted))
        self._left_by_data = after
        return drawn


def replay_evaluations(evaluate: Evaluate, evaluated: Iterable[EvaluatedStep]) -> Evaluate:
    """Return an evaluation that first answers as some did, and then evaluates."""
    left = iter(list(evaluated))

    def replay_or_evaluate() -> tuple[float, dict[str, Any]]:
        replayed = next(left, None)
        if replayed is None:
            return evaluate()
        return replayed.score, replayed.other_scores

    return replay_or_evaluate
