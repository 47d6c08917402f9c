"""``python -m spacy hf-ner train``: spaCy's training, in runs that can be interrupted and go on."""

from pathlib import Path
from typing import Annotated, Any

import typer
from spacy.cli._util import import_code, parse_config_overrides, show_validation_error

from spacy_hf_ner.cli import options
from spacy_hf_ner.cli.evaluate import judge
from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.commands import train
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.corpus.texts import blank_pipeline
from spacy_hf_ner.evaluation.gold_data import read_gold_docs
from spacy_hf_ner.evaluation.seqeval_report import require_seqeval

__all__ = ["EXAMPLE", "train_command"]

EXAMPLE = "config.cfg --output training --resume --test test.spacy --training.max_steps 2000"

Output = Annotated[
    Path,
    typer.Option("--output", "-o", help="Folder for model-best and model-last.", file_okay=False),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the run in the folder, if there is one.")
]
Force = Annotated[
    bool, typer.Option("--force", "-F", help="Begin anew where a run was interrupted.")
]
Test = Annotated[
    Path | None,
    typer.Option("--test", help="Gold data to judge the best and the last model by, at the end."),
]


def train_command(
    ctx: typer.Context,
    config: options.Config,
    *,
    output: Output,
    resume: Resume = False,
    force: Force = False,
    test: Test = None,
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
) -> dict[str, Any]:
    """Train by spaCy's own loop, in a run that can be interrupted and go on (--resume).

    Any setting of the config can be given: --paths.train train.spacy --training.max_steps 2000. A
    run that was killed ends with --resume in the same weights as one that was not.
    """
    import_code(code)
    overrides = parse_config_overrides(ctx.args)
    if test is not None:
        # Before hours of training, not after.
        require_seqeval()
        read_gold_docs(test, blank_pipeline("en").vocab)
    try:
        with show_validation_error(config):
            outcome = train(
                config,
                output,
                resume=resume,
                force=force,
                overrides=overrides,
                gpu_id=gpu_id,
                progress=True,
            )
    except KeyboardInterrupt:
        msg.warn(f"{output}: interrupted. Go on with --resume.")
        raise
    msg.good(
        f"{output}: model-best (step {outcome.best_step}, score {outcome.best_score:.4f}) and "
        f"model-last, after {count(outcome.n_steps, 'step')}"
    )
    result: dict[str, Any] = {
        "n_steps": outcome.n_steps,
        "best_step": outcome.best_step,
        "best_score": outcome.best_score,
    }
    if test is not None:
        result["test"] = {}
        for name in ("best", "last"):
            result["test"][name] = judge(
                str(output / f"model-{name}"), test, output=output / "test" / name
            )
    return result
