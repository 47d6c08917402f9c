"""A checkpoint's name to a folder on this machine: a path, the hub's local cache, or the hub. Nothing is run here."""

import os
from pathlib import Path

from spacy_hf_ner.errors import CheckpointError, ConfigError

# What a checkpoint needs; never pickles, never code.
_WANTED = ("*.json", "*.safetensors", "*.txt", "*.model", "*.codes")
_WANTED_PICKLES = ("pytorch_model*.bin",)
_TIMEOUT_S = 10.0


def find_folder(name: str, *, revision: str | None, allow_pickle: bool = False) -> Path | None:
    """Return the checkpoint's folder if it is on this machine, without asking the network; else None.

    Raises:
        CheckpointError: The name is a path, and there is no such folder; or it can be no repository's name.
        ConfigError: The name is empty.
    """
    if (path := _as_path(name)) is not None:
        return path
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise CheckpointError(
            f"{name!r} is neither a folder nor the name of a repository on the Hugging Face hub: {error}"
        ) from error
    patterns = ("*.safetensors", *(_WANTED_PICKLES if allow_pickle else ()))
    is_whole = (folder / "config.json").is_file() and any(
        any(folder.glob(pattern)) for pattern in patterns
    )
    return folder if is_whole else None


def fetch_folder(name: str, *, revision: str | None, allow_pickle: bool = False) -> Path:
    """Return the checkpoint's folder, downloading it to the hub's cache if it is not there yet.

    What is cached is used as it is, so a pipeline starts without a network and means the same tomorrow. Pin a
    ``revision``: a branch name stays at the commit that was cached first.

    Args:
        name: A folder, or a repository on the Hugging Face hub.
        revision: Commit, tag or branch of that repository.
        allow_pickle: Fetch ``.bin`` weights too.

    Raises:
        CheckpointError: There is no such folder, or the hub has no such repository or cannot be reached.
    """
    found = find_folder(name, revision=revision, allow_pickle=allow_pickle)
    if found is not None:
        return found
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    wanted = [*_WANTED, *(_WANTED_PICKLES if allow_pickle else ())]
    at = f" at revision {revision!r}" if revision else ""
    try:
        HfApi().model_info(
            name, revision=revision, timeout=_TIMEOUT_S
        )  # a download tries for long before it gives up
        return Path(snapshot_download(name, revision=revision, allow_patterns=wanted))
    except Exception as error:  # the hub's library has changed its errors with its HTTP client
        if isinstance(error, HfHubHTTPError) and error.response is not None:
            raise CheckpointError(f"the Hugging Face hub refused {name!r}{at}: {error}") from error
        raise CheckpointError(
            f"checkpoint {name!r}{at} is neither a folder nor in the hub's local cache ({_cache_folder()}), and the "
            f"hub cannot be reached. Ways out: (1) on a machine with a network run `huggingface-cli download {name}"
            f"{f' --revision {revision}' if revision else ''} --local-dir FOLDER`, copy FOLDER here and set "
            'name = "FOLDER"; (2) copy that machine\'s cache and point HF_HOME to it; (3) connect this machine, and '
            "unset HF_HUB_OFFLINE if it is set."
        ) from error


def _as_path(name: str) -> Path | None:
    """Return the folder that a name is the path of, or None for the name of a repository."""
    if not name.strip():
        raise ConfigError(
            f'name must be a folder or a hub name such as "dslim/bert-base-NER", got {name!r}.'
        )
    try:
        path = Path(name).expanduser()
    except RuntimeError:  # there is no such user
        path = Path(name)
    if path.is_dir():
        return path
    looks_like_path = (
        path.is_absolute() or name.startswith((".", "~")) or "\\" in name or name.count("/") > 1
    )
    top_is_folder = "/" in name and Path(name.split("/", maxsplit=1)[0]).is_dir()
    if looks_like_path or top_is_folder or path.exists():
        raise CheckpointError(
            f"there is no checkpoint folder at {os.fspath(path)!r} (seen from {Path.cwd()}). Expected a folder with "
            'config.json, model.safetensors and tokenizer files, or a hub name such as "dslim/bert-base-NER".'
        )
    return None


def _cache_folder() -> str:
    from huggingface_hub.constants import HF_HUB_CACHE

    return str(HF_HUB_CACHE)
