"""A trained pipeline to a package that pip installs.

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

from spacy_hf_ner import __version__
from spacy_hf_ner.cards.pipeline_cards import make_pipeline_card
from spacy_hf_ner.cards.sealing import CARD_FILE, read_edited
from spacy_hf_ner.core.replacing import (
    MACHINE_FAILURES,
    SCRATCH_PREFIX,
    add_to_folder,
    complete_swap,
)
from spacy_hf_ner.errors import ConfigError, MissingExtraError
from spacy_hf_ner.installing import DISTRIBUTION, make_extra_hint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["FACTORIES", "SDIST", "WHEEL", "build_package"]

FACTORIES: Final = ("hf_ner", "hf_tagger")
WHEEL: Final = "wheel"
SDIST: Final = "sdist"

_WHEEL_ENDING: Final = "-py3-none-any.whl"
_MAX_NAME_BYTES: Final = 255  # of one name in a path, on all common disks


def build_package(
    model: Path,
    output: Path,
    *,
    name: str | None = None,
    version: str | None = None,
    meta_path: Path | None = None,
    code_paths: "Sequence[Path]" = (),
    kinds: "Sequence[str]" = (WHEEL,),
) -> list[Path]:
    """Return the paths of the packages that a pipeline has been packed into.

    spaCy's own command writes the source; it is then built with the setuptools of this
    environment, where spaCy would download one. A pipeline with hf_ner requires this library even
    where spaCy cannot see to which distribution it belongs, and one with an ONNX graph its extra.
    Its README.md is the model card of the pipeline, unless people have written one.

    Args:
        model: Folder of a trained pipeline.
        output: Folder for the packages; it is made if there is none.
        name: Name of the package without the language; None for that in the pipeline's meta.json.
        version: Version of the package; None for that in the pipeline's meta.json.
        meta_path: A meta.json in place of the pipeline's.
        code_paths: Python files that the package holds, and imports before the pipeline is loaded.
        kinds: ``"wheel"``, ``"sdist"`` or both.

    Raises:
        ConfigError: There is no pipeline in the folder, the name or the version is not in its
            normal form, in which the package would not have it, there is no such kind or file, or
            setuptools could not build the package.
        MissingExtraError: `build` is not installed.
        OutputError: The package cannot be written.
    """
    from spacy.cli.package import package as write_package

    if not (model / "config.cfg").is_file():
        raise ConfigError(
            f"MODEL must be the folder of a trained pipeline, got {model}, which has no "
            "config.cfg. Train one first: python -m spacy train."
        )
    # All that can be refused is refused before anything is written.
    meta = _read_meta(model, meta_path)
    if name is None:
        name = str(meta["name"]).removeprefix(f"{meta['lang']}_")
    if version is None:
        version = str(meta["version"])
    _check_name(name, lang=str(meta["lang"]))
    _check_version(version)
    _check_length(f"{meta['lang']}_{name}-{version}{_WHEEL_ENDING}")
    _check_kinds(kinds)
    _check_code(code_paths)
    _check_links(model)
    for component in sorted(model.glob(f"{SCRATCH_PREFIX}*/*/*")):
        complete_swap(model / component.name)
    build = _load_builder()

    # The source goes beside the wheel: temporary folders are often small and in memory.
    with add_to_folder(output) as fresh, tempfile.TemporaryDirectory(dir=fresh) as scratch:
        fresh_meta = Path(scratch, "meta.json")
        srsly.write_json(fresh_meta, meta)
        source_dir = Path(scratch, "source")
        source_dir.mkdir()
        with _unwrap_errors():
            write_package(
                model,
                source_dir,
                meta_path=fresh_meta,
                code_paths=list(code_paths),
                name=name,
                version=version,
                create_sdist=False,
                require_parent=True,
            )
        (source,) = source_dir.iterdir()
        _remove_scratch(source)
        _write_card(model, source, meta, name=name, version=version)
        file_names = [build(source, fresh, kind) for kind in kinds]
    return [output / file_name for file_name in file_names]


def _remove_scratch(source: Path) -> None:
    """Remove what saving leaves beside a folder when its process is killed."""
    for leftover in list(source.rglob(f"{SCRATCH_PREFIX}*")):
        shutil.rmtree(leftover)


def _write_card(
    model: Path, source: Path, meta: dict[str, Any], *, name: str, version: str
) -> None:
    """Put the card of the pipeline in the place of spaCy's, unless people have written one."""
    if read_edited(model) is not None:
        return
    card = make_pipeline_card(model, {**meta, "name": name, "version": version})
    # spaCy has put its own beside setup.py and beside meta.json.
    for path in (source / CARD_FILE, *source.glob(f"*/*/{CARD_FILE}")):
        path.write_text(card, encoding="utf8")


