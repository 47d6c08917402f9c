"""What a folder of shards holds, read with pyarrow and nothing of ours."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq


def read_rows(output: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the entities of each document by its id; an id that comes twice is an error."""
    found: dict[str, list[dict[str, Any]]] = {}
    for file in sorted((output / "shards").glob("*.parquet")):
        for row in pq.read_table(file).to_pylist():
            assert row["id"] not in found
            found[row["id"]] = row["entities"]
    return found


def read_errors(output: Path) -> dict[str, str]:
    """Return the reason of each text that was set aside, by its id."""
    return {
        row["id"]: row["reason"] for row in pq.read_table(output / "errors.parquet").to_pylist()
    }


def list_leftovers(output: Path) -> list[str]:
    """Return the names of hidden files: halves, and notes of attempts."""
    return sorted(path.name for path in output.rglob(".*"))
