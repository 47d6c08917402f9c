"""Hugging Face networks: their type for type checkers, and how they are loaded, safely and quietly.

Safe means: safetensors unless asked otherwise, no remote code, no kernels from the hub, weights as
float32. Source: the ``from_pretrained`` documentation of transformers 4.53 and 5.
"""

import contextlib
import copy
import inspect
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import nn

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.adapters import leave_out_adapter, read_adapter
from spacy_hf_ner.model.checked_weights import find_weights, limit_sizes
from spacy_hf_ner.model.foreign import describe, read_json
from spacy_hf_ner.model.processes import one_at_a_time

__all__ = [
    "Attention",
    "Network",
    "explain_code",
    "get_device",
    "get_inputs",
    "load_network",
    "quiet_transformers",
    "share_weights",
]

if TYPE_CHECKING:

    class Network(nn.Module):
        """What this package uses of ``transformers.PreTrainedModel``.

        Transformers' own annotations changed with version 5.
        """

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

Attention = Literal["auto", "sdpa", "eager"]

# Windows lets nobody rename or remove a file that is mapped into memory, nor a folder above it.
_LOCKS_MAPPED_FILES = os.name == "nt"

_ERRORS_ONLY = 40  # the log level of errors, in transformers as in the standard library


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """Silence transformers' log and progress bars for a while.

    What matters is checked and said by this package. Other threads wait meanwhile, because these
    settings are the process's.
    """
    with one_at_a_time():
        from transformers.utils import logging

        verbosity = logging.get_verbosity()
        shows_progress = logging.is_progress_bar_enabled()
        logging.set_verbosity(_ERRORS_ONLY)
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            yield
        finally:
            logging.set_verbosity(verbosity)
            if shows_progress:
                logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def get_device(network: nn.Module) -> torch.device:
    """Return the device that a network is on."""
    return next(network.parameters()).device


def get_inputs(network: Network) -> frozenset[str]:
    """Return the names of what a network can be given."""
    return frozenset(inspect.signature(network.forward).parameters)


def share_weights(network: Network) -> Network:
    """Return a copy of a network that has its tensors, not copies of them."""
    tensors = [*network.parameters(), *network.buffers()]
    for module in network.modules():
        tensors.extend(value for value in vars(module).values() if isinstance(value, torch.Tensor))
    # What deepcopy finds in its memo is not copied.
    return copy.deepcopy(network, {id(tensor): tensor for tensor in tensors})


def load_network(
    folder: Path,
    name: str,
    *,
    attention: Attention = "auto",
    allow_pickle: bool = False,
    check_sizes: bool = True,
) -> tuple[Network, bool]:
    """Return the network in a folder, in float32 and eval mode, and whether it had a head.

    Args:
        folder: A folder with config.json and weights.
        name: What to call it in messages.
        attention: The attention kernel; ``"auto"`` is ``"sdpa"`` where the family supports it.
        allow_pickle: Read ``.bin`` weights, with ``weights_only=True``, without safetensors.
        check_sizes: Refuse a network that is far larger than its weights.

    Raises:
        CheckpointError: There are no weights that can be trusted, they are incomplete or no
            numbers, or transformers cannot load them.
    """
    weights = find_weights(folder, name, allow_pickle=allow_pickle)
    adapter = read_adapter(folder, name)
    with limit_sizes(weights.n_values, name) if check_sizes else contextlib.nullcontext():
        if adapter is None:
            network, missing = _call_transformers(
                folder, name, attention, uses_pickle=weights.is_pickle
            )
        else:
            with leave_out_adapter(folder, weights.files) as plain:
                network, missing = _call_transformers(plain, name, attention, uses_pickle=False)
            network, brought = adapter.merge(network, name)
            missing -= brought
    _check_encoder(network, missing, name)
    _check_numbers(network, name)
    if _LOCKS_MAPPED_FILES:
        _leave_file(network)
    network.eval()
    has_head = not missing
    return network, has_head


def _call_transformers(
    folder: Path, name: str, attention: Attention, *, uses_pickle: bool
) -> tuple[Network, set[str]]:
    """Return the network, and the names of weights that the folder lacks."""
    import transformers
    from transformers import AutoConfig, AutoModelForTokenClassification

    version = transformers.__version__
    safe: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    try:
        with quiet_transformers():
            config = AutoConfig.from_pretrained(str(folder), **safe)
            settings = {
                **safe,
                # Named here, so that config.json cannot choose a kernel of the hub.
                "attn_implementation": _choose_attention(config, attention),
                "use_safetensors": not uses_pickle,
                _name_dtype_setting(version): torch.float32,
            }
            network, info = AutoModelForTokenClassification.from_pretrained(
                str(folder), config=config, output_loading_info=True, **settings
            )
    except CheckpointError:
        raise
    except Exception as error:  # transformers raises whatever the damaged file at hand leads to
        reason = explain_code(error) or _explain_type(folder, name, version)
        if not reason:
            reason = f"transformers {version} cannot load it: {describe(error)}"
        raise CheckpointError(f"{name}: {reason}") from error
    return network, set(info["missing_keys"])


