"""Line charts as hand-written SVG: no library, no script, colours from the page's style sheet."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

__all__ = ["Axis", "Series", "draw_chart"]

# All lengths are in units of the view box, from its upper left corner:
#
#     |<------------- _WIDTH ------------->|
#     | _LEFT |        plot        | _RIGHT|
#
# and likewise _TOP and _BOTTOM. Names and ticks of the axes are left of and below the plot.
_WIDTH: Final = 560
_HEIGHT: Final = 340
_LEFT: Final = 58
_RIGHT: Final = 14
_TOP: Final = 14
_BOTTOM: Final = 46
_PLOT_RIGHT: Final = _WIDTH - _RIGHT
_PLOT_BOTTOM: Final = _HEIGHT - _BOTTOM

_N_COLOURS: Final = 8  # .s0 … .s7 in report.css

_MAX_STEPS: Final = 6
"""The most steps between the ticks of an axis."""

# A tick that rounding puts just outside of its axis is on it.
_TICK_TOLERANCE: Final = 1e-9

_FIGURE: Final = (
    '<figure><svg viewBox="0 0 {width} {height}" role="img" aria-label="{title}">{parts}</svg>'
    "<figcaption>{title}</figcaption>{keys}</figure>"
)
_KEYS: Final = '<ul class="keys">{items}</ul>'
_KEY: Final = '<li><span class="key {css_class}"></span>{name}</li>'

_GRID_LINE: Final = '<path class="grid" d="{path}"/>'
_TICK: Final = '<text x="{x}" y="{y}" text-anchor="{anchor}">{value:g}</text>'
_X_NAME: Final = '<text class="axis" text-anchor="middle" x="{x}" y="{y}">{name}</text>'
_Y_NAME: Final = (
    '<text class="axis" text-anchor="middle" transform="translate(14 {y}) rotate(-90)">'
    "{name}</text>"
)
_GUIDE: Final = '<path class="guide" d="{path}"/>'
_LINE: Final = '<path class="line {colour}" d="{path}"/>'
_MARK: Final = '<circle class="{shape} {colour}" cx="{x}" cy="{y}" r="4"/>'

_Scale = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Series:
    """A line, a set of dots, or both.

    Attributes:
        name: For the legend; a series without a name is not in it.
        points: (x, y) in the units of the axes.
        style: ``"line"``, ``"dots"``, ``"both"``, ``"rings"``, or ``"guide"`` for a thin dashed
            line.
        colour: Number of a colour, taken modulo the colours there are.
    """

    name: str
    points: Sequence[tuple[float, float]]
    style: Literal["line", "dots", "both", "rings", "guide"] = "line"
    colour: int = 0


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: its name and what it spans."""

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
        step = _find_step(span)
        first = math.ceil(self.low / step - _TICK_TOLERANCE)
        last = math.floor(self.high / step + _TICK_TOLERANCE)
        return [round(i * step, 10) for i in range(first, last + 1)]


def _find_step(span: float) -> float:
    """Return the smallest step of 1, 2 or 5 times a power of ten with few enough ticks."""
    power = 10.0 ** math.floor(math.log10(span / 5))
    for factor in (1, 2, 5):
        if span / (factor * power) <= _MAX_STEPS:
            return factor * power
    return 10 * power


def draw_chart(series: Sequence[Series], *, title: str, x: Axis, y: Axis) -> str:
    """Return a figure with its legend as HTML.

    Args:
        series: What to draw, later ones on top.
        title: What the chart shows, for the caption and for those who cannot see it.
        x: The horizontal axis.
        y: The vertical axis.
    """
    to_x = _make_scale(x, _LEFT, _PLOT_RIGHT)
    # SVG counts downwards.
    to_y = _make_scale(y, _PLOT_BOTTOM, _TOP)
    parts = [
        _draw_horizontal_grid(y, to_y),
        _draw_vertical_grid(x, to_x),
        _draw_names(x, y),
    ]
    for drawn in series:
        places = [(to_x(point_x), to_y(point_y)) for point_x, point_y in drawn.points]
        parts.append(_draw_series(drawn, places))
    return _FIGURE.format(
        width=_WIDTH,
        height=_HEIGHT,
        title=escape(title),
        parts="".join(parts),
        keys=_make_legend(series),
    )


def _make_scale(axis: Axis, start: float, end: float) -> _Scale:
    """Return a map from the units of an axis to those of the view box, where it spans start–end."""
    # An axis without length has one place, whatever it is divided by.
    axis_length = (axis.high - axis.low) or 1.0
    drawn_length = end - start

    def scale(value: float) -> float:
        share = (value - axis.low) / axis_length
        return round(start + share * drawn_length, 1)

    return scale


def _make_legend(series: Sequence[Series]) -> str:
    items: list[str] = []
    for entry in series:
        if not entry.name:
            continue
        css_class = _name_colour(entry)
        if entry.style == "guide":
            css_class = "guide"
        items.append(_KEY.format(css_class=css_class, name=escape(entry.name)))
    if not items:
        return ""
    return _KEYS.format(items="".join(items))


def _draw_horizontal_grid(axis: Axis, to_y: _Scale) -> str:
    """Return a line across the plot for each tick of the vertical axis, with its value."""
    parts: list[str] = []
    for tick in axis.ticks():
        y = to_y(tick)
        parts.append(_GRID_LINE.format(path=f"M{_LEFT} {y}H{_PLOT_RIGHT}"))
        parts.append(_TICK.format(x=_LEFT - 8, y=y + 4, anchor="end", value=tick))
    return "".join(parts)


def _draw_vertical_grid(axis: Axis, to_x: _Scale) -> str:
    """Return a line down the plot for each tick of the horizontal axis, with its value."""
    parts: list[str] = []
    for tick in axis.ticks():
        x = to_x(tick)
        parts.append(_GRID_LINE.format(path=f"M{x} {_TOP}V{_PLOT_BOTTOM}"))
        parts.append(_TICK.format(x=x, y=_PLOT_BOTTOM + 18, anchor="middle", value=tick))
    return "".join(parts)


def _draw_names(x: Axis, y: Axis) -> str:
    """Return the names of both axes, each in the middle of its side."""
    middle_x = (_LEFT + _PLOT_RIGHT) / 2
    middle_y = (_TOP + _PLOT_BOTTOM) / 2
    x_name = _X_NAME.format(x=middle_x, y=_HEIGHT - 6, name=escape(x.name))
    y_name = _Y_NAME.format(y=middle_y, name=escape(y.name))
    return x_name + y_name


def _draw_series(series: Series, places: Sequence[tuple[float, float]]) -> str:
    """Return a series as SVG.

    Args:
        series: The series.
        places: Where its points are in the view box.
    """
    if not places:
        return ""
    if series.style == "guide":
        return _GUIDE.format(path=_make_path(places))
    colour = _name_colour(series)
    parts: list[str] = []
    if series.style in ("line", "both"):
        parts.append(_LINE.format(colour=colour, path=_make_path(places)))
    if series.style in ("dots", "both"):
        parts += _draw_marks("dot", colour, places)
    if series.style == "rings":
        parts += _draw_marks("ring", colour, places)
    return "".join(parts)


def _draw_marks(shape: str, colour: str, places: Sequence[tuple[float, float]]) -> list[str]:
    return [_MARK.format(shape=shape, colour=colour, x=x, y=y) for x, y in places]


def _name_colour(series: Series) -> str:
    return f"s{series.colour % _N_COLOURS}"


def _make_path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in places)
