"""``hf-ner package``: a trained pipeline to a package.

It is built without a network, and names what it needs.
"""

from pathlib import Path
from typing import Any, Final

import typer

from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.installing import make_pip_hint, name_source

__all__ = ["EXAMPLE", "package"]

EXAMPLE = "training/model-best packages --name news --version 1.0.0"

_BYTES_PER_MB: Final = 1e6


def package(
    model: Path = typer.Argument(help="Folder of a trained pipeline: training/model-best."),
    output: Path = typer.Argument(help="Folder for the package.", file_okay=False),
    name: str | None = typer.Option(
        None,
        "--name",
        help="Name of the package, before which the language is put; by default that in meta.json.",
    ),
    version: str | None = typer.Option(
        None, "--version", "-v", help="Such as 1.0.0 or 1.0.0b1; by default that in meta.json."
    ),
    meta: Path | None = typer.Option(
        None,
        "--meta",
        help="meta.json to take in place of the pipeline's.",
        exists=True,
        dir_okay=False,
    ),
    code: str = typer.Option(
        "",
        "--code",
        "-c",
        help="Python files with your own registered functions, with commas between them.",
    ),
    build: str = typer.Option(
        "wheel", "--build", "-b", help="What to build: wheel, sdist or both (wheel,sdist)."
    ),
) -> dict[str, Any]:
    """Build an installable package of a pipeline, weights included.

    Needs no network, unlike `spacy package`.
    """
    from spacy_hf_ner.package_building import build_package

    msg.info(f"Building a package of {model}")
    files = build_package(
        model,
        output,
        name=name,
        version=version,
        meta_path=meta,
        code_paths=[Path(path.strip()) for path in code.split(",") if path.strip()],
        kinds=[kind.strip() for kind in build.split(",")],
    )
    for file in files:
        n_megabytes = file.stat().st_size / _BYTES_PER_MB
        msg.good(f"{file}: {n_megabytes:.0f} MB")
    # The library itself need not be on an index.
    hint = make_pip_hint(*name_source(), str(files[0]))
    msg.text("Install it, with this library:")
    typer.echo(hint)
    return {"files": [str(file) for file in files], "install": hint}