def explain_code(error: Exception) -> str | None:
    """Return what an error of transformers means that advises to run a checkpoint's own code.

    None for other errors.
    """
    if "trust_remote_code" not in str(error):
        return None
    return (
        "it brings code of its own (auto_map in its JSON files), which is never run here. Use a "
        "checkpoint of a model type that transformers itself has."
    )


def _explain_type(folder: Path, name: str, version: str) -> str | None:
    """Return what to do with a model type that transformers does not have; None if it has it."""
    from transformers import CONFIG_MAPPING

    model_type = read_json(folder / "config.json", name).get("model_type")
    if not isinstance(model_type, str) or model_type in CONFIG_MAPPING:
        return None
    return (
        f"its model type {model_type!r} is none that transformers {version} has. Newer versions "
        "have more types; one that none of them has needs code of its own, which is never run here."
    )


def _leave_file(network: Network) -> None:
    """Copy weights that are mapped from their file, so that the file can be replaced."""
    for tensor in (*network.parameters(), *network.buffers()):
        tensor.data = tensor.data.clone()


def _name_dtype_setting(version: str) -> str:
    """Return what a version of ``from_pretrained`` calls the type of the weights."""
    major, minor = (int(part) for part in version.split(".")[:2])
    return "dtype" if (major, minor) >= (4, 56) else "torch_dtype"


def _choose_attention(config: Any, attention: Attention) -> Attention:  # noqa: ANN401 - AutoConfig has no type of its own
    if attention != "auto":
        return attention
    from transformers import MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING

    if type(config) not in MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING:
        raise CheckpointError(
            f"the model type {config.model_type!r} has no token-classification network in "
            "transformers."
        )
    network_class = MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING[type(config)]
    supports_sdpa = getattr(network_class, "_supports_sdpa", False)  # private; it has no other name
    return "sdpa" if supports_sdpa and not _caps_scores(config.to_dict()) else "eager"


def _caps_scores(settings: Mapping[str, Any]) -> bool:
    """Tell whether a config, or one inside it, caps attention scores, as that of Gemma 2 does.

    PyTorch's kernel cannot, and version 4 of transformers leaves the cap out without a word.
    """
    if settings.get("attn_logit_softcapping"):
        return True
    return any(isinstance(value, Mapping) and _caps_scores(value) for value in settings.values())


def _check_encoder(network: Network, missing: set[str], name: str) -> None:
    """Check that only weights of the head are missing.

    Raises:
        CheckpointError: Weights of the encoder are missing.
    """
    prefix = f"{network.base_model_prefix}."
    in_encoder = sorted(key for key in missing if key.startswith(prefix))
    if in_encoder:
        raise CheckpointError(
            f"{name}: {len(in_encoder)} weights of the encoder are missing, the first is "
            f"{in_encoder[0]!r}. The file is incomplete or belongs to another architecture than "
            "config.json says."
        )


def _check_numbers(network: Network, name: str) -> None:
    """Check that all weights are there, and finite numbers.

    Tables of embeddings are left alone: a text needs few of their rows, and all others stay in the
    file, which is mapped, and take no memory. What is wrong there shows at a text that has it.

    Raises:
        CheckpointError: Some are not.
    """
    tables = {id(module.weight) for module in network.modules() if isinstance(module, nn.Embedding)}
    for key, parameter in network.named_parameters():
        if parameter.is_meta:  # what an index names, and its file has not
            raise CheckpointError(
                f"{name}: the weights {key!r} are in none of its files. Copy the checkpoint again "
                "from where it is whole."
            )
        if id(parameter) in tables or not parameter.numel():
            continue
        # NaN comes through both. It takes half as long as to ask each number, and no memory.
        lowest, highest = torch.aminmax(parameter.detach())
        if not (torch.isfinite(lowest) and torch.isfinite(highest)):
            raise CheckpointError(
                f"{name}: the weights {key!r} hold NaN or infinity: the file is damaged, or "
                "training went astray. Copy it again from where it is whole, or take an earlier "
                "checkpoint."
            )
