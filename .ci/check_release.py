"""Refuse a release that is not ready: ``python .ci/check_release.py TAG``.

The tag is ``v`` and the version of the package, and CHANGELOG.md has a dated section for it, before
which nothing is left unreleased.
"""

import re
import sys
from pathlib import Path

from spacy_hf_ner import __version__

ROOT = Path(__file__).resolve().parents[1]

_SECTION = re.compile(r"^## \[(?P<version>[^\]]+)\](?: - (?P<date>.+))?$", re.MULTILINE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def find_mistakes(tag: str, version: str, changelog: str) -> list[str]:
    """Return what is wrong with a release, as sentences."""
    mistakes: list[str] = []
    if tag != f"v{version}":
        mistakes.append(f"the tag must be v{version}, as spacy_hf_ner/__init__.py has it: {tag}")
    sections = list(_SECTION.finditer(changelog))
    named = {section["version"]: section for section in sections}
    if version not in named:
        mistakes.append(f"CHANGELOG.md must have a section [{version}]")
    elif not _DATE.fullmatch(named[version]["date"] or ""):
        mistakes.append(f"the section [{version}] of CHANGELOG.md must have a date: 2026-11-27")
    if sections and sections[0]["version"] == "Unreleased":
        end = sections[1].start() if len(sections) > 1 else len(changelog)
        if changelog[sections[0].end() : end].strip():
            mistakes.append("CHANGELOG.md must have nothing left under [Unreleased]")
    return mistakes


def main() -> None:
    """Check the repository, and exit with 1 if something is wrong."""
    (tag,) = sys.argv[1:]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf8")
    mistakes = find_mistakes(tag, __version__, changelog)
    if mistakes:
        sys.exit("\n".join(mistakes))
    print(f"{tag} is ready")


if __name__ == "__main__":
    main()
