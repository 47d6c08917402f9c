"""A checkpoint folder to network and tokenizer, safely, and back to a folder that Hugging Face reads.

Safe means: safetensors unless asked otherwise, no remote code, no kernels from the hub, weights as float32. Source: the
``from_pretrained`` documentation of transformers 4.53 and 5.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch

from spacy_hf_ner.core.labels import TagSet, read_labels
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.aggregation import SubwordLabels
from spacy_hf_ner.model.encoding import SubwordTokenizer, load_tokenizer
from spacy_hf_ner.model.head import name_labels
from spacy_hf_ner.model.network import Network, quiet_transformers

Attention = Literal["auto", "sdpa", "eager"]

FORMAT_VERSION = 1
NOTES_FILE = "spacy_hf_ner.json"
_MAX_USABLE_LENGTH = 1_000_000  # tokenizers without a limit say 1e30


@dataclass(frozen=True, slots=True)
class Notes:
    """What this package stores beside a checkpoint that Hugging Face has no place for.

    Attributes:
        scheme: The tag scheme, or None if the head was never trained.
        window: Subwords in a window, or None for the default.
        subword_labels: How continuing subwords were labelled in training.
        format_version: Version of this file.
    """

    scheme: str | None
    window: int | None = None
    subword_labels: SubwordLabels = "first"
    format_version: int = FORMAT_VERSION


@dataclass(slots=True)
class Checkpoint:
    """A network with its tokenizer and tags, in memory.

    Attributes:
        name: Where it came from, for messages.
        network: An ``AutoModelForTokenClassification``, float32.
        tokenizer: What makes its subwords.
        tokenizer_files: The tokenizer's files as they were found, by name.
        tag_set: The tags of its columns, or None if its head was never trained.
        window: The window stored with it, or None.
        subword_labels: How continuing subwords were labelled in training.
        max_subwords: The most subwords it reads at once, without special tokens.
    """

    name: str
    network: Network
    tokenizer: SubwordTokenizer
    tokenizer_files: dict[str, bytes]
    tag_set: TagSet | None
    window: int | None = None
    subword_labels: SubwordLabels = "first"
    max_subwords: int = field(init=False)

    def __post_init__(self) -> None:
        self.max_subwords = _find_limit(self.network, self.tokenizer_files) - len(self.tokenizer.template)

    @property
    def n_embeddings(self) -> int | None:
        """The number of subwords that the network knows, or None if it hashes them, as CANINE does."""
        try:
            return int(self.network.get_input_embeddings().num_embeddings)
        except NotImplementedError:
            return None

    @property
    def pad_id(self) -> int:
        """The id to pad with."""
        pad_id = getattr(self.network.config, "pad_token_id", None)
        return int(pad_id) if pad_id is not None and pad_id >= 0 else 0


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
    raw_config = _read_config(folder, called)
    uses_pickle = _check_weights(folder, called, allow_pickle=allow_pickle)
    network, missing = _load_network(folder, called, attention=attention, uses_pickle=uses_pickle)
    head_missing = _check_missing(network, missing, called)
    notes = _read_notes(folder, called)
    tag_set = None
    if not head_missing and _has_trained_head(raw_config, notes):
        tag_set = _read_tag_set(network, labels=labels, scheme=_choose_scheme(scheme, notes))
        if labels is not None:
            name_labels(network, tag_set)
    tokenizer, files = load_tokenizer(folder, called)
    return Checkpoint(
        name=called,
        network=network,
        tokenizer=tokenizer,
        tokenizer_files=files,
        tag_set=tag_set,
        window=notes.window if notes else None,
        subword_labels=notes.subword_labels if notes else "first",
    )


def write_checkpoint(checkpoint: Checkpoint, folder: Path) -> None:
    """Write a folder that Hugging Face, and :func:`read_checkpoint`, load: safetensors, no pickle."""
    folder.mkdir(parents=True, exist_ok=True)
    with quiet_transformers():
        checkpoint.network.save_pretrained(folder, safe_serialization=True)
    for name, content in checkpoint.tokenizer_files.items():
        (folder / name).write_bytes(content)
    scheme = None if checkpoint.tag_set is None else checkpoint.tag_set.scheme.name
    notes = Notes(scheme, checkpoint.window, checkpoint.subword_labels)
    (folder / NOTES_FILE).write_text(json.dumps(asdict(notes), indent=2) + "\n", encoding="utf8")


def peek_tag_set(folder: Path, *, labels: Sequence[str] | None, scheme: str) -> TagSet | None:
    """Return a checkpoint's tags from its config.json alone, or None if its head was never trained."""
    config, notes = _read_config(folder, str(folder)), _read_notes(folder, str(folder))
    named = config.get("id2label") or {}
    ordered = labels or [str(named[key]) for key in sorted(named, key=int)]
    if not ordered or not _has_trained_head(config, notes):
        return None
    return read_labels(ordered, scheme=_choose_scheme(scheme, notes))


