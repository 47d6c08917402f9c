"""Build our sdist and wheel as they are published: ``python .ci/build_dist.py REPOSITORY DIST``.

PyPI shows README.md, where a relative link leads nowhere: its links get the address of the
repository, at the tag of this version. Without an address (``-``) they stay as they are.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from spacy_hf_ner import __version__

ROOT = Path(__file__).resolve().parents[1]

# ![what](docs/images/x.svg) and [what](docs/x.md#y), not [what](https://…) nor [what](#y)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)]+)\)")


def make_links_absolute(text: str, repository: str, *, tag: str) -> str:
    """Return a page whose relative links lead to the repository, and pictures to their bytes."""

    def replace(match: re.Match[str]) -> str:
        mark, label, target = match.groups()
        kind = "raw" if mark else "blob"
        return f"{mark}[{label}]({repository.rstrip('/')}/{kind}/{tag}/{target})"

    return _LINK.sub(replace, text)


def main() -> None:
    """Build in a copy of what git knows, so that the README here stays as it is."""
    repository, dist = sys.argv[1:]
    git = shutil.which("git") or "git"
    listed = subprocess.run([git, "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name in listed.stdout.splitlines():
            copied = Path(scratch, name)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copied)
        if repository != "-":
            readme = Path(scratch, "README.md")
            text = readme.read_text(encoding="utf8")
            readme.write_text(
                make_links_absolute(text, repository, tag=f"v{__version__}"), encoding="utf8"
            )
        output = str(Path(dist).absolute())
        build = [sys.executable, "-m", "build", "--outdir", output]
        subprocess.run(build, cwd=scratch, check=True)


if __name__ == "__main__":
    main()
