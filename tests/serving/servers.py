"""Real servers on 127.0.0.1, each a process of its own, and what clients say to them."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

from tests.patience import PATIENCE_S

__all__ = ["Answer", "Client", "Server", "run_server", "wait_for"]

_ADDRESS: Final = re.compile(r"at http://127\.0\.0\.1:(\d+)")
_ANSWER_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.body.splitlines()]


@dataclass(slots=True)
class Client:
    """One connection, which stays open from request to request.

    Attributes:
        port: The port of the server.
        headers: What goes with each request.
    """

    port: int
    headers: dict[str, str] = field(default_factory=dict)
    _connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=_ANSWER_SECONDS
        )

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> None:
        """Send a request, and wait for no answer. A body that is no bytes goes as JSON."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(method, path, body, {**self.headers, **names})

    def receive(self) -> Answer:
        """Return the answer to the request that was sent."""
        response = self._connection.getresponse()
        body = response.read()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, body)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Return the answer to a request."""
        self.send(method, path, body, **headers)
        return self.receive()

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs.

    Attributes:
        process: Its process, or the one that watches over the workers.
        port: Its port.
        log: The file with all that it has said.
    """

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    def connect(self, **headers: str) -> Client:
        return Client(self.port, headers)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Return the answer to a request on a connection of its own."""
        client = self.connect()
        try:
            return client.ask(method, path, body, **headers)
        finally:
            client.close()

    def send_signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def list_workers(self) -> list[int]:
        """Return the processes that serve, where one watches over them."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        found: list[int] = []
        for child in children:
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            if b"spawn_main" in command:  # not the one that keeps track of semaphores
                found.append(int(child))
        return found


@contextmanager
def run_server(
    *arguments: object, log: Path, n_workers: int = 1, **environment: str
) -> Iterator[Server]:
    """Give a server that listens, and end it.

    Args:
        arguments: What follows ``hf-ner serve``.
        log: A file for what it says.
        n_workers: How many processes are waited for.
        environment: Variables that it gets besides those of the tests.
    """
    if find_spec("fastapi") is None:
        pytest.skip("FastAPI of the extra [serve] is not installed")
    command = [sys.executable, "-m", "spacy", "hf-ner", "serve", *map(str, arguments)]
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*command, "--port", "0"],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        )
    try:
        yield Server(process, _wait_until_it_listens(process, log, n_workers), log)
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_it_listens(process: "subprocess.Popen[bytes]", log: Path, n_workers: int) -> int:
    """Return the port, when all workers have loaded their models."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        said = log.read_text(encoding="utf8", errors="replace")
        ports = _ADDRESS.findall(said)
        if len(ports) >= n_workers and said.count("startup complete") >= n_workers:
            return int(ports[0])
        assert process.poll() is None, said
        time.sleep(0.05)
    raise AssertionError(f"no server after {PATIENCE_S} s: {log.read_text(encoding='utf8')}")


def wait_for(condition: Any, what: str, seconds: float = PATIENCE_S) -> None:
    """Wait until something holds; fail if it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
