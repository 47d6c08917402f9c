"""A checkpoint's name to a folder on this machine: a path, the hub's local cache, or the hub.

Nothing is run here.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from spacy_hf_ner.core.replacing import complete_swap
from spacy_hf_ner.errors import CheckpointError, ConfigError
from spacy_hf_ner.installing import make_download_hint
from spacy_hf_ner.model.foreign import PICKLES, explain_missing_weights, list_pickles

__all__ = ["check_name", "fetch_folder", "find_folder"]

# What a checkpoint needs; never code, and pickles only where they are asked for.
_WANTED = ("*.json", "*.safetensors", "*.txt", "*.model", "*.codes")
_TIMEOUT_S = 10.0
_QUICK_TIMEOUT_S = 3.0  # where a name is only checked


def find_folder(name: str, *, revision: str | None, allow_pickle: bool = False) -> Path | None:
    """Return the checkpoint's folder if it is on this machine, without asking the network.

    Args:
        name: A folder, or a repository on the Hugging Face hub.
        revision: Commit, tag or branch of that repository.
        allow_pickle: Whether ``.bin`` weights are enough.

    Raises:
        CheckpointError: The name is a path, and there is no such folder; or it can be no
            repository's name.
        ConfigError: The name is empty.
    """
    path = _as_path(name)
    if path is not None:
        return path
    snapshot = _find_snapshot(name, revision)
    if snapshot is None or not _is_whole(snapshot, allow_pickle=allow_pickle):
        return None
    return snapshot


def _find_snapshot(name: str, revision: str | None) -> Path | None:
    """Return what the hub's cache has of a repository, whole or not; or None.

    Raises:
        CheckpointError: The name can be no repository's name.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise CheckpointError(
            f"{name!r} is neither a folder nor the name of a repository on the Hugging Face hub: "
            f"{error}",
            settings=("name",),
        ) from error


def check_name(name: str, *, revision: str | None) -> None:
    """Check that there is a checkpoint of this name, without fetching it.

    Where neither the cache has it nor the hub can be asked, nothing is known, and nothing said.

    Args:
        name: A folder, or a repository on the Hugging Face hub.
        revision: Commit, tag or branch of that repository.

    Raises:
        CheckpointError: There is no such folder or repository, or the folder holds no checkpoint.
        ConfigError: The name is empty.
    """
    folder = find_folder(name, revision=revision, allow_pickle=True)
    if folder is None:
        _ask_hub(name, revision)
    elif not (folder / "config.json").is_file():
        raise CheckpointError(
            f"the folder {os.fspath(folder)!r} holds no checkpoint: there is no config.json in it. "
            "Expected config.json, model.safetensors and tokenizer files.",
            settings=("name",),
        )


