"""The reference of the site, made of the code and the command line, so that it cannot drift.

mkdocs calls the functions whose names begin with ``on_``. Every page in ``reference/`` is text that
a function here returns; nothing of it is stored.
"""

import contextlib
import importlib
import inspect
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from importlib.metadata import EntryPoint, distribution
from pathlib import Path
from typing import Any, Final

import typer
from griffe import Docstring, Parser
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from spacy.tokens import Span

from spacy_hf_ner import errors
from spacy_hf_ner.cli.app import app
from spacy_hf_ner.core.schemes import SCHEMES, Scheme, Tag
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import write_tags
from spacy_hf_ner.pipe import architectures
from spacy_hf_ner.pipe.component_settings import HFNerSettings, HFTaggerSettings

ROOT: Final = Path(__file__).resolve().parents[2]

# What programs may import: what `docs/architecture.md` calls public.
PUBLIC: Final = (
    "spacy_hf_ner",
    "spacy_hf_ner.commands",
    "spacy_hf_ner.visual",
    "spacy_hf_ner.scale",
    "spacy_hf_ner.rewriting",
)

_GROUPS: Final = {
    "spacy_factories": "Components",
    "spacy_architectures": "Architectures",
    "spacy_readers": "Corpus readers",
    "spacy_augmenters": "Augmenters",
    "spacy_scorers": "Scorers",
    "thinc_schedules": "Schedules",
    "thinc_optimizers": "Optimizers",
    "spacy_loggers": "Loggers",
    "spacy_callbacks": "Callbacks",
    "spacy_misc": "Other functions",
    "spacy_displacy_colors": "Colours of displaCy",
}

# What a browser asks for by itself; what <a> leads to is asked for by readers.
_LOADED: Final = re.compile(
    r"""<(?:script|link|img|iframe|source)\b[^>]*(?:src|href)=["']?(https?:[^"' >]+)"""
)
_ROLE: Final = re.compile(r":\w+:(?=`|<code>)")  # :func:`x`, as Sphinx writes it


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are generated."""
    for path, make in PAGES.items():
        files.append(File.generated(config, path, content=make()))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Lead links to the README, which GitHub shows, to the home of the site."""
    return markdown.replace("](../README.md", "](index.md")


def on_page_content(html: str, page: Page, **_: object) -> str:
    """Take the roles of Sphinx out of docstrings, and let wide tables be moved sideways."""
    if page.file.src_uri.startswith("reference/"):
        html = _ROLE.sub("", html)
    return html


def on_post_build(config: MkDocsConfig) -> None:
    """Refuse a site that loads anything from elsewhere: it must work without a network."""
    for page in sorted(Path(config.site_dir).rglob("*.html")):
        foreign = _LOADED.search(page.read_text(encoding="utf8"))
        if foreign:
            raise PluginError(f"{page.name} loads {foreign[1]}: keep a copy of it in docs/assets.")


def make_commands() -> str:
    """Return the page of all commands, as their help says it."""
    group: Any = typer.main.get_command(app)
    lines = ["# Commands", "", "`hf-ner` alone is short for `python -m spacy hf-ner`."]
    lines += ["Each command has `--help`, `--quiet` and `--json`; errors exit with 1.", ""]
    for name in group.commands:
        command = group.commands[name]
        if command.hidden:
            continue
        # Help is asked for first, as `convert` fills choices into its own. Rich prints it.
        with contextlib.redirect_stdout(io.StringIO()):
            command.get_help(typer.Context(command, info_name=f"hf-ner {name}"))
        usage = " ".join(_name_arguments(command))
        lines += [f"## {name}", "", command.help, "", "```text", f"hf-ner {name} {usage}", "```"]
        if command.epilog:
            example = command.epilog.removeprefix("Example: ")
            lines += ["", "```bash", example, "```"]
        lines += ["", "| argument or option | default | meaning |", "|---|---|---|"]
        lines += [_make_parameter_row(parameter) for parameter in command.params]
        lines.append("")
    return "\n".join(lines)


def _name_arguments(command: Any) -> Iterator[str]:  # noqa: ANN401 - click's command
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            yield parameter.metavar if parameter.required else f"[{parameter.metavar}]"
    yield "[OPTIONS]"


