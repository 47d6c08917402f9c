"""Line charts as hand-written SVG: no library, no script, colours from the page's style sheet."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

_WIDTH: Final = 560
_HEIGHT: Final = 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 14, 46
_N_COLOURS: Final = 8  # .s0 … .s7 in report.css


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one set of dots.

    Attributes:
        name: For the legend; a series without a name is not in it.
        points: (x, y) in the units of the axes.
        style: ``"line"``, ``"dots"``, ``"both"``, ``"rings"``, or ``"guide"`` for a thin dashed line.
        colour: Number of a colour, taken modulo the colours there are.
    """

    name: str
    points: Sequence[tuple[float, float]]
    style: Literal["line", "dots", "both", "rings", "guide"] = "line"
    colour: int = 0


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: its name and what it spans."""

    name: str
    low: float
    high: float

    def ticks(self) -> list[float]:
        """Return about five round numbers on the axis.

        >>> Axis("share", 0.0, 1.0).ticks()
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        """
        span = self.high - self.low
        if span <= 0:
            return [self.low]
        power = 10.0 ** math.floor(math.log10(span / 5))
        step = next(factor * power for factor in (1, 2, 5, 10) if span / (factor * power) <= 6)  # noqa: PLR2004
        first = math.ceil(self.low / step - 1e-9)
        return [round(i * step, 10) for i in range(first, math.floor(self.high / step + 1e-9) + 1)]


def draw_chart(series: Sequence[Series], *, title: str, x: Axis, y: Axis) -> str:
    """Return a figure with its legend as HTML.

    Args:
        series: What to draw, later ones on top.
        title: What the chart shows, for the caption and for those who cannot see it.
        x: The horizontal axis.
        y: The vertical axis.
    """
    to_x = _make_scale(x, _LEFT, _WIDTH - _RIGHT)
    to_y = _make_scale(y, _HEIGHT - _BOTTOM, _TOP)
    parts = [_grid(x, y, to_x, to_y)]
    for one in series:
        at = [(to_x(px), to_y(py)) for px, py in one.points]
        parts.append(_draw(one, at))
    named = [one for one in series if one.name]
    legend = "".join(
        f'<li><span class="key {"guide" if one.style == "guide" else f"s{one.colour % _N_COLOURS}"}"></span>'
        f"{escape(one.name)}</li>"
        for one in named
    )
    keys = f'<ul class="keys">{legend}</ul>' if legend else ""
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
        f"<figcaption>{escape(title)}</figcaption>{keys}</figure>"
    )


def _make_scale(axis: Axis, start: float, end: float) -> Callable[[float], float]:
    span = (axis.high - axis.low) or 1.0
    return lambda value: round(start + (value - axis.low) / span * (end - start), 1)


def _grid(x: Axis, y: Axis, to_x: Callable[[float], float], to_y: Callable[[float], float]) -> str:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = []
    for tick in y.ticks():
        at = to_y(tick)
        parts.append(f'<path class="grid" d="M{_LEFT} {at}H{right}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{at + 4}" text-anchor="end">{tick:g}</text>')
    for tick in x.ticks():
        at = to_x(tick)
        parts.append(f'<path class="grid" d="M{at} {_TOP}V{bottom}"/>')
        parts.append(f'<text x="{at}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>')
    across, down = (_LEFT + right) / 2, (_TOP + bottom) / 2
    centred = 'class="axis" text-anchor="middle"'
    parts.append(f'<text {centred} x="{across}" y="{_HEIGHT - 6}">{escape(x.name)}</text>')
    parts.append(
        f'<text {centred} transform="translate(14 {down}) rotate(-90)">{escape(y.name)}</text>'
    )
    return "".join(parts)


def _draw(series: Series, at: Sequence[tuple[float, float]]) -> str:
    if not at:
        return ""
    if series.style == "guide":
        return f'<path class="guide" d="{_path(at)}"/>'
    colour = f"s{series.colour % _N_COLOURS}"
    line = (
        f'<path class="line {colour}" d="{_path(at)}"/>' if series.style in ("line", "both") else ""
    )
    shape = "ring" if series.style == "rings" else "dot"
    dots = "".join(f'<circle class="{shape} {colour}" cx="{px}" cy="{py}" r="4"/>' for px, py in at)
    return line + (dots if series.style != "line" else "")


def _path(at: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{px} {py}" for px, py in at)
