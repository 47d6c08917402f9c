"""What is written for annotation tools, read by the tools themselves, where they are installed.

docs/development.md says how to install them: each in an environment of its own.
"""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from spacy_hf_ner.corpus.conversion import ConvertOptions, convert_corpus
from spacy_hf_ner.corpus.source import ReadOptions
from tests.corpus.test_writing import PREDICTED, write_predicted

PREDICTED_OPTIONS = ReadOptions(spans_key="hf_ner")

# Label Studio's own template for entities, with the types of the texts.
LABEL_CONFIG = """
<View>
  <Labels name="label" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>
  <Text name="text" value="$text"/>
</View>
"""

GOLD = "# newdoc id = d1\nEd B-PER\nLi I-PER\nran O\n\nHi O\n\n# newdoc id = d2\nOslo B-LOC\n\n"


def write_gold(folder: Path) -> str:
    path = folder / "gold.conll"
    path.write_text(GOLD, encoding="utf8")
    return str(path)


def import_into_doccano(folder: Path, *files: Path) -> list[dict[str, Any]]:
    """Return what doccano has of each file, or skip where it is not installed."""
    python = os.environ.get("DOCCANO_PYTHON")
    if not python:
        pytest.skip("DOCCANO_PYTHON names no Python that has doccano: see docs/development.md")
    folder.mkdir()
    program = Path(__file__).with_name("doccano_importer.py")
    command = [python, str(program), str(folder), *map(str, files)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    finished = subprocess.run(  # noqa: S603 - our own program
        command, capture_output=True, text=True, check=False, env=environment
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    return [json.loads(line) for line in finished.stdout.splitlines()]


def list_entities(examples: Sequence[dict[str, Any]]) -> list[list[tuple[str, str]]]:
    """Return text and type of each entity, by doccano's offsets."""
    found = []
    for example in examples:
        text = example["text"]
        found.append([(text[start:end], label) for start, end, label in example["entities"]])
    return found


def test_doccano_has_texts_entities_and_metadata_as_they_were_written(tmp_path: Path) -> None:
    options = ConvertOptions(output_format="doccano")
    gold_file = tmp_path / "gold.jsonl"
    predicted_file = tmp_path / "predicted.jsonl"
    convert_corpus(write_gold(tmp_path), gold_file, options=options)
    convert_corpus(write_predicted(tmp_path), predicted_file, PREDICTED_OPTIONS, options)
    gold, predicted = import_into_doccano(tmp_path / "doccano", gold_file, predicted_file)
    assert gold["errors"] == predicted["errors"] == []
    assert list_entities(gold["examples"]) == [[("Ed Li", "PER")], [("Oslo", "LOC")]]
    assert [example["text"] for example in predicted["examples"]] == [doc.text for doc in PREDICTED]
    # A project of doccano takes overlapping entities only if it is told to: the first stays.
    assert list_entities(predicted["examples"]) == [
        [("Ed Li", "PER"), ("Oslo", "LOC")],
        [],
        [("Bo Ng", "PER")],
    ]
    metadata = [example["meta"]["meta"] for example in predicted["examples"]]
    assert metadata == [{"score": 0.75}, {}, {"score": 0.25}]


def test_label_studio_takes_what_is_written_as_annotations_and_predictions(tmp_path: Path) -> None:
    pytest.importorskip("label_studio_sdk", reason="label-studio-sdk: see docs/development.md")
    from label_studio_sdk.label_interface import LabelInterface

    interface = LabelInterface(LABEL_CONFIG)
    interface.validate()
    convert_corpus(write_gold(tmp_path), tmp_path / "gold.json")
    convert_corpus(write_predicted(tmp_path), tmp_path / "predicted.json", PREDICTED_OPTIONS)
    n_results = 0
    for name, kind in (("gold", "annotations"), ("predicted", "predictions")):
        for task in json.loads((tmp_path / f"{name}.json").read_text(encoding="utf8")):
            assert interface.validate_task({"data": task["data"]})
            (answer,) = task[kind]
            assert interface.validate_prediction(answer, return_errors=True) == []
            n_results += len(answer["result"])
    assert n_results == 6


def test_label_studio_exports_the_entities_that_it_was_given(tmp_path: Path) -> None:
    pytest.importorskip("label_studio_sdk", reason="label-studio-sdk: see docs/development.md")
    from label_studio_sdk.converter.converter import Converter

    convert_corpus(write_gold(tmp_path), tmp_path / "gold.json")
    tasks = json.loads((tmp_path / "gold.json").read_text(encoding="utf8"))
    for number, task in enumerate(tasks):
        # What its server adds to tasks that are imported.
        task["id"] = number
        task["annotations"][0]["completed_by"] = 1
    (tmp_path / "stored").mkdir()
    stored = tmp_path / "stored" / "tasks.json"
    stored.write_text(json.dumps(tasks), encoding="utf8")
    converter = Converter(config=LABEL_CONFIG, project_dir=str(tmp_path))
    converter.convert_to_conll2003(str(tmp_path / "stored"), str(tmp_path / "exported"))
    (exported,) = (tmp_path / "exported").iterdir()
    rows = [line.split() for line in exported.read_text(encoding="utf8").splitlines()[1:]]
    tags = [(row[0], row[-1]) for row in rows if row]
    assert [tag for tag in tags if tag[1] != "O"] == [
        ("Ed", "B-PER"),
        ("Li", "I-PER"),
        ("Oslo", "B-LOC"),
    ]
