"""PyPI shows README.md: what it links to is there, and its published links are absolute."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
REPOSITORY = "https://example.org/owner/name"


def load_program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_dist", ROOT / ".ci" / "build_dist.py")
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    return program


def read_targets(text: str) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", text)


def test_no_link_of_the_published_readme_is_relative() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf8")
    published = load_program().make_links_absolute(text, REPOSITORY, tag="v1")
    targets = read_targets(published)
    assert len(targets) == len(read_targets(text)) > 10
    assert all(target.startswith(("https://", "#")) for target in targets)
    assert f"predicted]({REPOSITORY}/raw/v1/docs/images/entities.png)" in published
    assert f"[Training]({REPOSITORY}/blob/v1/docs/training.md)" in published


def test_what_the_readme_links_to_is_there() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in read_targets(page.read_text(encoding="utf8")):
            # What is in reference/ is made when the site is built, which follows its links.
            if not target.startswith(("https://", "http://", "#", "reference/")):
                assert (page.parent / target.partition("#")[0]).exists(), f"{page.name}: {target}"
