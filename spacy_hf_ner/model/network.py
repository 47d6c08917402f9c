"""Hugging Face networks: their type for type checkers, and quiet while they are loaded and saved."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from torch import nn

from spacy_hf_ner.model.processes import one_at_a_time

if TYPE_CHECKING:
    from pathlib import Path

    class Network(nn.Module):
        """What this package uses of ``transformers.PreTrainedModel``; its own annotations changed with version 5."""

        config: Any
        base_model: nn.Module
        base_model_prefix: str
        num_labels: int

        def get_input_embeddings(self) -> nn.Embedding:
            """Return the embeddings of subword ids."""

        def save_pretrained(self, folder: Path, **settings: object) -> None:
            """Write config.json and weights."""

else:
    Network = nn.Module


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """Silence transformers' log and progress bars for a while: what matters is checked and said by this package.

    Other threads wait, as these settings are the process's.
    """
    with one_at_a_time():
        from transformers.utils import logging

        verbosity = logging.get_verbosity()
        bars = logging.is_progress_bar_enabled()
        logging.set_verbosity(40)  # ERROR, as in the standard library
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            yield
        finally:
            logging.set_verbosity(verbosity)
            if bars:
                logging.enable_progress_bar()  # type: ignore[no-untyped-call]
