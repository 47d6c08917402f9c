"""A real Ray cluster of two nodes on this machine, whose processes are killed.

A node is a raylet with processes of its own. For the others, one that is killed is a machine that
is gone.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spacy_hf_ner.scale import AnnotateSettings, annotate_folder
from spacy_hf_ner.scale.annotation_run import RunSummary
from spacy_hf_ner.scale.ray_executor import RayExecutor
from tests.patience import PATIENCE_S
from tests.scale.conftest import make_texts, write_jsonl
from tests.scale.folders import list_leftovers, read_errors, read_rows

ray: Any = pytest.importorskip("ray")

ROOT = Path(__file__).resolve().parents[2]
N_TEXTS = 60
NODE = {"num_cpus": 1, "object_store_memory": 100_000_000}

# Ray closes sockets and files when it likes.
pytestmark = pytest.mark.filterwarnings("ignore")

DRIVER = """
import sys
from pathlib import Path

from spacy_hf_ner.scale import AnnotateSettings, annotate_folder
from spacy_hf_ner.scale.ray_executor import RayExecutor

source, output, model, code, address = sys.argv[1:]
settings = AnnotateSettings(model=model, batch_size=8, code=Path(code))
annotate_folder(source, Path(output), settings, RayExecutor(2, address=address), shard_size=10)
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    patch = pytest.MonkeyPatch()
    patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    patch.setenv("PYTHONPATH", path)  # what the nodes hand on to their processes
    found = Cluster(initialize_head=True, head_node_args=NODE)
    found.add_node(**NODE)
    ray.init(address=found.address, log_to_driver=False, logging_level="ERROR")
    yield found
    ray.shutdown()
    found.shutdown()
    patch.undo()


@pytest.fixture
def ray_settings(model: Path) -> AnnotateSettings:
    code = Path(__file__).with_name("obedient.py")
    return AnnotateSettings(model=str(model), batch_size=8, code=code)


def write_slow_texts(folder: Path) -> Path:
    texts = make_texts(N_TEXTS)
    texts[::10] = ["WAIT"] * len(texts[::10])
    return write_jsonl(folder / "texts.jsonl", texts)


def run(source: Path, output: Path, settings: AnnotateSettings) -> RunSummary:
    return annotate_folder(str(source), output, settings, RayExecutor(2), shard_size=10)


def check_all_texts(output: Path) -> None:
    assert read_rows(output).keys() == {f"d{i}" for i in range(N_TEXTS)}
    assert read_errors(output) == {}
    assert list_leftovers(output) == []


def find_actors() -> list[int]:
    """Return the processes of our actors."""
    return [
        int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline") if is_actor(path)
    ]


def is_actor(command_line: Path) -> bool:
    try:
        return command_line.read_bytes().startswith(b"ray::_Annotating")
    except OSError:  # it has ended meanwhile
        return False


def wait_for_shard(output: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not list(output.glob("shards/part*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_poison_is_set_aside_on_a_cluster_too(
    cluster: Any, tmp_path: Path, ray_settings: AnnotateSettings
) -> None:
    assert len(cluster.list_all_nodes()) == 2
    texts = make_texts(N_TEXTS)
    texts[13] = "KILL"
    texts[25] = "RAISE"
    source = write_jsonl(tmp_path / "texts.jsonl", texts)
    summary = run(source, tmp_path / "out", ray_settings)
    assert (summary.n_annotated, summary.n_failed, summary.failures) == (N_TEXTS - 2, 2, [])
    assert read_errors(tmp_path / "out").keys() == {"d13", "d25"}
    assert len(read_rows(tmp_path / "out")) == N_TEXTS - 2


def test_actors_and_a_node_that_are_killed_cost_no_text(
    cluster: Any, tmp_path: Path, ray_settings: AnnotateSettings
) -> None:
    source = write_slow_texts(tmp_path)
    output = tmp_path / "out"
    node = cluster.add_node(**NODE)
    killed: list[int] = []

    def kill() -> None:
        wait_for_shard(output)
        for pid in find_actors():
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)
        cluster.remove_node(node, allow_graceful=False)

    killer = threading.Thread(target=kill)
    killer.start()
    summary = annotate_folder(str(source), output, ray_settings, RayExecutor(3), shard_size=10)
    killer.join()
    assert killed
    assert summary.n_missing == 0
    check_all_texts(output)


def test_a_driver_that_is_killed_is_gone_on_with_by_the_next(
    cluster: Any, tmp_path: Path, ray_settings: AnnotateSettings
) -> None:
    source = write_slow_texts(tmp_path)
    output = tmp_path / "out"
    arguments = [source, output, ray_settings.model, ray_settings.code, cluster.address]
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", DRIVER, *map(str, arguments)], cwd=ROOT
    ) as driver:
        wait_for_shard(output)
        driver.kill()
    summary = run(source, output, ray_settings)
    assert summary.n_missing == 0
    check_all_texts(output)
