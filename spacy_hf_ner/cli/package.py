"""``hf-ner package``: a trained pipeline to a package.

It is built without a network, and names what it needs.
"""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.installing import make_pip_hint, name_source

__all__ = ["EXAMPLE", "package"]

EXAMPLE = "training/model-best packages --name news --version 1.0.0"

_BYTES_PER_MB: Final = 1e6


Name = Annotated[
    str | None,
    typer.Option(
        "--name",
        help=(
            "Name of the package, before which the language is put; by default that in meta.json."
        ),
    ),
]
Version = Annotated[
    str | None,
    typer.Option("--version", "-v", help="Such as 1.0.0 or 1.0.0b1; by default that in meta.json."),
]
Meta = Annotated[
    Path | None,
    typer.Option(
        "--meta",
        help="meta.json to take in place of the pipeline's.",
        exists=True,
        dir_okay=False,
    ),
]
Code = Annotated[
    str,
    typer.Option(
        "--code",
        "-c",
        help="Python files with your own registered functions, with commas between them.",
    ),
]
Build = Annotated[
    str,
    typer.Option("--build", "-b", help="What to build: wheel, sdist or both (wheel,sdist)."),
]


def package(
    model: Annotated[
        Path, typer.Argument(help="Folder of a trained pipeline: training/model-best.")
    ],
    output: Annotated[Path, typer.Argument(help="Folder for the package.", file_okay=False)],
    *,
    name: Name = None,
    version: Version = None,
    meta: Meta = None,
    code: Code = "",
    build: Build = "wheel",
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
