"""What pages show is there: commands with their options, names that can be imported."""

import ast
import importlib
from typing import Any

import pytest
import typer

from spacy_hf_ner.cli.app import app
from tests.site.blocks import PAGES, ROOT, Block, find_ours, read_blocks, read_commands

COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
BLOCKS = [block for page in PAGES for block in read_blocks(page)]
SHELL = [block for block in BLOCKS if block.language == "bash"]
PYTHON = [block for block in BLOCKS if block.language == "python"]
CONFIGS = [block for block in BLOCKS if block.language == "ini"]


def test_there_is_something_to_look_at() -> None:
    assert len(SHELL) > 30
    assert len(PYTHON) > 20


@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.name)
def test_commands_have_the_options_that_pages_give_them(block: Block) -> None:
    for words in read_commands(block):
        ours = find_ours(words)
        if not ours or ours[0].startswith("-") or words[0] == "docker":  # an image of that name
            continue
        name, *arguments = ours
        assert name in COMMANDS, f"there is no command {name!r}"
        known = {"--help"}
        for parameter in COMMANDS[name].params:
            known.update(parameter.opts)
            known.update(parameter.secondary_opts)
        for argument in arguments:
            option = argument.partition("=")[0]
            # "-" is stdin; "--training.max_steps" goes through to a config.
            if option.startswith("-") and option != "-" and not option[1:2].isdigit():
                assert option in known, f"{name} has no {option}"


@pytest.mark.parametrize("block", CONFIGS, ids=lambda block: block.name)
def test_configs_are_read_as_they_are_meant(block: Block) -> None:
    for line in block.code.splitlines():
        # What stands behind a value is a part of it, and makes text of a number.
        is_comment = line.startswith("#")
        assert is_comment or " # " not in line, "a comment needs a line of its own"


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.name)
def test_python_is_python_and_imports_what_is_there(block: Block) -> None:
    for node in ast.walk(ast.parse(block.code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("spacy_hf_ner"):
            module = importlib.import_module(str(node.module))
            for imported in node.names:
                assert hasattr(module, imported.name), f"{node.module} has no {imported.name}"


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf8").partition("\nnav:\n")[2]
    for page in PAGES[1:]:
        path = page.relative_to(ROOT / "docs").as_posix()
        assert f" {path}\n" in navigation, f"docs/{path} is not in the nav of mkdocs.yml"
