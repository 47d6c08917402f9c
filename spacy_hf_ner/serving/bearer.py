"""The token that clients have to bring."""

import hmac
import os
from pathlib import Path
from typing import Final

from spacy_hf_ner.errors import ConfigError

__all__ = ["TOKEN_VARIABLE", "is_allowed", "read_token"]

TOKEN_VARIABLE: Final = "HF_NER_TOKEN"  # noqa: S105 - its name
"""The environment variable that may hold the token."""

_SCHEME: Final = "bearer"


def read_token(token_file: Path | None) -> str | None:
    """Return the token in a file, or else in the environment; None if there is none.

    It cannot be an argument: everybody on a machine sees the arguments of processes.

    Raises:
        ConfigError: The file cannot be read, or the token is empty.
    """
    if token_file is None:
        token = os.environ.get(TOKEN_VARIABLE)
        place = TOKEN_VARIABLE
    else:
        try:
            token = token_file.read_text(encoding="utf8")
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"token_file must be a file that holds the token, but {token_file} cannot be "
                f"read: {error}.",
                settings=("token_file",),
            ) from error
        place = str(token_file)
    if token is None:
        return None
    if not token.strip():
        raise ConfigError(f"expected {place} to hold a token, got nothing.")
    return token.strip()


def is_allowed(header: str | None, token: str | None) -> bool:
    """Tell whether a client brings the token; how long that takes does not tell how much of it.

    Args:
        header: What the client sends as ``Authorization``.
        token: The token; None if everybody is allowed.

    >>> is_allowed("Bearer abc", "abc"), is_allowed("Bearer abd", "abc"), is_allowed(None, None)
    (True, False, True)
    """
    if token is None:
        return True
    scheme, _, brought = (header or "").partition(" ")
    is_equal = hmac.compare_digest(brought.strip().encode(), token.encode())
    return is_equal and scheme.lower() == _SCHEME
