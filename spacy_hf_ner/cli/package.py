"""``hf-ner package``: a trained pipeline to one wheel, built without a network, that names what it needs."""

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
    output_dir: Path = typer.Argument(help="Folder for the wheel."),
    name: str = typer.Option(..., help="Name of the package; the language is put before it."),
    version: str = typer.Option("0.1.0", help="Version of the package."),
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
        ConfigError: there is no pipeline in `pipeline_dir`, or setuptools could not build the package.
        MissingExtraError: `build` is not installed.
    """
    from spacy.cli.package import package as write_package

    if not (pipeline_dir / "config.cfg").is_file():
        raise ConfigError(
            f"PIPELINE_DIR must be the folder of a trained pipeline, got {pipeline_dir}, which has no config.cfg. "
            "Train one first: python -m spacy train."
        )
    if not name.isidentifier():
        raise ConfigError(f"name must be a Python identifier, got {name!r}: the pipeline is imported by it.")
    build = _load_builder()
    output_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hf-ner-package-") as folder:
        scratch = Path(folder)
        srsly.write_json(scratch / "meta.json", _read_meta(pipeline_dir))
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


def _read_meta(pipeline_dir: Path) -> dict[str, object]:
    """Return the pipeline's meta.json, with the requirement of this library added where hf_ner is used."""
    from spacy.util import get_minor_version_range, load_config

    meta: dict[str, object] = srsly.read_json(pipeline_dir / "meta.json")
    components = load_config(pipeline_dir / "config.cfg")["components"].values()
    if any(component.get("factory") == FACTORY for component in components):
        stated = meta.get("requirements")
        own = f"{DISTRIBUTION}{get_minor_version_range(__version__)}"
        others = [line for line in (stated if isinstance(stated, list) else []) if not line.startswith(DISTRIBUTION)]
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
            return Path(ProjectBuilder(source, runner=quiet_subprocess_runner).build("wheel", output_dir)).name
        except (BuildBackendException, BuildException) as error:
            raise ConfigError(
                f"setuptools must be able to build the package of the pipeline, and failed: {error}. "
                f"Install the tools with: pip install '{DISTRIBUTION}[project]'"
            ) from error

    return build
