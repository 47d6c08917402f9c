"""``hf-ner package``: a trained pipeline to one wheel.

It is built without a network, and names what it needs.
"""

import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import srsly
import typer

from spacy_hf_ner import __version__
from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.core.replacing import MACHINE_FAILURES, add_to_folder
from spacy_hf_ner.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["DISTRIBUTION", "EXAMPLE", "FACTORY", "build_wheel", "package"]

EXAMPLE = "training/model-best packages --name news --version 1.0.0"

DISTRIBUTION: Final = "spacy-hf-ner"
FACTORY: Final = "hf_ner"

_BYTES_PER_MB: Final = 1e6
_WHEEL_ENDING: Final = "-py3-none-any.whl"
_MAX_NAME_BYTES: Final = 255  # of one name in a path, on all common disks


def package(
    pipeline_dir: Path = typer.Argument(help="Trained pipeline, such as training/model-best."),
    output_dir: Path = typer.Argument(help="Folder for the wheel.", file_okay=False),
    name: str = typer.Option(..., help="Name of the package; the language is put before it."),
    version: str = typer.Option("0.1.0", help="Version of the package, such as 1.0.0 or 1.0.0b1."),
) -> dict[str, Any]:
    """Build an installable wheel of a pipeline, weights included.

    Needs no network, unlike `spacy package`.
    """
    msg.info(f"Building a wheel of {pipeline_dir}")
    wheel = build_wheel(pipeline_dir, output_dir, name=name, version=version)
    n_megabytes = wheel.stat().st_size / _BYTES_PER_MB
    msg.good(f"{wheel}: {n_megabytes:.0f} MB")
    msg.text(f"Install it with: pip install {wheel}")
    return {"wheel": str(wheel), "bytes": wheel.stat().st_size}


def build_wheel(pipeline_dir: Path, output_dir: Path, *, name: str, version: str) -> Path:
    """Return the path of the wheel that a pipeline has been packed into.

    spaCy's own command writes the package; the wheel is then built with the setuptools of this
    environment, where spaCy would download one. A pipeline with hf_ner requires this library even
    where spaCy cannot see to which distribution it belongs.

    Args:
        pipeline_dir: Folder of a trained pipeline.
        output_dir: Folder for the wheel; it is made if there is none.
        name: Name of the package without the language.
        version: Version of the package.

    Raises:
        ConfigError: There is no pipeline in `pipeline_dir`, the name or the version is not in its
            normal form, in which the wheel would not have it, or setuptools could not build the
            package.
        MissingExtraError: `build` is not installed.
        OutputError: The wheel cannot be written.
    """
    from spacy.cli.package import package as write_package

    if not (pipeline_dir / "config.cfg").is_file():
        raise ConfigError(
            f"PIPELINE_DIR must be the folder of a trained pipeline, got {pipeline_dir}, which has "
            "no config.cfg. Train one first: python -m spacy train."
        )
    # All that can be refused is refused before anything is written.
    meta = _read_meta(pipeline_dir)
    _check_name(name, lang=str(meta["lang"]))
    _check_version(version)
    _check_length(f"{meta['lang']}_{name}-{version}{_WHEEL_ENDING}")
    _check_links(pipeline_dir)
    build = _load_builder()

    # The source goes beside the wheel: temporary folders are often small and in memory.
    with add_to_folder(output_dir) as fresh, tempfile.TemporaryDirectory(dir=fresh) as scratch:
        meta_path = Path(scratch, "meta.json")
        srsly.write_json(meta_path, meta)
        source_dir = Path(scratch, "source")
        source_dir.mkdir()
        with _unwrap_errors():
            write_package(
                pipeline_dir,
                source_dir,
                meta_path=meta_path,
                name=name,
                version=version,
                create_sdist=False,
                require_parent=True,
            )
        (source,) = source_dir.iterdir()
        wheel_name = build(source, fresh)
    return output_dir / wheel_name


def _check_name(name: str, *, lang: str) -> None:
    """Refuse a name that cannot be imported, or that setuptools would write in another way."""
    normal = _normalize_name(name, lang=lang)
    if name == normal and f"{lang}_{name}".isidentifier():
        return
    next_step = f"; use {normal!r}." if normal else "."
    raise ConfigError(
        "name must be a Python identifier of lower-case letters, digits and single underscores, "
        f"without the language: the pipeline is imported as '{lang}_' and the name. Got {name!r}"
        f"{next_step}",
        settings=("name",),
    )


