"""How messages and reports put numbers into words, and show texts of any length."""

__all__ = ["count", "name_count", "shorten"]


def count(n: int, noun: str, plural: str = "") -> str:
    """Return a number of things in words.

    Args:
        n: How many there are.
        noun: What they are called if there is one.
        plural: What they are called if there are more; with an "s" at the end if left out.

    >>> count(1, "document"), count(2000, "document"), count(2, "entity", "entities")
    ('1 document', '2,000 documents', '2 entities')
    """
    return f"{n:,} {name_count(n, noun, plural)}"


def name_count(n: int, noun: str, plural: str = "") -> str:
    """Return what stands behind a number of things, where the number is shown apart.

    For the arguments see :func:`count`.

    >>> name_count(1, "document"), name_count(0, "document")
    ('document', 'documents')
    """
    if n == 1:
        return noun
    return plural or f"{noun}s"


def shorten(text: str, max_chars: int = 60) -> str:
    """Return a text as a message can show it: the beginning of a long one, and how long it is.

    >>> shorten("B-PER"), shorten("x" * 100, 5)
    ('B-PER', 'xxxxx… (100 characters)')
    """
    if len(text) <= max_chars:
        return text
    return f"{text[:max_chars]}… ({count(len(text), 'character')})"
