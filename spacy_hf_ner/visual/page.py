"""The shell of a self-contained page: one file, no request, light and dark, phone and print.

Here, too, are the pieces that several pages share: tiles, legend, and the signature at the foot.
"""

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from typing import Final

from spacy_hf_ner.core.wording import name_count
from spacy_hf_ner.evaluation.signature import Signature, format_parts, split_parts
from spacy_hf_ner.visual.colours import colour_of

__all__ = [
    "count_tile",
    "make_legend",
    "make_page",
    "make_signature",
    "make_signatures",
    "make_tiles",
]

_ASSETS: Final = files("spacy_hf_ner.visual") / "assets"
_COMMON_STYLE: Final = "page.css"

_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{css}</style>
</head>
<body>
{body}
{js}</body>
</html>
"""
_SCRIPT: Final = "<script>{js}</script>"

_TILES: Final = '<ul class="tiles" aria-label="Summary">{items}</ul>'
_TILE: Final = "<li><b>{figure}</b><span>{name}</span></li>"

_LEGEND: Final = '<ul class="legend" aria-label="Entity types">{items}</ul>'
_LEGEND_ENTRY: Final = (
    '<li style="--c:{colour}"><span class="swatch"></span>{entity_type} <b>{n:,}</b></li>'
)

# One quiet line, which opens to the rest.
_SIGNATURE: Final = (
    '<footer><details class="signature"><summary>What these figures were made with</summary>'
    "<ul>{items}</ul></details></footer>"
)
_SIGNATURE_LINE: Final = "<li><code>{line}</code></li>"
_NAMED_SIGNATURE_LINE: Final = "<li>{name}: <code>{line}</code></li>"


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
    css = "\n".join(map(_read_asset, (_COMMON_STYLE, *styles)))
    js = ""
    for name in scripts:
        js += _SCRIPT.format(js=_read_asset(name))
    return _PAGE.format(title=escape(title), css=css, body=body, js=js)


def make_tiles(tiles: Iterable[tuple[str, str]]) -> str:
    """Return the HTML of a row of figures, given as (figure, what it is) in plain text."""
    items: list[str] = []
    for figure, name in tiles:
        items.append(_TILE.format(figure=escape(figure), name=escape(name)))
    return _TILES.format(items="".join(items))


def count_tile(n: int, noun: str, plural: str = "") -> tuple[str, str]:
    """Return the tile of a number of things, for :func:`make_tiles`.

    >>> count_tile(1, "document"), count_tile(2000, "gold entity", "gold entities")
    (('1', 'document'), ('2,000', 'gold entities'))
    """
    return f"{n:,}", name_count(n, noun, plural)


def make_legend(counts: Iterable[tuple[str, int]]) -> str:
    """Return the HTML of a list of entity types, each with its colour and how often it occurs."""
    items: list[str] = []
    for entity_type, n in counts:
        colour = colour_of(entity_type)
        items.append(_LEGEND_ENTRY.format(colour=colour, entity_type=escape(entity_type), n=n))
    return _LEGEND.format(items="".join(items))


def make_signature(signature: Signature) -> str:
    """Return the HTML of a footer that says what the results of a page were made with."""
    line = _SIGNATURE_LINE.format(line=escape(str(signature)))
    return _SIGNATURE.format(items=line)


def make_signatures(names: Sequence[str], signatures: Sequence[Signature]) -> str:
    """Return the HTML of such a footer for several results, such as those of some pipelines.

    The first line says what all results share. A line for each result follows, with what differs.

    Args:
        names: What the page calls each result.
        signatures: Their signatures; at least one.
    """
    shared, differing = split_parts(signatures)
    items = [_SIGNATURE_LINE.format(line=escape(format_parts(shared)))]
    for name, parts in zip(names, differing, strict=True):
        if parts:
            line = escape(format_parts(parts))
            items.append(_NAMED_SIGNATURE_LINE.format(name=escape(name), line=line))
    return _SIGNATURE.format(items="".join(items))


def _read_asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf8")
