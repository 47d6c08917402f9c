"""A checkpoint folder to tokenizer, tags and engine, and back to a folder that Hugging Face reads.

What lies in a folder besides the weights is read here; the weights belong to the engine. Networks
are loaded, safely, in :mod:`spacy_hf_ner.model.network`.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy_hf_ner.core.labels import TagSet, read_labels
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.config_json import (
    find_label_unit,
    has_trained_head,
    list_labels,
    read_config,
)
from spacy_hf_ner.model.engines.base import Engine, ReadEngine, WeightsSource
from spacy_hf_ner.model.engines.table import get_engine
from spacy_hf_ner.model.foreign import reading
from spacy_hf_ner.model.head import name_labels
from spacy_hf_ner.model.network import Attention, Network
from spacy_hf_ner.model.notes import Notes, read_notes
from spacy_hf_ner.model.reading.aggregation import Aggregation, SubwordLabels
from spacy_hf_ner.model.reading.case_marks import mark_case
from spacy_hf_ner.model.reading.encoding import FastTokenizer, SubwordTokenizer
from spacy_hf_ner.model.reading.layout import LabelUnit
from spacy_hf_ner.model.reading.limits import Limits
from spacy_hf_ner.model.reading.tokenizer_files import load_tokenizer
from spacy_hf_ner.model.viterbi_calibration import (
    VITERBI_CALIBRATION_FILE,
    ViterbiCalibration,
    read_viterbi_calibration,
)

__all__ = ["Checkpoint", "peek_tag_set", "read_checkpoint", "write_checkpoint"]

logger = logging.getLogger("spacy_hf_ner")

_CRF = "crf_state_dict"  # where TNER's checkpoints keep the transitions that they were trained with


@dataclass(slots=True)
class Checkpoint:
    """Weights with their tokenizer and tags, in memory.

    Attributes:
        name: Where it came from, for messages.
        engine: The weights, and what computes with them.
        tokenizer: What makes its subwords.
        tokenizer_files: The tokenizer's files as they were found, by name.
        tag_set: The tags of its columns, or None if its head was never trained.
        window: The window stored with it, or None.
        subword_labels: How continuing subwords were labelled in training.
        aggregation: How the subwords of a unit are pooled where the config does not say.
        label_unit: What its labels run over; None where neither it nor its family says so.
        viterbi_calibration: What it adds to transitions in decoding, if it brings that.
        limits: What the network can read.
    """

    name: str
    engine: Engine
    tokenizer: SubwordTokenizer
    tokenizer_files: dict[str, bytes]
    tag_set: TagSet | None
    window: int | None = None
    subword_labels: SubwordLabels = "first"
    aggregation: Aggregation | None = None
    label_unit: LabelUnit | None = None
    viterbi_calibration: ViterbiCalibration | None = None
    limits: Limits = field(init=False)

    def __post_init__(self) -> None:
        with reading("config.json, or tokenizer_config.json,", self.name):
            self.limits = self.engine.find_limits(
                self.tokenizer_files, self.tokenizer.template, name=self.name
            )

    def mark_case(self) -> None:
        """Have capitals that the tokenizer would lose marked, if marks can be added to it."""
        with reading("tokenizer.json", self.name):
            files = mark_case(self.tokenizer_files)
            if files:
                self.tokenizer_files = files
                self.tokenizer = FastTokenizer(files["tokenizer.json"].decode("utf8"))

    @property
    def network(self) -> Network:
        """The network that can be trained.

        Raises:
            CheckpointError: The engine has none: it only predicts.
        """
        network = self.engine.network
        if network is None:
            raise CheckpointError(
                f'{self.name}: with backend = "{self.engine.name}" the network is '
                f"{self.engine.describe()}, which predicts. It cannot be trained, exported again "
                "or relabelled: do that with the pipeline that it was exported from."
            )
        return network


def read_checkpoint(  # noqa: PLR0913 - one argument a setting
    folder: Path,
    *,
    name: str | None = None,
    labels: Sequence[str] | None = None,
    scheme: str = "auto",
    attention: Attention = "auto",
    allow_pickle: bool = False,
    check_sizes: bool = True,
    precision: str = "auto",
    read_engine: ReadEngine | None = None,
) -> Checkpoint:
    """Return the checkpoint in a folder.

    Args:
        folder: A folder with config.json, weights and tokenizer files.
        name: What to call it in messages; the folder by default.
        labels: Names of the head's columns, where the checkpoint's own say nothing.
        scheme: The tag scheme, or ``"auto"`` for the one that is stored with the checkpoint, or
            that its labels show.
        attention: The attention kernel; ``"auto"`` is ``"sdpa"`` where the family supports it.
        allow_pickle: Read ``.bin`` weights, with ``weights_only=True``, without safetensors.
        check_sizes: Refuse what is far larger than its files say.
        precision: The type that prediction computes in, as the engine calls it.
        read_engine: What reads the weights; that of PyTorch by default.

    Raises:
        CheckpointError: The folder is not a checkpoint that can be trusted and used.
        TagError: The labels do not fit the scheme.
    """
    name = name or str(folder)
    config = read_config(folder, name, check_sizes=check_sizes)
    notes = read_notes(folder, name)
    if _CRF in config and notes is None:
        logger.warning(
            "%s: config.json holds the weights of a CRF (%s), which are not used: paths are chosen "
            "by what the scheme allows.",
            name,
            _CRF,
        )
    source = WeightsSource(
        folder,
        name,
        precision=precision,
        attention=attention,
        allow_pickle=allow_pickle,
        check_sizes=check_sizes,
        limits=notes.limits if notes else None,
    )
    if read_engine is None:
        read_engine = get_engine("torch").read
    engine = read_engine(source)
    if notes is not None:
        engine.choose_int8(notes.prefers_int8)
    tag_set = None
    if engine.has_trained_head:
        tag_set = _read_tag_set(folder, config, notes, name, labels=labels, scheme=scheme)
    if tag_set is not None and labels is not None and engine.network is not None:
        name_labels(engine.network, tag_set)
    tokenizer, tokenizer_files = load_tokenizer(folder, name, check_sizes=check_sizes)
    return Checkpoint(
        name=name,
        engine=engine,
        tokenizer=tokenizer,
        tokenizer_files=tokenizer_files,
        tag_set=tag_set,
        window=notes.window if notes else None,
        subword_labels=notes.subword_labels if notes else "first",
        aggregation=notes.aggregation if notes else None,
        label_unit=_read_label_unit(config, notes, tag_set),
        viterbi_calibration=read_viterbi_calibration(folder, name, check_sizes=check_sizes),
    )


def write_checkpoint(checkpoint: Checkpoint, folder: Path) -> None:
    """Fill an empty folder that :func:`read_checkpoint` reads, and Hugging Face its weights from.

    It is put in its place by :func:`spacy_hf_ner.core.replacing.replace_folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.engine.write(folder)
    for name, content in checkpoint.tokenizer_files.items():
        (folder / name).write_bytes(content)
    if checkpoint.viterbi_calibration is not None:
        (folder / VITERBI_CALIBRATION_FILE).write_bytes(checkpoint.viterbi_calibration.content)
    tag_set = checkpoint.tag_set
    notes = Notes(
        scheme=None if tag_set is None else tag_set.scheme.name,
        window=checkpoint.window,
        subword_labels=checkpoint.subword_labels,
        aggregation=checkpoint.aggregation,
        label_unit=checkpoint.label_unit,
        limits=checkpoint.limits if checkpoint.engine.stores_limits else None,
        prefers_int8=checkpoint.engine.prefers_int8,
    )
    notes.write(folder)


def peek_tag_set(
    folder: Path, *, labels: Sequence[str] | None, scheme: str, check_sizes: bool = True
) -> TagSet | None:
    """Return a checkpoint's tags from its config.json alone; None if its head was never trained.

    Raises:
        CheckpointError: The folder has no config.json that can be used.
        TagError: The labels do not fit the scheme.
    """
    name = str(folder)
    config = read_config(folder, name, check_sizes=check_sizes)
    notes = read_notes(folder, name)
    return _read_tag_set(folder, config, notes, name, labels=labels, scheme=scheme)


def _read_tag_set(
    folder: Path,
    config: dict[str, Any],
    notes: Notes | None,
    name: str,
    *,
    labels: Sequence[str] | None,
    scheme: str,
) -> TagSet | None:
    """Return the tags that a config.json names, or ``labels`` in its place.

    None if the head was never trained.
    """
    if not has_trained_head(config, notes):
        return None
    named = list_labels(config, folder)
    if labels is not None:
        if len(labels) != len(named):
            raise CheckpointError(
                f"{name}: the checkpoint has {len(named)} labels, but labels names {len(labels)}: "
                "give one for each id.",
                settings=("labels",),
            )
        named = list(labels)
    if scheme == "auto" and notes is not None and notes.scheme is not None:
        scheme = notes.scheme
    return read_labels(named, scheme=scheme, as_they_are=notes is not None)


def _read_label_unit(
    config: dict[str, Any], notes: Notes | None, tag_set: TagSet | None
) -> LabelUnit | None:
    """Return what the labels of a checkpoint run over, as its notes or its family say it."""
    if notes is not None and notes.label_unit is not None:
        return notes.label_unit
    if tag_set is None:  # a head that is made anew follows the settings
        return None
    return find_label_unit(config)
