"""The page of the demo, made with Gradio: the one file that imports it.

What the page does is in ``demo_actions.py``; here it is only laid out and wired.
"""

import functools
import os
import tempfile
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from spacy_hf_ner.demo.demo_actions import (
    PLAIN_SUFFIXES,
    RECORD_SUFFIXES,
    DemoActions,
    Progress,
    open_texts,
)
from spacy_hf_ner.demo.demo_models import DemoModel, find_models, load_model
from spacy_hf_ner.demo.example_texts import EXAMPLES
from spacy_hf_ner.demo.readings import MAX_CHARS, Reading
from spacy_hf_ner.errors import ConfigError, HFNerError, MissingExtraError
from spacy_hf_ner.rewriting.settings import RewriteSettings

if TYPE_CHECKING:
    from gradio import Blocks

__all__ = ["HOST", "make_page", "serve", "stay_offline"]

HOST: Final = "127.0.0.1"

_STYLE: Final = Path(__file__).parent / "assets" / "demo.css"
_NOBODY: Final = "(none)"
_FOLDER_VARIABLE: Final = "GRADIO_TEMP_DIR"

# So short a text is read at each key.
_LIVE_CHARS: Final = 2_000

# What was found is forgotten after half an hour; whoever comes back gets it read again.
_SECONDS_KEPT: Final = 1800

# The browser itself refuses whatever would be asked of anybody else. Gradio's own scripts need
# "unsafe-inline" and "unsafe-eval".
_POLICY: Final = (
    "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; frame-ancestors 'none'; "
    "form-action 'self'"
)

_INTRODUCTION: Final = (
    "# hf-ner demo\n"
    "Entities and how sure the model is of each. All of it happens on this machine: nothing of a "
    "text leaves it, and nothing is kept."
)

_METHODS: Final = {
    "redact": "The type in the place of a name.",
    "mask": "A star for each character.",
    "hash": "A keyed hash; the key is made when the demo starts, and gone when it ends.",
    "pseudonym": "Another name of the same kind, new ones each time.",
    "analogy": "Its like in another context, by word vectors; each is read again in its place.",
}

Function = TypeVar("Function", bound=Callable[..., Any])


def stay_offline() -> None:
    """Tell the libraries that are imported from now on to ask nothing of the network."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["HF_HUB_OFFLINE"] = "1"


def serve(names: Sequence[str], *, port: int | None, vectors: str) -> None:
    """Show pipelines on this machine until Ctrl-C.

    Args:
        names: Installed pipelines, or their folders; none for those that are found.
        port: The port; None for the first free one.
        vectors: The name of the word vectors for analogies.

    Raises:
        ConfigError: There is no such pipeline, or the port is taken.
        MissingExtraError: Gradio is not installed.
    """
    # Gradio puts files that are opened there. It reads the variable when it is imported.
    with tempfile.TemporaryDirectory(prefix="hf-ner-demo-") as folder:
        os.environ[_FOLDER_VARIABLE] = folder
        _import_gradio()
        models = [load_model(name) for name in dict.fromkeys(names or find_models())]
        page = make_page(DemoActions(models, vectors), models)
        try:
            page.queue(default_concurrency_limit=1).launch(**_list_launch_options(port))
        except OSError as error:
            raise ConfigError(
                f"port must be free on {HOST}, but {port or 'each from 7860 on'} is taken "
                f"({error}). Name another one.",
                settings=("port",),
            ) from error


def _list_launch_options(port: int | None) -> dict[str, Any]:
    """Return what Gradio is to do, and above all what it is not to do."""
    gr = _import_gradio()
    from starlette.middleware import Middleware

    system_fonts = ["system-ui", "sans-serif"]
    return {
        "server_name": HOST,
        "server_port": port,
        "share": False,
        "inbrowser": False,
        "enable_monitoring": False,
        "mcp_server": False,
        "pwa": False,
        "ssr_mode": False,
        "footer_links": [],
        "allowed_paths": [],
        "max_file_size": MAX_CHARS * 4,  # bytes of a character
        # Gradio's own fonts would do, but those of the system are there in any case.
        "theme": gr.themes.Default(font=system_fonts, font_mono=["ui-monospace", "monospace"]),
        "css_paths": [_STYLE],
        "app_kwargs": {"middleware": [Middleware(_PolicyMiddleware)]},
    }


class _PolicyMiddleware:
    """Adds the policy to each answer, in ASGI's terms."""

    def __init__(self, app: Any) -> None:  # noqa: ANN401 - an ASGI application
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        async def send_with_policy(message: Any) -> None:  # noqa: ANN401
            if message["type"] == "http.response.start":
                policy = (b"content-security-policy", _POLICY.encode())
                message["headers"] = [*message.get("headers", ()), policy]
            await send(message)

        await self._app(scope, receive, send_with_policy)


