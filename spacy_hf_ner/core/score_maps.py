"""Maps that make scores mean what they say: a temperature for tokens, a rising map for spans.

Both are fitted on held-out data and change no decision by themselves: a temperature keeps the order
of a token's tags, a map the order of spans (so AUROC stays as it is).

Source: Guo et al. (2017), https://arxiv.org/abs/1706.04599, section 4.2 (temperature); Platt (1999)
and Lin et al. (2007), https://doi.org/10.1007/s10994-007-5018-6 (logistic map, smoothed targets);
Zadrozny & Elkan (2002), https://doi.org/10.1145/775047.775151 (isotonic map).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from spacy_hf_ner.core.arrays import Bools, Floats, Ints
from spacy_hf_ner.core.reliability import brier_score
from spacy_hf_ner.errors import ConfigError

__all__ = [
    "MIN_PER_TYPE",
    "TEMPERATURES",
    "WORTHWHILE",
    "Choice",
    "IsotonicMap",
    "MapKind",
    "PlattMap",
    "ScoreMap",
    "SpanCalibration",
    "apply_temperature",
    "choose_span_calibration",
    "fit_isotonic",
    "fit_platt",
    "fit_span_calibration",
    "fit_temperature",
    "read_span_calibration",
]

MapKind = Literal["none", "platt", "isotonic", "platt per type", "isotonic per type"]

# Beyond these the data says "always right" or "knows nothing", not how much.
TEMPERATURES = (0.05, 20.0)
WORTHWHILE = 0.01  # share by which a Brier score must fall for a less simple kind of map
MIN_PER_TYPE = 100  # spans of one type; with fewer, a map for the type alone is noise

# Of log-probabilities: an illegal tag has minus infinity, and that times 0 is not a number.
_FLOOR = -100.0
_TINY = 1e-9
_TIE_BREAK = 1e-6
_N_PRIOR_TOKENS = 20  # that are right as often as the model says
_PULL = 1e-3  # towards the map that changes nothing, against one span that pulls by 1


def apply_temperature(log_probs: Floats, temperature: float) -> Floats:
    """Return log-probabilities at a temperature. Shape of both: (n_rows, n_tags).

    >>> np.exp(apply_temperature(np.log([[0.8, 0.2]]), 2.0)).round(3)
    array([[0.667, 0.333]])
    """
    scaled = log_probs / temperature
    scaled -= np.logaddexp.reduce(scaled, axis=1, keepdims=True)
    return scaled


def fit_temperature(log_probs: Floats, gold: Ints) -> float:
    """Return the temperature under which the gold tags are most likely, in :data:`TEMPERATURES`.

    Divide log-probabilities (or logits) by it and normalise. Over 1 the model is too sure of
    itself, under 1 not sure enough. It is drawn towards 1, as if a few more tokens had been seen
    that are right as often as the model says: were all of a few tokens right, nothing else would
    hold it.

    Args:
        log_probs: Of each tag, for each token. Shape: (n_tokens, n_tags).
        gold: The column of each token's gold tag; tokens with a negative one are left out.
            Shape: (n_tokens,).

    Raises:
        ConfigError: No token has a gold tag.

    >>> log_probs = np.log(np.array([[0.99, 0.01]] * 4))
    >>> three_of_four_right = np.array([0, 0, 0, 1])
    >>> round(fit_temperature(log_probs, three_of_four_right), 2)
    1.56
    >>> three_hundred_of_four_hundred_right = np.tile(three_of_four_right, 100)
    >>> round(fit_temperature(np.tile(log_probs, (100, 1)), three_hundred_of_four_hundred_right), 2)
    3.96
    """
    has_gold = gold >= 0
    if not has_gold.any():
        raise ConfigError(
            "a temperature is fitted on tokens with gold tags, got none. Give annotated documents."
        )
    rows = np.maximum(log_probs[has_gold], _FLOOR)
    gold_log_probs = rows[np.arange(len(rows)), gold[has_gold]]
    pull = _N_PRIOR_TOKENS / len(rows)
    wanted = gold_log_probs + pull * _expect(rows, 1.0)
    # The log-likelihood is concave in 1 / temperature, so its slope has one root, which is
    # searched by halving. The slope is the sum of: gold log-probability - expected one.
    high = 1 / TEMPERATURES[0]
    low = 1 / TEMPERATURES[1]
    for _ in range(50):
        middle = float(np.sqrt(high * low))
        if np.sum(wanted - (1 + pull) * _expect(rows, middle)) > 0:
            low = middle
        else:
            high = middle
    return 1 / float(np.sqrt(high * low))


def _expect(rows: Floats, inverse_temperature: float) -> Floats:
    """Return the log-probability that a model expects of a tag that it draws at a temperature.

    Shape: (n_tokens,).
    """
    scaled = rows * inverse_temperature
    weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    expected: Floats = (weights * rows).sum(axis=1) / weights.sum(axis=1)
    return expected


@dataclass(frozen=True, slots=True)
class PlattMap:
    """Score → sigmoid(slope × logit(score) + intercept). The default changes nothing.

    Attributes:
        slope: Over 0, so that the map rises.
        intercept: Over 0 it makes scores greater.

    Raises:
        ConfigError: The slope is not over 0, or one of the two is not finite.
    """

    slope: float = 1.0
    intercept: float = 0.0

    def __post_init__(self) -> None:
        is_finite = np.isfinite(self.slope) and np.isfinite(self.intercept)
        if not is_finite or self.slope <= 0:
            raise ConfigError(
                f"a logistic map of scores expects finite numbers and a slope over 0, got {self}."
            )

    def apply(self, scores: Floats) -> Floats:
        """Return calibrated scores, neither 0 nor 1. Shape: that of ``scores``."""
        logits = self.slope * _logit(scores) + self.intercept
        calibrated: Floats = 1 / (1 + np.exp(-logits))
        return np.clip(calibrated, _TINY, 1 - _TINY)


@dataclass(frozen=True, slots=True)
class IsotonicMap:
    """Score → a rising line through knots, flat beyond both ends.

    A millionth of the score itself is mixed in, so that no two different scores become one.

    Attributes:
        knots: Pairs (raw score, calibrated score), both rising.

    Raises:
        ConfigError: There are no knots, they do not rise, or a calibrated score is not in [0, 1].
    """

    knots: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        knots = np.array(self.knots, dtype=np.float64).reshape(-1, 2)
        # Knots beyond the scores that there can be do no harm: the line is read between 0 and 1.
        calibrated = knots[:, 1]
        is_inside = np.all((calibrated >= 0) & (calibrated <= 1)) and np.isfinite(knots).all()
        if len(knots) == 0 or not is_inside or np.any(np.diff(knots, axis=0) < 0):
            raise ConfigError(
                "an isotonic map of scores expects knots [raw score, calibrated score] that "
                f"rise, to 1 at most, got {len(knots)} that begin with {knots[:4].tolist()}."
            )

    def apply(self, scores: Floats) -> Floats:
        """Return calibrated scores. Shape: that of ``scores``."""
        raw, calibrated = np.array(self.knots, dtype=np.float64).T
        on_line = np.interp(scores, raw, calibrated)
        mixed: Floats = (1 - _TIE_BREAK) * on_line + _TIE_BREAK * scores
        return mixed


ScoreMap = PlattMap | IsotonicMap


@dataclass(frozen=True, slots=True)
class SpanCalibration:
    """What a model's span scores are passed through.

    Attributes:
        default: The map of the entity types that ``per_type`` does not name.
        per_type: Maps for single entity types.
    """

    default: ScoreMap = PlattMap()
    per_type: Mapping[str, ScoreMap] = field(default_factory=dict)

    def apply(self, scores: Floats, entity_types: Sequence[str]) -> Floats:
        """Return calibrated scores.

        Args:
            scores: Raw scores in [0, 1]. Shape: (n,).
            entity_types: The type of each span; n of them.
        """
        calibrated = self.default.apply(scores)
        types = np.array(entity_types, dtype=object)
        for entity_type, score_map in self.per_type.items():
            of_type = types == entity_type
            calibrated[of_type] = score_map.apply(scores[of_type])
        return calibrated

    def to_json(self) -> dict[str, Any]:
        """Return plain values that :func:`read_span_calibration` reads."""
        per_type: dict[str, Any] = {}
        for entity_type, score_map in self.per_type.items():
            per_type[entity_type] = _to_json(score_map)
        return {"default": _to_json(self.default), "per_type": per_type}


def read_span_calibration(values: Mapping[str, Any]) -> SpanCalibration:
    """Return what :meth:`SpanCalibration.to_json` wrote.

    >>> of_persons = IsotonicMap(((0.0, 0.2), (1.0, 0.9)))
    >>> calibration = SpanCalibration(PlattMap(0.5, 0.1), {"PER": of_persons})
    >>> read_span_calibration(calibration.to_json()) == calibration
    True
    """
    per_type: dict[str, ScoreMap] = {}
    for entity_type, score_map in values["per_type"].items():
        per_type[entity_type] = _read_map(score_map)
    return SpanCalibration(_read_map(values["default"]), per_type)


def fit_platt(scores: Floats, is_correct: Bools) -> PlattMap:
    """Return the logistic map under which the outcomes are most likely, by Newton's method.

    Args:
        scores: Raw scores in [0, 1]. Shape: (n,).
        is_correct: Shape: (n,).

    >>> is_correct = np.arange(100) < 60
    >>> fitted = fit_platt(np.full(100, 0.9), is_correct)
    >>> fitted.apply(np.array([0.9])).round(2)
    array([0.6])
    """
    n_right = int(is_correct.sum())
    n_wrong = len(scores) - n_right
    if not n_right or not n_wrong:
        return PlattMap()
    # Targets are drawn in from 1 and 0, as if one more right and one more wrong span had been seen.
    target = np.where(is_correct, (n_right + 1) / (n_right + 2), 1 / (n_wrong + 2))
    features = np.stack([_logit(scores), np.ones(len(scores))], axis=1)
    unchanged = np.array([1.0, 0.0])  # slope, intercept
    weights = unchanged.copy()
    for _ in range(100):
        logits = np.clip(features @ weights, -30, 30)
        probs = 1 / (1 + np.exp(-logits))
        variance = probs * (1 - probs)
        # The weak pull keeps the step defined where all scores are equal.
        gradient = features.T @ (probs - target) + _PULL * (weights - unchanged)
        hessian = features.T @ (features * variance[:, None]) + _PULL * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        length = float(np.abs(step).max())
        weights -= step * min(1.0, 4.0 / max(length, _TINY))  # no leap of more than 4
        weights[0] = max(weights[0], 1e-3)  # a map must rise
        if length < _TINY:
            break
    slope, intercept = weights.tolist()
    return PlattMap(slope, intercept)


def fit_isotonic(scores: Floats, is_correct: Bools) -> IsotonicMap:
    """Return the rising step function nearest to the outcomes.

    It is given as a line through the middles of its steps, which stays off 0 and 1 as if one more
    right and one more wrong span had been seen.

    Args:
        scores: Raw scores in [0, 1]. Shape: (n,), n > 0.
        is_correct: Shape: (n,).

    >>> is_correct = np.array([False, True, False, True])
    >>> np.array(fit_isotonic(np.array([0.1, 0.4, 0.6, 0.9]), is_correct).knots).round(2)
    array([[0.1 , 0.17],
           [0.5 , 0.5 ],
           [0.9 , 0.83]])
    """
    values, group_i = np.unique(scores, return_inverse=True)
    counts = np.bincount(group_i).astype(np.float64)
    right_counts = np.bincount(group_i, weights=is_correct.astype(np.float64))
    # Neighbours out of order are pooled, each with all it has swallowed before:
    #   score            0.1   0.4   0.6   0.9
    #   share of right   0     1     0     1
    #   steps            0     (0.5  0.5)  1
    steps: list[tuple[float, float, float]] = []  # total of scores, number right, number
    total_scores = values * counts
    groups = zip(total_scores.tolist(), right_counts.tolist(), counts.tolist(), strict=True)
    for group in groups:
        total, right, n = group
        while steps:
            total_before, right_before, n_before = steps[-1]
            if right_before / n_before < right / n:
                break
            steps.pop()
            total += total_before
            right += right_before
            n += n_before
        steps.append((total, right, n))
    least = 1 / (len(scores) + 2)
    knots: list[tuple[float, float]] = []
    for total, right, n in steps:
        share = min(max(right / n, least), 1 - least)
        knots.append((total / n, share))
    return IsotonicMap(tuple(knots))


_FITS: dict[str, Callable[[Floats, Bools], ScoreMap]] = {
    "platt": fit_platt,
    "isotonic": fit_isotonic,
}


def fit_span_calibration(
    scores: Floats, is_correct: Bools, *, entity_types: Sequence[str], kind: MapKind
) -> SpanCalibration:
    """Return span maps of one kind.

    Types with fewer than :data:`MIN_PER_TYPE` spans share the map of all spans.

    Args:
        scores: Raw scores in [0, 1]. Shape: (n,).
        is_correct: Shape: (n,).
        entity_types: The type of each span; n of them.
        kind: The kind of map.
    """
    if kind == "none" or len(scores) == 0:
        return SpanCalibration()
    name, _, per_type = kind.partition(" ")
    fit = _FITS[name]
    default = fit(scores, is_correct)
    if not per_type:
        return SpanCalibration(default)

    types = np.array(entity_types, dtype=object)
    maps: dict[str, ScoreMap] = {}
    for entity_type in sorted(set(entity_types)):
        of_type = types == entity_type
        if np.sum(of_type) >= MIN_PER_TYPE:
            maps[entity_type] = fit(scores[of_type], is_correct[of_type])
    return SpanCalibration(default, maps)


@dataclass(frozen=True, slots=True)
class Choice:
    """The span maps that cross-validation prefers.

    Attributes:
        kind: Which kind it is.
        calibration: Maps of that kind, fitted on all data.
        brier: Mean squared gap of each kind on held-out documents.
    """

    kind: MapKind
    calibration: SpanCalibration
    brier: Mapping[MapKind, float]


def choose_span_calibration(
    scores: Floats,
    is_correct: Bools,
    *,
    entity_types: Sequence[str],
    doc_i: Ints,
    n_folds: int = 5,
    seed: int = 0,
) -> Choice:
    """Return the span maps with the least Brier score on held-out documents.

    A simpler kind stays unless a less simple one is better by :data:`WORTHWHILE`; maps per type,
    above all, change the order of spans of different types, and are seldom worth it.

    Args:
        scores: Raw scores in [0, 1]. Shape: (n,).
        is_correct: Shape: (n,).
        entity_types: The type of each span; n of them.
        doc_i: The document of each span, which is never split between folds. Shape: (n,).
        n_folds: Parts that the documents are dealt into.
        seed: Decides which document goes into which part.
    """
    fold = _deal_folds(doc_i, n_folds=n_folds, seed=seed)
    types = np.array(entity_types, dtype=object)
    kinds: tuple[MapKind, ...] = get_args(MapKind)
    brier: dict[MapKind, float] = {}
    for kind in kinds:
        held_out = _calibrate_held_out(scores, is_correct, types=types, fold=fold, kind=kind)
        brier[kind] = brier_score(held_out, is_correct)

    best = kinds[0]
    for kind in kinds[1:]:
        if brier[kind] < brier[best] * (1 - WORTHWHILE):
            best = kind
    calibration = fit_span_calibration(scores, is_correct, entity_types=entity_types, kind=best)
    return Choice(best, calibration, brier)


def _deal_folds(doc_i: Ints, *, n_folds: int, seed: int) -> Ints:
    """Return the fold of each span, the same for all of a document. Shape: that of ``doc_i``."""
    docs, place = np.unique(doc_i, return_inverse=True)
    shuffled = np.random.default_rng(seed).permutation(len(docs))
    fold: Ints = shuffled[place] % n_folds
    return fold


def _calibrate_held_out(
    scores: Floats,
    is_correct: Bools,
    *,
    types: npt.NDArray[np.object_],
    fold: Ints,
    kind: MapKind,
) -> Floats:
    """Return scores, each passed through maps that were fitted on the other folds. Shape: (n,)."""
    calibrated = np.zeros(len(scores))
    # A fold without a span has nothing to calibrate.
    for i in np.unique(fold):
        is_held_out = fold == i
        is_fitted = ~is_held_out
        fitted = fit_span_calibration(
            scores[is_fitted],
            is_correct[is_fitted],
            entity_types=types[is_fitted].tolist(),
            kind=kind,
        )
        calibrated[is_held_out] = fitted.apply(scores[is_held_out], types[is_held_out].tolist())
    return calibrated


def _logit(scores: Floats) -> Floats:
    """Return log odds, finite for scores of 0 and 1, too. Shape: that of ``scores``."""
    inside = np.clip(scores, _TINY, 1 - _TINY)
    log_odds: Floats = np.log(inside) - np.log1p(-inside)
    return log_odds


def _to_json(score_map: ScoreMap) -> dict[str, Any]:
    if isinstance(score_map, PlattMap):
        return {"kind": "platt", "slope": score_map.slope, "intercept": score_map.intercept}
    knots = [list(knot) for knot in score_map.knots]
    return {"kind": "isotonic", "knots": knots}


def _read_map(values: Mapping[str, Any]) -> ScoreMap:
    if values["kind"] == "platt":
        return PlattMap(values["slope"], values["intercept"])
    if values["kind"] != "isotonic":
        raise ConfigError(f"expected a platt or an isotonic map of scores, got {values['kind']!r}.")
    knots = tuple((raw, calibrated) for raw, calibrated in values["knots"])
    return IsotonicMap(knots)
