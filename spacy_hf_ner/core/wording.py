"""How messages and reports put numbers into words."""

__all__ = ["count"]


def count(n: int, noun: str, plural: str = "") -> str:
    """Return a number of things in words.

    Args:
        n: How many there are.
        noun: What they are called if there is one.
        plural: What they are called if there are more; with an "s" at the end if left out.

    >>> count(1, "document"), count(2000, "document"), count(2, "entity", "entities")
    ('1 document', '2,000 documents', '2 entities')
    """
    if n == 1:
        return f"1 {noun}"
    return f"{n:,} {plural or noun + 's'}"
