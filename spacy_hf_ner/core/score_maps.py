"""Making scores mean what they say: one temperature for token scores, a monotone map for span scores.

Both are fitted on held-out data and change no decision by themselves: a temperature keeps the order of a token's tags,
a map the order of spans (so AUROC stays as it is).

Source: Guo et al. (2017), https://arxiv.org/abs/1706.04599, section 4.2 (temperature); Platt (1999) and Lin et al.
(2007), https://doi.org/10.1007/s10994-007-5018-6 (logistic map, smoothed targets); Zadrozny & Elkan (2002),
https://doi.org/10.1145/775047.775151 (isotonic map).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from spacy_hf_ner.core.arrays import Bools, Floats, Ints
from spacy_hf_ner.errors import ConfigError

TEMPERATURES = (
    0.05,
    20.0,
)  # beyond these the data says "always right" or "knows nothing", not how much
_TINY = 1e-9
_TIE_BREAK = 1e-6
_FLOOR = -100.0  # of log-probabilities: an illegal tag has -inf, times 0 is not a number


def fit_temperature(log_probs: Floats, gold: Ints) -> float:
    """Return the temperature under which the gold tags are most likely, in :data:`TEMPERATURES`.

    Divide log-probabilities (or logits) by it and normalise. Over 1 the model is too sure of itself, under 1 not
    sure enough.

    Args:
        log_probs: Of every tag, for each token. Shape: (n_tokens, n_tags).
        gold: The column of each token's gold tag; tokens with a negative one are left out. Shape: (n_tokens,).

    Raises:
        ConfigError: No token has a gold tag.

    >>> log_probs = np.log(np.array([[0.99, 0.01]] * 4))
    >>> round(fit_temperature(log_probs, np.array([0, 0, 0, 1])), 2)  # 3 of 4 are right: 0.75, not 0.99
    4.18
    """
    known = gold >= 0
    if not known.any():
        raise ConfigError(
            "a temperature is fitted on tokens with gold tags, got none. Give annotated documents."
        )
    rows = np.maximum(log_probs[known], _FLOOR)
    of_gold = rows[np.arange(len(rows)), gold[known]]
    # The likelihood is concave in 1 / temperature, so its slope has one root.
    cold, hot = 1 / TEMPERATURES[0], 1 / TEMPERATURES[1]
    for _ in range(50):
        middle = float(np.sqrt(cold * hot))
        scaled = rows * middle
        weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        expected = (weights * rows).sum(axis=1) / weights.sum(axis=1)
        if np.sum(of_gold - expected) > 0:
            hot = middle
        else:
            cold = middle
    return 1 / float(np.sqrt(cold * hot))


@dataclass(frozen=True, slots=True)
class PlattMap:
    """Score → sigmoid(slope × logit(score) + intercept). The default changes nothing.

    Attributes:
        slope: Over 0, so that the map rises.
        intercept: Over 0 it makes scores greater.
    """

    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, scores: Floats) -> Floats:
        """Return calibrated scores. Shape: that of ``scores``."""
        result: Floats = 1 / (1 + np.exp(-(self.slope * _logit(scores) + self.intercept)))
        return result


@dataclass(frozen=True, slots=True)
class IsotonicMap:
    """Score → a rising line through knots, flat beyond both ends.

    A millionth of the score itself is mixed in, so that no two different scores become one.

    Attributes:
        knots: (raw score, calibrated score), both rising.
    """

    knots: tuple[tuple[float, float], ...]

    def apply(self, scores: Floats) -> Floats:
        """Return calibrated scores. Shape: that of ``scores``."""
        raw, calibrated = np.array(self.knots, dtype=np.float64).T
        result: Floats = (1 - _TIE_BREAK) * np.interp(scores, raw, calibrated) + _TIE_BREAK * scores
        return result


ScoreMap = PlattMap | IsotonicMap


@dataclass(frozen=True, slots=True)
class SpanCalibration:
    """What a model's span scores are passed through.

    Attributes:
        default: The map of every entity type that has none of its own.
        per_type: The maps of other entity types.
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
            chosen = types == entity_type
            calibrated[chosen] = score_map.apply(scores[chosen])
        return calibrated

    def to_json(self) -> dict[str, Any]:
        """Return plain values that :func:`read_span_calibration` reads."""
        return {
            "default": _to_json(self.default),
            "per_type": {t: _to_json(m) for t, m in self.per_type.items()},
        }


def read_span_calibration(values: Mapping[str, Any]) -> SpanCalibration:
    """Return what :meth:`SpanCalibration.to_json` wrote.

    >>> calibration = SpanCalibration(PlattMap(0.5, 0.1), {"PER": IsotonicMap(((0.0, 0.2), (1.0, 0.9)))})
    >>> read_span_calibration(calibration.to_json()) == calibration
    True
    """
    per_type = {entity_type: _read_map(value) for entity_type, value in values["per_type"].items()}
    return SpanCalibration(_read_map(values["default"]), per_type)


