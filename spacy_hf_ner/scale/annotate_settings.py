"""What a run is told: the model, what is read, what is written."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from spacy_hf_ner.corpus.text_input import TextColumns
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.component_settings import Threshold

__all__ = ["DOCUMENTS", "ENTITIES", "MAX_CHARS", "PARQUET", "AnnotateSettings"]

PARQUET: Final = "parquet"

DOCUMENTS: Final = "documents"
ENTITIES: Final = "entities"

MAX_CHARS: Final = 2_000_000  # some 350,000 words, which are read in half a minute and 1.2 GiB


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotateSettings:
    """How texts are annotated.

    Attributes:
        model: Name of an installed pipeline, or its folder.
        columns: Which column of the input is what.
        output_format: ``"parquet"``, ``"jsonl"``, or what ``hf-ner convert`` writes.
        rows: What a row of parquet is: one of the ``"documents"``, or of the ``"entities"``.
        threshold: The lowest score of an entity, or a table of them per type; None for what the
            pipeline has.
        spans_key: The span group to write; None for ``doc.ents``.
        batch_size: How many texts are predicted together; None for the pipeline's own.
        max_chars: A longer text is set aside.
        gpu_id: The number of a GPU, or -1 for the CPU.
        code: A Python file with registered functions that the pipeline needs.

    Raises:
        ConfigError: A setting is out of its range, or two contradict each other.
    """

    model: str
    columns: TextColumns = field(default_factory=TextColumns)
    output_format: str = PARQUET
    rows: str = DOCUMENTS
    threshold: Threshold = None
    spans_key: str | None = None
    batch_size: int | None = None
    max_chars: int = MAX_CHARS
    gpu_id: int = -1
    code: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.rows not in {DOCUMENTS, ENTITIES}:
            raise ConfigError(
                f'rows must be "{DOCUMENTS}" or "{ENTITIES}", got "{self.rows}".',
                settings=("rows",),
            )
        if self.rows == ENTITIES and self.output_format != PARQUET:
            raise ConfigError(
                f'rows = "{ENTITIES}" needs output_format = "{PARQUET}", got '
                f'"{self.output_format}", which holds a document in each record.',
                settings=("rows", "output_format"),
            )
        if self.columns.kept and self.output_format not in {PARQUET, "jsonl"}:
            raise ConfigError(
                f'keep needs output_format = "{PARQUET}" or "jsonl", got "{self.output_format}", '
                "which has no place for other columns.",
                settings=("keep", "output_format"),
            )

    def describe(self) -> dict[str, Any]:
        """Return what the output depends on, as values that JSON has; the model is not in it."""
        return {
            "text_column": self.columns.text,
            "id_column": self.columns.text_id,
            "keep": list(self.columns.kept),
            "output_format": self.output_format,
            "rows": self.rows,
            "threshold": self.threshold,
            "spans_key": self.spans_key,
            "max_chars": self.max_chars,
        }
