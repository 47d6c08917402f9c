"""What is published: the workflow, the check before it, the version, the entry for the Universe."""

import ast
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from spacy_hf_ner import __version__

ROOT = Path(__file__).resolve().parents[1]
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-11-27\n\n- Something.\n"

# Source: https://github.com/explosion/spaCy/blob/master/website/UNIVERSE.md, and the categories of
# projects at the end of its universe.json.
FIELDS = {
    "id": str,
    "title": str,
    "slogan": str,
    "description": str,
    "github": str,
    "pip": str,
    "code_example": list,
    "code_language": str,
    "url": str,
    "thumb": str,
    "image": str,
    "author": str,
    "author_links": dict,
    "category": list,
    "tags": list,
}
CATEGORIES = {
    "pipeline",
    "training",
    "conversational",
    "research",
    "scientific",
    "visualizers",
    "apis",
    "nonpython",
    "standalone",
    "models",
}


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check", ROOT / ".ci" / "check_release.py")
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    return program


def test_a_release_that_is_ready_passes(program: ModuleType) -> None:
    assert program.find_mistakes("v1.2.3", "1.2.3", CHANGELOG) == []


@pytest.mark.parametrize(
    ("tag", "changelog", "said"),
    [
        ("1.2.3", CHANGELOG, "the tag must be v1.2.3"),
        ("v1.2.4", CHANGELOG, "the tag must be v1.2.3"),
        ("v1.2.3", CHANGELOG.replace("1.2.3", "1.2.2"), "must have a section"),
        ("v1.2.3", CHANGELOG.replace(" - 2026-11-27", ""), "must have a date"),
        ("v1.2.3", CHANGELOG.replace("ed]\n", "ed]\n\n- More.\n"), "nothing left"),
    ],
)
def test_a_release_that_is_not_ready_is_refused(
    program: ModuleType, tag: str, changelog: str, said: str
) -> None:
    (mistake,) = program.find_mistakes(tag, "1.2.3", changelog)
    assert said in mistake


def test_the_version_is_written_in_one_place() -> None:
    for name in ("pyproject.toml", "CITATION.cff", "mkdocs.yml", "README.md"):
        text = (ROOT / name).read_text(encoding="utf8")
        assert not re.search(rf"(?<![\d.=]){re.escape(__version__)}(?![\d.])", text), name


def test_the_workflow_publishes_only_what_was_checked_and_installed() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf8")
    jobs: dict[str, Any] = yaml.safe_load(text)["jobs"]
    assert set(jobs["publish"]["needs"]) == {"check", "install"}
    assert jobs["install"]["needs"] == "build"
    assert jobs["site"]["needs"] == "publish"
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert "password:" not in text
    # What its steps call is there.
    makefile = (ROOT / "Makefile").read_text(encoding="utf8")
    for job in jobs.values():
        for step in job["steps"]:
            command = step.get("run", "")
            for target in re.findall(r"^make ([\w-]+)", command):
                assert f"\n{target}:" in makefile, target
            for path in re.findall(r"\.ci/\w+(?:\.py)?", command):
                assert (ROOT / path).is_file(), path


def test_the_entry_for_the_universe_has_its_form() -> None:
    path = ROOT / ".github" / "spacy-universe.json"
    entry: dict[str, Any] = json.loads(path.read_text(encoding="utf8"))
    assert {"id", "title", "slogan", "description", "pip", "author", "category"} <= entry.keys()
    for field, value in entry.items():
        assert isinstance(value, FIELDS[field]), field
    assert set(entry["category"]) <= CATEGORIES
    assert all(isinstance(line, str) for line in entry["code_example"])
    ast.parse("\n".join(entry["code_example"]))
