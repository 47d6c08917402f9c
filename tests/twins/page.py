"""docs/checkpoints.md: what becomes of published checkpoints, as their twins are held to it.

``make twins`` checks all twins with both versions of transformers, and writes the page.
"""

from collections.abc import Iterator
from pathlib import Path

from tests.twins.facts import TWINS, Twin

__all__ = ["PAGE", "render_page"]

PAGE = Path(__file__).parents[2] / "docs" / "checkpoints.md"

_INTRODUCTION = """# Checkpoints

What becomes of published checkpoints that people use. None of them was downloaded for this: each
has a *twin*, a tiny random network with the same family, kind of tokenizer, layout of files, labels
and extra settings, as far as these are known, and tests hold that twin to what this page says
(`make twins`). The labels are the published ones, in their order; or, with **¹**, the published
ones in an order of ours; or, with **²**, ours, because nobody could tell them.

- **loads**: `nlp.add_pipe("hf_ner", config={"model": "NAME"})` is all. Types and scheme are what a
  person would expect, and entities of each type are found, saved and loaded.
- **convert**: its weights are a pickle. `hf-ner encoder FOLDER --name NAME` makes safetensors of
  them, and `"FOLDER"` loads; the error says so.
- **labels**: its labels say nothing, or half. With `labels` it loads; the error says so.
- **encoder**: it gets a new head in training.
- **refused**: with a sentence that says why.
"""


def render_page() -> str:
    """Return the page."""
    lines = [_INTRODUCTION, *_summarize(), ""]
    lines += ["| checkpoint | family | | scheme | types | what to know |", "|---" * 6 + "|"]
    lines += [_render_row(twin) for twin in TWINS]
    return "\n".join(lines) + "\n"


def _find_verdict(twin: Twin) -> str:
    """Return the word for what becomes of a checkpoint."""
    if twin.given:
        return "labels"
    if twin.weights == "pickle":
        return "convert"
    if twin.refusal:
        return "refused"
    return "encoder" if twin.is_encoder else "loads"


def _summarize() -> Iterator[str]:
    verdicts = [_find_verdict(twin) for twin in TWINS]
    words = ("loads", "encoder", "convert", "labels", "refused")
    counts = ", ".join(f"{verdicts.count(word)} {word}" for word in words)
    yield f"Of {len(TWINS)} checkpoints: {counts}."


def _render_row(twin: Twin) -> str:
    scheme = types = ""
    is_lost = twin.refusal and _find_verdict(twin) == "refused"
    if not twin.is_encoder and not is_lost:
        scheme = twin.scheme
        mark = {"published": "", "ours": "¹", "unknown": "²"}[twin.order]
        types = f"{len(twin.types)}{mark}"
    cells = [f"`{twin.name}`", twin.family, _find_verdict(twin), scheme, types, _find_advice(twin)]
    return f"| {' | '.join(cells)} |"


def _find_advice(twin: Twin) -> str:
    advice: list[str] = []
    if twin.since:
        advice.append(f"needs transformers {twin.since}")
    if twin.given:
        listed = ", ".join(f'"{label}"' for label in twin.given)
        advice.append(f"`labels = [{listed}]`, say")
    if twin.remark:
        advice.append(twin.remark)
    return "; ".join(advice)


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf8")
