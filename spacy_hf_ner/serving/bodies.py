"""What clients send, checked: JSON → a request, or a sentence that says what is wrong with it.

pydantic comes with spaCy. FastAPI shows these classes on the page of the interface.
"""

import json
from collections.abc import AsyncIterable, Mapping, Sequence
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    field_validator,
)

from spacy_hf_ner.core.wording import shorten
from spacy_hf_ner.serving.formats import FORMATS
from spacy_hf_ner.serving.refusals import RefusedError, refuse_long
from spacy_hf_ner.serving.serve_settings import Limits

__all__ = [
    "EntitiesBody",
    "EntitiesOptions",
    "Score",
    "TextsBody",
    "check_text",
    "is_stream",
    "parse_json",
    "read_body",
    "read_query",
    "validate",
]

_BAD_REQUEST: Final = 400
_UNPROCESSABLE: Final = 422
_STREAMS: Final = frozenset({"application/x-ndjson", "application/jsonl", "application/ndjson"})

Body = TypeVar("Body", bound=BaseModel)

# What is no text fails by itself, and leaves the others alone.
AnyText = Annotated[Any, WithJsonSchema({"type": "string"})]
Score = Annotated[float, Field(ge=0, le=1)]


class EntitiesOptions(BaseModel):
    """Which entities a client wants, and in whose form."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = Field(None, description="Name of a model; by default the first.")
    threshold: Score | dict[str, Score] | None = Field(
        None, description="Lowest score, for all types or for each; by default the pipeline's own."
    )
    types: list[str] | None = Field(None, description="Entity types; by default all.")
    format: str = Field(
        "own",
        json_schema_extra={"enum": list(FORMATS)},
        description=(
            "own: start, end, label, text, score; hf: Hugging Face's dicts; spacy: what "
            "Doc.from_json reads; bio: tags of spaCy's tokens; presidio: Presidio's dicts."
        ),
    )

    @field_validator("format")
    @classmethod
    def check_format(cls, value: str) -> str:
        """Check that there is such a form."""
        if value not in FORMATS:
            raise ValueError(f"expected one of {', '.join(FORMATS)}")
        return value


class TextsBody(BaseModel):
    """The texts of a request."""

    model_config = ConfigDict(extra="forbid")

    texts: str | list[AnyText] = Field(description="A text, or a list of texts.")


class EntitiesBody(TextsBody, EntitiesOptions):
    """A request for the entities of texts."""


def is_stream(content_type: str | None) -> bool:
    """Tell whether a body is a stream of lines, by its Content-Type.

    >>> is_stream("application/x-ndjson; charset=utf-8"), is_stream(None)
    (True, False)
    """
    kind, _, _ = (content_type or "").partition(";")
    return kind.strip().lower() in _STREAMS


def read_query(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the options of a stream as a body would have them.

    Types are separated by commas, or named one by one; so are scores for each type.

    >>> read_query([("threshold", "PER=0.9"), ("threshold", "LOC=0.5"), ("types", "PER,LOC")])
    {'threshold': {'PER': '0.9', 'LOC': '0.5'}, 'types': ['PER', 'LOC']}
    """
    options: dict[str, Any] = {}
    for name, value in pairs:
        entity_type, separator, score = value.rpartition("=")
        if name == "types":
            options.setdefault(name, []).extend(value.split(","))
        elif name == "threshold" and separator:
            scores = options.setdefault(name, {})
            if isinstance(scores, dict):
                scores[entity_type] = score
        else:
            options[name] = value
    return options


async def read_body(stream: AsyncIterable[bytes], limits: Limits) -> bytes:
    """Return the body of a request.

    Raises:
        RefusedError: It is too long; the rest of it has not been read.
    """
    body = bytearray()
    async for piece in stream:
        body += piece
        if len(body) > limits.max_body:
            raise refuse_long(
                "a body",
                found=len(body),
                limit=limits.max_body,
                unit="bytes",
                advice="Send fewer texts at once, or a stream of lines (application/x-ndjson).",
            )
    return bytes(body)


def parse_json(body: bytes) -> Any:  # noqa: ANN401 - whatever JSON has
    """Return what a body holds.

    Raises:
        RefusedError: It is not JSON.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(
            _BAD_REQUEST, f"expected JSON in UTF-8, got something else: {error}."
        ) from error


def validate(kind: type[Body], value: object) -> Body:
    """Return a request, or its options.

    Raises:
        RefusedError: A field is missing, unknown, or out of its range.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        problems = "; ".join(_describe(problem) for problem in error.errors())
        raise RefusedError(
            _UNPROCESSABLE, f"the request is not as expected: {problems}."
        ) from error


def _describe(problem: Mapping[str, Any]) -> str:
    place = ".".join(map(str, problem["loc"])) or "body"
    return f"{shorten(place)}: {problem['msg']}"


def check_text(text: object, limits: Limits, *, place: str) -> str:
    """Return why something cannot be read as a text; empty if it can.

    Args:
        text: What stands in the place of a text.
        limits: How long a text may be.
        place: What to call it.

    Raises:
        RefusedError: The text is too long.
    """
    if not isinstance(text, str):
        return f"expected a text, got {type(text).__name__}"
    if len(text) > limits.max_characters:
        raise refuse_long(
            place,
            found=len(text),
            limit=limits.max_characters,
            unit="characters",
            advice="Cut it where a sentence ends.",
        )
    return ""
