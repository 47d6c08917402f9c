"""Look into what is published: ``python .ci/check_dist.py DIST PYTHON``.

DIST holds one sdist and one wheel; PYTHON is an interpreter in whose environment the wheel is
installed.
"""

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

IN_WHEEL = (
    "spacy_hf_ner/py.typed",
    "spacy_hf_ner/cli/recipe.cfg",
    "spacy_hf_ner/visual/assets/report.css",
    "spacy_hf_ner/rewriting/assets/organisations.json",
)
IN_SDIST = ("pyproject.toml", "README.md", "LICENSE", *IN_WHEEL)
NOT_IN_WHEEL = ("tests/", "benchmarks/", "docs/", "corpus/")


def find_mistakes(dist: Path) -> list[str]:
    """Return what the two files lack, and what they hold that does not belong there."""
    (wheel,) = dist.glob("*.whl")
    (sdist,) = dist.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = archive.namelist()
    with tarfile.open(sdist) as archive:
        in_sdist = ["/".join(name.split("/")[1:]) for name in archive.getnames()]
    mistakes = [f"{wheel.name} lacks {name}" for name in IN_WHEEL if name not in in_wheel]
    mistakes += [f"{sdist.name} lacks {name}" for name in IN_SDIST if name not in in_sdist]
    mistakes += [f"{wheel.name} holds {name}" for name in in_wheel if name.startswith(NOT_IN_WHEEL)]
    return mistakes


def run_installed(python: str) -> None:
    """Import the installed wheel and ask its command line for help, far from the source."""
    # As spaCy finds it: by the factory's name, without an import of ours.
    program = "import spacy; nlp = spacy.blank('en'); print(nlp.get_factory_meta('hf_ner').factory)"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, "-c", program], check=True, cwd=folder)
        help_command = [python, "-m", "spacy", "hf-ner", "--help"]
        subprocess.run(help_command, check=True, cwd=folder, stdout=subprocess.DEVNULL)


def main() -> None:
    """Check a folder, and exit with 1 if something is wrong with it."""
    dist, python = sys.argv[1:]
    mistakes = find_mistakes(Path(dist))
    if mistakes:
        sys.exit("\n".join(mistakes))
    # The interpreter's own path: behind its link lies one that knows nothing of the environment.
    run_installed(str(Path(python).absolute()))
    print("sdist and wheel hold what they should, and the wheel works where it is installed")


if __name__ == "__main__":
    main()
