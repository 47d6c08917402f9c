"""The section of the report that shows how training went: scores and losses over its steps."""

from collections.abc import Sequence
from typing import Final

from spacy_hf_ner.evaluation.training_log import TrainingStep
from spacy_hf_ner.visual.charts import Axis, Series, draw_chart
from spacy_hf_ner.visual.side_by_side import put_side_by_side

__all__ = ["make_training"]

_SCORES: Final = {"ents_p": "precision", "ents_r": "recall", "ents_f": "F1"}


def make_training(training: Sequence[TrainingStep]) -> str:
    """Return the HTML of the section; there is at least one step."""
    last_step = max(step.step for step in training)
    x = Axis("step", 0, last_step)
    return put_side_by_side(_draw_scores(training, x), _draw_losses(training, x))


def _draw_scores(training: Sequence[TrainingStep], x: Axis) -> str:
    series: list[Series] = []
    for colour, (key, name) in enumerate(_SCORES.items()):
        points: list[tuple[float, float]] = []
        for step in training:
            if key in step.scores:
                points.append((step.step, step.scores[key]))
        series.append(Series(name, points, "both", colour))
    return draw_chart(
        series,
        title="Scores on the development data while training.",
        x=x,
        y=Axis("percent", 0, 100),
    )


def _draw_losses(training: Sequence[TrainingStep], x: Axis) -> str:
    # A dict keeps the order in which the log names the pipes, so that colours stay.
    pipes: dict[str, None] = {}
    for step in training:
        pipes.update(dict.fromkeys(step.losses))

    series: list[Series] = []
    highest = 0.0
    for colour, pipe in enumerate(pipes):
        points = _read_losses(training, pipe)
        series.append(Series(pipe, points, "both", colour))
        for _, loss in points:
            highest = max(highest, loss)
    # An axis needs a length, also where all losses are 0.
    y = Axis("loss", 0, highest or 1.0)
    return draw_chart(series, title="Loss per update between evaluations.", x=x, y=y)


def _read_losses(training: Sequence[TrainingStep], pipe: str) -> list[tuple[float, float]]:
    """Return the mean loss of an update at each evaluation where it is known, with its step.

    spaCy logs the sum over the updates since the evaluation before.
    """
    points: list[tuple[float, float]] = []
    # The first evaluation comes after one update, which is step 0.
    previous_step = -1
    for step in training:
        n_updates = step.step - previous_step
        if n_updates > 0 and pipe in step.losses:
            points.append((float(step.step), step.losses[pipe] / n_updates))
        previous_step = step.step
    return points
