"""What a result was made with, so that it can be made again: as sacrebleu signs its scores.

Every file of results carries a :class:`Signature`. Scores without one cannot be compared: another
release of a library, another threshold or one document more gives other figures.

A result is signed before its pipeline predicts. Prediction may take hours, and a file that somebody
writes anew in the meantime is not the one that was read.

Source: Post (2018), https://aclanthology.org/W18-6319.
"""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from spacy.language import Language
from thinc.api import CupyOps, MPSOps, get_current_ops

from spacy_hf_ner.corpus.visible import list_visible
from spacy_hf_ner.evaluation.confidence import NOISE_SAMPLES, NOISE_SEED
from spacy_hf_ner.evaluation.resampling import (
    BOOTSTRAP_SAMPLES,
    PERMUTATION_SAMPLES,
    RESAMPLING_SEED,
)

__all__ = [
    "LIBRARIES",
    "Draws",
    "GoldData",
    "Signature",
    "describe_pipeline",
    "format_parts",
    "hash_file",
    "hash_files",
    "read_versions",
    "sign",
    "split_parts",
]

LIBRARIES: Final = ("spacy-hf-ner", "spacy", "torch", "transformers", "thinc", "numpy")

_COMPONENT_SETTINGS: Final = ("decoder", "bias", "threshold", "spans_key", "annotate")
_MODEL_SETTINGS: Final = ("backend", "precision")

# Hexadecimal digits of the digest that the line of text shows.
_SHORT_HASH: Final = 8

_BLOCK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class GoldData:
    """The gold data of a result.

    Attributes:
        name: The name of the file or folder; None for Docs that come from no file.
        sha256: Digest of the file, or of all files in the folder; None without one.
        n_docs: Documents judged.
    """

    name: str | None
    sha256: str | None
    n_docs: int


@dataclass(frozen=True, slots=True)
class Draws:
    """A figure that depends on random draws.

    Attributes:
        n_samples: How often something was drawn.
        seed: What the draws start from.
    """

    n_samples: int
    seed: int


@dataclass(frozen=True, slots=True)
class Signature:
    """What a result was made with.

    Attributes:
        pipeline: Its name, version and components.
        data: The gold data.
        spans_key: The span group of the scores, or of the entities where the pipeline does not set
            ``doc.ents``.
        device: Where the pipeline runs, such as ``"cpu"`` or ``"cuda:0"``.
        components: The settings of each component that change its results, as its config has them:
            threshold, spans_key, annotate, backend, precision. Precision is that of prediction, and
            ``"auto"`` stays ``"auto"``: whether that was bf16 or fp32 follows from the device.
            Components without any of these are left out.
        draws: Samples and seed of each figure that depends on random draws.
        versions: Releases of Python and the libraries; without those that are not installed.
        date: When it was signed, before the pipeline predicted: UTC, as ISO 8601 writes it, to the
            second.
        label_map: The new names that predicted types were given; empty where they kept theirs.
    """

    pipeline: str
    data: GoldData
    spans_key: str
    device: str
    components: Mapping[str, Mapping[str, Any]]
    draws: Mapping[str, Draws]
    versions: Mapping[str, str]
    date: str
    label_map: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the signature as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        """Return the signature in one line: ``"data:dev.spacy|sha256:0a1b2c3d|docs:12|…"``."""
        return format_parts(self.parts())

    def parts(self) -> dict[str, str]:
        """Return what the line of the signature says, by name and in its order."""
        parts = {"data": self.data.name or "-"}
        if self.data.sha256:
            parts["sha256"] = self.data.sha256[:_SHORT_HASH]
        parts["docs"] = str(self.data.n_docs)
        parts["pipeline"] = self.pipeline
        parts["spans_key"] = self.spans_key
        for name, settings in self.components.items():
            for setting, value in settings.items():
                parts[f"{name}.{setting}"] = str(value)
        if self.label_map:
            renamed = [f"{old}={new}" for old, new in self.label_map.items()]
            parts["label_map"] = ",".join(renamed)
        parts["device"] = self.device
        for name, draws in self.draws.items():
            parts[name] = f"{draws.n_samples}@seed{draws.seed}"
        parts.update(self.versions)
        parts["date"] = self.date
        return parts


def format_parts(parts: Mapping[str, str]) -> str:
    """Return parts of a signature in one line.

    >>> format_parts({"data": "dev.spacy", "docs": "12"})
    'data:dev.spacy|docs:12'
    """
    return "|".join(f"{name}:{value}" for name, value in parts.items())


