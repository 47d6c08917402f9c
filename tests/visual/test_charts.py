import re

import pytest

from spacy_hf_ner.visual.charts import Axis, Series, draw_chart


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (0, 400, [0, 100, 200, 300, 400]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, ticks: list[float]) -> None:
    assert Axis("x", low, high).ticks() == ticks


@pytest.mark.parametrize("high", [1e-6, 0.3, 7, 40_000])
def test_there_are_about_five_ticks_within_the_axis(high: float) -> None:
    ticks = Axis("x", 0, high).ticks()
    assert 3 <= len(ticks) <= 7
    assert 0 <= min(ticks) <= max(ticks) <= high * (1 + 1e-9)


def test_an_axis_without_length_is_drawn() -> None:
    assert "<svg" in draw_chart(
        [Series("a", [(0, 0)])], title="t", x=Axis("x", 0, 0), y=Axis("y", 0, 1)
    )


def test_corners_of_the_data_are_corners_of_the_plot() -> None:
    chart = draw_chart(
        [Series("a", [(0, 0), (1, 1)])], title="t", x=Axis("x", 0, 1), y=Axis("y", 0, 1)
    )
    path = re.search(r'class="line s0" d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"', chart)
    assert path is not None
    left, bottom, right, top = (float(value) for value in path.groups())
    assert left < right
    assert top < bottom


def test_a_chart_has_a_name_for_those_who_cannot_see_it() -> None:
    chart = draw_chart(
        [Series("<a>", [], "dots")], title='P & "R"', x=Axis("x", 0, 1), y=Axis("y", 0, 1)
    )
    assert 'aria-label="P &amp; &quot;R&quot;"' in chart
    assert "&lt;a&gt;" in chart


def test_rings_and_guides_are_no_lines() -> None:
    both = [Series("", [(0, 0)], "rings"), Series("", [(0, 0), (1, 1)], "guide")]
    chart = draw_chart(both, title="t", x=Axis("x", 0, 1), y=Axis("y", 0, 1))
    assert 'class="ring s0"' in chart
    assert 'class="guide"' in chart
    assert 'class="line' not in chart
