"""``hf-ner package``: a trained pipeline to one wheel, built without a network, that names what it needs."""

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import srsly
import typer
from wasabi import msg

from spacy_hf_ner import __version__
from spacy_hf_ner.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable

DISTRIBUTION: Final = "spacy-hf-ner"
FACTORY: Final = "hf_ner"


def package(
    pipeline_dir: Path = typer.Argument(help="Trained pipeline, such as training/model-best."),
    output_dir: Path = typer.Argument(help="Folder for the wheel.", file_okay=False),
    name: str = typer.Option(..., help="Name of the package; the language is put before it."),
    version: str = typer.Option("0.1.0", help="Version of the package, such as 1.0.0 or 1.0.0b1."),
) -> None:
    """Build an installable wheel of a pipeline, weights included. Needs no network, unlike `spacy package`."""
    msg.info(f"Building a wheel of {pipeline_dir}")
    wheel = build_wheel(pipeline_dir, output_dir, name=name, version=version)
    msg.good(f"{wheel}: {wheel.stat().st_size / 1e6:.0f} MB")
    msg.text(f"Install it with: pip install {wheel}")


def build_wheel(pipeline_dir: Path, output_dir: Path, *, name: str, version: str) -> Path:
    """Return the path of the wheel that a pipeline has been packed into.

    spaCy's own command writes the package; the wheel is then built with the setuptools of this environment, where
    spaCy would download one. A pipeline with hf_ner requires this library even where spaCy cannot see to which
    distribution it belongs.

    Raises:
        ConfigError: There is no pipeline in `pipeline_dir`, the name or the version is not in its normal form, in
            which the wheel would not have it, or setuptools could not build the package.
        MissingExtraError: `build` is not installed.
    """
    from spacy.cli.package import package as write_package

    if not (pipeline_dir / "config.cfg").is_file():
        raise ConfigError(
            f"PIPELINE_DIR must be the folder of a trained pipeline, got {pipeline_dir}, which has no config.cfg. "
            "Train one first: python -m spacy train."
        )
    meta = _read_meta(pipeline_dir)
    _check_name(name, lang=str(meta["lang"]))
    _check_version(version)
    build = _load_builder()
    output_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hf-ner-package-") as folder:
        scratch = Path(folder)
        srsly.write_json(scratch / "meta.json", meta)
        (scratch / "source").mkdir()
        write_package(
            pipeline_dir,
            scratch / "source",
            meta_path=scratch / "meta.json",
            name=name,
            version=version,
            create_sdist=False,
            require_parent=True,
        )
        (source,) = (scratch / "source").iterdir()
        return output_dir / build(source, output_dir)


def _check_name(name: str, *, lang: str) -> None:
    """Refuse a name that cannot be imported, or that setuptools would write in another way."""
    normal = (
        re.sub(r"\W+|_+", "_", name, flags=re.ASCII).strip("_").lower().removeprefix(f"{lang}_")
    )
    if name != normal or not f"{lang}_{name}".isidentifier():
        raise ConfigError(
            "name must be a Python identifier of lower-case letters, digits and single underscores, without the "
            f"language: the pipeline is imported as '{lang}_' and the name. Got {name!r}"
            + (f"; use {normal!r}." if normal else ".")
        )


def _check_version(version: str) -> None:
    """Refuse a version that setuptools would refuse or write in another way."""
    from packaging.version import InvalidVersion, Version

    try:
        normal = str(Version(version))
    except InvalidVersion as error:
        raise ConfigError(
            f"version must be one that PEP 440 allows, such as 1.0.0 or 1.0.0b1, got {version!r}."
        ) from error
    if version != normal:
        raise ConfigError(
            f"version must be in the normal form of PEP 440, in which the wheel has it, got {version!r}. "
            f"Use {normal!r}."
        )


def _read_meta(pipeline_dir: Path) -> dict[str, object]:
    """Return the pipeline's meta.json, with the requirement of this library added where hf_ner is used."""
    from spacy.util import get_minor_version_range, load_config

    meta: dict[str, object] = srsly.read_json(pipeline_dir / "meta.json")
    components = load_config(pipeline_dir / "config.cfg")["components"].values()
    if any(component.get("factory") == FACTORY for component in components):
        stated = meta.get("requirements")
        own = f"{DISTRIBUTION}{get_minor_version_range(__version__)}"
        others = [
            line
            for line in (stated if isinstance(stated, list) else [])
            if not line.startswith(DISTRIBUTION)
        ]
        meta["requirements"] = [*others, own]
    return meta


def _load_builder() -> "Callable[[Path, Path], str]":
    try:
        from build import BuildBackendException, BuildException, ProjectBuilder
        from pyproject_hooks import quiet_subprocess_runner
    except ImportError as error:
        raise MissingExtraError("build", extra="project", purpose="hf-ner package") from error

    def build(source: Path, output_dir: Path) -> str:
        try:
            return Path(
                ProjectBuilder(source, runner=quiet_subprocess_runner).build("wheel", output_dir)
            ).name
        except (BuildBackendException, BuildException) as error:
            said = getattr(getattr(error, "exception", None), "output", None) or b""
            raise ConfigError(
                f"setuptools must be able to build the package of the pipeline, and failed: {error}. "
                f"If it is missing or old, install the tools with: pip install '{DISTRIBUTION}[project]'\n"
                f"{said.decode('utf8', 'replace').strip()}"
            ) from error

    return build
