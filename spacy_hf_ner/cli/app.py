"""``python -m spacy hf-ner``: the commands of this package, mounted on spaCy's own command line.

spaCy imports this module through the entry point ``spacy_cli`` on every call of its command line,
so it must stay cheap: commands import what they need when they run.
"""

from typing import Any

import typer
from spacy.cli._util import app as spacy_app
from typer.core import TyperGroup
from wasabi import msg

from spacy_hf_ner.cli import (
    calibrate,
    check,
    compare,
    convert,
    encoder,
    evaluate,
    export_onnx,
    package,
    visualise,
)
from spacy_hf_ner.cli.flags import explain
from spacy_hf_ner.errors import HFNerError

__all__ = ["SentenceGroup", "app"]


class SentenceGroup(TyperGroup):
    """Shows an error of this package as a sentence that names flags, with exit code 1.

    Tracebacks are for bugs.
    """

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command that the user named."""
        try:
            return super().invoke(ctx)
        except HFNerError as error:
            command = self.get_command(ctx, ctx.invoked_subcommand)
            convert_command = self.get_command(ctx, "convert")
            msg.fail(explain(error, command, convert_command))
            raise typer.Exit(code=1) from error


app = typer.Typer(
    name="hf-ner",
    help="Hugging Face token classifiers in spaCy.",
    no_args_is_help=True,
    cls=SentenceGroup,
)
spacy_app.add_typer(app)

# One line a command: app.command("name")(module.command)
app.command("convert", cls=convert.ConvertCommand)(convert.convert)
app.command("encoder")(encoder.encoder)
app.command("calibrate")(calibrate.calibrate_command)
app.command("export-onnx")(export_onnx.export_onnx_command)
app.command("package")(package.package)
app.command("check")(check.check_command)
app.command("evaluate")(evaluate.evaluate_command)
app.command("compare")(compare.compare_command)
app.command("visualise")(visualise.visualise_command)
app.command("visualize", hidden=True)(visualise.visualise_command)
