"""On a full disk every command says so in a sentence, and what was there stays whole."""

import pytest

from spacy_hf_ner.cli.app import app
from tests.cli.boxes import unwrap
from tests.interruptions.conftest import Worker
from tests.interruptions.test_kills import COMMANDS, SLOW_COMMANDS, WAYS

WRITES_NO_FILE = {"demo", "serve"}


def test_every_command_is_looked_at() -> None:
    names = {command.name for command in app.registered_commands if not command.hidden}
    assert names - WRITES_NO_FILE == set(COMMANDS)


@pytest.mark.parametrize("way", [*WAYS, *COMMANDS])
def test_on_a_full_disk_the_old_stays_and_a_sentence_says_why(way: str, worker: Worker) -> None:
    first = worker.write(way)
    assert first["code"] == 0, first["output"]
    # A disk that is full almost at once (a semaphore has room), in small files, or in large ones.
    limits = (500,) if way in SLOW_COMMANDS else (100, 500, 20_000)
    for limit in limits:
        answer = worker.write(way, max_file_bytes=limit)
        assert answer["problem"] is None, answer["problem"]
        output = unwrap(answer["output"])
        if answer["code"] != 0:
            assert "cannot be written: File too large." in output
        if way in COMMANDS:
            assert "Traceback" not in output
            assert answer["code"] in {0, 1}
