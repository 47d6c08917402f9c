"""What a client is told in place of an answer."""

__all__ = ["RefusedError", "refuse_full", "refuse_long"]

_TOO_LARGE = 413
_TOO_MANY = 429


class RefusedError(Exception):
    """A request that is not answered, and why.

    Args:
        status: The HTTP status.
        sentence: What was expected, what came, what to do next.
        retry_after: Seconds after which the same request may be answered; None if never.
    """

    def __init__(self, status: int, sentence: str, *, retry_after: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.retry_after = retry_after


def refuse_long(what: str, *, found: int, limit: int, unit: str, advice: str) -> RefusedError:
    """Return the refusal of something that is larger than the server takes.

    >>> str(refuse_long("a request", found=9, limit=5, unit="texts", advice="Send fewer."))
    'expected a request to have at most 5 texts, got 9. Send fewer.'
    """
    sentence = f"expected {what} to have at most {limit:,} {unit}, got {found:,}. {advice}"
    return RefusedError(_TOO_LARGE, sentence)


def refuse_full(*, waiting: int, limit: int) -> RefusedError:
    """Return the refusal of a request for which the queue has no room.

    Args:
        waiting: How many characters wait.
        limit: How many may wait.
    """
    sentence = (
        f"expected a queue of at most {limit:,} characters, and {waiting:,} are waiting already. "
        "Send the request again later."
    )
    return RefusedError(_TOO_MANY, sentence, retry_after=1)
