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
    head = []
    for column, cell in enumerate(header):
        head.append(f'<th scope="col"{_align(column, n_text)}>{escape(cell)}</th>')
    body = []
    first_sum = len(rows) - n_sums
    for i, row in enumerate(rows):
        style = " class=sum" if i >= first_sum else ""
        cells = _make_cells(row, n_text, row_headers=row_headers)
        body.append(f"<tr{style}>{cells}</tr>")
    return _TABLE.format(caption=escape(caption), head="".join(head), body="".join(body))


def _make_cells(row: Sequence[str], n_text: int, *, row_headers: bool) -> str:
    first, *others = map(escape, row)
    cells = [f'<th scope="row">{first}</th>' if row_headers else f"<td>{first}</td>"]
    for column, cell in enumerate(others, start=1):
        cells.append(f"<td{_align(column, n_text)}>{cell}</td>")
    return "".join(cells)


def _align(column: int, n_text: int) -> str:
    return ' class="n"' if column >= n_text else ""
