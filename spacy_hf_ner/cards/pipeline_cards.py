"""The cards of a pipeline's folder: results noted in it, and the card of its package.

The pipeline is not loaded for it: all that is needed lies in JSON beside the weights.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from spacy_hf_ner.cards.checkpoint_card import Usage, render_card, write_checkpoint_card
from spacy_hf_ner.cards.notes import CardNotes, read_card_notes
from spacy_hf_ner.cards.sealing import CARD_FILE, read_edited
from spacy_hf_ner.core.replacing import add_to_folder
from spacy_hf_ner.errors import ConfigError

__all__ = ["make_pipeline_card", "note_results"]

_META: Final = "meta.json"
_FACTORIES: Final = ("hf_ner", "hf_tagger")


def note_results(
    folder: Path, notes: CardNotes, *, performance: Mapping[str, Any], pipeline: str
) -> list[Path]:
    """Note results in the folder of a pipeline, and return the cards that have them now.

    Args:
        folder: The pipeline.
        notes: What the cards are to say.
        performance: The scores under the names that spaCy has for them, for meta.json.
        pipeline: The pipeline that the results are of: name, version and components.

    Raises:
        ConfigError: There is no pipeline with our components in the folder, or the results are
            those of another one.
        OutputError: A file cannot be written. What was there stays.
    """
    if not (folder / _META).is_file():
        raise ConfigError(
            f"MODEL must be the folder of a trained pipeline, got {folder}, which has no {_META}."
        )
    meta = _read_json(folder / _META)
    components = _list_components(folder)
    if not components:
        raise ConfigError(f"{folder}: expected a pipeline with hf_ner or hf_tagger, found neither.")
    described = f"{meta['lang']}_{meta['name']} {meta['version']} ({', '.join(meta['pipeline'])})"
    if pipeline != described:
        raise ConfigError(
            f"the results must be those of {described}, got those of {pipeline}. "
            "Evaluate the pipeline that the card is for."
        )
    written: list[Path] = []
    with add_to_folder(folder) as fresh:
        _write_json(fresh / _META, _note_in_meta(meta, notes, performance))
        for name, config in components.items():
            cfg = _read_json(folder / name / "cfg")
            cfg["card"] = notes.to_json()
            model = fresh / name / "model"
            model.mkdir(parents=True)
            _write_json(fresh / name / "cfg", cfg)
            if read_edited(folder / name / "model") is not None:
                continue
            usage = make_usage(config, cfg, lang=meta["lang"])
            if write_checkpoint_card(folder / name / "model", notes, usage, to=model):
                written.append(folder / name / "model" / CARD_FILE)
    return written


def make_usage(config: Mapping[str, Any], cfg: Mapping[str, Any], *, lang: str) -> Usage:
    """Return how the model of a component is used, from its part of config.cfg and its cfg."""
    settings: dict[str, Any] = {}
    if config["factory"] == "hf_tagger":
        settings["target"] = config["target"]
    return Usage(
        lang=lang,
        factory=config["factory"],
        settings=settings,
        is_calibrated=cfg.get("calibration") is not None,
    )


def make_pipeline_card(folder: Path, meta: Mapping[str, Any]) -> str:
    """Return the card of a package.

    Args:
        folder: The pipeline.
        meta: Its meta.json, with the name and the version of the package.

    Raises:
        ConfigError: What was noted is damaged.
    """
    notes = CardNotes(license=meta.get("license") or None)
    is_calibrated = False
    for name in _list_components(folder):
        cfg_file = folder / name / "cfg"
        if not cfg_file.is_file():
            continue
        cfg = _read_json(cfg_file)
        is_calibrated = is_calibrated or cfg.get("calibration") is not None
        if cfg.get("card") is not None:
            notes = read_card_notes(cfg["card"])
    return render_card(
        "pipeline_card.md",
        notes,
        lang=meta["lang"],
        library="spacy",
        values={
            "package": f"{meta['lang']}_{meta['name']}",
            "meta": meta,
            "is_calibrated": is_calibrated,
        },
    )


def _list_components(folder: Path) -> dict[str, dict[str, Any]]:
    """Return our components with their part of the config, in the order of the pipeline."""
    from spacy.util import load_config

    config = load_config(folder / "config.cfg")
    components: dict[str, dict[str, Any]] = {}
    for name in config["nlp"]["pipeline"]:
        component = config["components"].get(name, {})
        if component.get("factory") in _FACTORIES:
            components[name] = component
    return components


def _note_in_meta(
    meta: Mapping[str, Any], notes: CardNotes, performance: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a meta.json with scores, license, and what the model was made of."""
    sources: list[dict[str, str]] = []
    if notes.base_model is not None:
        url = f"https://huggingface.co/{notes.base_model}"
        sources.append({"name": notes.base_model, "url": url})
    if notes.data_name is not None:
        data = {
            "name": notes.data_name,
            "url": notes.data_url,
            "license": notes.data_license,
        }
        sources.append({key: value for key, value in data.items() if value is not None})
    named = {source["name"] for source in sources}
    # Sources that people have written stay, and those of an earlier call make room.
    kept = [source for source in meta.get("sources") or () if source.get("name") not in named]
    noted = {**meta, "sources": [*kept, *sources]}
    noted["performance"] = {**(meta.get("performance") or {}), **performance}
    if notes.license is not None:
        noted["license"] = notes.license
    return noted


def _read_json(file: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(file.read_text(encoding="utf8"))
    return values


def _write_json(file: Path, values: Mapping[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(values, indent=2) + "\n", encoding="utf8")