def split_parts(signatures: Sequence[Signature]) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return the parts that all signatures share, and for each signature those that are left.

    A part that some signature lacks is not shared.

    Args:
        signatures: At least one.
    """
    parts = [signature.parts() for signature in signatures]
    shared = dict(parts[0])
    for other in parts[1:]:
        for name, value in parts[0].items():
            if other.get(name) != value:
                shared.pop(name, None)

    differing: list[dict[str, str]] = []
    for signature_parts in parts:
        rest = {name: value for name, value in signature_parts.items() if name not in shared}
        differing.append(rest)
    return shared, differing


def sign(
    nlp: Language,
    *,
    data: Path | None,
    n_docs: int,
    spans_key: str,
    label_map: Mapping[str, str] | None = None,
) -> Signature:
    """Return what a result of a pipeline on gold data is made with.

    Call it before the pipeline predicts, so that the digest is of the data that was read.

    Args:
        nlp: The pipeline.
        data: File or folder of the gold data; None where the Docs come from none.
        n_docs: Documents to judge.
        spans_key: The span group to read.
        label_map: The new names that predicted types are given.
    """
    name = None
    sha256 = None
    if data is not None:
        name = data.name
        sha256 = hash_files(data)
    return Signature(
        pipeline=describe_pipeline(nlp),
        data=GoldData(name, sha256, n_docs),
        spans_key=spans_key,
        device=_name_device(),
        components=_read_settings(nlp),
        draws={
            "intervals": Draws(BOOTSTRAP_SAMPLES, RESAMPLING_SEED),
            "permutation_test": Draws(PERMUTATION_SAMPLES, RESAMPLING_SEED),
            "calibration_noise": Draws(NOISE_SAMPLES, NOISE_SEED),
        },
        label_map=dict(label_map or {}),
        versions=read_versions(),
        date=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )


def describe_pipeline(nlp: Language) -> str:
    """Return a pipeline's name, version and components, such as ``"en_news 1.0.0 (hf_ner)"``."""
    meta = nlp.meta
    components = ", ".join(nlp.pipe_names)
    return f"{meta['lang']}_{meta['name']} {meta['version']} ({components})"


def hash_files(path: Path) -> str | None:
    """Return the sha256 of a file; of a folder, that of its files; None where there is neither.

    The files of a folder are taken in the order of their paths, and paths below the folder count
    too: the digest changes where a file is renamed, but not where the folder is moved. Hidden files
    are none of them, as they are never read.
    """
    if path.is_file():
        return hash_file(path)
    if not path.is_dir():
        return None
    digest = hashlib.sha256()
    for file in list_visible(path):
        # A name ends at the zero byte, and all digests are of one length: no two folders give the
        # same bytes.
        digest.update(file.relative_to(path).as_posix().encode("utf8"))
        digest.update(b"\0")
        digest.update(hash_file(file).encode("ascii"))
    return digest.hexdigest()


def hash_file(file: Path) -> str:
    """Return the sha256 of a file, which is read block by block."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _name_device() -> str:
    ops = get_current_ops()
    if isinstance(ops, CupyOps):
        return f"cuda:{ops.device_id}"
    if isinstance(ops, MPSOps):
        return "mps"
    return "cpu"


def _read_settings(nlp: Language) -> dict[str, dict[str, Any]]:
    """Return the settings of each component that change its results, where it has any."""
    components: dict[str, dict[str, Any]] = {}
    for name, component in nlp.pipeline:
        config = nlp.get_pipe_config(name)
        settings = _pick(config, _COMPONENT_SETTINGS)
        # A component may have been set otherwise since it was made from its config.
        read_settings = getattr(component, "read_settings", None)
        if read_settings is not None:
            settings = _pick(read_settings(), _COMPONENT_SETTINGS)
        model = config.get("model")
        if isinstance(model, Mapping):
            settings.update(_pick(model, _MODEL_SETTINGS))
        if settings:
            components[name] = settings
    return components


def _pick(config: Mapping[str, Any], settings: tuple[str, ...]) -> dict[str, Any]:
    return {setting: config[setting] for setting in settings if setting in config}


def read_versions() -> dict[str, str]:
    """Return the releases of Python and of the libraries that results depend on."""
    versions = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:  # noqa: PERF203 - six libraries, once a result
            # transformers and torch are not needed by every pipeline that can be judged.
            continue
    return versions
