"""What is counted, for Prometheus: requests, texts, batches, queues and reloads, never a text."""

import os
from typing import TYPE_CHECKING, Any, Final

from spacy_hf_ner.errors import MissingExtraError
from spacy_hf_ner.serving.batch_queue import BatchReport

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spacy_hf_ner.serving.served_model import ServedModel

__all__ = ["SHARED_FOLDER", "Metrics"]

SHARED_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder in which several processes count together."""

_SECONDS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_TEXTS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_SUBWORDS: Final = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)


class Metrics:
    """Counts what happens in a process.

    Where several processes serve, each counts in files of a folder, which the variable
    ``PROMETHEUS_MULTIPROC_DIR`` names, and whichever is asked adds all of them up.

    Attributes:
        content_type: Of what :meth:`write` returns.

    Raises:
        MissingExtraError: ``spacy-hf-ner[serve]`` is not installed.
    """

    def __init__(self) -> None:
        try:
            import prometheus_client
        except ImportError as error:
            raise MissingExtraError(
                "prometheus_client", extra="serve", purpose="serving models"
            ) from error
        self._library: Any = prometheus_client
        self.content_type: str = prometheus_client.CONTENT_TYPE_LATEST
        self._registry = prometheus_client.CollectorRegistry()
        self._requests = self._count("requests", "Requests answered.", "path", "status")
        self._request_seconds = self._measure(
            "request_seconds", "From a request to its answer.", _SECONDS, "path"
        )
        self._texts = self._count("texts", "Texts answered.", "model", "outcome")
        self._batch_texts = self._measure("batch_texts", "Texts read together.", _TEXTS, "model")
        self._batch_subwords = self._measure(
            "batch_subwords", "Subwords read together.", _SUBWORDS, "model"
        )
        self._batch_seconds = self._measure(
            "batch_seconds", "Reading of a batch.", _SECONDS, "model"
        )
        self._reloads = self._count("reloads", "Models read again.", "model", "outcome")
        self._waiting = prometheus_client.Gauge(
            "hf_ner_waiting_characters",
            "Characters not answered yet.",
            ["model"],
            registry=self._registry,
            multiprocess_mode="livesum",
        )

    def count_request(self, path: str, status: int, seconds: float) -> None:
        """Count a request that was answered.

        Args:
            path: Its path, which is one of those that the server has.
            status: The HTTP status.
            seconds: How long the answer took.
        """
        self._requests.labels(path, str(status)).inc()
        self._request_seconds.labels(path).observe(seconds)

    def count_batch(self, model: str, report: BatchReport) -> None:
        """Count a batch that was read."""
        self._texts.labels(model, "answered").inc(report.n_texts - report.n_failed)
        self._texts.labels(model, "failed").inc(report.n_failed)
        self._batch_texts.labels(model).observe(report.n_texts)
        self._batch_subwords.labels(model).observe(report.n_subwords)
        self._batch_seconds.labels(model).observe(report.seconds)
        self._waiting.labels(model).set(report.n_waiting)

    def count_reload(self, model: str, *, succeeded: bool) -> None:
        """Count a model that was read again, or could not be."""
        self._reloads.labels(model, "succeeded" if succeeded else "failed").inc()

    def write(self, models: "Iterable[ServedModel]") -> bytes:
        """Return all counts in Prometheus' text format, and how much waits for models now."""
        for model in models:
            self._waiting.labels(model.name).set(model.n_waiting)
        registry = self._registry
        if SHARED_FOLDER in os.environ:
            registry = self._library.CollectorRegistry()
            _import_multiprocess().MultiProcessCollector(registry)
        text: bytes = self._library.generate_latest(registry)
        return text

    def close(self) -> None:
        """Take what waits here out of the sum that other processes write."""
        if SHARED_FOLDER in os.environ:
            _import_multiprocess().mark_process_dead(os.getpid())

    def _count(self, name: str, meaning: str, *labels: str) -> Any:  # noqa: ANN401
        return self._library.Counter(f"hf_ner_{name}", meaning, labels, registry=self._registry)

    def _measure(self, name: str, meaning: str, buckets: Any, *labels: str) -> Any:  # noqa: ANN401
        return self._library.Histogram(
            f"hf_ner_{name}", meaning, labels, registry=self._registry, buckets=buckets
        )


def _import_multiprocess() -> Any:  # noqa: ANN401 - the library is partly untyped
    from prometheus_client import multiprocess

    return multiprocess
