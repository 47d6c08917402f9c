"""``python -m spacy hf-ner``: the commands of this package, mounted on spaCy's own command line.

spaCy imports this module through the entry point ``spacy_cli`` on every call of its command line,
so it must stay cheap: commands import what they need when they run.
"""

from typing import Annotated, Any

import typer
from spacy.cli._util import app as spacy_app
from typer.core import TyperGroup

from spacy_hf_ner import __version__
from spacy_hf_ner.cli import (
    annotate,
    calibrate,
    card,
    check,
    compare,
    convert,
    demo,
    encoder,
    evaluate,
    export_onnx,
    find_rate,
    init_config,
    package,
    rewrite,
    serve,
    train,
    visualise,
)
from spacy_hf_ner.cli.command_app import CommandApp
from spacy_hf_ner.cli.flags import explain
from spacy_hf_ner.cli.messages import msg, show_messages
from spacy_hf_ner.cli.options import CONFIG_CONTEXT
from spacy_hf_ner.errors import HFNerError

__all__ = ["SentenceGroup", "app"]


class SentenceGroup(TyperGroup):
    """Shows an error of this package as a sentence that names flags, with exit code 1.

    Tracebacks are for bugs.
    """

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command that the user named."""
        with show_messages():
            try:
                return super().invoke(ctx)
            except HFNerError as error:
                command = self.get_command(ctx, ctx.invoked_subcommand)
                convert_command = self.get_command(ctx, "convert")
                msg.fail(explain(error, command, convert_command))
                raise typer.Exit(code=1) from error


def _show_version(*, is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"spacy-hf-ner {__version__}")
        raise typer.Exit


app = CommandApp(
    name="hf-ner",
    help="Hugging Face token classifiers in spaCy.",
    no_args_is_help=True,
    cls=SentenceGroup,
)
spacy_app.add_typer(app)


@app.callback()
def _main(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Hugging Face token classifiers in spaCy."""


# One line a command: app.command("name", example="its arguments")(module.function)
app.command("convert", cls=convert.ConvertCommand, example=convert.EXAMPLE)(convert.convert)
app.command("init-config", example=init_config.EXAMPLE)(init_config.init_config)
app.command("train", example=train.EXAMPLE, context_settings=CONFIG_CONTEXT)(train.train_command)
app.command("find-rate", example=find_rate.EXAMPLE, context_settings=CONFIG_CONTEXT)(
    find_rate.find_rate_command
)
app.command("encoder", example=encoder.EXAMPLE)(encoder.encoder)
app.command("annotate", example=annotate.EXAMPLE)(annotate.annotate_command)
app.command("calibrate", example=calibrate.EXAMPLE)(calibrate.calibrate_command)
app.command("card", example=card.EXAMPLE)(card.card_command)
app.command("demo", example=demo.EXAMPLE)(demo.demo_command)
app.command("export-onnx", example=export_onnx.EXAMPLE)(export_onnx.export_onnx_command)
app.command("package", example=package.EXAMPLE)(package.package)
app.command("rewrite", example=rewrite.EXAMPLE)(rewrite.rewrite_command)
app.command("serve", example=serve.EXAMPLE)(serve.serve_command)
app.command("check", example=check.EXAMPLE)(check.check_command)
app.command("evaluate", example=evaluate.EXAMPLE)(evaluate.evaluate_command)
app.command("compare", example=compare.EXAMPLE)(compare.compare_command)
app.command("visualise", example=visualise.EXAMPLE)(visualise.visualise_command)
app.command("visualize", hidden=True, example=visualise.EXAMPLE)(visualise.visualise_command)