def _ask_hub(name: str, revision: str | None) -> None:
    """Ask the hub whether it has a repository, if it can be reached.

    Raises:
        CheckpointError: It says that there is none.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    try:
        HfApi().model_info(name, revision=revision, timeout=_QUICK_TIMEOUT_S)
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        at_revision = f" at revision {revision!r}" if revision else ""
        raise CheckpointError(
            f"there is no checkpoint {name!r}{at_revision} on the Hugging Face hub, or it is "
            "private and you are not logged in. Expected a folder, or a name as the hub spells it, "
            'such as "dslim/bert-base-NER".',
            settings=("name",),
        ) from error
    except Exception:  # noqa: BLE001 - errors of the network changed with the hub's HTTP client
        return


def _is_whole(folder: Path, *, allow_pickle: bool) -> bool:
    """Tell whether a folder of the cache has weights: other programs fetch single files to it."""
    if not (folder / "config.json").is_file():
        return False
    if any(folder.glob("*.safetensors")):
        return True
    return allow_pickle and any(folder.glob(PICKLES))


def fetch_folder(name: str, *, revision: str | None, allow_pickle: bool = False) -> Path:
    """Return the checkpoint's folder, downloading it to the hub's cache if it is not there yet.

    What is cached is used as it is, so a pipeline starts without a network and means the same
    tomorrow. Pin a ``revision``: a branch name stays at the commit that was cached first.

    Args:
        name: A folder, or a repository on the Hugging Face hub.
        revision: Commit, tag or branch of that repository.
        allow_pickle: Fetch ``.bin`` weights where there are no safetensors.

    Raises:
        CheckpointError: There is no such folder, the hub has no such repository or cannot be
            reached, or there are no weights that may be read.
        ConfigError: The name is empty.
    """
    path = _as_path(name)
    if path is not None:
        return path
    snapshot = _find_snapshot(name, revision)
    if snapshot is not None and _is_whole(snapshot, allow_pickle=allow_pickle):
        return snapshot
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        # Asked first, because a download tries for long before it gives up.
        info = HfApi().model_info(name, revision=revision, timeout=_TIMEOUT_S)
        files = [file.rfilename for file in info.siblings or ()]
        wanted = _choose_files(files, name, allow_pickle=allow_pickle)
        return Path(snapshot_download(name, revision=revision, allow_patterns=wanted))
    except CheckpointError:
        raise
    except Exception as error:  # the hub's library has changed its errors with its HTTP client
        at_revision = f" at revision {revision!r}" if revision else ""
        if isinstance(error, HfHubHTTPError) and error.response is not None:
            raise CheckpointError(
                f"the Hugging Face hub refused {name!r}{at_revision}: {error}", settings=("name",)
            ) from error
        if snapshot is not None and _is_whole(snapshot, allow_pickle=True):
            files = [path.name for path in snapshot.iterdir()]
            raise CheckpointError(explain_missing_weights(files, name)) from error
        raise CheckpointError(
            _describe_ways_out(name, revision, at_revision), settings=("name",)
        ) from error


def _choose_files(files: Sequence[str], name: str, *, allow_pickle: bool) -> list[str]:
    """Return the patterns of what is fetched of a repository.

    Raises:
        CheckpointError: Its weights may not be read, so that nothing needs to be fetched.
    """
    if any(file.endswith(".safetensors") and "/" not in file for file in files):
        return list(_WANTED)
    if allow_pickle and list_pickles(files):
        return [*_WANTED, PICKLES]
    raise CheckpointError(explain_missing_weights(files, name))


def _describe_ways_out(name: str, revision: str | None, at_revision: str) -> str:
    download = make_download_hint(name, revision=revision)
    return (
        f"checkpoint {name!r}{at_revision} is neither a folder nor in the hub's local cache "
        f"({_find_cache()}), and the hub cannot be reached. Ways out: (1) on a machine with a "
        f"network run `{download}`, copy FOLDER here "
        'and set name = "FOLDER"; (2) copy that machine\'s cache and point HF_HOME to it; '
        "(3) connect this machine, and unset HF_HUB_OFFLINE if it is set. If you meant another "
        'checkpoint: the model names it, config={"model": {"name": …}}; a name beside the model is '
        "ignored by spaCy."
    )


def _as_path(name: str) -> Path | None:
    """Return the folder that a name is the path of, or None for the name of a repository."""
    if not name.strip():
        raise ConfigError(
            f'name must be a folder or a hub name such as "dslim/bert-base-NER", got {name!r}.',
            settings=("name",),
        )
    try:
        path = Path(name).expanduser()
    except RuntimeError:  # "~somebody", and there is no such user
        path = Path(name)
    complete_swap(path)
    if path.is_dir():
        _refuse_pipeline(path)
        return path
    if path.exists() or _looks_like_path(name, path):
        raise CheckpointError(
            f"there is no checkpoint folder at {os.fspath(path)!r} (seen from {Path.cwd()}). "
            "Expected a folder with config.json, model.safetensors and tokenizer files, or a hub "
            'name such as "dslim/bert-base-NER".',
            settings=("name",),
        )
    return None


def _refuse_pipeline(folder: Path) -> None:
    """Refuse the folder of a saved spaCy pipeline, and say where the checkpoint in it is.

    Raises:
        CheckpointError: It is one.
    """
    if (folder / "config.json").is_file() or not (folder / "config.cfg").is_file():
        return
    inside = sorted(folder.glob("*/model/config.json"))
    if inside:
        checkpoint = os.fspath(inside[0].parent)
        way_out = f'Name the checkpoint in it: name = "{checkpoint}". To take over'
    else:
        way_out = "There is no checkpoint in it. To take over"
    raise CheckpointError(
        f"{os.fspath(folder)!r} is a saved spaCy pipeline, and name expects a checkpoint. "
        f"{way_out} a component with its settings: "
        f'nlp.add_pipe("hf_ner", source=spacy.load("{folder}")), or in a config '
        f'source = "{folder}".',
        settings=("name",),
    )


def _looks_like_path(name: str, path: Path) -> bool:
    """Tell whether a name cannot be meant as ``owner/repository``."""
    if path.is_absolute() or name.startswith((".", "~")):
        return True
    if "\\" in name or name.count("/") > 1:
        return True
    # "models/tiny", where there is a folder "models": a slip in the second part.
    first, slash, _ = name.partition("/")
    return bool(slash) and Path(first).is_dir()


def _find_cache() -> str:
    from huggingface_hub.constants import HF_HUB_CACHE

    return str(HF_HUB_CACHE)
