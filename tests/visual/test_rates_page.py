from spacy_hf_ner.runs.rate_finder import RateSweep, RateTrial
from spacy_hf_ner.visual.rates_page import make_rates_page


def test_the_page_has_the_curve_the_table_and_the_rates() -> None:
    trials = [RateTrial(10.0 ** (i / 4 - 7), 3.0, 3.0 - 0.1 * min(i, 20)) for i in range(25)]
    page = make_rates_page(RateSweep(tuple(trials), configured=2e-4), title="<a>.cfg")
    assert "&lt;a&gt;.cfg" in page
    assert "<svg" in page
    assert "Suggested: 1e-03" in page  # the lowest at 1e-2
    assert "The config goes up to 2.0e-04" in page
    assert ">1.0e-07</th>" in page
