"""``hf-ner card``: signed results into a pipeline's meta.json and model cards."""

from pathlib import Path
from typing import Annotated, Any

import typer

from spacy_hf_ner.cli.messages import msg

__all__ = ["EXAMPLE", "card_command"]

EXAMPLE = "training/model-best metrics/metrics.json --license mit"


License = Annotated[
    str | None,
    typer.Option("--license", help="License of the weights, as the hub names it: apache-2.0."),
]
BaseModel = Annotated[
    str | None,
    typer.Option("--base-model", help="Repository on the hub that training started from."),
]
DataName = Annotated[str | None, typer.Option("--data-name", help="The training data.")]
DataLicense = Annotated[
    str | None, typer.Option("--data-license", help="License of the training data.")
]
DataUrl = Annotated[
    str | None, typer.Option("--data-url", help="Where the training data is found.")
]


def card_command(
    model: Annotated[Path, typer.Argument(help="Folder of a trained pipeline.", file_okay=False)],
    metrics: Annotated[
        Path,
        typer.Argument(
            help="metrics.json of `evaluate --output`.",
            exists=True,
            dir_okay=False,
        ),
    ],
    *,
    license_name: License = None,
    base_model: BaseModel = None,
    data_name: DataName = None,
    data_license: DataLicense = None,
    data_url: DataUrl = None,
) -> dict[str, Any]:
    """Note signed results in a pipeline: its meta.json, and the model card beside its weights.

    What is not named is marked as unknown. A card that people have edited stays as it is. The
    folder with the card is a checkpoint that the hub takes: hf upload OWNER/NAME FOLDER.
    """
    from spacy_hf_ner.commands import card

    files = card(
        model,
        metrics,
        license=license_name,
        base_model=base_model,
        data_name=data_name,
        data_license=data_license,
        data_url=data_url,
    )
    for file in files:
        msg.good(f"{file}")
    if not files:
        msg.info("No model card was written: those beside the weights were edited, or are none.")
    msg.good(f"{model / 'meta.json'}: performance, sources")
    return {"cards": [str(file) for file in files], "meta": str(model / "meta.json")}
