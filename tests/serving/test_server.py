"""Servers that are told to stop, or to read their models again, while clients ask."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy

from tests.serving.models import TEXTS, expect, make_model, read_alone
from tests.serving.servers import Client, Server, run_server, wait_for

N_CLIENTS = 8
N_ASKING = 2
HAS_PROC = Path("/proc/self/task").is_dir()


def test_sigterm_answers_what_was_taken_and_ends_well(tmp_path: Path, model: Path) -> None:
    nlp = spacy.load(model)
    text = " ".join(TEXTS) * 5
    expected = expect(read_alone(nlp, text))
    with run_server(model, "--grace", 300, log=tmp_path / "log.txt") as server:
        clients = [server.connect() for _ in range(N_CLIENTS)]
        for client in clients:
            assert client.ask("POST", "/v1/entities", {"texts": "a"}).status == 200
        for client in clients:
            client.send("POST", "/v1/entities", {"texts": [text] * 3})
        server.send_signal(signal.SIGTERM)
        answers = [client.receive() for client in clients]
        assert [answer.status for answer in answers] == [200] * N_CLIENTS
        for answer in answers:
            assert answer.json["results"] == [{"entities": expected}] * 3
        for client in clients:
            client.close()
        assert server.process.wait(300) == 0
        with pytest.raises(ConnectionRefusedError):
            server.ask("GET", "/healthz")


class Asking(threading.Thread):
    """A client that asks the same again and again, on one connection for as long as it may."""

    def __init__(self, connect: Callable[[], Client], is_right: Callable[[object], bool]) -> None:
        super().__init__()
        self._connect = connect
        self._is_right = is_right
        self.ends = threading.Event()
        self.n_right = 0
        self.wrong: list[object] = []
        self.start()

    def run(self) -> None:
        while not self.ends.is_set():
            client = self._connect()
            try:
                self._ask_as_long_as_may_be(client)
            except OSError as error:
                self.wrong.append(error)
            finally:
                client.close()

    def _ask_as_long_as_may_be(self, client: Client) -> None:
        """Ask on one connection, until the server wants to close it."""
        # A short breath, or a busy machine would do nothing but answer.
        while not self.ends.wait(0.02):
            answer = client.ask("POST", "/v1/entities", {"texts": TEXTS[0]})
            if answer.status == 200 and self._is_right(answer.json["results"][0]["entities"]):
                self.n_right += 1
            else:
                self.wrong.append(answer)
            if answer.headers.get("connection") == "close":
                return


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
def test_sighup_reads_the_model_again_and_loses_no_request(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "news", seed=0)
    old = expect(read_alone(spacy.load(folder), TEXTS[0]))
    other = make_model(tmp_path / "other", seed=1)
    new = expect(read_alone(spacy.load(other), TEXTS[0]))
    assert old != new
    with run_server(folder, log=tmp_path / "log.txt") as server:
        clients = [
            Asking(server.connect, lambda found: found in (old, new)) for _ in range(N_ASKING)
        ]
        loaded_at = server.ask("GET", "/v1/models").json["models"][0]["loaded_at"]
        assert ask(server) == old

        # A folder that is no pipeline any more: the old one stays.
        (folder / "meta.json").rename(folder / "gone.json")
        server.send_signal(signal.SIGHUP)
        wait_for(lambda: "the old one stays" in server.log.read_text(), "nothing was said")
        assert ask(server) == old

        (folder / "gone.json").rename(folder / "meta.json")
        spacy.load(other).to_disk(folder)
        server.send_signal(signal.SIGHUP)
        wait_for(
            lambda: server.ask("GET", "/v1/models").json["models"][0]["loaded_at"] != loaded_at,
            "the model was not read again",
        )
        assert ask(server) == new
        for client in clients:
            client.ends.set()
            client.join()
        assert [client.wrong for client in clients] == [[]] * N_ASKING
        assert all(client.n_right for client in clients)
        counts = server.ask("GET", "/metrics").body.decode()
        assert 'hf_ner_reloads_total{model="news",outcome="failed"} 1.0' in counts
        assert 'hf_ner_reloads_total{model="news",outcome="succeeded"} 1.0' in counts


def ask(server: Server) -> object:
    return server.ask("POST", "/v1/entities", {"texts": TEXTS[0]}).json["results"][0]["entities"]


@pytest.mark.skipif(not HAS_PROC, reason="this system does not tell who a process's children are")
def test_workers_share_a_port_are_started_again_and_lose_no_request(
    tmp_path: Path, model: Path
) -> None:
    expected = expect(read_alone(spacy.load(model), TEXTS[0]))
    log = tmp_path / "log.txt"
    token = {"HF_NER_TOKEN": "open sesame"}
    with run_server(model, "--workers", 2, log=log, n_workers=2, **token) as server:
        headers = {"Authorization": "Bearer open sesame"}
        assert server.ask("GET", "/healthz").status == 200
        for wrong in ({}, {"authorization": "Bearer open"}, {"authorization": "open sesame"}):
            refused = server.ask("POST", "/v1/entities", {"texts": ""}, **wrong)
            assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
            assert "expected the token of this server" in refused.json["error"]

        def connect() -> Client:
            return Client(server.port, headers)

        clients = [Asking(connect, lambda found: found == expected) for _ in range(N_ASKING)]
        first, second = server.list_workers()
        os.kill(first, signal.SIGTERM)
        wait_for(lambda: first not in server.list_workers(), "it was to end")
        wait_for(lambda: len(server.list_workers()) == 2, "another one was to begin")
        wait_for(lambda: log.read_text().count("startup complete") == 3, "it was to be ready")
        server.send_signal(signal.SIGHUP)
        wait_for(lambda: log.read_text().count("news: reloaded") >= 2, "both were to read again")
        for client in clients:
            client.ends.set()
            client.join()
        assert [client.wrong for client in clients] == [[]] * N_ASKING
        n_right = sum(client.n_right for client in clients)
        # Each counts for itself, and whoever is asked tells the sum.
        counts = server.ask("GET", "/metrics", **headers).body.decode()
        line = f'hf_ner_requests_total{{path="/v1/entities",status="200"}} {n_right}.0'
        assert line in counts
        assert second in server.list_workers()
        server.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0