def _read_config(folder: Path, called: str) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        found = ", ".join(sorted(p.name for p in folder.iterdir())[:8]) or "nothing"
        raise CheckpointError(f"{called}: expected a checkpoint folder with config.json, found {found} in {folder}.")
    try:
        config = json.loads(path.read_text(encoding="utf8"))
    except json.JSONDecodeError as error:
        raise CheckpointError(f"{called}: config.json is not JSON: {error}.") from error
    if not isinstance(config, dict):
        raise CheckpointError(f"{called}: expected a table in config.json, got {type(config).__name__}.")
    if "transformers_weights" in config:
        raise CheckpointError(
            f"{called}: config.json names its weights file itself (transformers_weights), which could make "
            "transformers read a pickle. Remove that key and use model.safetensors."
        )
    return config


def _read_notes(folder: Path, called: str) -> Notes | None:
    path = folder / NOTES_FILE
    if not path.is_file():
        return None
    raw = json.loads(path.read_text(encoding="utf8"))
    if raw.get("format_version") != FORMAT_VERSION:
        raise CheckpointError(
            f"{called}: {NOTES_FILE} has format_version {raw.get('format_version')}, this version of spacy-hf-ner "
            f"reads {FORMAT_VERSION}. Use the version of spacy-hf-ner that saved the pipeline, or a newer one."
        )
    return Notes(scheme=raw["scheme"], window=raw["window"], subword_labels=raw["subword_labels"])


def _has_trained_head(config: dict[str, Any], notes: Notes | None) -> bool:
    """Tell whether the weights of the head, where there are any, are those of a token classifier."""
    if notes is not None:
        return notes.scheme is not None
    return any(a.endswith("ForTokenClassification") for a in config.get("architectures") or ["ForTokenClassification"])


def _choose_scheme(scheme: str, notes: Notes | None) -> str:
    """Return the scheme asked for, or the one stored with the checkpoint."""
    return notes.scheme if scheme == "auto" and notes is not None and notes.scheme is not None else scheme


def _check_weights(folder: Path, called: str, *, allow_pickle: bool) -> bool:
    """Tell whether the weights must be read from a pickle.

    Raises:
        CheckpointError: There are no safetensors and no permission to do without.
    """
    if any(folder.glob("*.safetensors")):
        return False
    pickles = sorted(p.name for p in folder.glob("*.bin"))
    if not pickles:
        raise CheckpointError(f"{called}: expected weights in model.safetensors, found none in {folder}.")
    if not allow_pickle:
        raise CheckpointError(
            f"{called}: the weights are a pickle ({', '.join(pickles)}), which can run code when it is loaded. "
            "Convert them to model.safetensors, or set allow_pickle = true to have them read with torch's weights_only."
        )
    return True


def _load_network(folder: Path, called: str, *, attention: Attention, uses_pickle: bool) -> tuple[Network, set[str]]:
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
                **{"dtype" if _takes_dtype(transformers.__version__) else "torch_dtype": torch.float32},
                **safe,
            )
    except CheckpointError:
        raise
    except Exception as error:
        raise CheckpointError(f"{called}: transformers {transformers.__version__} cannot load it: {error}") from error
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


def _read_tag_set(network: Network, *, labels: Sequence[str] | None, scheme: str) -> TagSet:
    named = network.config.id2label
    own = [str(named[i]) for i in range(len(named))]
    if labels is not None and len(labels) != len(own):
        raise CheckpointError(
            f"the checkpoint has {len(own)} labels, but labels names {len(labels)}: give one for each id."
        )
    return read_labels(labels or own, scheme=scheme)


def _find_limit(network: Network, tokenizer_files: dict[str, bytes]) -> int:
    """Return the most subwords the network reads at once, special tokens included."""
    limits = [_MAX_USABLE_LENGTH]
    settings = json.loads(tokenizer_files.get("tokenizer_config.json", b"{}"))
    limits.append(int(min(settings.get("model_max_length") or _MAX_USABLE_LENGTH, _MAX_USABLE_LENGTH)))
    positions = [
        module
        for name, module in network.named_modules()
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding)
    ]
    if positions:
        # RoBERTa and its kin number positions from padding_idx + 1.
        limits += [p.num_embeddings - (0 if p.padding_idx is None else p.padding_idx + 1) for p in positions]
    else:
        limits.append(getattr(network.config, "max_position_embeddings", None) or _MAX_USABLE_LENGTH)
    return min(limit for limit in limits if limit > 0)
