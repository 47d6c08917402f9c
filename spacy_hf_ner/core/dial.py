"""The dial between precision and recall: what a bias makes of both, on held-out documents.

A bias is added to the log score of each entity that follows none, so raising it finds more of them,
of which fewer are right. Neither measure is strictly monotone in it: far up, words inside of
entities become what lies between two of them, and recall falls, too. So the dial is first read
at steps from one end to the other, which is also the curve that reports show, and then searched by
halving between two steps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.errors import ConfigError

__all__ = [
    "DIAL_HEADER",
    "Aim",
    "AimNotReachedError",
    "Dial",
    "DialPoint",
    "Measure",
    "Tally",
    "read_aim",
    "read_dial",
    "tabulate_dial",
]

Measure = Literal["precision", "recall"]

# Small steps where networks are unsure, great ones where they are nearly certain.
_UPWARDS: Final = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0)
_STEPS: Final = tuple(-step for step in reversed(_UPWARDS[1:])) + _UPWARDS
_FINEST: Final = 0.01  # of a bias

DIAL_HEADER: Final = ("", "bias", "P", "R", "F1")
"""Of the rows of :func:`tabulate_dial`."""


class AimNotReachedError(ConfigError):
    """No bias reaches the aim."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What is to be reached.

    Attributes:
        measure: What is measured.
        value: The least that it is to be, over 0 and at most 1.

    Raises:
        ConfigError: There is no such measure, or the value is out of range.
    """

    measure: Measure
    value: float

    def __post_init__(self) -> None:
        if self.measure not in get_args(Measure) or not 0.0 < self.value <= 1.0:
            raise ConfigError(
                "aim must be a precision or a recall over 0 and at most 1, such as "
                f"recall=0.98, got {self}.",
                settings=("aim",),
            )

    def __str__(self) -> str:
        return f"{self.measure}={self.value:g}"


def read_aim(text: str) -> Aim:
    """Return the aim that ``recall=0.98`` or ``precision=0.98`` names.

    Raises:
        ConfigError: The text names none.

    >>> read_aim("recall=0.98")
    Aim(measure='recall', value=0.98)
    """
    for measure in get_args(Measure):
        prefix = f"{measure}="
        if text.startswith(prefix):
            try:
                return Aim(measure, float(text.removeprefix(prefix)))
            except ValueError as error:
                if isinstance(error, ConfigError):
                    raise
    raise ConfigError(
        f"aim must be recall=NUMBER or precision=NUMBER, such as recall=0.98, got {text!r}.",
        settings=("aim",),
    )


@dataclass(frozen=True, slots=True)
class DialPoint:
    """What a bias makes of precision and recall. Each is 0 where there is nothing to divide by."""

    bias: float
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return _divide(2 * self.precision * self.recall, self.precision + self.recall)

    def read(self, measure: Measure) -> float:
        """Return one of the two."""
        return self.precision if measure == "precision" else self.recall


@dataclass(frozen=True, slots=True)
class Dial:
    """Precision and recall over the bias, on documents that the model was not trained on.

    Attributes:
        points: The curve, in order of the bias.
        before: Where the dial stood.
        aim: What was to be reached; None if the dial was only read.
        after: Where it stands now.
        halves: Each half of the documents, with the bias that reaches the aim on the other half;
            None where that half reaches it nowhere.
    """

    points: tuple[DialPoint, ...]
    before: DialPoint
    aim: Aim | None
    after: DialPoint
    halves: tuple[DialPoint | None, DialPoint | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Tally:
    """What is found in documents under one bias.

    Attributes:
        n_right: The right entities of each. Shape: (n_docs,).
        n_judged: The right and the wrong ones. Shape: (n_docs,).
    """

    n_right: Ints
    n_judged: Ints


def read_dial(
    tally: Callable[[float], Tally], *, n_gold: Ints, bias: float, aim: Aim | None = None
) -> Dial:
    """Return what a bias makes of precision and recall, and the bias that reaches an aim.

    Of the biases that reach it, it is the one that costs the other measure the least.

    Args:
        tally: Counts what is found under a bias.
        n_gold: The gold entities of each document. Shape: (n_docs,).
        bias: Where the dial stands.
        aim: What is to be reached; None to leave the dial where it is.

    Raises:
        AimNotReachedError: No bias reaches it.
    """
    counts = _Counts(tally, n_gold)
    everything = slice(None)
    points = counts.read_steps(everything)
    before = counts.read(bias, everything)
    if aim is None:
        return Dial(points, before, aim, after=before)
    after = _reach(aim, points, counts, everything)
    if after is None:
        raise AimNotReachedError(_describe_miss(aim, points), settings=("aim",))
    # Every second document, as documents from one source are often neighbours.
    first_half = slice(0, None, 2)
    second_half = slice(1, None, 2)
    halves = (
        _check(aim, counts, judged=first_half, chosen_on=second_half),
        _check(aim, counts, judged=second_half, chosen_on=first_half),
    )
    return Dial(points, before, aim, after, halves)


class _Counts:
    """Counts what is found under each bias that is asked for, once.

    Args:
        tally: Counts what is found under a bias.
        n_gold: The gold entities of each document. Shape: (n_docs,).
    """

    def __init__(self, tally: Callable[[float], Tally], n_gold: Ints) -> None:
        self._tally = tally
        self._n_gold = n_gold
        self._tallies: dict[float, Tally] = {}

    def read_steps(self, part: slice) -> tuple[DialPoint, ...]:
        """Return a part of the documents at all steps of the dial."""
        return tuple(self.read(step, part) for step in _STEPS)

    def read(self, bias: float, part: slice) -> DialPoint:
        """Return a part of the documents under a bias."""
        if bias not in self._tallies:
            self._tallies[bias] = self._tally(bias)
        found = self._tallies[bias]
        n_right = float(found.n_right[part].sum())
        return DialPoint(
            bias,
            precision=_divide(n_right, float(found.n_judged[part].sum())),
            recall=_divide(n_right, float(self._n_gold[part].sum())),
        )


def _reach(aim: Aim, points: Sequence[DialPoint], counts: _Counts, part: slice) -> DialPoint | None:
    """Return where some documents reach an aim at the least cost; None where they do not."""
    other: Measure = "recall" if aim.measure == "precision" else "precision"

    def is_reached(point: DialPoint) -> bool:
        return point.read(aim.measure) >= aim.value

    reaching = [point for point in points if is_reached(point)]
    if not reaching:
        return None
    best = max(reaching, key=lambda point: (point.read(other), -abs(point.bias)))
    # The next step towards more of the other measure may miss the aim; the border is between:
    #   bias      1.0    1.5    2.0
    #   recall    0.95   0.97   0.985      aim 0.98: between 1.5 and 2
    towards = -1 if aim.measure == "recall" else 1
    next_i = points.index(best) + towards
    if not 0 <= next_i < len(points) or is_reached(points[next_i]):
        return best
    reached_at, missing_at = best.bias, points[next_i].bias
    while abs(reached_at - missing_at) > _FINEST:
        middle = counts.read((reached_at + missing_at) / 2, part)
        if not is_reached(middle):
            missing_at = middle.bias
            continue
        reached_at = middle.bias
        if middle.read(other) > best.read(other):
            best = middle
    return best


def _check(aim: Aim, counts: _Counts, *, judged: slice, chosen_on: slice) -> DialPoint | None:
    """Return some documents under the bias that reaches an aim on others."""
    chosen = _reach(aim, counts.read_steps(chosen_on), counts, chosen_on)
    if chosen is None:
        return None
    return counts.read(chosen.bias, judged)


def _describe_miss(aim: Aim, points: Sequence[DialPoint]) -> str:
    """Return that an aim is not reached, and how near the dial comes."""
    best = max(points, key=lambda point: point.read(aim.measure))
    other: Measure = "recall" if aim.measure == "precision" else "precision"
    return (
        f"no bias from {_STEPS[0]:g} to {_STEPS[-1]:g} reaches a {aim.measure} of {aim.value:g} on "
        f"these documents: the best is {aim.measure} {best.read(aim.measure):.3f}, with bias "
        f"{best.bias:g}, where {other} is {best.read(other):.3f}. Nothing was changed. Aim lower, "
        "or train a better model."
    )


def tabulate_dial(dial: Dial) -> list[tuple[str, ...]]:
    """Return where the dial stands, and stood, as rows of text under :data:`DIAL_HEADER`."""
    best = max(dial.points, key=lambda point: (point.f1, -abs(point.bias)))
    named: list[tuple[str, DialPoint | None]] = [("best F1 of all steps", best)]
    if dial.aim is None:
        named.append(("now", dial.after))
    else:
        named.append(("before", dial.before))
        named.append((f"after, for {dial.aim}", dial.after))
        for i, half in enumerate(dial.halves, 1):
            named.append((f"half {i}, set on the other half", half))
    return [_make_row(name, point) for name, point in named]


def _make_row(name: str, point: DialPoint | None) -> tuple[str, ...]:
    if point is None:
        return (name, "not reached", "", "", "")
    row = [name, f"{point.bias:.2f}"]
    for figure in (point.precision, point.recall, point.f1):
        row.append(f"{figure:.3f}")
    return tuple(row)


def _divide(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
