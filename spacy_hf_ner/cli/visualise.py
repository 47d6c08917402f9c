"""``python -m spacy hf-ner visualise``: predictions beside gold, to look at."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer
from spacy.cli._util import import_code

from spacy_hf_ner.cli import options
from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.core.outputs import check_file
from spacy_hf_ner.core.replacing import write_file
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.device import use_gpu
from spacy_hf_ner.evaluation.gold_data import read_gold_docs
from spacy_hf_ner.evaluation.pipelines import describe_components, find_spans_key, load_pipeline
from spacy_hf_ner.evaluation.predicted_pairs import pair_predictions
from spacy_hf_ner.evaluation.prediction import predict
from spacy_hf_ner.evaluation.tagging import list_targets, score_labels, sets_entities
from spacy_hf_ner.visual.entities_page import make_entities_page

__all__ = ["EXAMPLE", "visualise", "visualise_command"]

EXAMPLE = "training/model-best test.spacy --output entities.html"

_PAGE_SUFFIXES: Final = (".html", ".htm")


Output = Annotated[Path, typer.Option("--output", "-o", help="HTML file to write.", dir_okay=False)]
Limit = Annotated[
    int,
    typer.Option("--limit", "-n", min=0, help="Show this many documents, 0 for all of them."),
]


def visualise_command(
    model: options.Model,
    data: options.GoldData,
    *,
    output: Output,
    limit: Limit = 100,
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
    spans_key: options.ScoresKey = None,
) -> dict[str, Any]:
    """Write a displaCy page of a pipeline's entities with their scores, gold beside predicted.

    Of a pipeline that sets no entities, it shows the label of each token.
    """
    import_code(code)
    use_gpu(gpu_id)
    n_shown, n_docs = visualise(model, data, output, limit=limit, spans_key=spans_key)
    shown = count(n_shown, "document")
    if n_shown < n_docs:
        shown = f"{shown} of {n_docs:,} (--limit 0 shows all)"
    msg.good(f"{output}: {shown}")
    return {"output": str(output), "n_shown": n_shown, "n_docs": n_docs}


def visualise(
    model: str,
    data: Path,
    output: Path,
    *,
    limit: int = 100,
    spans_key: str | None = None,
    progress: bool = True,
) -> tuple[int, int]:
    """Write a page; return how many documents it shows, and how many there are.

    Args:
        model: Name of an installed pipeline, or its folder.
        data: A .spacy file, a folder of them, or files in a format that ``hf-ner convert`` reads.
        output: The HTML file; its folder is made if there is none.
        limit: The most documents to show; 0 for all.
        spans_key: The span group that holds the scores, or the entities of a pipeline that does not
            set ``doc.ents``; None for that of its hf_ner.
        progress: Show a progress bar on a terminal.

    Raises:
        ConfigError: The file is no HTML file, there is no such pipeline, it sets no entities, or
            nothing can be written to the file's folder.
        CorpusError: The data cannot be read, or holds no Docs.
    """
    if output.suffix.lower() not in _PAGE_SUFFIXES:
        raise ConfigError(
            f"expected OUTPUT to be an HTML file, such as entities.html, got {output}."
        )
    nlp = load_pipeline(model)
    golds = read_gold_docs(data, nlp.vocab)
    shown = golds
    if limit:
        shown = golds[:limit]
    # Before the work, not after.
    check_file(output)
    prediction = predict(nlp, shown, progress=progress)
    title = f"{model} ({describe_components(nlp)}) on {data}"
    targets = list_targets(nlp)
    if targets and not sets_entities(nlp):
        # Of several kinds of labels, those of the last component.
        title += f", {targets[-1]}"
        pairs = score_labels(prediction.examples, targets[-1]).pairs
    else:
        pairs = pair_predictions(prediction, spans_key=find_spans_key(nlp, spans_key))
    page = make_entities_page(pairs, model=title, n_docs=len(golds))
    write_file(output, page)
    return len(shown), len(golds)
