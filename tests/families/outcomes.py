"""What became of each family: found by running the checks, kept in a file, shown as a table."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from spacy_hf_ner.errors import HFNerError
from tests.families.checks import CHECKS, Check, Subject, check_onnx

__all__ = [
    "PAGE",
    "Outcome",
    "Outcomes",
    "list_families",
    "look_at",
    "read_outcomes",
    "render_page",
    "write_outcomes",
]

Verdict = Literal["right", "refused", "wrong", "open"]

_FILE = Path(__file__).parent / "outcomes.json"
PAGE = Path(__file__).parents[2] / "docs" / "families.md"

_MAX_SHOWN = 300  # characters of a reason


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a family.

    Attributes:
        verdict: Whether it passed all checks, was refused when it was loaded, failed some, or is
            not looked at yet.
        reason: Why not; empty where it is right.
        no_onnx: Why it has no ONNX graph; empty where it has one, and None where nobody looked.
    """

    verdict: Verdict
    reason: str = ""
    no_onnx: str | None = None


Outcomes = dict[str, dict[str, Outcome]]
"""By version of transformers and by family."""


def list_families() -> list[str]:
    """Return all families that the installed transformers has a token classifier of."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES

    return sorted(MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES)


def look_at(family: str, folder: Path, *, checks: Sequence[Check] = CHECKS) -> Outcome:
    """Return what becomes of a family.

    Args:
        family: Its model type.
        folder: An empty folder for its files.
        checks: What it must pass.
    """
    subject = Subject(family, folder)
    subject.source  # noqa: B018 - made here, because a failure of ours to make it is none of its own
    try:
        subject.ours  # noqa: B018 - loaded here, because only loading may refuse
    except HFNerError as error:
        return Outcome("refused", _shorten(error, folder))
    no_onnx: str | None = None
    failures: list[str] = []
    for check in checks:
        failure, answer = _run(check, subject)
        if failure is not None:
            failures.append(f"{check.__name__.removeprefix('check_')}: {_shorten(failure, folder)}")
        elif check is check_onnx:
            no_onnx = _shorten(answer or "", folder)
    if failures:
        return Outcome("wrong", "; ".join(failures), no_onnx)
    return Outcome("right", no_onnx=no_onnx)


def _run(check: Check, subject: Subject) -> tuple[Exception | None, str | None]:
    """Return what a check raised, and what it returned."""
    try:
        return None, check(subject)
    except Exception as error:  # noqa: BLE001 - a family may fail with anything
        return error, None


def _shorten(reason: object, folder: Path) -> str:
    """Return the first part of a message, without the paths of this machine."""
    text = " ".join(str(reason).split())
    for path in (folder / "source", folder):
        text = text.replace(f"{path}: ", "").replace(str(path), "the folder")
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"


def read_outcomes() -> Outcomes:
    """Return what was found in all versions."""
    if not _FILE.is_file():
        return {}
    stored = json.loads(_FILE.read_text(encoding="utf8"))
    outcomes: Outcomes = {}
    for version, by_family in stored.items():
        outcomes[version] = {name: Outcome(**fields) for name, fields in by_family.items()}
    return outcomes


def write_outcomes(version: str, found: dict[str, Outcome]) -> None:
    """Add what was found with one version, and write the page anew."""
    outcomes = read_outcomes()
    outcomes[version] = {**outcomes.get(version, {}), **found}
    stored = {}
    for name in sorted(outcomes):
        by_family = outcomes[name]
        stored[name] = {family: asdict(by_family[family]) for family in sorted(by_family)}
    _FILE.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf8")
    PAGE.write_text(render_page(outcomes), encoding="utf8")


_INTRODUCTION = """# Families

Every family that transformers has a token classifier of, as `make families` found it: a small
random network, with a tokenizer of the kind that the family is published with, is loaded, run,
trained, saved and exported, and compared with the family's own network.

- **right**: subwords are the family's own. Rows are those of its own network to 1e-4, alone, among
  texts of other lengths, and in windows. The limit is the network's. Gradients of three steps of
  training are its own, dropout reaches all that drops, `frozen_layers` freezes what lies below.
  bf16 works or is given up. A plain encoder gets a new head. What is saved is read alike by us
  and by transformers.
- **refused**: `hf_ner` says why when it loads such a checkpoint.
- **wrong**: a known fault, named below.
- **open**: not looked at yet.

*ONNX* is "yes" where `hf-ner export-onnx` makes a graph that gives the same rows, and empty where
that was not looked at. Where it does not, the command says why.
"""


def render_page(outcomes: Outcomes) -> str:
    """Return the page that shows all outcomes."""
    versions = sorted(outcomes)
    lines = [_INTRODUCTION, *_summarize(outcomes), ""]
    heads = [f"transformers {version} | ONNX" for version in versions]
    lines.append(f"| family | {' | '.join(heads)} |")
    lines.append("|---" * (1 + 2 * len(versions)) + "|")
    families = sorted({family for found in outcomes.values() for family in found})
    for family in families:
        cells = [_show(outcomes[version].get(family)) for version in versions]
        lines.append(f"| {family} | {' | '.join(cells)} |")
    for verdict in ("refused", "wrong"):
        lines += _list_reasons(outcomes, verdict)
    return "\n".join(lines) + "\n"


def _summarize(outcomes: Outcomes) -> Iterable[str]:
    for version in sorted(outcomes):
        found = list(outcomes[version].values())
        counts = [
            f"{sum(outcome.verdict == verdict for outcome in found)} {verdict}"
            for verdict in ("right", "refused", "wrong", "open")
        ]
        n_looked_at = sum(outcome.no_onnx is not None for outcome in found)
        n_exported = sum(outcome.no_onnx == "" for outcome in found)
        yield (
            f"With transformers {version}, of {len(found)} families: {', '.join(counts)}; "
            f"{n_exported} of {n_looked_at} have an ONNX graph.\n"
        )


def _show(outcome: Outcome | None) -> str:
    if outcome is None:
        return " | "
    if outcome.no_onnx is None:
        return f"{outcome.verdict} | "
    return f"{outcome.verdict} | {'yes' if not outcome.no_onnx else 'no'}"


def _list_reasons(outcomes: Outcomes, verdict: str) -> Iterable[str]:
    """Yield a section that says why families have a verdict, if any have."""
    entries = []
    for version in sorted(outcomes):
        for family, outcome in sorted(outcomes[version].items()):
            if outcome.verdict == verdict:
                entries.append(f"- {family} ({version}): {outcome.reason}")
    if entries:
        yield from ["", f"## Why {verdict}", "", *entries]
