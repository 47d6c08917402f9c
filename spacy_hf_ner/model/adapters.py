"""An adapter (LoRA) in the folder of the weights that it changes, merged into these by peft.

Left alone, transformers would ask for the weights that an adapter names, on the hub or in another
folder, and read pickles. Here all that an adapter needs has to lie in its folder, as safetensors,
and of its config only settings are used that are known to do nothing but arithmetic: others name
modules to import, or files.
"""

import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy_hf_ner.core.wording import shorten
from spacy_hf_ner.errors import CheckpointError, MissingExtraError
from spacy_hf_ner.model.foreign import read_json, reading

__all__ = ["ADAPTER_CONFIG", "Adapter", "describe_adapter", "leave_out_adapter", "read_adapter"]

ADAPTER_CONFIG = "adapter_config.json"
_ADAPTER_WEIGHTS = "adapter_model.safetensors"
_PREFIX = "base_model.model."  # before the names of weights, in the files of peft
_MAX_SHOWN = 80  # characters of a value in a message

logger = logging.getLogger("spacy_hf_ner")

# What decides the merged weights.
_USED = (
    "r",
    "lora_alpha",
    "target_modules",
    "exclude_modules",
    "modules_to_save",
    "layers_to_transform",
    "layers_pattern",
    "rank_pattern",
    "alpha_pattern",
    "fan_in_fan_out",
    "bias",
    "use_rslora",
    "use_dora",
)
# What does not: where the weights came from, how they were trained, and defaults of peft for what
# is switched off.
_UNUSED = {
    "peft_type",
    "task_type",
    "peft_version",
    "base_model_name_or_path",
    "revision",
    "auto_mapping",
    "inference_mode",
    "lora_dropout",
    "init_lora_weights",
    "megatron_core",
    "qalora_group_size",
}


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter that can be merged into the weights beside it.

    Attributes:
        settings: What of its config decides the merged weights.
        weights: The file with its weights.
    """

    settings: dict[str, Any]
    weights: Path

    def merge(self, network: Any, name: str) -> tuple[Any, frozenset[str]]:  # noqa: ANN401 - peft has no types
        """Return a network with the adapter merged, and the names of the weights that it brought.

        Args:
            network: The network without it, which is changed.
            name: What to call the checkpoint in messages.

        Raises:
            CheckpointError: The adapter is damaged, or belongs to another network.
            MissingExtraError: peft is not installed.
        """
        peft = _import_peft(name)
        from safetensors.torch import load_file

        with reading(_ADAPTER_WEIGHTS, name):
            tensors = load_file(self.weights)
        with reading(ADAPTER_CONFIG, name, problem="does not fit the weights"):
            config = peft.LoraConfig(**self.settings, task_type="TOKEN_CLS", inference_mode=True)
            wrapped = peft.PeftModelForTokenClassification(network, config)
            # Without embeddings that nobody asked for, about which peft would ask the hub.
            own = peft.get_peft_model_state_dict(wrapped, save_embedding_layers=False)
            _check_names(own, tensors, name)
            peft.set_peft_model_state_dict(wrapped, tensors)
            merged = wrapped.merge_and_unload()
        logger.warning(
            "%s: the adapter in its folder (LoRA of rank %s) was merged into its weights.",
            name,
            self.settings.get("r", "that peft chooses"),
        )
        return merged, frozenset(key.removeprefix(_PREFIX) for key in tensors)


def read_adapter(folder: Path, name: str) -> Adapter | None:
    """Return the adapter in a checkpoint folder, or None if there is none.

    Args:
        folder: The folder.
        name: What to call the checkpoint in messages.

    Raises:
        CheckpointError: It needs what does not lie in the folder as safetensors, or is of a kind
            that is not merged here.
    """
    if not (folder / ADAPTER_CONFIG).exists():
        return None
    needed = (folder / "config.json", folder / _ADAPTER_WEIGHTS)
    if not all(path.is_file() for path in needed) or not _has_own_weights(folder):
        raise CheckpointError(describe_adapter(folder, name))
    config = read_json(folder / ADAPTER_CONFIG, name)
    for key, expected in (("peft_type", "LORA"), ("task_type", "TOKEN_CLS")):
        if config.get(key) != expected:
            shown = shorten(repr(config.get(key)), _MAX_SHOWN)
            raise CheckpointError(
                f"{describe_adapter(folder, name)} Adapters are merged here where {key} is "
                f"{expected!r}, and here it is {shown}."
            )
    settings: dict[str, Any] = {}
    for key, value in config.items():
        if key in _USED:
            settings[key] = value
        elif value and key not in _UNUSED:
            raise CheckpointError(
                f"{describe_adapter(folder, name)} Adapters with the setting "
                f"{shorten(key, _MAX_SHOWN)} are not merged here."
            )
    return Adapter(settings, folder / _ADAPTER_WEIGHTS)


@contextlib.contextmanager
def leave_out_adapter(folder: Path, weights: Iterable[Path]) -> Iterator[Path]:
    """Give a folder with the config and the weights of another one, and without its adapter.

    It is made of links, and goes with the block; weights that were mapped from it stay.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        for path in (folder / "config.json", *folder.glob("model*.index.json"), *weights):
            copy = Path(temporary, path.name)
            try:
                copy.symlink_to(os.path.realpath(path))
            except OSError:  # Windows lets only some people make links
                shutil.copyfile(path, copy)
        yield Path(temporary)


def describe_adapter(folder: Path, name: str) -> str:
    """Return what to do with a folder that has the weights of an adapter."""
    message = (
        f"{name}: {folder} holds an adapter ({ADAPTER_CONFIG}), which changes the weights of "
        "another checkpoint. Merge it into them first, where peft is installed: "
        'AutoPeftModelForTokenClassification.from_pretrained("ADAPTER")'
        '.merge_and_unload().save_pretrained("FOLDER"), and save the tokenizer there, too; '
        'then set name = "FOLDER". Or put config.json and model.safetensors of that checkpoint '
        f"beside {_ADAPTER_WEIGHTS}: then it is merged when it is loaded."
    )
    if (folder / "config.json").is_file():
        message += " To use the weights beside it without the adapter, remove that file."
    return message


def _has_own_weights(folder: Path) -> bool:
    names = ("model.safetensors", "model.safetensors.index.json")
    return any((folder / file).is_file() for file in names)


def _import_peft(name: str) -> Any:  # noqa: ANN401 - the module
    """Return the library peft.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import peft
    except ImportError as error:
        raise MissingExtraError(
            "peft", extra="adapters", purpose=f"{name}: merging the adapter in its folder"
        ) from error
    return peft


def _check_names(own: Iterable[str], given: Iterable[str], name: str) -> None:
    """Check that an adapter has all the weights that its config asks for, and no others.

    Raises:
        CheckpointError: It has not.
    """
    missing = sorted(set(own) - set(given))
    unknown = sorted(set(given) - set(own))
    if missing or unknown:
        problem = f"lacks {missing[0]!r}" if missing else f"has {unknown[0]!r}, which it has not"
        raise CheckpointError(
            f"{name}: {_ADAPTER_WEIGHTS} does not fit the network that config.json and "
            f"{ADAPTER_CONFIG} describe: it {problem} "
            f"({len(missing)} are missing, {len(unknown)} are too many). The adapter was trained "
            "on another checkpoint, or the files are damaged."
        )
