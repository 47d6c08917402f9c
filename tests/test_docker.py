"""The image and the compose file, as far as they can be read; built where there is a Docker."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from spacy_hf_ner.cli.app import app
from spacy_hf_ner.serving.serve_settings import ServeSettings

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = ROOT / "docker" / "Dockerfile"

Instruction = tuple[str, str]


def read_stages() -> list[list[Instruction]]:
    """Return the instructions of each stage; what comes before the first is a stage, too."""
    content = DOCKERFILE.read_text(encoding="utf8")
    bare = "\n".join(line for line in content.splitlines() if not line.startswith("#"))
    stages: list[list[Instruction]] = [[]]
    for line in bare.replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        name, _, rest = line.partition(" ")
        if name == "FROM":
            stages.append([])
        stages[-1].append((name, rest.strip()))
    return stages


def find(stage: list[Instruction], wanted: str) -> list[str]:
    return [rest for name, rest in stage if name == wanted]


def test_the_image_has_nothing_of_what_builds_it() -> None:
    _, build, final = read_stages()
    assert build[0][1].endswith("AS build")
    assert find(final, "COPY") == ["--from=build /opt/hf-ner /opt/hf-ner"]
    assert not any("pip" in command for command in find(final, "RUN"))


def test_what_is_copied_is_there_and_is_not_ignored() -> None:
    ignored = (ROOT / "docker" / "Dockerfile.dockerignore").read_text(encoding="utf8").splitlines()
    allowed = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    _, build, _ = read_stages()
    copied: set[str] = set()
    for rest in find(build, "COPY"):
        *sources, _target = rest.split()
        copied.update(sources)
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


def test_the_server_is_no_root_and_asks_no_hub() -> None:
    *_, final = read_stages()
    names = [name for name, _ in final]
    (user,) = find(final, "USER")
    assert int(user) > 0
    assert names.index("USER") < names.index("ENTRYPOINT")
    variables = dict(pair.split("=", 1) for pair in find(final, "ENV")[0].split())
    assert variables["HF_HUB_OFFLINE"] == variables["HF_HUB_DISABLE_TELEMETRY"] == "1"


def test_base_images_have_a_version() -> None:
    arguments, *stages = read_stages()
    assert re.fullmatch(r"PYTHON=3\.\d+", find(arguments, "ARG")[0])
    for stage in stages:
        assert find(stage, "FROM")[0].startswith("python:${PYTHON}-slim")


def test_commands_are_those_that_there_are() -> None:
    *_, final = read_stages()
    program, command, *options = json.loads(find(final, "ENTRYPOINT")[0])
    assert program == "hf-ner"
    commands: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
    arguments = [*options, *json.loads(find(final, "CMD")[0])]
    context = commands[command].make_context(command, list(arguments))
    assert f"EXPOSE {context.params['port']}" in DOCKERFILE.read_text(encoding="utf8")
    arguments = [*options, *read_service()["command"]]
    commands[command].make_context(command, list(arguments))


def read_service() -> dict[str, Any]:
    compose = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text(encoding="utf8"))
    service: dict[str, Any] = compose["services"]["hf-ner"]
    assert set(compose["secrets"]) == set(service["secrets"])
    return service


def test_compose_gives_the_server_no_more_than_it_needs() -> None:
    service = read_service()
    context = (ROOT / "docker" / service["build"]["context"]).resolve()
    assert (context / service["build"]["dockerfile"]).samefile(DOCKERFILE)
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert all(volume.endswith(":ro") for volume in service["volumes"])


def test_compose_waits_until_all_that_was_taken_is_answered() -> None:
    seconds = int(read_service()["stop_grace_period"].removesuffix("s"))
    assert seconds > ServeSettings(models={}).grace


@pytest.mark.skipif(
    shutil.which("docker") is None
    or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode != 0,  # noqa: S607
    reason="no Docker that answers",
)
def test_docker_finds_nothing_wrong() -> None:
    subprocess.run(  # noqa: S603
        ["docker", "build", "--check", "--file", str(DOCKERFILE), str(ROOT)],  # noqa: S607
        check=True,
        capture_output=True,
    )
