"""The shell of a self-contained page: one file, no request, light and dark, phone and print."""

from collections.abc import Iterable
from html import escape
from importlib.resources import files

from spacy_hf_ner.evaluation.signature import Signature
from spacy_hf_ner.visual.colours import colour_of

_ASSETS = files("spacy_hf_ner.visual") / "assets"


def make_page(
    *, title: str, body: str, styles: Iterable[str] = (), scripts: Iterable[str] = ()
) -> str:
    """Return a complete HTML page.

    Args:
        title: The page's title, as plain text.
        body: The HTML of the page: header, main, footer.
        styles: Names of style sheets in ``assets/`` beside the common one.
        scripts: Names of scripts in ``assets/``.
    """
    css = "\n".join(_read_asset(name) for name in ("page.css", *styles))
    js = "".join(f"<script>{_read_asset(name)}</script>" for name in scripts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>\n{css}</style>\n</head>\n<body>\n{body}\n{js}</body>\n</html>\n"
    )


def make_tiles(tiles: Iterable[tuple[str, str]]) -> str:
    """Return the HTML of a row of figures, given as (figure, what it is) in plain text."""
    items = "".join(
        f"<li><b>{escape(figure)}</b><span>{escape(name)}</span></li>" for figure, name in tiles
    )
    return f'<ul class="tiles" aria-label="Summary">{items}</ul>'


def count(n: int, noun: str) -> str:
    """Return a number of things in words.

    >>> count(1, "document"), count(2000, "document")
    ('1 document', '2,000 documents')
    """
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def make_legend(counts: Iterable[tuple[str, int]]) -> str:
    """Return the HTML of a list of entity types, each with its colour and how often it occurs."""
    items = "".join(
        f'<li style="--c:{colour_of(t)}"><span class="swatch"></span>{escape(t)} <b>{n:,}</b></li>'
        for t, n in counts
    )
    return f'<ul class="legend" aria-label="Entity types">{items}</ul>'


def make_signature(signatures: Iterable[Signature]) -> str:
    """Return the HTML of a footer that says what the results of a page were made with.

    It is one quiet line, which opens to a line for each result.
    """
    items = "".join(f"<li><code>{escape(str(signature))}</code></li>" for signature in signatures)
    return (
        '<footer><details class="signature"><summary>What these figures were made with</summary>'
        f"<ul>{items}</ul></details></footer>"
    )


def _read_asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf8")
