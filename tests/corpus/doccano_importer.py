"""A program for a Python that has doccano: it imports files as doccano's server does.

    python doccano_importer.py FOLDER FILE …

FOLDER is an empty one, for the database. Each FILE is JSONL, and is imported into a project of its
own; a line of JSON for each says what doccano complained of, and which texts it has with which
entities.
"""

import importlib.util
import json
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any


def start_doccano(folder: Path) -> None:
    """Make a database, as ``doccano init`` does."""
    spec = importlib.util.find_spec("backend")
    assert spec is not None, "this Python has no doccano"
    assert spec.submodule_search_locations
    sys.path.append(spec.submodule_search_locations[0])
    os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'db.sqlite3'}"
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.development"
    os.environ["MEDIA_ROOT"] = str(folder / "media")
    os.environ["STANDALONE"] = "True"
    import django
    from django.core.management import call_command

    # What doccano says goes to stderr.
    with redirect_stdout(sys.stderr):
        django.setup()
        call_command("migrate", verbosity=0)
        call_command("create_roles", verbosity=0)


def import_file(path: Path) -> dict[str, Any]:
    """Return what doccano has of a file that it imported."""
    from data_import.datasets import load_dataset
    from data_import.pipeline.catalog import create_file_format
    from data_import.pipeline.readers import FileName
    from django.contrib.auth import get_user_model
    from examples.models import Example
    from labels.models import Span
    from projects.models import SequenceLabelingProject

    user, _ = get_user_model().objects.get_or_create(username="annotator")
    project = SequenceLabelingProject.objects.create(
        name=path.name, project_type="SequenceLabeling", created_by=user
    )
    file = FileName(full_path=str(path), generated_name=path.name, upload_name=path.name)
    jsonl = create_file_format("JSONL")
    dataset = load_dataset("SequenceLabeling", jsonl, [file], project, encoding="utf_8")
    dataset.save(user)
    examples: list[dict[str, Any]] = []
    for example in Example.objects.filter(project=project).order_by("id"):
        spans = Span.objects.filter(example=example).order_by("start_offset")
        entities = [[span.start_offset, span.end_offset, span.label.text] for span in spans]
        examples.append({"text": example.text, "entities": entities, "meta": example.meta})
    return {"errors": [str(error) for error in dataset.errors], "examples": examples}


if __name__ == "__main__":
    start_doccano(Path(sys.argv[1]))
    for name in sys.argv[2:]:
        print(json.dumps(import_file(Path(name))))
