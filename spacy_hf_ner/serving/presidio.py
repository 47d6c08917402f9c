"""Recognizers for Presidio: entities with the scores of hf_ner, found here or by a server.

::

    from presidio_analyzer import AnalyzerEngine
    from spacy_hf_ner.serving.presidio import make_recognizer

    analyzer = AnalyzerEngine()
    analyzer.registry.add_recognizer(make_recognizer("training/model-best"))
"""

import json
import urllib.request
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from spacy_hf_ner.errors import MissingExtraError
from spacy_hf_ner.serving.formats import Choice, describe_doc, name_presidio_type
from spacy_hf_ner.serving.loaded_pipeline import LoadedPipeline

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer

__all__ = ["make_recognizer", "make_remote_recognizer"]

_SECONDS: Final = 60

_Find = Callable[[str], list[dict[str, Any]]]


def make_recognizer(
    model: str, *, language: str = "en", threshold: float | None = None
) -> "EntityRecognizer":
    """Return a recognizer that reads texts in this process.

    Args:
        model: Name of an installed pipeline with an hf_ner, or its folder.
        language: The language for which Presidio asks it.
        threshold: Lowest score of an entity; None for what the pipeline has.

    Raises:
        ConfigError: There is no such pipeline.
        CheckpointError: Its checkpoint cannot be read.
        MissingExtraError: ``spacy-hf-ner[presidio]`` is not installed.
    """
    pipeline = LoadedPipeline.load(model)
    choice = Choice(pipeline.choose_threshold(threshold), format_name="presidio")

    def find(text: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = describe_doc(pipeline.nlp(text), pipeline.finder, choice)[
            "entities"
        ]
        return found

    return _make(find, pipeline.entity_types, language=language, name=model)


def make_remote_recognizer(
    url: str,
    *,
    token: str | None = None,
    model: str | None = None,
    language: str = "en",
    threshold: float | None = None,
) -> "EntityRecognizer":
    """Return a recognizer that asks a server of ``hf-ner serve``.

    Args:
        url: Where it is, such as ``http://127.0.0.1:8000``.
        token: The token that it wants.
        model: The name of a model there; None for the first.
        language: The language for which Presidio asks it.
        threshold: Lowest score of an entity; None for what the pipeline has.

    Raises:
        OSError: The server cannot be reached, or refuses.
        MissingExtraError: ``spacy-hf-ner[presidio]`` is not installed.
    """
    options: dict[str, Any] = {"format": "presidio"}
    if model is not None:
        options["model"] = model
    if threshold is not None:
        options["threshold"] = threshold

    def find(text: str) -> list[dict[str, Any]]:
        answer = _ask(f"{url}/v1/entities", token, {"texts": text, **options})
        (result,) = answer["results"]
        if "error" in result:
            raise ValueError(f"{url} has failed on a text: {result['error']}")
        found: list[dict[str, Any]] = result["entities"]
        return found

    known = _ask(f"{url}/v1/models", token)["models"]
    served = next((entry for entry in known if entry["name"] == model), known[0])
    return _make(find, served["types"], language=language, name=url)


def _ask(url: str, token: str | None, body: object = None) -> Any:  # noqa: ANN401 - any JSON
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, headers)  # noqa: S310 - the user's own server
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - the same
        return json.load(answer)


def _make(
    find: _Find, entity_types: Iterable[str], *, language: str, name: str
) -> "EntityRecognizer":
    """Return a recognizer.

    Args:
        find: Returns the entities of a text, in Presidio's form.
        entity_types: What the model calls them.
        language: The language for which Presidio asks it.
        name: Where they come from.
    """
    try:
        from presidio_analyzer import EntityRecognizer, RecognizerResult
    except ImportError as error:
        raise MissingExtraError(
            "presidio_analyzer", extra="presidio", purpose="a recognizer for Presidio"
        ) from error

    called = f"hf_ner {name}"

    class HFNerRecognizer(EntityRecognizer):
        """Gives Presidio what hf_ner finds."""

        def load(self) -> None:
            """Do nothing: the model is loaded."""

        def analyze(
            self,
            text: str,
            entities: list[str],
            nlp_artifacts: object = None,  # noqa: ARG002 - what Presidio's own pipeline has found
        ) -> list[RecognizerResult]:
            """Return the entities of the types that Presidio asks for."""
            # Presidio looks the recognizer up by these two.
            metadata = {
                RecognizerResult.RECOGNIZER_NAME_KEY: called,
                RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: str(self.id),
            }
            results: list[RecognizerResult] = []
            for entity in find(text):
                if not entities or entity["entity_type"] in entities:
                    results.append(RecognizerResult(**entity, recognition_metadata=metadata))
            return results

    supported = sorted({name_presidio_type(entity_type) for entity_type in entity_types})
    return HFNerRecognizer(supported, name=called, supported_language=language)
