"""A checkpoint as the settings want it: fetched, read, fit for its window, ready for training.

Nothing is kept here, so whoever keeps a checkpoint keeps one that has passed all checks. Those that
make loading safe are in ``network.py``, ``checked_weights.py`` and ``config_json.py``.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.model.checkpoint import Checkpoint, peek_tag_set, read_checkpoint
from spacy_hf_ner.model.engines.base import ReadEngine
from spacy_hf_ner.model.engines.table import get_engine
from spacy_hf_ner.model.hub import check_name, fetch_folder, find_folder
from spacy_hf_ner.model.settings import Settings
from spacy_hf_ner.model.training.dropout import make_dropout_cheap
from spacy_hf_ner.model.training.freezing import freeze_layers

__all__ = ["CheckpointLoader"]

logger = logging.getLogger("spacy_hf_ner")


@dataclass(frozen=True, slots=True)
class CheckpointLoader:
    """Loads checkpoints as settings ask.

    Attributes:
        settings: The settings.
        read_engine: What reads the weights; None for the engine that ``backend`` names.
    """

    settings: Settings
    read_engine: ReadEngine | None = None

    def peek(self, scheme: str) -> TagSet | None:
        """Return the tags of the source if it is on this machine, from its config.json alone."""
        settings = self.settings
        folder = find_folder(
            settings.name, revision=settings.revision, allow_pickle=settings.allow_pickle
        )
        if folder is None:
            return None
        return peek_tag_set(
            folder, labels=settings.labels, scheme=scheme, check_sizes=settings.check_sizes
        )

    def check_name(self) -> None:
        """Check that there is a checkpoint of this name, on this machine or on the hub."""
        settings = self.settings
        check_name(settings.name, revision=settings.revision)

    def fetch(self) -> Path:
        """Return the folder of the source, from the hub if it is not on this machine."""
        settings = self.settings
        return fetch_folder(
            settings.name, revision=settings.revision, allow_pickle=settings.allow_pickle
        )

    def read_source(self, folder: Path, scheme: str) -> Checkpoint:
        """Return the checkpoint of the source, with the labels that the config names."""
        settings = self.settings
        checkpoint = self._read(folder, scheme, name=settings.name, labels=settings.labels)
        if settings.label_unit == "auto":
            _log_label_unit(checkpoint)
        return checkpoint

    def read_saved(self, folder: Path, scheme: str) -> Checkpoint:
        """Return the checkpoint in a folder that a pipeline was saved to.

        The ``labels`` of the config are not those of the folder: they name the columns of the
        source.
        """
        return self._read(folder, scheme)

    def make_ready(self, checkpoint: Checkpoint) -> None:
        """Check that a checkpoint fits the settings, and make its network ready for training.

        Raises:
            ConfigError: The window does not fit, or there are fewer layers than are to be frozen.
        """
        # It raises where the window does not fit; the reading itself is chosen where it is needed.
        self.settings.choose_reading(checkpoint)
        network = checkpoint.engine.network
        if network is not None:
            freeze_layers(network, self.settings.frozen_layers)
            make_dropout_cheap(network)

    def _read(
        self,
        folder: Path,
        scheme: str,
        *,
        name: str | None = None,
        labels: Sequence[str] | None = None,
    ) -> Checkpoint:
        settings = self.settings
        checkpoint = read_checkpoint(
            folder,
            name=name,
            labels=labels,
            scheme=scheme,
            attention=settings.attention,
            allow_pickle=settings.allow_pickle,
            check_sizes=settings.check_sizes,
            precision=settings.precision,
            read_engine=self.read_engine or get_engine(settings.backend).read,
        )
        self.make_ready(checkpoint)
        return checkpoint


def _log_label_unit(checkpoint: Checkpoint) -> None:
    """Log that labels are taken to run over tokens, where nobody says so and it decides.

    In a scheme that does not mark where entities end, the first subword of a token has the same
    label either way.
    """
    tag_set = checkpoint.tag_set
    if checkpoint.label_unit is not None or tag_set is None:
        return
    if tag_set.scheme.end != tag_set.scheme.inside:
        logger.info(
            "%s: its labels are in %s, and nothing says whether each token or each subword has "
            'one. They are read as those of tokens, as in most checkpoints; label_unit = "subword" '
            'reads the other kind, and label_unit = "token" says that this is right.',
            checkpoint.name,
            tag_set.scheme.name,
        )
