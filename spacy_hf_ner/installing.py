"""Every hint at what to install, in one place: a command that works for whoever reads it.

This library may come from an index, a folder, a wheel or a repository, and ``pip install
spacy-hf-ner`` works for the first alone. pip writes down where a distribution came from.

Source: PEP 610, https://packaging.python.org/en/latest/specifications/direct-url/
"""

import json
import os
import shlex
import subprocess
from importlib.metadata import Distribution, PackageNotFoundError, distribution, entry_points
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

__all__ = ["DISTRIBUTION", "make_download_hint", "make_extra_hint", "make_pip_hint", "name_source"]

DISTRIBUTION: Final = "spacy-hf-ner"


def make_extra_hint(extra: str) -> str:
    """Return the command that installs this library's extra."""
    return make_pip_hint(*name_source(extra))


def make_pip_hint(*arguments: str) -> str:
    """Return the command that installs something, quoted for the shell of this system.

    >>> make_pip_hint("accelerate")
    'pip install accelerate'
    """
    command = ["pip", "install", *arguments]
    if os.name == "nt":
        return subprocess.list2cmdline(command)
    return shlex.join(command)


def make_download_hint(name: str, *, revision: str | None = None) -> str:
    """Return the command that downloads a repository of the Hugging Face hub to a folder.

    The program was called ``huggingface-cli`` before huggingface_hub 0.34.
    """
    programs = {point.name for point in entry_points(group="console_scripts")}
    program = "hf" if "hf" in programs else "huggingface-cli"
    at_revision = ["--revision", revision] if revision else []
    return shlex.join([program, "download", name, *at_revision, "--local-dir", "FOLDER"])


def name_source(extra: str = "") -> list[str]:
    """Return the arguments with which pip installs this library from where it came from.

    Args:
        extra: An extra that it should have.
    """
    suffix = f"[{extra}]" if extra else ""
    name = f"{DISTRIBUTION}{suffix}"
    origin = _read_origin()
    url = origin.get("url", "")
    if "dir_info" in origin:
        folder = _as_path(url)
        if not folder.is_dir():
            return [name]
        is_editable = bool(origin["dir_info"].get("editable"))
        option = ["--editable"] if is_editable else []
        return [*option, f"{folder}{suffix}"]
    if "vcs_info" in origin:
        vcs = origin["vcs_info"]
        return [f"{name} @ {vcs['vcs']}+{url}@{vcs['commit_id']}"]
    if "archive_info" in origin and (not url.startswith("file:") or _as_path(url).is_file()):
        return [f"{name} @ {url}"]
    return [name]


def _read_origin() -> dict[str, Any]:
    """Return what pip has written down of where this library came from; empty for an index."""
    try:
        installed: Distribution = distribution(DISTRIBUTION)
        written = installed.read_text("direct_url.json")
    except (PackageNotFoundError, OSError):
        return {}
    origin: dict[str, Any] = json.loads(written) if written else {}
    return origin


def _as_path(url: str) -> Path:
    return Path(url2pathname(urlsplit(url).path))
