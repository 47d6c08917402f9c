"""What docs/scale.md shows for clusters: files that are valid, and programs that run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from typer.main import get_command

from spacy_hf_ner.cli.app import app
from tests.scale.conftest import make_texts, write_jsonl

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "cluster"


def read_manifest() -> dict[str, Any]:
    manifest: dict[str, Any] = yaml.safe_load((FOLDER / "kuberay.yaml").read_text(encoding="utf8"))
    return manifest


def test_the_command_of_the_kuberay_manifest_is_understood() -> None:
    _, name, *arguments = read_manifest()["spec"]["entrypoint"].split()
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    context = command.make_context(name, arguments)
    assert context.params["executor"] == "ray"


def test_the_kuberay_manifest_is_in_its_schema() -> None:
    """RAYJOB_CRD is the file ray.io_rayjobs.yaml of KubeRay, which is too large to be kept here."""
    jsonschema = pytest.importorskip("jsonschema")
    if "RAYJOB_CRD" not in os.environ:
        pytest.skip("RAYJOB_CRD does not name ray.io_rayjobs.yaml of KubeRay")
    definition = yaml.safe_load(Path(os.environ["RAYJOB_CRD"]).read_text(encoding="utf8"))
    versions = {version["name"]: version for version in definition["spec"]["versions"]}
    manifest = read_manifest()
    schema = versions[manifest["apiVersion"].partition("/")[2]]["schema"]["openAPIV3Schema"]
    forbid_unknown(schema)
    jsonschema.validate(manifest, schema)


def forbid_unknown(schema: Any) -> None:
    """Have a schema refuse names that it does not know, as Kubernetes does when it is strict."""
    if isinstance(schema, dict):
        is_open = "additionalProperties" in schema or schema.get(
            "x-kubernetes-preserve-unknown-fields"
        )
        if "properties" in schema and not is_open:
            known = schema["properties"]
            if known and "metadata" not in known:
                schema["additionalProperties"] = False
        for part in schema.values():
            forbid_unknown(part)


@pytest.mark.skipif(sys.platform == "win32", reason="a script for bash")
def test_the_slurm_script_does_its_share_of_the_files(tmp_path: Path, model: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    (tmp_path / "texts").mkdir()
    for name in ("a", "b", "c"):
        write_jsonl(tmp_path / "texts" / f"{name}.jsonl", make_texts(3))
    # The command itself is tried elsewhere: here, which files a task hands to it.
    program = tmp_path / "hf-ner"
    program.write_text('#!/bin/bash\nprintf "%s\\n" "$*" >> "$CALLS"\n', encoding="utf8")
    program.chmod(0o755)
    calls = tmp_path / "calls"
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "CALLS": str(calls),
        "SLURM_ARRAY_TASK_ID": "0",
        "SLURM_ARRAY_TASK_COUNT": "2",
        "SLURM_CPUS_PER_TASK": "4",
    }
    script = [bash, str(FOLDER / "slurm.sh"), str(model), str(tmp_path / "texts"), "out"]
    subprocess.run(script, check=True, env=environment)  # noqa: S603
    called = [line.split() for line in calls.read_text(encoding="utf8").splitlines()]
    assert [Path(words[2]).name for words in called] == ["a.jsonl", "c.jsonl"]
    assert [words[3] for words in called] == ["out/a.jsonl-annotated", "out/c.jsonl-annotated"]
    assert called[0][-2:] == ["--workers", "4"]


def test_the_spark_example_annotates_a_table(tmp_path: Path, model: Path) -> None:
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs java")
    texts = make_texts(20)
    rows = [{"id": f"d{i}", "text": text} for i, text in enumerate(texts)]
    (tmp_path / "texts").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "texts" / "a.parquet")
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    # Spark's workers import what the pipeline needs: the component of these tests.
    (tmp_path / "sitecustomize.py").write_text("import tests.scale.obedient\n", encoding="utf8")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), path]),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    command = [sys.executable, str(FOLDER / "spark.py"), str(model)]
    command += [str(tmp_path / "texts"), str(tmp_path / "found")]
    subprocess.run(command, check=True, env=environment, cwd=tmp_path)  # noqa: S603
    found = pq.read_table(tmp_path / "found").to_pylist()
    assert sorted(row["id"] for row in found) == sorted(row["id"] for row in rows)
    assert any(row["entities"] for row in found)
    assert {row["error"] for row in found} == {""}