def fit_platt(scores: Floats, is_correct: Bools) -> PlattMap:
    """Return the logistic map under which the outcomes are most likely, by Newton's method.

    Args:
        scores: Raw scores in [0, 1]. Shape: (n,).
        is_correct: Shape: (n,).

    >>> fit_platt(np.full(100, 0.9), np.arange(100) < 60).apply(np.array([0.9])).round(2)
    array([0.6])
    """
    n_right = int(is_correct.sum())
    n_wrong = len(scores) - n_right
    if not n_right or not n_wrong:
        return PlattMap()
    target = np.where(is_correct, (n_right + 1) / (n_right + 2), 1 / (n_wrong + 2))
    columns = np.stack([_logit(scores), np.ones(len(scores))], axis=1)
    prior = np.array(
        [1.0, 0.0]
    )  # a weak pull to "no change" keeps the step defined where all scores are equal
    weights = prior.copy()
    for _ in range(100):
        probs = 1 / (1 + np.exp(-np.clip(columns @ weights, -30, 30)))
        slope = columns.T @ (probs - target) + 1e-3 * (weights - prior)
        curve = columns.T @ (columns * (probs * (1 - probs))[:, None]) + 1e-3 * np.eye(2)
        step = np.linalg.solve(curve, slope)
        weights -= step * min(1.0, 4.0 / max(float(np.abs(step).max()), _TINY))
        weights[0] = max(weights[0], 1e-3)
        if np.abs(step).max() < _TINY:
            break
    return PlattMap(float(weights[0]), float(weights[1]))


def fit_isotonic(scores: Floats, is_correct: Bools) -> IsotonicMap:
    """Return the rising step function nearest to the outcomes, as a line through the middles of its steps.

    Args:
        scores: Raw scores in [0, 1]. Shape: (n,), n > 0.
        is_correct: Shape: (n,).

    >>> fit_isotonic(np.array([0.1, 0.4, 0.6, 0.9]), np.array([False, True, False, True])).knots
    ((0.1, 0.0), (0.5, 0.5), (0.9, 1.0))
    """
    values, group = np.unique(scores, return_inverse=True)
    weight = np.bincount(group).astype(np.float64)
    outcome = np.bincount(group, weights=is_correct.astype(np.float64))
    steps: list[
        tuple[float, float, float]
    ] = []  # (sum of scores, sum of outcomes, number) of each pooled step
    for value, right, n in zip(values.tolist(), outcome.tolist(), weight.tolist(), strict=True):
        here = (value * n, right, n)
        while steps and steps[-1][1] / steps[-1][2] >= here[1] / here[2]:
            before = steps.pop()
            here = (before[0] + here[0], before[1] + here[1], before[2] + here[2])
        steps.append(here)
    return IsotonicMap(tuple((total / n, right / n) for total, right, n in steps))


MapKind = Literal["none", "platt", "isotonic", "platt per type", "isotonic per type"]
_FITS: dict[str, Callable[[Floats, Bools], ScoreMap]] = {
    "platt": fit_platt,
    "isotonic": fit_isotonic,
}
WORTHWHILE = 0.01  # share by which a Brier score must fall for a less simple kind of map
MIN_PER_TYPE = 100  # spans of one type; with fewer, a map of its own is noise


def fit_span_calibration(
    scores: Floats, is_correct: Bools, *, entity_types: Sequence[str], kind: MapKind
) -> SpanCalibration:
    """Return span maps of one kind; types with fewer than :data:`MIN_PER_TYPE` spans share the common map.

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
    types = np.array(entity_types, dtype=object)
    common = (
        [t for t in sorted(set(entity_types)) if np.sum(types == t) >= MIN_PER_TYPE]
        if per_type
        else []
    )
    maps = {t: fit(scores[types == t], is_correct[types == t]) for t in common}
    return SpanCalibration(fit(scores, is_correct), maps)


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

    A simpler kind stays unless a less simple one is better by :data:`WORTHWHILE`; maps per type, above all, change the
    order of spans of different types, and are seldom worth it.

    Args:
        scores: Raw scores in [0, 1]. Shape: (n,).
        is_correct: Shape: (n,).
        entity_types: The type of each span; n of them.
        doc_i: The document of each span, which is never split between folds. Shape: (n,).
        n_folds: Parts of the documents.
        seed: Of the parts.
    """
    types = np.array(entity_types, dtype=object)
    docs, of_doc = np.unique(doc_i, return_inverse=True)
    fold = np.random.default_rng(seed).permutation(len(docs))[of_doc] % n_folds
    kinds: tuple[MapKind, ...] = (
        "none",
        "platt",
        "isotonic",
        "platt per type",
        "isotonic per type",
    )
    brier: dict[MapKind, float] = {}
    for kind in kinds:
        held_out = np.zeros(len(scores))
        for i in range(n_folds):
            here = fold == i
            fitted = fit_span_calibration(
                scores[~here], is_correct[~here], entity_types=types[~here].tolist(), kind=kind
            )
            held_out[here] = fitted.apply(scores[here], types[here].tolist())
        brier[kind] = float(np.mean((held_out - is_correct) ** 2)) if len(scores) else 0.0
    best = kinds[0]
    for kind in kinds[1:]:
        if brier[kind] < brier[best] * (1 - WORTHWHILE):
            best = kind
    fitted = fit_span_calibration(scores, is_correct, entity_types=entity_types, kind=best)
    return Choice(best, fitted, brier)


def _logit(scores: Floats) -> Floats:
    inside = np.clip(scores, _TINY, 1 - _TINY)
    result: Floats = np.log(inside) - np.log1p(-inside)
    return result


def _to_json(score_map: ScoreMap) -> dict[str, Any]:
    if isinstance(score_map, PlattMap):
        return {"kind": "platt", "slope": score_map.slope, "intercept": score_map.intercept}
    return {"kind": "isotonic", "knots": [list(knot) for knot in score_map.knots]}


def _read_map(values: Mapping[str, Any]) -> ScoreMap:
    if values["kind"] == "platt":
        return PlattMap(values["slope"], values["intercept"])
    return IsotonicMap(tuple((raw, calibrated) for raw, calibrated in values["knots"]))
