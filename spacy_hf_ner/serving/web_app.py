"""The HTTP interface, by FastAPI: paths, statuses and headers; what they mean is elsewhere."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from spacy_hf_ner import __version__
from spacy_hf_ner.errors import HFNerError, MissingExtraError
from spacy_hf_ner.serving.bearer import is_allowed
from spacy_hf_ner.serving.bodies import (
    EntitiesBody,
    EntitiesOptions,
    TextsBody,
    is_stream,
    parse_json,
    read_body,
    read_query,
    validate,
)
from spacy_hf_ner.serving.line_streams import LINES, answer_lines
from spacy_hf_ner.serving.refusals import RefusedError
from spacy_hf_ner.serving.rewrites import RewriteBody, RewriteOptions
from spacy_hf_ner.serving.served_model import ServedModel
from spacy_hf_ner.serving.service import Describe, Service

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI, Request, Response

__all__ = ["make_app"]

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]

_JSON: Final = "application/json"
_LINES_EXAMPLE: Final = '{"id": 1, "text": "Ada Lovelace wrote to Charles Babbage."}\n'

_DESCRIPTION: Final = (
    "Finds the entities of texts. A text that fails has an answer of its own, "
    '`{"error": "…"}`; whatever is refused as a whole is answered by `{"error": "…"}`, too.'
)


def make_app(service: Service) -> "FastAPI":
    """Return the application that answers for a service; it closes the service when it ends.

    Raises:
        MissingExtraError: ``spacy-hf-ner[serve]`` is not installed.
    """
    try:
        from fastapi import APIRouter, Depends, FastAPI
        from fastapi_offline import FastAPIOffline
    except ImportError as error:
        raise MissingExtraError("fastapi", extra="serve", purpose="serving models") from error

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        # In a thread, because answers that are still to come pass through this loop.
        await asyncio.to_thread(service.close)

    # FastAPI's own page would fetch its scripts from elsewhere.
    app = FastAPIOffline(
        title="spacy-hf-ner",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
    )
    guarded = APIRouter(dependencies=[Depends(_make_guard(service.settings.token))])
    _add_entities(guarded, service)
    _add_rewriting(guarded, service)
    _add_models(guarded, service)
    _add_metrics(guarded, service)
    app.include_router(guarded)
    _add_health(app, service)
    _add_refusals(app)
    app.add_middleware(_Observer, service=service)
    return app


def _make_guard(token: str | None) -> Callable[..., Awaitable[None]]:
    """Return what lets a request in that brings the token, and refuses others."""
    from fastapi import Request, Security
    from fastapi.security import HTTPBearer

    # The scheme is for the page of the interface, which then asks for a token.
    scheme = HTTPBearer(auto_error=False)

    # Not a plain function, which FastAPI would call in another thread.
    async def check(request: Request, _shown: Any = Security(scheme)) -> None:  # noqa: ANN401, B008
        if not is_allowed(request.headers.get("authorization"), token):
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED,
                "expected the token of this server as `Authorization: Bearer TOKEN`, got "
                "another one or none.",
            )

    return check


def _add_entities(router: "APIRouter", service: Service) -> None:
    from fastapi import Request, Response

    async def plan(options: EntitiesOptions) -> tuple[ServedModel, Describe]:
        return service.plan_entities(options)

    @router.post("/v1/entities", openapi_extra=_describe_body(EntitiesBody))
    async def find_entities(request: Request) -> Response:
        """Return the entities of one text or of many, or of each line of a stream.

        A stream (`application/x-ndjson`) has a text in each line, as a string or as
        `{"id": …, "text": …}`, and its options in the query.
        """
        return await _answer(request, service, EntitiesOptions, EntitiesBody, plan)


def _add_rewriting(router: "APIRouter", service: Service) -> None:
    from fastapi import Request, Response

    async def plan(options: RewriteOptions) -> tuple[ServedModel, Describe]:
        # Lists of names and word vectors are read from the disk.
        return await asyncio.to_thread(service.plan_rewriting, options)

    @router.post("/v1/rewrite", openapi_extra=_describe_body(RewriteBody))
    async def rewrite(request: Request) -> Response:
        """Return one text or many, or each line of a stream, with other names.

        A stream (`application/x-ndjson`) has a text in each line, as a string or as
        `{"id": …, "text": …}`, and its options in the query.
        """
        return await _answer(request, service, RewriteOptions, RewriteBody, plan)


_Plan = Callable[[Any], Awaitable[tuple[ServedModel, Describe]]]


async def _answer(
    request: "Request",
    service: Service,
    options: type[BaseModel],
    body: type[TextsBody],
    plan: _Plan,
) -> "Response":
    """Return the answers to the texts of a request: all at once, or line by line.

    Args:
        request: The request.
        service: What answers.
        options: What the query of a stream holds.
        body: What any other body holds.
        plan: Finds out what is wanted.
    """
    limits = service.settings.limits
    if is_stream(request.headers.get("content-type")):
        wanted = validate(options, read_query(request.query_params.multi_items()))
        model, describe = await plan(wanted)
        lines = answer_lines(request.stream(), model, describe, limits)
        return _make_stream(lines)
    content = parse_json(await read_body(request.stream(), limits))
    asked = validate(body, content)
    model, describe = await plan(asked)
    return _respond(await service.answer(model, asked.texts, describe))


def _make_stream(lines: AsyncIterator[bytes]) -> "Response":
    from fastapi import Response

    class LineResponse(Response):
        """Sends lines while the request is still being read.

        FastAPI's own stream would read on in the request, to see whether the client leaves.
        """

        async def __call__(self, _scope: _Message, _receive: _Receive, send: _Send) -> None:
            headers = [(b"content-type", LINES.encode())]
            await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": headers})
            async for piece in lines:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    return LineResponse()


def _add_models(router: "APIRouter", service: Service) -> None:
    from fastapi import Response

    @router.get("/v1/models")
    async def list_models() -> Response:
        """Return the models, the default first, with their entity types."""
        models: list[dict[str, Any]] = []
        for model in service.models.values():
            models.append(
                {
                    "name": model.name,
                    "types": model.pipeline.entity_types,
                    "loaded_at": model.loaded_at.isoformat(),
                }
            )
        return _respond({"models": models})


def _add_metrics(router: "APIRouter", service: Service) -> None:
    from fastapi import Response

    @router.get("/metrics")
    async def write_metrics() -> Response:
        """Return counts for Prometheus; no text is among them."""
        content = service.metrics.write(service.models.values())
        return Response(content, media_type=service.metrics.content_type)


def _add_health(app: "FastAPI", service: Service) -> None:
    from fastapi import Response

    @app.get("/healthz")
    async def is_alive() -> Response:
        """Tell whether the server works; one that does not has to be started again."""
        return _report("alive", holds=service.is_alive)

    @app.get("/readyz")
    async def is_ready() -> Response:
        """Tell whether requests should come here now: not while the queue is full."""
        return _report("ready", holds=service.is_ready)


def _report(name: str, *, holds: bool) -> "Response":
    status = HTTPStatus.OK if holds else HTTPStatus.SERVICE_UNAVAILABLE
    return _respond({name: holds}, status)


def _add_refusals(app: "FastAPI") -> None:
    """Have whatever goes wrong answered by a sentence."""
    from starlette.exceptions import HTTPException

    @app.exception_handler(RefusedError)
    async def refuse(_request: "Request", error: RefusedError) -> "Response":
        headers: dict[str, str] = {}
        if error.retry_after is not None:
            headers["Retry-After"] = str(error.retry_after)
        if error.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        return _respond({"error": error.sentence}, error.status, headers)

    @app.exception_handler(HFNerError)
    async def explain(_request: "Request", error: HFNerError) -> "Response":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if isinstance(error, MissingExtraError):
            status = HTTPStatus.NOT_IMPLEMENTED
        return _respond({"error": str(error)}, status)

    @app.exception_handler(HTTPException)
    async def name(request: "Request", error: HTTPException) -> "Response":
        sentence = f"{request.method} {request.url.path}: {error.detail}. See /docs."
        return _respond({"error": sentence}, error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def apologise(_request: "Request", error: Exception) -> "Response":
        sentence = f"the server has failed: {type(error).__name__}. Its log says more."
        return _respond({"error": sentence}, HTTPStatus.INTERNAL_SERVER_ERROR)


def _respond(
    value: object,
    status: int = HTTPStatus.OK,
    headers: Any = None,  # noqa: ANN401 - starlette's own
) -> "Response":
    from fastapi import Response

    # Half a surrogate pair, which a message may quote, cannot be written as UTF-8.
    content = json.dumps(value, ensure_ascii=False).encode("utf8", "replace")
    return Response(content, status, headers, _JSON)


def _describe_body(body: "type[TextsBody]") -> dict[str, Any]:
    """Return what the page of the interface says of a body that is read by ourselves."""
    content: dict[str, Any] = {
        _JSON: {"schema": body.model_json_schema()},
        LINES: {"schema": {"type": "string"}, "example": _LINES_EXAMPLE},
    }
    return {"requestBody": {"required": True, "content": content}}


class _Observer:
    """Counts requests, and has clients leave a server that is about to stop."""

    def __init__(self, app: Any, service: Service) -> None:  # noqa: ANN401 - any ASGI application
        self._app = app
        self._service = service

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = int(HTTPStatus.INTERNAL_SERVER_ERROR)  # if nothing is sent

        async def send_and_look(message: _Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if self._service.is_draining:
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        try:
            await self._app(scope, receive, send_and_look)
        finally:
            # Only paths that there are: anybody can make up others.
            route = scope.get("route")
            path = "other" if route is None else route.path
            self._service.metrics.count_request(path, status, time.perf_counter() - started)