def _make_parameter_row(parameter: Any) -> str:  # noqa: ANN401 - click's parameter
    if parameter.param_type_name == "argument":
        name = f"`{parameter.metavar}`"
    else:
        names = [*parameter.opts, *parameter.secondary_opts]
        name = ", ".join(f"`{option}`" for option in names)
    help_text = _escape(getattr(parameter, "help", None) or "")
    default = ""
    if isinstance(parameter.default, str | int | float) and parameter.default is not False:
        default = f"`{parameter.default}`" if parameter.default != "" else ""
    return f"| {name} | {default} | {help_text} |"


def make_component_settings() -> str:
    """Return the page of the settings of both components."""
    lines = ["# Settings of the components", ""]
    lines += ["They stand in `[components.hf_ner]`, or in `config` of `nlp.add_pipe`. In memory"]
    lines += ["they are attributes, which are checked and saved.", ""]
    for factory, settings in (("hf_ner", HFNerSettings), ("hf_tagger", HFTaggerSettings)):
        described: dict[str, str] = {}
        for base in reversed(settings.__mro__):
            described.update(_read_section(base.__doc__ or "", "attributes"))
        defaults: dict[str, str] = {}
        for field in fields(settings):
            defaults[field.name] = _write_default(field.default)
        lines += [f"## {factory}", "", *_make_table(defaults, described), ""]
    lines += ["Besides: `model`, and `scorer`, both [registered functions](registered.md)."]
    return "\n".join(lines)


def make_model_settings() -> str:
    """Return the page of the settings of the model."""
    lines = ["# Settings of the model", ""]
    for name, function in (
        ("spacy_hf_ner.HFTokenClassifier.v1", architectures.make_hf_token_classifier_v1),
        ("spacy_hf_ner.TokenClassifier.v1", architectures.make_token_classifier_v1),
    ):
        lines += [f"## {name}", "", *_describe_function(function), ""]
    return "\n".join(lines)


def make_registered() -> str:
    """Return the page of everything that configs can name."""
    lines = ["# Registered names", "", "What a config may name after `factory =` or `@…=`.", ""]
    points = sorted(distribution("spacy-hf-ner").entry_points, key=lambda point: point.name)
    for group, title in _GROUPS.items():
        named = [point for point in points if point.group == group]
        if named:
            lines += [f"## {title}", ""]
        for point in named:
            lines += [f"### {point.name}", "", *_describe_registered(point), ""]
    return "\n".join(lines)


def _describe_registered(point: EntryPoint) -> list[str]:
    registered = point.load()
    if point.group == "spacy_factories":
        return ["See [its settings](component-settings.md)."]
    if point.group == "spacy_architectures":
        return ["See [its settings](model-settings.md)."]
    if not callable(registered):
        return ["The colours that `displacy` gives entity types."]
    return _describe_function(registered)


def make_extensions() -> str:
    """Return the page of extension attributes."""
    importlib.import_module("spacy_hf_ner")
    lines = ["# Extension attributes", "", "| attribute | what it gives |", "|---|---|"]
    for name in ("score", "char_offsets"):
        _, _, getter, _ = Span.get_extension(name)
        lines.append(f"| `span._.{name}` | {_escape(inspect.getdoc(getter) or '')} |")
    for name in ("pos", "tag", "morph"):
        lines.append(
            f"| `token._.{name}_score` | How probable the label is that `hf_tagger` with "
            f'`target = "{name}"` set, in [0, 1]; None for others. |'
        )
    lines += [
        '| `token._.NAME` | The label of `hf_tagger` with `target = "NAME"`. |',
        "| `token._.NAME_score` | How probable that is, in [0, 1]. |",
        "",
        "Another package's extension of the same name is left alone, and the component says so.",
        "`spacy_hf_ner.scores(doc)` is the sure way to scores of entities.",
    ]
    return "\n".join(lines)


def make_python() -> str:
    """Return the page of all that programs may import."""
    lines = ["# Python", "", "What can be imported; all other modules are ours to change.", ""]
    for name in PUBLIC:
        module = importlib.import_module(name)
        lines += [f"## {name}", "", _clean((module.__doc__ or "").split("\n\n", 1)[0]), ""]
        for member in module.__all__:
            if not member.startswith("_") and inspect.getdoc(getattr(module, member)):
                value = getattr(module, member)
                home = getattr(value, "__module__", name)
                if inspect.isclass(value) or inspect.isfunction(value):
                    lines += [f"::: {home}.{member}", ""]
    return "\n".join(lines)


