"""``python -m spacy hf-ner find-rate``: which learn rate does a training bear?"""

from pathlib import Path
from typing import Annotated, Any

import typer
from spacy.cli._util import import_code, parse_config_overrides, show_validation_error

from spacy_hf_ner.cli import options
from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.commands import find_rate
from spacy_hf_ner.core.outputs import check_file
from spacy_hf_ner.core.replacing import write_file
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.runs.rate_finder import RATE_HEADER, tabulate_rates
from spacy_hf_ner.visual.rates_page import make_rates_page

__all__ = ["EXAMPLE", "find_rate_command"]

EXAMPLE = "config.cfg --output rates.html"

Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Page for the curve (SVG) and a table.", dir_okay=False),
]
Low = Annotated[float, typer.Option(help="Learn rate of the first step.")]
High = Annotated[float, typer.Option(help="Learn rate of the last step.")]
NSteps = Annotated[int, typer.Option(help="Steps of the sweep; it ends where the loss has left.")]


def find_rate_command(
    ctx: typer.Context,
    config: options.Config,
    *,
    output: Output = None,
    low: Low = 1e-7,
    high: High = 1.0,
    n_steps: NSteps = 100,
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
) -> dict[str, Any]:
    """Suggest a learn rate: real steps at rates that grow, until the loss does, too.

    What is trained is thrown away. Any setting of the config can be given, as for train.
    """
    import_code(code)
    if output is not None:
        check_file(output)
    with show_validation_error(config):
        sweep = find_rate(
            config,
            low=low,
            high=high,
            n_steps=n_steps,
            overrides=parse_config_overrides(ctx.args),
            gpu_id=gpu_id,
        )
    msg.table(tabulate_rates(sweep), header=RATE_HEADER, aligns=("r", "r", "r"), divider=True)
    msg.good(
        f"Try {sweep.suggestion:.0e}: a tenth of {sweep.lowest.rate:.1e}, where the smoothed loss "
        f"is the lowest of {count(len(sweep.trials), 'step')}. It falls most steeply at "
        f"{sweep.steepest.rate:.1e}. The config goes up to {sweep.configured:.1e}."
    )
    if output is not None:
        write_file(output, make_rates_page(sweep, title=str(config)))
        msg.good(str(output))
    trials = [(trial.rate, trial.loss, trial.smoothed) for trial in sweep.trials]
    return {
        "suggestion": sweep.suggestion,
        "lowest": sweep.lowest.rate,
        "steepest": sweep.steepest.rate,
        "configured": sweep.configured,
        "trials": trials,
    }