def _check_kinds(kinds: "Sequence[str]") -> None:
    if not kinds or not set(kinds) <= {WHEEL, SDIST}:
        raise ConfigError(
            f"build must be {WHEEL}, {SDIST} or both with a comma between them, got "
            f"{','.join(kinds)!r}.",
            settings=("build",),
        )


def _check_code(code_paths: "Sequence[Path]") -> None:
    for path in code_paths:
        if path.suffix != ".py" or not path.is_file():
            raise ConfigError(
                f"code must name Python files, with commas between them, got {str(path)!r}.",
                settings=("code",),
            )


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
                f"MODEL must hold all that is packed, and {path} is a link to {target}: "
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


def _read_meta(model: Path, meta_path: Path | None) -> dict[str, Any]:
    """Return a pipeline's meta.json, with the requirement of this library if it has hf_ner."""
    from spacy.util import get_minor_version_range, load_config

    meta: dict[str, Any] = srsly.read_json(meta_path or model / "meta.json")
    requirement = _find_requirement(load_config(model / "config.cfg"))
    if not requirement:
        return meta
    requirements: list[str] = []
    for other in meta.get("requirements") or ():
        # A pipeline that was packed before names this library as it was then.
        if not other.startswith(DISTRIBUTION):
            requirements.append(other)
    requirements.append(f"{requirement}{get_minor_version_range(__version__)}")
    meta["requirements"] = requirements
    return meta


def _find_requirement(config: dict[str, Any]) -> str:
    """Return this library as a config requires it, with the extra of ONNX; empty if not at all."""
    requirement = ""
    for component in config["components"].values():
        if component.get("factory") not in FACTORIES:
            continue
        if component.get("model", {}).get("backend") == "onnx":
            return f"{DISTRIBUTION}[onnx]"
        requirement = DISTRIBUTION
    return requirement


def _load_builder() -> "Callable[[Path, Path, str], str]":
    """Return what builds a source folder into another one, and returns the name of the file.

    Raises:
        MissingExtraError: `build` is not installed.
    """
    try:
        from build import BuildBackendException, BuildException, ProjectBuilder
        from pyproject_hooks import quiet_subprocess_runner
    except ImportError as error:
        raise MissingExtraError("build", extra="project", purpose="hf-ner package") from error

    def build(source: Path, output: Path, kind: str) -> str:
        builder = ProjectBuilder(source, runner=quiet_subprocess_runner)
        try:
            file = builder.build(kind, output)  # type: ignore[arg-type] # checked before
        except (BuildBackendException, BuildException) as error:
            _raise_os_error(_read_output(error))
            raise ConfigError(
                "setuptools must be able to build the package of the pipeline, and failed: "
                f"{error}. If it is missing or old, install the tools with: "
                f"{make_extra_hint('project')}\n{_read_output(error)}"
            ) from error
        return Path(file).name

    return build


def _read_output(error: Exception) -> str:
    """Return what setuptools printed before it failed; empty where that was not kept."""
    # build wraps the error of the process that ran setuptools, which has its output as bytes.
    process_error = getattr(error, "exception", None)
    output: bytes = getattr(process_error, "output", None) or b""
    return output.decode("utf8", "replace").strip()
