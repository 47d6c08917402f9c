"""Tables in HTML, with captions and row and column headers that a screen reader can follow."""

from collections.abc import Sequence
from html import escape


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
    head = "".join(
        f'<th scope="col"{_align(i, n_text)}>{escape(cell)}</th>' for i, cell in enumerate(header)
    )
    body = "".join(
        f"<tr{' class=sum' if i >= len(rows) - n_sums else ''}>{_cells(row, n_text, row_headers=row_headers)}</tr>"
        for i, row in enumerate(rows)
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cells(row: Sequence[str], n_text: int, *, row_headers: bool) -> str:
    first = (
        f'<th scope="row">{escape(row[0])}</th>' if row_headers else f"<td>{escape(row[0])}</td>"
    )
    rest = "".join(f"<td{_align(i, n_text)}>{escape(cell)}</td>" for i, cell in enumerate(row) if i)
    return first + rest


def _align(column: int, n_text: int) -> str:
    return ' class="n"' if column >= n_text else ""
