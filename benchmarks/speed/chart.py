"""The picture for the README: bars of words per second.

It is hand-written SVG that suits light and dark pages.
"""

import statistics
from dataclasses import dataclass
from html import escape

from speed.report import Report, name_competitor
from speed.rounds import KindResult

_WIDTH = 860
_NAMES = 212  # width of the column of names
_FIGURES = 200  # width of the column of figures
_ROW = 25
_BAR = 15
_HEAD = 40
_TITLES = {"short": "Short texts", "documents": "Whole documents"}
_LEFT_OUT = {"raw forward, fp32, our windows"}  # of interest to developers only
_STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; \
fill: #24292f; }
.title { font-weight: 600; font-size: 15px; }
.quiet { fill: #656d76; font-size: 12px; }
.ours { font-weight: 600; }
.bar { fill: #b6bfca; }
.bar.ours { fill: #1f8a70; }
.bar.reference { fill: none; stroke: #8c959f; stroke-dasharray: 3 2; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .quiet { fill: #9198a1; }
  .bar { fill: #57606a; }
  .bar.ours { fill: #35b597; }
  .bar.reference { stroke: #9198a1; }
}
"""


@dataclass(frozen=True, slots=True)
class _Bar:
    name: str
    role: str
    speed: float
    ratio: float | None
    f1: float | None

    @property
    def figures(self) -> str:
        """What stands beside the bar."""
        ratio = "" if self.ratio is None else f" · {self.ratio:.1f}×"
        f1 = "" if self.f1 is None else f" · F1 {self.f1 * 100:.1f}"
        return f"{self.speed:,.0f}{ratio}{f1}"


def draw_speeds(report: Report) -> str:
    """Return the picture: one chart for each kind of texts, all on one scale, ours in colour."""
    charts = {result.kind: _read_bars(result, report) for result in report.kinds}
    fastest = max((bar.speed for bars in charts.values() for bar in bars), default=1.0)
    parts: list[str] = []
    top = 0
    for result in report.kinds:
        bars = charts[result.kind]
        parts += _draw_chart(result, bars, top, fastest)
        top += _HEAD + _ROW * len(bars) + 14
    notes = _write_notes(report)
    parts += [
        f'<text class="quiet" x="0" y="{top + 16 + 17 * i}">{escape(note)}</text>'
        for i, note in enumerate(notes)
    ]
    height = top + 17 * len(notes) + 10
    label = "Words per second of hf_ner and its peers, on short texts and on whole documents"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" '
        f'role="img" aria-label="{label}">\n<style>{_STYLE}</style>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _read_bars(result: KindResult, report: Report) -> list[_Bar]:
    """Return the bars of one chart: peers, then references, then ours."""
    order = ("peer", "reference", "ours")
    bars = [
        _Bar(
            name_competitor(name, one),
            report.roles[name],
            statistics.median(one.words_per_second),
            statistics.median(one.ratios) if one.ratios else None,
            one.f1,
        )
        for name, one in result.measured.items()
        if name not in _LEFT_OUT
    ]
    return sorted(bars, key=lambda bar: order.index(bar.role))


def _draw_chart(result: KindResult, bars: list[_Bar], top: int, fastest: float) -> list[str]:
    title = f"{_TITLES[result.kind]}, words per second"
    parts = [f'<text class="title" x="0" y="{top + 22}">{title}</text>']
    for i, bar in enumerate(bars):
        middle = top + _HEAD + _ROW * i + _ROW // 2
        width = round((_WIDTH - _NAMES - _FIGURES) * bar.speed / fastest, 1)
        bold = ' class="ours"' if bar.role == "ours" else ""
        parts.append(
            f'<text{bold} x="{_NAMES - 10}" y="{middle + 4}" text-anchor="end">'
            f"{escape(bar.name)}</text>"
            f'<rect class="bar {bar.role}" x="{_NAMES}" y="{middle - _BAR // 2}" '
            f'width="{width}" height="{_BAR}"/>'
            f'<text{bold} x="{_NAMES + width + 8}" y="{middle + 4}">{bar.figures}</text>'
        )
    return parts


def _write_notes(report: Report) -> list[str]:
    machine = report.machine
    libraries = ", ".join(
        f"{name} {machine[name]}" for name in ("spacy", "torch", "transformers") if name in machine
    )
    return [
        (
            f"One MiniLM fine-tuned on {report.corpus} for everybody. Medians of rounds in turns. "
            "× = times hf_token_pipe."
        ),
        (
            "Dashed: the network alone with its subword ids ready, and a program by hand that does "
            "the whole way."
        ),
        f"{machine['processor']}; {libraries}.",
    ]
