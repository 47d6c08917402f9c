"""What clients send, and what is wrong with it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from spacy_hf_ner.serving.bodies import EntitiesBody, check_text, parse_json, read_body, validate
from spacy_hf_ner.serving.refusals import RefusedError
from spacy_hf_ner.serving.serve_settings import Limits


async def send(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def test_a_body_may_come_in_pieces() -> None:
    assert asyncio.run(read_body(send(b"ab", b"", b"c"), Limits())) == b"abc"


def test_a_body_that_is_too_long_is_not_read_to_its_end() -> None:
    pieces = send(b"aaa", b"bbb", b"ccc")

    async def read() -> list[bytes]:
        with pytest.raises(RefusedError, match="at most 5 bytes, got 6") as refusal:
            await read_body(pieces, Limits(max_body=5))
        assert refusal.value.status == 413
        return [piece async for piece in pieces]

    # What was not read is still there, unless the generator was closed.
    assert asyncio.run(read()) in ([b"ccc"], [])


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 5_000])
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(RefusedError, match="expected JSON in UTF-8") as refusal:
        parse_json(body)
    assert refusal.value.status == 400


def test_a_field_that_is_wrong_is_named_and_its_value_is_not_shown() -> None:
    with pytest.raises(RefusedError, match="threshold") as refusal:
        validate(EntitiesBody, {"texts": "a", "threshold": {"PER": "Ada Lovelace"}})
    assert refusal.value.status == 422
    assert "Ada" not in refusal.value.sentence


def test_a_text_is_a_string_of_a_bearable_length() -> None:
    limits = Limits(max_characters=3)
    assert check_text("abc", limits, place="text 0") == ""
    assert check_text({"text": "a"}, limits, place="text 0") == "expected a text, got dict"
    with pytest.raises(RefusedError, match="expected text 7 to have at most 3 characters, got 4"):
        check_text("abcd", limits, place="text 7")
