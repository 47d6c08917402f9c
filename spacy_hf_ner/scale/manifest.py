"""What a folder of shards holds, as lines of JSON that are added one by one.

::

    {"kind": "run", "model": …, "settings": {…}}     what all shards are made with
    {"kind": "input", "source": {…}, "sha256": …}    the inputs, each with its digest
    {"kind": "shard", "shard": 0, "input": 0, …}     how they are cut
    {"kind": "shard", "shard": 1, …}
    {"kind": "whole", "number": 1, "file": …}        a shard that is whole, as they come

The first three kinds are written at once, before the work. A line that was cut by a kill or a full
disk is taken away before the next one is added: its shard starts anew.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from errno import EIO
from pathlib import Path
from typing import Any, Final

from spacy_hf_ner.core.replacing import write_file
from spacy_hf_ner.corpus.text_input import Place, TextInput
from spacy_hf_ner.errors import ConfigError, OutputError
from spacy_hf_ner.scale.shard_annotation import ShardResult
from spacy_hf_ner.scale.shards import Shard

__all__ = ["KnownInput", "Manifest", "Plan", "read_manifest", "write_manifest"]

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class KnownInput:
    """An input as it was when it was cut.

    Attributes:
        source: The input.
        stamp: What changes when somebody writes to it.
        sha256: The digest of what it holds.
    """

    source: TextInput
    stamp: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        model: The name of the model.
        model_sha256: The digest of its files.
        settings: What the output depends on besides.
        versions: The releases of the libraries that began it.
        inputs: The inputs.
        shards: What they are cut into.
    """

    model: str
    model_sha256: str
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    inputs: Sequence[KnownInput]
    shards: Sequence[Shard]

    @property
    def n_texts(self) -> int:
        """How many texts there are."""
        return sum(shard.n_texts for shard in self.shards)


class Manifest:
    """The plan of a folder, and which of its shards are whole.

    Attributes:
        plan: The plan.
        results: What became of each shard that is whole, by its number.
    """

    def __init__(
        self, path: Path, plan: Plan, results: dict[int, ShardResult], *, n_bytes: int
    ) -> None:
        self.plan = plan
        self.results = results
        self._path = path
        self._n_bytes = n_bytes  # of whole lines

    def find_open_shards(self, folder: Path) -> list[Shard]:
        """Return the shards that are not whole, or whose files somebody has removed or changed."""
        sizes = {entry.name: entry.stat().st_size for entry in os.scandir(folder)}
        found: list[Shard] = []
        for shard in self.plan.shards:
            result = self.results.get(shard.number)
            if result is None or sizes.get(result.file) != result.n_bytes:
                found.append(shard)
        return found

    def add(self, result: ShardResult) -> None:
        """Note that a shard is whole, on the disk.

        Raises:
            OutputError: It cannot be written. The shard counts as not whole.
        """
        line = _dump({"kind": "whole", **result.to_json()})
        try:
            with self._path.open("r+b") as file:
                file.truncate(self._n_bytes)
                file.seek(self._n_bytes)
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputError(
                f"{self._path} cannot be written: {error.strerror}. What is whole stays. Make room "
                "there, and run the same command again.",
                errno=error.errno or EIO,
            ) from error
        self._n_bytes += len(line)
        self.results[result.number] = result


def write_manifest(path: Path, plan: Plan) -> Manifest:
    """Write the manifest of a new folder, and return it.

    Raises:
        OutputError: It cannot be written.
    """
    content = b"".join(map(_dump, _describe_plan(plan)))
    write_file(path, content)
    return Manifest(path, plan, {}, n_bytes=len(content))


def read_manifest(path: Path) -> Manifest | None:
    """Return the manifest of a folder; None where there is none.

    Raises:
        ConfigError: It was written by another version, or by somebody else.
    """
    if not path.exists():
        return None
    n_bytes = 0
    lines: list[dict[str, Any]] = []
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                break  # it was cut
            try:
                lines.append(json.loads(line))
            except ValueError as error:
                raise _refuse(path) from error
            n_bytes += len(line)
    is_ours = bool(lines) and all(isinstance(line, dict) for line in lines)
    if not is_ours or lines[0].get("kind") != "run" or lines[0].get("version") != VERSION:
        raise _refuse(path)
    plan, results = _read_lines(lines)
    return Manifest(path, plan, results, n_bytes=n_bytes)


def _refuse(path: Path) -> ConfigError:
    return ConfigError(
        f"{path}: expected the manifest of a folder of shards, version {VERSION}, got something "
        "else. Name another OUTPUT, or remove this folder if it is to be made anew."
    )


def _dump(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, ensure_ascii=False) + "\n").encode("utf8", "surrogatepass")


def _describe_plan(plan: Plan) -> Iterator[dict[str, Any]]:
    yield {
        "kind": "run",
        "version": VERSION,
        "model": plan.model,
        "model_sha256": plan.model_sha256,
        "settings": plan.settings,
        "versions": plan.versions,
        "n_texts": plan.n_texts,
    }
    numbers: dict[str, int] = {}
    for number, known in enumerate(plan.inputs):
        numbers[known.source.name] = number
        yield {
            "kind": "input",
            "source": asdict(known.source),
            "stamp": known.stamp,
            "sha256": known.sha256,
        }
    for shard in plan.shards:
        yield {
            "kind": "shard",
            "shard": shard.number,
            "input": numbers[shard.source.name],
            **shard.start._asdict(),
            "n_texts": shard.n_texts,
        }


def _read_lines(lines: Iterable[dict[str, Any]]) -> tuple[Plan, dict[int, ShardResult]]:
    run: dict[str, Any] = {}
    inputs: list[KnownInput] = []
    shards: list[Shard] = []
    results: dict[int, ShardResult] = {}
    for line in lines:
        kind = line.pop("kind")
        if kind == "run":
            run = line
        elif kind == "input":
            values = line["source"]
            source = TextInput(**{**values, "files": tuple(values["files"])})
            inputs.append(KnownInput(source, line["stamp"], line["sha256"]))
        elif kind == "shard":
            start = Place(line["number"], line["line"], line["offset"])
            source = inputs[line["input"]].source
            shards.append(Shard(line["shard"], source, start, line["n_texts"]))
        else:
            result = ShardResult.from_json(line)
            results[result.number] = result
    plan = Plan(
        model=run["model"],
        model_sha256=run["model_sha256"],
        settings=run["settings"],
        versions=run["versions"],
        inputs=inputs,
        shards=shards,
    )
    return plan, results
