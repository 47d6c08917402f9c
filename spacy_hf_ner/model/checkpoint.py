"""A checkpoint folder to network and tokenizer, safely, and back to a folder that Hugging Face reads.

Safe means: safetensors unless asked otherwise, no remote code, no kernels from the hub, weights as float32. Source: the
``from_pretrained`` documentation of transformers 4.53 and 5.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch

from spacy_hf_ner.core.labels import TagSet, read_labels
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.engines.onnx.graph import OnnxGraph, read_graph
from spacy_hf_ner.model.engines.torch_engine import Precision
from spacy_hf_ner.model.files import name_files
from spacy_hf_ner.model.head import name_labels
from spacy_hf_ner.model.network import Network, quiet_transformers
from spacy_hf_ner.model.notes import NOTES_FILE, Notes, read_notes
from spacy_hf_ner.model.reading.aggregation import SubwordLabels
from spacy_hf_ner.model.reading.case_marks import mark_case
from spacy_hf_ner.model.reading.encoding import FastTokenizer, SubwordTokenizer, load_tokenizer
from spacy_hf_ner.model.reading.limits import Limits, find_limits

Attention = Literal["auto", "sdpa", "eager"]


@dataclass(slots=True)
class Checkpoint:
    """A network with its tokenizer and tags, in memory.

    Attributes:
        name: Where it came from, for messages.
        weights: An ``AutoModelForTokenClassification``, float32; or the graph that it was exported to.
        tokenizer: What makes its subwords.
        tokenizer_files: The tokenizer's files as they were found, by name.
        tag_set: The tags of its columns, or None if its head was never trained.
        window: The window stored with it, or None.
        subword_labels: How continuing subwords were labelled in training.
        limits: What the network can read.
    """

    name: str
    weights: Network | OnnxGraph
    tokenizer: SubwordTokenizer
    tokenizer_files: dict[str, bytes]
    tag_set: TagSet | None
    window: int | None = None
    subword_labels: SubwordLabels = "first"
    limits: Limits = field(init=False)

    def __post_init__(self) -> None:
        if isinstance(self.weights, OnnxGraph):
            self.limits = self.weights.limits
        else:
            n_special = len(self.tokenizer.template)
            self.limits = find_limits(self.weights, self.tokenizer_files, n_special=n_special)

    def mark_case(self) -> None:
        """Let the network see capitals that the tokenizer would lose, where marks can be added to it."""
        if files := mark_case(self.tokenizer_files):
            self.tokenizer_files = files
            self.tokenizer = FastTokenizer(files["tokenizer.json"].decode("utf8"))

    @property
    def is_exported(self) -> bool:
        """Whether the network is an ONNX graph, which can only predict."""
        return isinstance(self.weights, OnnxGraph)

    @property
    def network(self) -> Network:
        """The PyTorch network.

        Raises:
            CheckpointError: There is only the graph that it was exported to.
        """
        if isinstance(self.weights, OnnxGraph):
            raise CheckpointError(
                f'{self.name}: with backend = "onnx" the network is {self.weights.file_name}, which predicts. It '
                "cannot be trained, exported again or relabelled: do that with the pipeline that it was exported from."
            )
        return self.weights


def read_checkpoint(
    folder: Path,
    *,
    name: str | None = None,
    labels: Sequence[str] | None = None,
    scheme: str = "auto",
    attention: Attention = "auto",
    allow_pickle: bool = False,
) -> Checkpoint:
    """Return the checkpoint in a folder.

    Args:
        folder: A folder with config.json, weights and tokenizer files.
        name: What to call it in messages; the folder by default.
        labels: Names of the head's columns, where the checkpoint's own say nothing.
        scheme: The tag scheme, or ``"auto"`` for the one stored with the checkpoint or told by its labels.
        attention: The attention kernel; ``"auto"`` is ``"sdpa"`` where the family supports it.
        allow_pickle: Read ``.bin`` weights, with ``weights_only=True``, where there are no safetensors.

    Raises:
        CheckpointError: The folder is not a checkpoint that can be trusted and used.
        TagError: The labels do not fit the scheme.
    """
    called = name or str(folder)
    config, notes = _read_config(folder, called), read_notes(folder, called)
    uses_pickle = _check_weights(folder, called, allow_pickle=allow_pickle)
    network, missing = _load_network(folder, called, attention=attention, uses_pickle=uses_pickle)
    head_missing = _check_missing(network, missing, called)
    tag_set = (
        None if head_missing else _read_tag_set(config, notes, called, labels=labels, scheme=scheme)
    )
    if tag_set is not None and labels is not None:
        name_labels(network, tag_set)
    return _assemble(folder, called, weights=network, tag_set=tag_set, notes=notes)


def read_exported(
    folder: Path,
    *,
    name: str | None = None,
    labels: Sequence[str] | None = None,
    scheme: str = "auto",
    precision: Precision = "auto",
) -> Checkpoint:
    """Return the checkpoint in a folder whose network was exported to ONNX; PyTorch's weights are not read.

    For the arguments see :func:`read_checkpoint` and :func:`spacy_hf_ner.model.engines.onnx.graph.read_graph`.

    Raises:
        CheckpointError: The folder has no such graph, or cannot be used otherwise.
        TagError: The labels do not fit the scheme.
    """
    called = name or str(folder)
    config, notes = _read_config(folder, called), read_notes(folder, called)
    graph = read_graph(folder, called, precision=precision, limits=notes.limits if notes else None)
    tag_set = _read_tag_set(config, notes, called, labels=labels, scheme=scheme)
    return _assemble(folder, called, weights=graph, tag_set=tag_set, notes=notes)


def _assemble(
    folder: Path,
    called: str,
    *,
    weights: Network | OnnxGraph,
    tag_set: TagSet | None,
    notes: Notes | None,
) -> Checkpoint:
    tokenizer, files = load_tokenizer(folder, called)
    return Checkpoint(
        name=called,
        weights=weights,
        tokenizer=tokenizer,
        tokenizer_files=files,
        tag_set=tag_set,
        window=notes.window if notes else None,
        subword_labels=notes.subword_labels if notes else "first",
    )


def write_checkpoint(checkpoint: Checkpoint, folder: Path) -> None:
    """Write a folder that Hugging Face, and :func:`read_checkpoint`, load: safetensors, no pickle.

    A network that was exported is written as the graph that it is, for :func:`read_exported`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(checkpoint.weights, OnnxGraph):
        checkpoint.weights.write(folder)
    else:
        with quiet_transformers():
            checkpoint.weights.save_pretrained(folder, safe_serialization=True)
    for name, content in checkpoint.tokenizer_files.items():
        (folder / name).write_bytes(content)
    scheme = None if checkpoint.tag_set is None else checkpoint.tag_set.scheme.name
    limits = checkpoint.limits if checkpoint.is_exported else None
    Notes(scheme, checkpoint.window, checkpoint.subword_labels, limits).write(folder)


