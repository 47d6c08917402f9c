"""What all commands have in common: --quiet, --json, and an example at the end of their help."""

import inspect
import json
from collections.abc import Callable
from copy import copy
from functools import wraps
from typing import Annotated, Any, TypeVar, get_args, get_origin

import typer
from typer.models import ArgumentInfo

from spacy_hf_ner.cli.messages import show_messages

__all__ = ["PROGRAM", "CommandApp", "add_common_options"]

PROGRAM = "python -m spacy hf-ner"

N_FAILED = "n_failed"

Function = TypeVar("Function", bound=Callable[..., Any])

_QUIET = inspect.Parameter(
    "quiet",
    inspect.Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[bool, typer.Option("--quiet", help="Print warnings and errors alone.")],
)
_JSON = inspect.Parameter(
    "as_json",
    inspect.Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[
        bool, typer.Option("--json", help="Print the result as JSON, and no more.")
    ],
)


class CommandApp(typer.Typer):
    """A Typer app whose commands all get the common options."""

    def command(
        self,
        name: str | None = None,
        *,
        example: str | None = None,
        **options: Any,  # noqa: ANN401 - Typer's own
    ) -> Callable[[Function], Function]:
        """Return a decorator that makes a command of a function.

        Args:
            name: What users type.
            example: Arguments with which it can be called, for its help.
            options: Typer's own.
        """
        epilog = None
        if example:
            epilog = f"Example: {PROGRAM} {name} {example}"
        register = super().command(name, epilog=epilog, **options)

        def add(function: Function) -> Function:
            register(add_common_options(function))
            return function

        return add


def add_common_options(function: Callable[..., Any]) -> Callable[..., None]:
    """Return a command with --quiet and --json.

    Args:
        function: A command that returns its result as a value that JSON has, or None. Where that
            counts failures under ``n_failed``, the exit code says that there are some.
    """

    @wraps(function)
    def run(
        *,
        quiet: bool = False,
        as_json: bool = False,
        **arguments: Any,  # noqa: ANN401 - those of the command
    ) -> None:
        with show_messages(quiet=quiet or as_json):
            result = function(**arguments)
        if as_json and result is not None:
            typer.echo(json.dumps(result, ensure_ascii=False, indent=2, default=str))
        if isinstance(result, dict) and result.get(N_FAILED):
            raise typer.Exit(code=1)

    # Typer reads the signature, and the annotations of the arguments.
    signature = inspect.signature(function)
    parameters = [_name_argument(parameter) for parameter in signature.parameters.values()]
    parameters += [_QUIET, _JSON]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {**function.__annotations__, "quiet": bool, "as_json": bool}
    return run


def _name_argument(parameter: inspect.Parameter) -> inspect.Parameter:
    """Return a parameter that the help calls MODEL where it is an argument ``model``.

    Typer has done so by itself in some versions, and not in others.
    """
    annotation = parameter.annotation
    if get_origin(annotation) is not Annotated:
        return parameter
    value_type, argument = get_args(annotation)
    if not isinstance(argument, ArgumentInfo) or argument.metavar:
        return parameter
    # Several commands share it, and each names it itself.
    argument = copy(argument)
    argument.metavar = parameter.name.upper()
    return parameter.replace(annotation=Annotated[value_type, argument])