def make_page(actions: DemoActions, models: Sequence[DemoModel]) -> "Blocks":
    """Return the page, which is not launched yet.

    Args:
        actions: What it can do.
        models: The pipelines to choose from; at least one.

    Raises:
        MissingExtraError: Gradio is not installed.
    """
    gr = _import_gradio()
    page: Blocks = gr.Blocks(title="hf-ner demo", analytics_enabled=False)
    with page:
        gr.Markdown(_INTRODUCTION)
        text = _Input(models)
        with gr.Tabs():
            with gr.Tab("Entities"):
                entities = _EntitiesTab(has_two=len(models) > 1)
            with gr.Tab("Rewrite"):
                rewriting = _RewriteTab()
        _wire_entities(actions, text, entities)
        _wire_rewriting(actions, text, entities, rewriting)
    return page


class _Input:
    """The text, the pipelines that read it, and the threshold.

    Args:
        models: The pipelines to choose from.
    """

    def __init__(self, models: Sequence[DemoModel]) -> None:
        gr = _import_gradio()
        names = [model.name for model in models]
        self.text = gr.Textbox(
            label="Text",
            placeholder="Type, paste, or open a file.",
            lines=4,
            max_lines=14,
            elem_id="text",
        )
        with gr.Row():
            # All three stay in one row on a phone.
            narrow: dict[str, Any] = {"min_width": 90, "size": "md"}
            self.find = gr.Button("Find entities", variant="primary", elem_id="find", **narrow)
            suffixes = [*PLAIN_SUFFIXES, *RECORD_SUFFIXES]
            self.file = gr.UploadButton(
                "Open a file", file_types=suffixes, elem_id="file", **narrow
            )
            self.clear = gr.Button("Clear", elem_id="clear", **narrow)
        gr.Examples(
            [[example] for example in EXAMPLES],
            inputs=self.text,
            cache_examples=False,
            api_visibility="private",
        )
        with gr.Row():
            self.first = gr.Dropdown(
                names, value=names[0], label="Pipeline", elem_id="first", filterable=False
            )
            self.second = gr.Dropdown(
                [_NOBODY, *names],
                value=names[1] if len(names) > 1 else _NOBODY,
                label="Beside it",
                visible=len(names) > 1,
                elem_id="second",
                filterable=False,
            )
            self.threshold = gr.Slider(
                0.0,
                1.0,
                value=models[0].threshold,
                step=0.01,
                label="Threshold",
                info="Entities with lower scores are left out.",
                interactive=any(model.has_scores for model in models),
                elem_id="threshold",
            )

    def list_inputs(self) -> list[Any]:
        """Return its parts in the order in which functions take them."""
        return [self.text, self.first, self.second, self.threshold]


class _Panel:
    """Where the page shows what one pipeline found.

    Args:
        number: Its place, from 1.
    """

    def __init__(self, number: int) -> None:
        gr = _import_gradio()
        self.summary = gr.Markdown(elem_id=f"summary-{number}")
        self.html = gr.HTML(elem_id=f"found-{number}", elem_classes="found", js_on_load=None)
        code: dict[str, Any] = {"language": "json", "interactive": False, "max_lines": 20}
        with gr.Tabs():
            with gr.Tab("Table"):
                self.table = gr.HTML(elem_id=f"table-{number}", js_on_load=None)
            with gr.Tab("JSON"):
                self.json = gr.Code(**code, elem_id=f"json-{number}")
            with gr.Tab("Hugging Face"):
                self.hf = gr.Code(**code, elem_id=f"hf-{number}")

    def list_outputs(self) -> list[Any]:
        """Return its parts, in the order of what :func:`_fill_panel` returns."""
        return [self.summary, self.html, self.table, self.json, self.hf]