def peek_tag_set(folder: Path, *, labels: Sequence[str] | None, scheme: str) -> TagSet | None:
    """Return a checkpoint's tags from its config.json alone, or None if its head was never trained."""
    called = str(folder)
    config, notes = _read_config(folder, called), read_notes(folder, called)
    return _read_tag_set(config, notes, called, labels=labels, scheme=scheme)


def _read_tag_set(
    config: dict[str, Any],
    notes: Notes | None,
    called: str,
    *,
    labels: Sequence[str] | None,
    scheme: str,
) -> TagSet | None:
    """Return the tags that a config.json names, or ``labels`` do in its place; None if the head was never trained."""
    if not _has_trained_head(config, notes):
        return None
    named = config.get("id2label") or [
        f"LABEL_{i}" for i in range(config.get("num_labels", 2))
    ]  # as in transformers
    own = [str(named[str(i)]) for i in range(len(named))] if isinstance(named, dict) else named
    if labels is not None:
        if len(labels) != len(own):
            raise CheckpointError(
                f"{called}: the checkpoint has {len(own)} labels, but labels names {len(labels)}: give one for each id."
            )
        own = list(labels)
    return read_labels(
        own, scheme=notes.scheme if notes and notes.scheme and scheme == "auto" else scheme
    )


def _read_config(folder: Path, called: str) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        is_head = (folder / NOTES_FILE).is_file()
        raise CheckpointError(
            f"{called}: expected a checkpoint folder with config.json, found {name_files(folder)} in {folder}."
            + is_head
            * " That is what spacy_hf_ner.TokenClassifier.v1 saves: name that architecture in the config."
        )
    try:
        config = json.loads(path.read_text(encoding="utf8"))
    except json.JSONDecodeError as error:
        raise CheckpointError(f"{called}: config.json is not JSON: {error}.") from error
    if not isinstance(config, dict):
        raise CheckpointError(
            f"{called}: expected a table in config.json, got {type(config).__name__}."
        )
    if "transformers_weights" in config:
        raise CheckpointError(
            f"{called}: config.json names its weights file itself (transformers_weights), which could make "
            "transformers read a pickle. Remove that key and use model.safetensors."
        )
    named = config.get("id2label") or {}
    if not isinstance(named, dict) or named.keys() != {str(i) for i in range(len(named))}:
        raise CheckpointError(
            f"{called}: expected id2label in config.json to name the columns of the head, numbered from 0 without "
            f"gaps, got {str(named)[:80]}. Number them in the order of the head's rows."
        )
    return config


