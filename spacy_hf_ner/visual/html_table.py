"""Tables in HTML, with captions and row and column headers that a screen reader can follow."""

from collections.abc import Sequence
from html import escape
from typing import Final

__all__ = ["make_table"]

# A table that is too wide scrolls by itself, also by keyboard.
_TABLE: Final = (
    '<div class="scroll" tabindex="0" role="region" aria-label="{caption}"><table>'
    "<caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
)
_ROW: Final = "<tr>{cells}</tr>"
_SUM: Final = "<tr class=sum>{cells}</tr>"
_COLUMN_HEADER: Final = '<th scope="col"{css_class}>{text}</th>'
_ROW_HEADER: Final = '<th scope="row">{text}</th>'
_CELL: Final = "<td{css_class}>{text}</td>"

_NUMBER_CLASS: Final = ' class="n"'


def make_table(
    caption: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    n_text: int = 1,
    n_sums: int = 0,
    row_headers: bool = True,
) -> str:
    """Return an HTML table of plain texts.

    Args:
        caption: What the table shows.
        header: Column headers.
        rows: Cells.
        n_text: How many columns on the left hold text; the others hold numbers.
        n_sums: How many rows at the bottom stand for all others.
        row_headers: The first cell of each row names the row.
    """
    head: list[str] = []
    for column, text in enumerate(header):
        css_class = _name_class(column, n_text)
        head.append(_COLUMN_HEADER.format(css_class=css_class, text=escape(text)))

    body: list[str] = []
    first_sum = len(rows) - n_sums
    for i, row in enumerate(rows):
        template = _ROW
        if i >= first_sum:
            template = _SUM
        cells = _make_cells(row, n_text, row_headers=row_headers)
        body.append(template.format(cells=cells))
    return _TABLE.format(caption=escape(caption), head="".join(head), body="".join(body))


def _make_cells(row: Sequence[str], n_text: int, *, row_headers: bool) -> str:
    cells: list[str] = []
    for column, text in enumerate(row):
        if row_headers and column == 0:
            cells.append(_ROW_HEADER.format(text=escape(text)))
        else:
            css_class = _name_class(column, n_text)
            cells.append(_CELL.format(css_class=css_class, text=escape(text)))
    return "".join(cells)


def _name_class(column: int, n_text: int) -> str:
    """Return the attribute that puts numbers to the right; empty for text."""
    if column < n_text:
        return ""
    return _NUMBER_CLASS
