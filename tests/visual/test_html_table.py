"""Tables: what is a header, what is a number, and that texts stay texts."""

from html.parser import HTMLParser

from spacy_hf_ner.visual.html_table import make_table

ROWS = [["Rome & <b>Oslo</b>", "geo", "3"], ["all", "", "3"]]


class Reader(HTMLParser):
    """Collects the cells of a table: tag, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[tuple[str, dict[str, str | None], str]] = []
        self.row_classes: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"th", "td"}:
            self.cells.append((tag, dict(attrs), ""))
        elif tag == "tr":
            self.row_classes.append(dict(attrs).get("class"))

    def handle_data(self, data: str) -> None:
        if self.cells:
            tag, attributes, text = self.cells[-1]
            self.cells[-1] = (tag, attributes, text + data)


def read(table: str) -> Reader:
    reader = Reader()
    reader.feed(table)
    return reader


def test_headers_name_columns_and_rows_and_numbers_have_their_class() -> None:
    table = read(make_table("places", ["place", "type", "n"], ROWS, n_text=2, n_sums=1))
    assert table.cells == [
        ("th", {"scope": "col"}, "place"),
        ("th", {"scope": "col"}, "type"),
        ("th", {"scope": "col", "class": "n"}, "n"),
        ("th", {"scope": "row"}, "Rome & <b>Oslo</b>"),
        ("td", {}, "geo"),
        ("td", {"class": "n"}, "3"),
        ("th", {"scope": "row"}, "all"),
        ("td", {}, ""),
        ("td", {"class": "n"}, "3"),
    ]
    assert table.row_classes == [None, None, "sum"]


def test_a_table_without_row_headers_has_cells_only() -> None:
    table = read(make_table("places", ["place", "type", "n"], ROWS, row_headers=False))
    assert [tag for tag, *_ in table.cells] == ["th"] * 3 + ["td"] * 6


def test_a_caption_is_a_text_too() -> None:
    assert "<caption>a &lt; b</caption>" in make_table("a < b", ["x"], [])