class _EntitiesTab:
    """What was found.

    Args:
        has_two: Whether there is a second pipeline to show beside the first.
    """

    def __init__(self, *, has_two: bool) -> None:
        gr = _import_gradio()
        self.readings = gr.State([], time_to_live=_SECONDS_KEPT)
        self.comparison = gr.Markdown(elem_id="comparison")
        self.panels: list[_Panel] = []
        with gr.Row():
            for number in range(1, 3 if has_two else 2):
                with gr.Column(min_width=360):
                    self.panels.append(_Panel(number))

    def list_outputs(self) -> list[Any]:
        """Return its parts, in the order of what :func:`_fill` returns."""
        outputs: list[Any] = [self.readings, self.comparison]
        for panel in self.panels:
            outputs += panel.list_outputs()
        return outputs


class _RewriteTab:
    """How names are rewritten, and what became of them."""

    def __init__(self) -> None:
        gr = _import_gradio()
        self.how = gr.Radio(
            list(_METHODS), value="redact", label="Method", info=_METHODS["redact"], elem_id="how"
        )
        with gr.Row():
            self.types = gr.Textbox(
                label="Types", placeholder="all", info="Such as PER, LOC", elem_id="types"
            )
            self.numbered = gr.Checkbox(
                label="The same name, the same number", value=True, elem_id="numbered"
            )
            self.locale = gr.Textbox("en_US", label="Locale", visible=False, elem_id="locale")
            self.source = gr.Textbox("america", label="From", visible=False, elem_id="source")
            self.target = gr.Textbox("india", label="To", visible=False, elem_id="target")
        self.rewrite = gr.Button("Rewrite", variant="primary", elem_id="rewrite")
        self.html = gr.HTML(elem_id="new-found", elem_classes="found", js_on_load=None)
        self.remains = gr.Textbox(
            label="What remains", interactive=False, lines=2, max_lines=6, elem_id="remains"
        )
        self.table = gr.HTML(elem_id="replaced", js_on_load=None)
        self.text = gr.Textbox(
            label="New text",
            interactive=False,
            lines=3,
            max_lines=14,
            buttons=["copy"],
            elem_id="new-text",
        )

    def list_inputs(self) -> list[Any]:
        """Return its settings in the order in which functions take them."""
        return [self.how, self.types, self.numbered, self.locale, self.source, self.target]

    def list_outputs(self) -> list[Any]:
        """Return what shows the new text."""
        return [self.html, self.remains, self.table, self.text]


def _wire_entities(actions: DemoActions, text: _Input, tab: _EntitiesTab) -> None:
    """Let the page find entities, at each key or at the press of a button, and filter them."""
    gr = _import_gradio()
    n_panels = len(tab.panels)
    inputs = text.list_inputs()
    outputs = tab.list_outputs()

    @_say_errors
    def find(
        written: str,
        first: str,
        second: str,
        threshold: float,
        progress: Any = gr.Progress(),  # noqa: ANN401, B008 - Gradio's way to ask for it
    ) -> list[Any]:
        names = _choose_names(first, second)
        readings = actions.read(written, names, _take_share(progress))
        return _fill(actions, readings, threshold, n_panels)

    @_say_errors
    def find_live(written: str, first: str, second: str, threshold: float) -> Any:  # noqa: ANN401
        if len(written) > _LIVE_CHARS:
            return gr.skip()
        readings = actions.read(written, _choose_names(first, second))
        return _fill(actions, readings, threshold, n_panels)

    @_say_errors
    def filter_found(
        readings: Sequence[Reading], written: str, first: str, second: str, threshold: float
    ) -> list[Any]:
        names = _choose_names(first, second)
        if not actions.are_of(readings, written, names):
            # What was found is forgotten by now, or it is that of another text.
            readings = actions.read(written, names)
        return _fill(actions, readings, threshold, n_panels)

    @_say_errors
    def open_file(path: str) -> str:
        try:
            return open_texts(Path(path))
        finally:
            _forget_files()

    private: dict[str, Any] = {"api_visibility": "private", "concurrency_id": "pipelines"}
    text.find.click(find, inputs, outputs, show_progress_on=tab.comparison, **private)
    # At each key, and where an example or a file takes the place of the text.
    text.text.change(
        find_live, inputs, outputs, show_progress="hidden", trigger_mode="always_last", **private
    )
    for choice in (text.first, text.second):
        choice.input(find, inputs, outputs, **private)
    text.threshold.input(
        filter_found,
        [tab.readings, *inputs],
        outputs,
        show_progress="hidden",
        trigger_mode="always_last",
        **private,
    )
    opened = text.file.upload(open_file, text.file, text.text, **private)
    opened.success(find, inputs, outputs, **private)
    text.clear.click(lambda: "", None, text.text, show_progress="hidden", **private)


