"""How well text can be read: WCAG's contrast ratio."""


def read_colour(colour: str) -> tuple[float, ...]:
    """Return red, green and blue of ``#rgb`` or ``#rrggbb``, in [0, 1]."""
    digits = colour.removeprefix("#")
    pairs = (
        [digit * 2 for digit in digits]
        if len(digits) == 3
        else [digits[i : i + 2] for i in (0, 2, 4)]
    )
    return tuple(int(pair, 16) / 255 for pair in pairs)


def mix(colour: str, other: str, share: float) -> str:
    """Return a colour with so much of the first in it, as CSS's ``color-mix(in srgb, …)``."""
    parts = (
        share * one + (1 - share) * two
        for one, two in zip(read_colour(colour), read_colour(other), strict=True)
    )
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def contrast(colour: str, other: str) -> float:
    """Return the ratio, from 1 to 21. Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    lighter, darker = sorted((_luminance(colour), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = read_colour(colour)
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
