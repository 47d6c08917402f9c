"""An engine that answers from a table, for tests.

They write down the logits of each subword, and see what becomes of them: a model that is made with
``read_engine=lambda source: ScriptedEngine(...)`` needs no weights.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.engines.base import Engine, WeightsSource
from spacy_hf_ner.model.reading.batching import Budget, PaddedBatch
from spacy_hf_ner.model.reading.encoding import Template
from spacy_hf_ner.model.reading.limits import Limits

__all__ = ["ScriptedEngine"]

_FILE = "scripted.json"


class ScriptedEngine(Engine):
    """Gives each subword id the logits written down for it, wherever it stands.

    Args:
        logits: The logits of each id; ids that are not in it get zeros. Shape of each: (n_tags,).
        n_tags: The number of tags.
        max_subwords: The most subwords that it reads at once, without special tokens.
    """

    name = "scripted"
    title = "a script"
    files = r"scripted\.json"
    file_kind = "the script"

    def __init__(
        self, logits: Mapping[int, Sequence[float]], *, n_tags: int, max_subwords: int = 510
    ) -> None:
        self._logits = logits
        self._n_tags = n_tags
        self._max_subwords = max_subwords
        # One row more than the ids that are written down, of zeros, for all that are not.
        self._table = np.zeros((max(logits, default=0) + 2, n_tags), dtype=np.float32)
        for subword_id, row in logits.items():
            self._table[subword_id] = row

    @classmethod
    def read(cls, source: WeightsSource) -> "ScriptedEngine":
        """Return the engine with the table in a folder.

        Raises:
            CheckpointError: There is none.
        """
        path = source.folder / _FILE
        if not path.is_file():
            raise CheckpointError(f"{source.name}: expected {_FILE} in {source.folder}.")
        stored = json.loads(path.read_text(encoding="utf8"))
        logits = {int(subword_id): row for subword_id, row in stored["logits"].items()}
        return cls(logits, n_tags=stored["n_tags"], max_subwords=stored["max_subwords"])

    def write(self, folder: Path) -> None:
        """Write the table."""
        stored = {
            "n_tags": self._n_tags,
            "max_subwords": self._max_subwords,
            "logits": {str(subword_id): list(row) for subword_id, row in self._logits.items()},
        }
        (folder / _FILE).write_text(json.dumps(stored) + "\n", encoding="utf8")

    def find_limits(
        self,
        tokenizer_files: dict[str, bytes],  # noqa: ARG002 - nothing limits a table
        template: Template,  # noqa: ARG002
        *,
        name: str,  # noqa: ARG002
    ) -> Limits:
        """Return what was given: a table reads whatever it gets."""
        return Limits(max_subwords=self._max_subwords, n_embeddings=None, pad_id=0)

    def describe(self) -> str:
        """Return the name of its file."""
        return _FILE

    @property
    def budget(self) -> Budget:
        """A budget of a few windows, so that tests see several batches."""
        return Budget(2048, padding=2048)

    def run(self, batch: PaddedBatch) -> torch.Tensor:
        """Return the logits of a batch. Shape: (n_windows, length, n_tags)."""
        return torch.from_numpy(self._table[np.minimum(batch.ids, len(self._table) - 1)])
