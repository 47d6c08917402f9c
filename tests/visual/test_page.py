from spacy_hf_ner.visual.page import make_legend, make_page, make_tiles


def test_a_page_holds_its_styles_and_scripts() -> None:
    page = make_page(title="A <b> & c", body="<main></main>", scripts=["report.js"])
    assert "<title>A &lt;b&gt; &amp; c</title>" in page
    assert page.count("<style>") == page.count("<script>") == 1
    assert "<body>\n<main></main>\n<script>" in page


def test_a_page_without_scripts_has_none() -> None:
    assert "<script" not in make_page(title="t", body="")


def test_figures_are_escaped() -> None:
    assert "<li><b>&lt;1</b><span>a &amp; b</span></li>" in make_tiles([("<1", "a & b")])


def test_a_legend_counts_each_type() -> None:
    legend = make_legend([("L<O>C", 1200), ("PER", 0)])
    assert "L&lt;O&gt;C <b>1,200</b>" in legend
    assert "PER <b>0</b>" in legend