def _wire_rewriting(
    actions: DemoActions, text: _Input, found: _EntitiesTab, tab: _RewriteTab
) -> None:
    """Let the page rewrite the text, and show the settings of the method that is chosen."""
    gr = _import_gradio()

    def choose(how: str) -> list[Any]:
        return [
            gr.update(info=_METHODS[how]),
            gr.update(visible=how == "redact"),
            gr.update(visible=how == "pseudonym"),
            gr.update(visible=how == "analogy"),
            gr.update(visible=how == "analogy"),
        ]

    @_say_errors
    def rewrite(  # noqa: PLR0913, PLR0917 - one argument a part of the page
        readings: Sequence[Reading],
        written: str,
        first: str,
        _second: str,
        threshold: float,
        how: str,
        types: str,
        numbered: bool,  # noqa: FBT001
        locale: str,
        source: str,
        target: str,
        progress: Any = gr.Progress(),  # noqa: ANN401, B008 - Gradio's way to ask for it
    ) -> list[Any]:
        if not actions.are_of(readings[:1], written, [first]):
            readings = actions.read(written, [first], _take_share(progress))
        settings = RewriteSettings(
            how=how,
            numbered=numbered,
            locale=locale.strip(),
            source=source.strip() or None,
            target=target.strip() or None,
            types=tuple(types.replace(",", " ").split()) or None,
        )
        shown = actions.rewrite(readings[0], settings, threshold)
        return [shown.html, shown.remains, shown.table, shown.text]

    private: dict[str, Any] = {"api_visibility": "private", "concurrency_id": "pipelines"}
    shown_settings = [tab.how, tab.numbered, tab.locale, tab.source, tab.target]
    tab.how.input(choose, tab.how, shown_settings, show_progress="hidden", **private)
    inputs = [found.readings, *text.list_inputs(), *tab.list_inputs()]
    tab.rewrite.click(rewrite, inputs, tab.list_outputs(), **private)


def _fill(
    actions: DemoActions, readings: Sequence[Reading], threshold: float, n_panels: int
) -> list[Any]:
    """Return what goes to the parts of the tab: nothing where there is no second pipeline."""
    values: list[Any] = [readings, actions.compare(readings, threshold)]
    for i in range(n_panels):
        if i < len(readings):
            shown = actions.show(readings[i], threshold)
            values += [shown.summary, shown.html, shown.table, shown.json, shown.hf]
        else:
            values += ["", "", "", "", ""]
    return values


def _forget_files() -> None:
    """Remove whatever Gradio has written of files that were opened: it makes copies."""
    for path in Path(os.environ[_FOLDER_VARIABLE]).rglob("*"):
        if path.is_file():
            path.unlink(missing_ok=True)


def _choose_names(first: str, second: str) -> list[str]:
    if second in {_NOBODY, first}:
        return [first]
    return [first, second]


def _take_share(progress: Any) -> Progress:  # noqa: ANN401 - Gradio's
    def report(share: float) -> None:
        progress(share, desc="Reading")

    return report


def _say_errors(function: Function) -> Function:
    """Return a function whose errors the page shows as the sentences that they are."""
    gr = _import_gradio()

    @functools.wraps(function)
    def run(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - those of the function
        try:
            return function(*arguments, **options)
        except HFNerError as error:
            raise gr.Error(escape(str(error)), duration=None, print_exception=False) from error

    return cast("Function", run)


def _import_gradio() -> Any:  # noqa: ANN401 - a module
    try:
        import gradio
    except ImportError as error:
        raise MissingExtraError("gradio", extra="demo", purpose="the demo") from error
    return gradio