def _has_trained_head(config: dict[str, Any], notes: Notes | None) -> bool:
    """Tell whether the weights of the head, where there are any, are those of a token classifier."""
    if notes is not None:
        return notes.scheme is not None
    return any(
        a.endswith("ForTokenClassification")
        for a in config.get("architectures") or ["ForTokenClassification"]
    )


def _check_weights(folder: Path, called: str, *, allow_pickle: bool) -> bool:
    """Tell whether the weights must be read from a pickle.

    Raises:
        CheckpointError: There are no safetensors and no permission to do without.
    """
    if any(folder.glob("*.safetensors")):
        return False
    pickles, graphs = (
        sorted(p.name for p in folder.glob(pattern)) for pattern in ("*.bin", "*.onnx")
    )
    if not pickles and graphs:
        raise CheckpointError(
            f"{called}: expected weights in model.safetensors, found the ONNX graph {graphs[0]}, which PyTorch cannot "
            'run. Set backend = "onnx" to predict with it; train the pipeline that it was exported from.'
        )
    if not pickles:
        raise CheckpointError(
            f"{called}: expected weights in model.safetensors, found none in {folder}."
        )
    if not allow_pickle:
        raise CheckpointError(
            f"{called}: the weights are a pickle ({', '.join(pickles)}), which can run code when it is loaded. "
            "Convert them to model.safetensors, or set allow_pickle = true to have them read with torch's weights_only."
        )
    return True


def _load_network(
    folder: Path, called: str, *, attention: Attention, uses_pickle: bool
) -> tuple[Network, set[str]]:
    """Return the network in float32, and the names of weights that the folder lacks."""
    import transformers
    from transformers import AutoConfig, AutoModelForTokenClassification

    safe: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    try:
        with quiet_transformers():
            config = AutoConfig.from_pretrained(str(folder), **safe)
            kernel = _choose_attention(config) if attention == "auto" else attention
            network, info = AutoModelForTokenClassification.from_pretrained(
                str(folder),
                config=config,
                use_safetensors=not uses_pickle,
                attn_implementation=kernel,
                output_loading_info=True,
                **{
                    "dtype"
                    if _takes_dtype(transformers.__version__)
                    else "torch_dtype": torch.float32
                },
                **safe,
            )
    except CheckpointError:
        raise
    except Exception as error:
        raise CheckpointError(
            f"{called}: transformers {transformers.__version__} cannot load it: {error}"
        ) from error
    network.eval()
    return network, set(info["missing_keys"])


def _takes_dtype(version: str) -> bool:
    """Tell whether ``from_pretrained`` calls the type of the weights ``dtype``, as it has since 4.56."""
    major, minor = (int(part) for part in version.split(".")[:2])
    return (major, minor) >= (4, 56)


def _choose_attention(config: Any) -> Attention:  # noqa: ANN401 - AutoConfig has no type of its own
    from transformers import MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING

    if type(config) not in MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING:
        raise CheckpointError(
            f"the model type {config.model_type!r} has no token-classification network in transformers."
        )
    network_class = MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING[type(config)]
    return "sdpa" if getattr(network_class, "_supports_sdpa", False) else "eager"


def _check_missing(network: Network, missing: set[str], called: str) -> bool:
    """Tell whether the head's weights are missing.

    Raises:
        CheckpointError: Weights of the encoder are missing.
    """
    in_encoder = sorted(key for key in missing if key.startswith(f"{network.base_model_prefix}."))
    if in_encoder:
        raise CheckpointError(
            f"{called}: {len(in_encoder)} weights of the encoder are missing, the first is {in_encoder[0]!r}. "
            "The file is incomplete or belongs to another architecture than config.json says."
        )
    return bool(missing)
