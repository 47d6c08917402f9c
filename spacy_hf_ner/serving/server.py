"""Processes, sockets and signals: uvicorn with the manners of a server that loses no request.

On SIGTERM a process goes on for a moment in which it tells clients to go elsewhere, then takes no
more connections, answers what it has taken, and ends. On SIGHUP it reads its models again, while
the old ones answer.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from spacy.cli._util import import_code

from spacy_hf_ner.errors import ConfigError, HFNerError, MissingExtraError
from spacy_hf_ner.evaluation.device import use_gpu
from spacy_hf_ner.evaluation.pipelines import check_pipeline
from spacy_hf_ner.rewriting.secret_files import read_key
from spacy_hf_ner.serving.metrics import SHARED_FOLDER, Metrics
from spacy_hf_ner.serving.serve_settings import ServeSettings
from spacy_hf_ner.serving.service import Service
from spacy_hf_ner.serving.web_app import make_app
from spacy_hf_ner.serving.workers import CANNOT_START, Supervisor, share_cores

if TYPE_CHECKING:
    from uvicorn import Server

__all__ = ["serve"]

# uvicorn's own, which has a handler for the terminal.
logger = logging.getLogger("uvicorn.error")

_DRAIN_SECONDS: Final = 1.0
_IDLE_SECONDS: Final = 75
_BACKLOG: Final = 2_048


def serve(settings: ServeSettings) -> None:
    """Serve models until a signal says to stop.

    Raises:
        ConfigError: A model is not there, or the port is taken.
        CheckpointError: A checkpoint cannot be read.
        MissingExtraError: ``spacy-hf-ner[serve]`` is not installed.
    """
    try:
        import uvicorn  # noqa: F401 - asked before models are loaded
    except ImportError as error:
        raise MissingExtraError("uvicorn", extra="serve", purpose="serving models") from error
    for source in settings.models.values():
        check_pipeline(source)
    if settings.key_file is not None:
        read_key(settings.key_file)  # makes one, before several processes would
    with _open_socket(settings.host, settings.port) as listener:
        if settings.workers == 1:
            _run_worker(settings, listener)
        else:
            _serve_together(settings, listener)


def _open_socket(host: str, port: int) -> socket.socket:
    """Return a socket that has the address, and takes connections only when models are loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"expected host = {host} and port = {port} to be free, got: {error.strerror}. Choose "
            "another port, or end who has it.",
            settings=("host", "port"),
        ) from error
    listener.set_inheritable(True)
    return listener


def _serve_together(settings: ServeSettings, listener: socket.socket) -> None:
    """Serve from several processes, which this one watches over."""
    _set_up_log()
    share_cores(settings.workers)
    with tempfile.TemporaryDirectory(prefix="hf-ner-serve-") as folder:
        os.environ[SHARED_FOLDER] = folder
        Supervisor(settings.workers, partial(_start_worker, settings, listener)).run()


def _start_worker(settings: ServeSettings, listener: socket.socket) -> None:
    """Serve from a process of several; where its models cannot be loaded, all of them end."""
    try:
        _run_worker(settings, listener)
    except HFNerError as error:
        _set_up_log()
        logger.error("%s", error)  # noqa: TRY400 - a sentence, no bug
        sys.exit(CANNOT_START)


def _ignore(_number: int, _frame: object) -> None:
    """Have a signal do nothing more."""


def _run_worker(settings: ServeSettings, listener: socket.socket) -> None:
    """Load the models, and serve them until a signal says to stop."""
    from uvicorn import Config

    import_code(settings.code)
    use_gpu(settings.gpu_id, silent=True)
    service = Service(settings, Metrics())
    _reload_on_signal(service.reload)
    config = Config(
        make_app(service),
        access_log=False,
        server_header=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=settings.grace,
        backlog=_BACKLOG,
    )
    _announce(settings, listener)
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises again what it has heard, when all is done.
        signal.signal(number, _ignore)
    _make_server(config, service).run([listener])


def _make_server(config: Any, service: Service) -> "Server":  # noqa: ANN401 - uvicorn's
    from uvicorn import Server

    class DrainingServer(Server):
        """Answers for a moment more before it closes connections.

        A connection that waits for its next request may get it just when it is closed, and the
        client cannot know whether it was heard. So each is told to close with its next answer.
        """

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            """Stop, in three steps: send clients away, take no more, answer what was taken."""
            service.is_draining = True
            await asyncio.sleep(_DRAIN_SECONDS)
            await super().shutdown(sockets)

    return DrainingServer(config)


def _reload_on_signal(reload: Callable[[], None]) -> None:
    """Call a function, in a thread, when SIGHUP comes; once more if it comes meanwhile."""
    if not hasattr(signal, "SIGHUP"):  # Windows has none
        return
    asked: SimpleQueue[None] = SimpleQueue()

    def run() -> None:
        while True:
            asked.get()
            while not asked.empty():
                asked.get()
            reload()

    threading.Thread(target=run, name="hf-ner reload", daemon=True).start()
    signal.signal(signal.SIGHUP, lambda _number, _frame: asked.put(None))


def _announce(settings: ServeSettings, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    if ":" in host:
        host = f"[{host}]"
    logger.info("%s at http://%s:%d, page at /docs", ", ".join(settings.models), host, port)


def _set_up_log() -> None:
    """Have what is said before uvicorn begins come out as it does later."""
    from uvicorn import Config

    Config("spacy_hf_ner.serving")