def _check_length(wheel_name: str) -> None:
    """Refuse a name and a version that together make a file name which no disk takes."""
    n_too_many = len(wheel_name.encode("utf8")) - _MAX_NAME_BYTES
    if n_too_many > 0:
        raise ConfigError(
            f"name must be shorter: the name of the wheel's file would have {_MAX_NAME_BYTES} "
            f"letters, as many as a file name can have, and {n_too_many} more.",
            settings=("name",),
        )


def _check_links(pipeline_dir: Path) -> None:
    """Refuse a pipeline with links to files elsewhere: the wheel would hold these files."""
    root = Path(os.path.realpath(pipeline_dir))
    for path in sorted(pipeline_dir.rglob("*")):
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(root):
            raise ConfigError(
                f"PIPELINE_DIR must hold all that is packed, and {path} is a link to {target}: "
                "the wheel would give that file to whoever gets the wheel. Copy it there if that "
                "is meant, else remove the link."
            )


@contextmanager
def _unwrap_errors() -> "Iterator[None]":
    """Raise the first of the failures that copying a folder collects, as the OSError that it was.

    Raises:
        OSError: A file could not be copied.
    """
    try:
        yield
    except shutil.Error as error:
        _raise_os_error(str(error))
        raise


def _raise_os_error(text: str) -> None:
    """Raise the failure of the machine that a text names, if there is one.

    Raises:
        OSError: The text has ``[Errno 28]``, or another number of this kind.
    """
    for match in re.finditer(r"\[Errno (\d+)\]", text):
        number = int(match[1])
        if number in MACHINE_FAILURES:
            raise OSError(number, os.strerror(number))


def _normalize_name(name: str, *, lang: str) -> str:
    """Return a name as setuptools writes it, without the language; it may be empty."""
    words = re.sub(r"\W+|_+", "_", name, flags=re.ASCII)
    return words.strip("_").lower().removeprefix(f"{lang}_")


def _check_version(version: str) -> None:
    """Refuse a version that setuptools would refuse or write in another way."""
    from packaging.version import InvalidVersion, Version

    try:
        normal = str(Version(version))
    except InvalidVersion as error:
        raise ConfigError(
            f"version must be one that PEP 440 allows, such as 1.0.0 or 1.0.0b1, got {version!r}.",
            settings=("version",),
        ) from error
    if version != normal:
        raise ConfigError(
            "version must be in the normal form of PEP 440, in which the wheel has it, got "
            f"{version!r}. Use {normal!r}.",
            settings=("version",),
        )


def _read_meta(pipeline_dir: Path) -> dict[str, Any]:
    """Return the pipeline's meta.json, with the requirement of this library if it has hf_ner."""
    from spacy.util import get_minor_version_range, load_config

    meta: dict[str, Any] = srsly.read_json(pipeline_dir / "meta.json")
    components = load_config(pipeline_dir / "config.cfg")["components"].values()
    if not any(component.get("factory") == FACTORY for component in components):
        return meta
    requirements: list[str] = []
    for requirement in meta.get("requirements") or ():
        # A pipeline that was packed before names this library as it was then.
        if not requirement.startswith(DISTRIBUTION):
            requirements.append(requirement)
    requirements.append(f"{DISTRIBUTION}{get_minor_version_range(__version__)}")
    meta["requirements"] = requirements
    return meta


def _load_builder() -> "Callable[[Path, Path], str]":
    """Return what builds a wheel of a source folder in another one, and returns its file name.

    Raises:
        MissingExtraError: `build` is not installed.
    """
    try:
        from build import BuildBackendException, BuildException, ProjectBuilder
        from pyproject_hooks import quiet_subprocess_runner
    except ImportError as error:
        raise MissingExtraError("build", extra="project", purpose="hf-ner package") from error

    def build(source: Path, output_dir: Path) -> str:
        builder = ProjectBuilder(source, runner=quiet_subprocess_runner)
        try:
            wheel = builder.build("wheel", output_dir)
        except (BuildBackendException, BuildException) as error:
            _raise_os_error(_read_output(error))
            raise ConfigError(
                "setuptools must be able to build the package of the pipeline, and failed: "
                f"{error}. If it is missing or old, install the tools with: "
                f"pip install '{DISTRIBUTION}[project]'\n{_read_output(error)}"
            ) from error
        return Path(wheel).name

    return build


def _read_output(error: Exception) -> str:
    """Return what setuptools printed before it failed; empty where that was not kept."""
    # build wraps the error of the process that ran setuptools, which has its output as bytes.
    process_error = getattr(error, "exception", None)
    output: bytes = getattr(process_error, "output", None) or b""
    return output.decode("utf8", "replace").strip()
