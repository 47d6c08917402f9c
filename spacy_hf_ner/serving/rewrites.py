"""Names rewritten over HTTP: what a client may ask for → what makes its answers.

No file of the server can be named by a client, and an answer holds no old name unless the client
asks for the table.
"""

import threading
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from spacy.tokens import Doc, Span

from spacy_hf_ner.rewriting import Rewriter
from spacy_hf_ner.rewriting.settings import How, RewriteSettings, make_method
from spacy_hf_ner.rewriting.vectors import WordVectors, read_vectors
from spacy_hf_ner.serving.batch_queue import Answer
from spacy_hf_ner.serving.bodies import Score, TextsBody
from spacy_hf_ner.serving.loaded_pipeline import LoadedPipeline
from spacy_hf_ner.serving.refusals import RefusedError
from spacy_hf_ner.serving.serve_settings import ServeSettings

__all__ = ["RewriteBody", "RewriteOptions", "Rewrites"]

_UNPROCESSABLE: Final = 422

# Vectors and lists of names are read once, whoever comes first.
_OPENING: Final = threading.Lock()


class RewriteOptions(BaseModel):
    """How a client wants names rewritten."""

    model_config = ConfigDict(extra="forbid")

    how: How = Field(description="What takes the place of names.")
    model: str | None = Field(None, description="Name of a model; by default the first.")
    threshold: Score | dict[str, Score] | None = Field(
        None, description="Lowest score, for all types or for each; by default the pipeline's own."
    )
    types: list[str] | None = Field(None, description="Entity types; by default all.")
    numbered: bool = Field(False, description="redact: [PER 1], the same name the same number.")
    locale: str = Field("en_US", description="pseudonym: where names come from, as Faker calls it.")
    seed: int | None = Field(
        None, description="pseudonym: what decides which names come; by default chance."
    )
    source: str | None = Field(None, description="analogy: context of the old names: america.")
    target: str | None = Field(None, description="analogy: context of the new ones: india.")
    scope: str = Field(
        "corpus",
        description="Where the same name becomes the same: in each document, or in the corpus, "
        "which is all texts of the request.",
    )
    table: bool = Field(
        False, description="Answer with the table old → new, too, which holds the old names."
    )


class RewriteBody(TextsBody, RewriteOptions):
    """A request for texts with other names."""


class Rewrites:
    """Rewrites the texts of one request, one after the other.

    Args:
        options: What the client wants.
        settings: The settings of the server.
        pipeline: The pipeline that is in use.

    Raises:
        RefusedError: The server has no key for hashes.
        ConfigError: An option is missing, or out of its range.
        MissingExtraError: The method needs a library that is not installed.
    """

    def __init__(
        self, options: RewriteOptions, settings: ServeSettings, pipeline: LoadedPipeline
    ) -> None:
        self._has_table = options.table
        self._pipeline = pipeline
        types = pipeline.choose_types(options.types)
        key_file = None
        if options.how == "hash":
            key_file = settings.key_file
            if key_file is None:
                raise RefusedError(
                    _UNPROCESSABLE,
                    'how must not be "hash" here: this server was started without a key file.',
                )
        rewrite_settings = RewriteSettings(
            how=options.how,
            numbered=options.numbered,
            key_file=key_file,
            locale=options.locale,
            seed=options.seed,
            source=options.source,
            target=options.target,
            vectors=settings.vectors,
            scope=options.scope,
        )
        with _OPENING:
            vectors = None
            if options.how == "analogy" and options.source and options.target:
                vectors = _open_vectors(settings.vectors)
            method = make_method(rewrite_settings, self._read, vectors=vectors)
        self._rewriter = Rewriter(
            method,
            threshold=pipeline.choose_threshold(options.threshold),
            entity_types=types,
            scope=options.scope,
        )

    def describe(self, doc: Doc, pipeline: LoadedPipeline) -> Answer:
        """Return a text with other names, and what remains of the old ones."""
        self._pipeline = pipeline
        rewriting = self._rewriter.rewrite(doc, spans_key=pipeline.finder.find_group(doc))
        answer: Answer = {
            "text": rewriting.doc.text,
            "n_replaced": rewriting.n_replaced,
            "below_threshold": rewriting.below_threshold,
            "kept": len(rewriting.kept),
            "missed": rewriting.missed,
        }
        if self._has_table:
            answer["table"] = [asdict(row) for row in rewriting.replacements]
        return answer

    def _read(self, texts: Sequence[str]) -> list[list[Span]]:
        """Return the entities of texts, as the pipeline reads them whose turn it is."""
        return self._pipeline.find_entities(texts)


@lru_cache(maxsize=1)
def _open_vectors(name: str) -> WordVectors:
    return read_vectors(name)
