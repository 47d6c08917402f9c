"""The card of a Hugging Face checkpoint that a pipeline was saved with.

It is made of the checkpoint's own files, so that saving, and noting results later, make the same.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spacy_hf_ner.cards.notes import CardNotes, CardResults
from spacy_hf_ner.cards.sealing import CARD_FILE, seal
from spacy_hf_ner.core.labels import read_labels
from spacy_hf_ner.core.schemes import PLAIN

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

__all__ = ["Usage", "render_card", "write_checkpoint_card"]

_ASSETS: Final = Path(__file__).parent / "assets"
_TASK: Final = "token-classification"
_MULTILINGUAL: Final = "xx"  # spaCy's name for no language in particular
_UNKNOWN: Final = "unknown"  # a license that the hub knows


@dataclass(frozen=True, slots=True)
class Usage:
    """How a checkpoint is used in spaCy.

    Attributes:
        lang: The code of its language.
        factory: The component that reads it.
        settings: The settings of the component that it needs, such as ``{"target": "pos"}``.
        is_calibrated: Whether the pipeline passes its scores through a calibration.
    """

    lang: str
    factory: str
    settings: Mapping[str, Any]
    is_calibrated: bool


def write_checkpoint_card(
    folder: Path, notes: CardNotes, usage: Usage, *, to: Path | None = None
) -> bool:
    """Write the card of a checkpoint, and tell whether there is one.

    A folder without a Hugging Face checkpoint, such as that of a head alone, gets none.

    Args:
        folder: The checkpoint.
        notes: What its files do not know.
        usage: How it is used in spaCy.
        to: The folder that the card is written to; that of the checkpoint by default.
    """
    if not (folder / "config.json").is_file():
        return False
    card = _make_checkpoint_card(folder, notes, usage)
    ((to or folder) / CARD_FILE).write_text(card, encoding="utf8")
    return True


def _make_checkpoint_card(folder: Path, notes: CardNotes, usage: Usage) -> str:
    config = json.loads((folder / "config.json").read_text(encoding="utf8"))
    stored = json.loads((folder / "spacy_hf_ner.json").read_text(encoding="utf8"))
    is_trained = stored["scheme"] is not None
    types: list[str] = []
    if is_trained:
        types = _list_types(config, stored["scheme"])
    component = {"model": {"name": "OWNER/NAME"}, **usage.settings}
    return render_card(
        "checkpoint_card.md",
        notes,
        lang=usage.lang,
        library="transformers",
        values={
            "architecture": str(config.get("model_type", "transformer")),
            "types": types,
            "scheme": stored["scheme"],
            "is_plain": stored["scheme"] == PLAIN.name,
            "window": stored["window"],
            "usage": usage,
            "component_config": json.dumps(component),
        },
    )


def _list_types(config: Mapping[str, Any], scheme: str) -> list[str]:
    """Return the types that the labels of a config.json stand for, in the order of its columns."""
    id2label = config["id2label"]
    labels = [str(id2label[str(i)]) for i in range(len(id2label))]
    return list(read_labels(labels, scheme=scheme, as_they_are=True).entity_types)


def render_card(
    template: str,
    notes: CardNotes,
    *,
    lang: str,
    library: str,
    values: Mapping[str, Any],
) -> str:
    """Return a sealed card.

    Args:
        template: The name of its text in ``assets/``.
        notes: What is noted for it.
        lang: The code of its language.
        library: What reads the model, as the hub calls it.
        values: What the template needs besides.
    """
    from huggingface_hub import ModelCard, ModelCardData

    data = ModelCardData(
        language=None if lang == _MULTILINGUAL else lang,
        license=notes.license or _UNKNOWN,
        library_name=library,
        base_model=notes.base_model,
        pipeline_tag=_TASK,
        tags=["spacy", _TASK, "spacy-hf-ner"],
        model_name=None if notes.results is None else notes.results.pipeline,
        eval_results=None if notes.results is None else _list_results(notes.results),
    )
    card = ModelCard.from_template(
        data,
        template_str=(_ASSETS / template).read_text(encoding="utf8"),
        notes=notes,
        results=notes.results,
        unknown=_UNKNOWN,
        **values,
    )
    return seal(str(card))


def _list_results(results: CardResults) -> "list[EvalResult]":
    from huggingface_hub import EvalResult

    figures = {
        "precision": results.overall.precision,
        "recall": results.overall.recall,
        "f1": results.overall.f1,
    }
    if results.calibration_error is not None:
        figures["expected_calibration_error"] = results.calibration_error
    listed: list[EvalResult] = []
    for metric, value in figures.items():
        listed.append(
            EvalResult(
                task_type=_TASK,
                dataset_type=results.data or _UNKNOWN,
                dataset_name=results.data or _UNKNOWN,
                dataset_args={"sha256": results.sha256} if results.sha256 else None,
                metric_type=metric,
                metric_value=round(value, 4),
            )
        )
    return listed
