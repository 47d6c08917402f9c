"""The page with the curve of precision and recall over the bias."""

from spacy_hf_ner.core.dial import Aim, Dial, DialPoint
from spacy_hf_ner.visual.dial_page import make_dial_page

FLAT = (DialPoint(-32.0, 0.0, 0.0), DialPoint(-16.0, 0.0, 0.0))
POINTS = (*FLAT, DialPoint(-4.0, 0.9, 0.3), DialPoint(0.0, 0.8, 0.6), DialPoint(4.0, 0.5, 0.9))
NOW = POINTS[3]


def test_the_page_shows_what_an_aim_costs() -> None:
    after = DialPoint(2.125, 0.66, 0.75)
    half = DialPoint(2.5, 0.6, 0.7)
    dial = Dial(POINTS, NOW, Aim("recall", 0.75), after, (half, None))
    page = make_dial_page({"hf_ner": dial}, title="<model> on dev.spacy")
    assert "&lt;model&gt; on dev.spacy" in page
    for cells in (
        ("best F1 of all steps", "0.00", "0.800", "0.600", "0.686"),
        ("before", "0.00", "0.800", "0.600", "0.686"),
        ("after, for recall=0.75", "2.12", "0.660", "0.750", "0.702"),
        ("half 1, set on the other half", "2.50", "0.600", "0.700", "0.646"),
        ("half 2, set on the other half", "not reached", "", "", ""),
    ):
        row = page[page.index(f">{cells[0]}<") :]
        assert all(cell in row[: row.index("</tr>")] for cell in cells)


def test_the_curve_begins_where_something_changes() -> None:
    dial = Dial(POINTS, NOW, None, NOW)
    page = make_dial_page({"first": dial, "second": dial}, title="x")
    assert page.count("<svg") == 2
    assert ">-15<" in page or ">-10<" in page
    assert ">-30<" not in page
    assert "now" in page


def test_a_curve_that_never_changes_is_one_point() -> None:
    dial = Dial(FLAT, FLAT[0], None, DialPoint(0.0, 0.0, 0.0))
    assert "<svg" in make_dial_page({"hf_ner": dial}, title="x")
