"""Servers that are started for a measurement, and clients that ask as fast as they are answered."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

__all__ = ["Load", "Server", "ask_for", "run_server"]

_PORT: Final = re.compile(r"http://127\.0\.0\.1:(\d+)")
_START_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs.

    Attributes:
        name: What to call it.
        process: Its process.
        port: Its port.
        log: The file with all that it says.
    """

    name: str
    process: "subprocess.Popen[bytes]"
    port: int
    log: Path


@contextmanager
def run_server(
    name: str, command: Sequence[str], log: Path, *, n_workers: int = 1, **environment: str
) -> Iterator[Server]:
    """Give a server that listens, and end it.

    Args:
        name: What to call it.
        command: What starts it, without the interpreter.
        log: A file for what it says.
        n_workers: How many processes are waited for.
        environment: Variables that it gets besides ours.
    """
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, *command],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
    try:
        yield Server(name, process, _wait(process, log, n_workers), log)
    finally:
        process.terminate()
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", log: Path, n_workers: int) -> int:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        said = log.read_text(encoding="utf8", errors="replace")
        port = _PORT.search(said)
        if port is not None and said.count("startup complete") >= n_workers:
            return int(port[1])
        time.sleep(0.1)
    sys.exit(f"No server: {log.read_text(encoding='utf8', errors='replace')}")


@dataclass(slots=True)
class Load:
    """What clients saw.

    Attributes:
        seconds: Of each request, from its first byte to the last one of its answer.
        errors: Requests that were not answered, or not as they had to be.
        elapsed: How long all clients asked.
    """

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    elapsed: float = 0.0

    @property
    def rate(self) -> float:
        """Requests answered in a second."""
        return len(self.seconds) / self.elapsed

    def percentile(self, share: float) -> float:
        """Return how many milliseconds a share of requests, in percent, took at most."""
        return float(np.percentile(self.seconds, share)) * 1_000


Check = Callable[[int, dict[str, Any]], bool]
"""Tells whether an answer is right, by the index of its text."""


async def ask_for(
    port: int,
    texts: Sequence[str],
    *,
    n_clients: int,
    may_go_on: Callable[[int], bool],
    check: Check | None = None,
) -> Load:
    """Return what a number of clients see that ask for the entities of texts, one after the other.

    Args:
        port: The port of the server.
        texts: What they ask for, again and again.
        n_clients: How many ask at once, each on one connection.
        may_go_on: Tells, by the number of requests so far, whether there is to be another.
        check: Tells whether an answer is right; None to look at statuses alone.
    """
    load = Load()
    requests = [_write_request(text) for text in texts]
    n_begun = 0

    async def ask_on() -> None:
        nonlocal n_begun
        reader: asyncio.StreamReader | None = None
        writer: asyncio.StreamWriter | None = None
        while may_go_on(n_begun):
            i = n_begun % len(texts)
            n_begun += 1
            if reader is None or writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            started = time.perf_counter()
            try:
                writer.write(requests[i])
                head, body = await _read_answer(reader)
            except (OSError, asyncio.IncompleteReadError) as error:
                load.errors.append(repr(error))
                reader = writer = None
                continue
            load.seconds.append(time.perf_counter() - started)
            if b" 200 " not in head.split(b"\r\n", 1)[0]:
                load.errors.append(head.decode())
            elif check is not None and not check(i, json.loads(body)):
                load.errors.append(f"text {i}: {body.decode()}")
            if b"connection: close" in head.lower():
                writer.close()
                reader = writer = None
        if writer is not None:
            writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(ask_on() for _ in range(n_clients)))
    load.elapsed = time.perf_counter() - started
    return load


def _write_request(text: str) -> bytes:
    body = json.dumps({"texts": [text]}).encode()
    head = (
        "POST /v1/entities HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _read_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return the head and the body of an answer whose length is told in its head."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    assert length is not None
    return head, await reader.readexactly(int(length[1]))