def make_errors() -> str:
    """Return the page of all errors."""
    lines = ["# Errors", "", "```text"]
    tree = (errors.__doc__ or "").split("::", 1)[1]
    drawn, _, rest = tree.strip("\n").partition("\n\n")
    lines += [inspect.cleandoc(drawn), "```", "", rest.strip(), ""]
    for name, kind in vars(errors).items():
        if inspect.isclass(kind) and issubclass(kind, errors.HFNerError):
            lines += [f"## {name}", "", _clean(inspect.getdoc(kind) or "").split("\nArgs:")[0], ""]
    lines += ["What to do about the most common ones: [Troubleshooting](../troubleshooting.md)."]
    return "\n".join(lines)


def make_schemes() -> str:
    """Return the page of tag schemes, each with the same sentence in it."""
    tokens = ["Ada", "Lovelace", "saw", "Rome", "Italy"]
    lines = ["# Tag schemes", ""]
    lines += ["A scheme says how the tokens of an entity are tagged. A checkpoint's is told by its"]
    lines += ["labels, that of data by its tags; `scheme` names it where they leave it open.", ""]
    lines += ["The same five tokens in each, with one person and two places that touch:", ""]
    lines += [f"| scheme | {' | '.join(tokens)} |", "|---" * (len(tokens) + 1) + "|"]
    for name, scheme in SCHEMES.items():
        tags = _tag_example(scheme, len(tokens))
        lines.append(f"| `{name}` | {' | '.join(tags)} |")
    return "\n".join(lines)


def _tag_example(scheme: Scheme, n_tokens: int) -> list[str]:
    spans = [TokenSpan(0, 2, "PER"), TokenSpan(3, 4, "LOC"), TokenSpan(4, 5, "LOC")]
    tags: Sequence[Tag] = write_tags(spans, n_tokens, scheme)
    return [f"`{tag}`" for tag in tags]


def _copy_page(name: str) -> str:
    """Return a page of the repository's root, with links that hold in the folder ``reference``."""
    text = (ROOT / name).read_text(encoding="utf8")
    text = text.replace("](docs/", "](../").replace("](README.md", "](../index.md")
    # What else lies in the repository is no page of the site.
    return re.sub(r"\[([^\]]+)\]\((?!\.\./|https?:|#)([^)]+)\)", r"\1", text)


def _describe_function(function: Callable[..., Any]) -> list[str]:
    """Return what the docstring of a registered function says, its arguments as a table."""
    text = inspect.getdoc(function) or ""
    lines = [_clean(text.split("\n\nArgs:")[0].split("\n\nRaises:")[0]), ""]
    defaults: dict[str, str] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        is_required = parameter.default is inspect.Parameter.empty
        defaults[name] = "" if is_required else _write_default(parameter.default)
    described = _read_section(text, "parameters")
    return [*lines, *_make_table(defaults, described)] if described else lines


def _make_table(defaults: Mapping[str, str], described: Mapping[str, str]) -> Iterator[str]:
    yield "| setting | default | meaning |"
    yield "|---|---|---|"
    for name, default in defaults.items():
        yield f"| `{name}` | {default} | {_escape(described[name])} |"


def _read_section(docstring: str, kind: str) -> dict[str, str]:
    """Return what a docstring says of each argument or attribute."""
    described: dict[str, str] = {}
    parsed = Docstring(inspect.cleandoc(docstring)).parse(Parser.google, warnings=False)
    for section in parsed:
        if section.kind.value == kind:
            for entry in section.value:
                described[entry.name] = entry.description
    return described


def _write_default(value: object) -> str:
    if value is MISSING:
        return ""
    shown = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return f"`{shown[value]}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def _clean(text: str) -> str:
    """Return a docstring as Markdown has it."""
    return _ROLE.sub("", text).replace("``", "`").replace("::\n", ":\n")


def _escape(text: str) -> str:
    """Return a text that fits a cell of a table."""
    return _clean(text).replace("|", "\\|").replace("\n", " ")


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "reference/commands.md": make_commands,
    "reference/component-settings.md": make_component_settings,
    "reference/model-settings.md": make_model_settings,
    "reference/registered.md": make_registered,
    "reference/extensions.md": make_extensions,
    "reference/python.md": make_python,
    "reference/errors.md": make_errors,
    "reference/schemes.md": make_schemes,
    "reference/contributing.md": lambda: _copy_page("CONTRIBUTING.md"),
    "reference/changelog.md": lambda: _copy_page("CHANGELOG.md"),
}
