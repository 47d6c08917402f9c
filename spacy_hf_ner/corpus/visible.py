"""Files that are there to be read: what is hidden may be half-written, or of other programs."""

from pathlib import Path

__all__ = ["is_hidden", "list_visible"]


def list_visible(folder: Path, pattern: str = "*") -> list[Path]:
    """Return the files in a folder and all folders in it, in order, without hidden ones."""
    files: list[Path] = []
    for path in sorted(folder.rglob(pattern)):
        if path.is_file() and not is_hidden(path, folder):
            files.append(path)
    return files


def is_hidden(path: Path, folder: Path) -> bool:
    """Tell whether a path in a folder is hidden, or lies in a hidden folder inside it."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)
