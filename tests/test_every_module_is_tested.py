"""Every module has a test file of its name, or a reason; what loads networks is tested with both
transformers."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "spacy_hf_ner"
TESTS = ROOT / "tests"

# Modules without a test file of their own name, and the one in whose tests they are put to work.
# A folder stands for all modules in it.
TESTED_ELSEWHERE = {
    # Parts of a whole that is tested from outside, by what it reads, draws or says.
    "checking/checks/subword_borders.py": "checking/test_subwords.py",
    "checking/checks/window_share.py": "checking/test_subwords.py",
    "checking/findings.py": "checking/test_check_report.py",
    "checking/model_predictions.py": "checking/test_model_evidence.py",
    "checking/stretches.py": "checking/test_model_evidence.py",
    "checking/type_counts.py": "checking/test_string_evidence.py",
    "cli/annotation_writers.py": "cli/test_annotate.py",
    "cli/app.py": "conformance/test_cli.py",
    "cli/card.py": "cards/test_pipeline_cards.py",
    "cli/complete_config.py": "cli/test_init_config.py",
    "cli/thresholds.py": "cli/test_annotate.py",
    "cli/messages.py": "cli/test_command_app.py",
    "cli/rewrite_writers.py": "cli/test_rewrite.py",
    "cli/text_failures.py": "cli/test_annotate.py",
    "cli/uncertainty.py": "cli/test_annotate.py",
    "cli/demo.py": "demo/test_demo_page.py",
    "demo/demo_rewriter.py": "demo/test_demo_actions.py",
    "corpus/conversion_report.py": "corpus/test_conversion.py",
    "corpus/edits.py": "corpus/test_conversion.py",
    "corpus/foreign.py": "corpus/test_spacy_docs.py",
    "corpus/formats/brat.py": "corpus/test_formats.py",
    "corpus/json_values.py": "corpus/test_json_records.py",
    "corpus/record_forms.py": "corpus/test_json_records.py",
    "corpus/records.py": "corpus/test_json_records.py",
    "corpus/sentence.py": "corpus/test_table_sentence.py",
    "corpus/text_records.py": "corpus/test_json_records.py",
    "corpus/tools/": "corpus/test_annotation_tools.py",
    "package_building.py": "cli/test_package.py",
    "corpus/visible.py": "corpus/test_folders.py",
    "model/config_json.py": "model/test_hostile_checkpoints.py",
    "model/engines/onnx/graph.py": "model/engines/onnx/test_engine.py",
    "model/engines/onnx/int8.py": "model/engines/onnx/test_export.py",
    "model/foreign.py": "model/test_hostile_checkpoints.py",
    "model/hf_classifier.py": "model/test_shim.py",
    "model/network.py": "model/test_checkpoint.py",
    "model/checked_weights.py": "model/test_hostile_checkpoints.py",
    "pipe/factory.py": "pipe/test_component_settings.py",
    "rewriting/candidates.py": "rewriting/test_analogies.py",
    "rewriting/kinds.py": "rewriting/test_pseudonyms.py",
    # Readers of inputs, of which shards are cut and read.
    "corpus/text_readers/": "scale/test_shards.py",
    "corpus/compressed.py": "scale/test_shards.py",
    "corpus/text_input.py": "scale/test_shards.py",
    "corpus/text_lines.py": "scale/test_shards.py",
    "pipe/components.py": "cli/test_annotate.py",
    "pipe/found_entities.py": "cli/test_span_groups.py",
    "runs/run_state.py": "runs/test_training_run.py",
    "scale/annotate_settings.py": "scale/test_shard_annotation.py",
    "scale/estimate.py": "cli/test_annotate_shards.py",
    "scale/shard_writers.py": "scale/test_shard_annotation.py",
    "serving/metrics.py": "serving/test_web_app.py",
    "serving/refusals.py": "serving/test_batch_queue.py",
    "serving/rewrites.py": "serving/test_web_app.py",
    "serving/served_model.py": "serving/test_server.py",
    "serving/service.py": "serving/test_web_app.py",
    "serving/workers.py": "serving/test_server.py",
    "visual/error_browser.py": "visual/test_report_in_a_browser.py",
    "visual/side_by_side.py": "visual/test_evaluation_page.py",
    # A few lines that lean on a private operation, or hand on to torch, beside what uses them.
    "model/engines/cpu/bf16.py": "model/engines/test_precision.py",
    "model/engines/cpu/fused_layer.py": "model/engines/test_prediction.py",
    "model/engines/cpu/many_tensors.py": "model/training/test_optimizer.py",
    "model/engines/torch_backend.py": "model/reading/test_windowed.py",
    # What others have to do, not what is done.
    "model/engines/base.py": "model/engines/test_table.py",
    "model/token_classifier.py": "model/test_head_classifier.py",
}

# Records, which do next to nothing: what they do is in their doctests.
WITHOUT_LOGIC = {"corpus/format.py", "corpus/source.py"}

# The sections of a page are tested where the page is put together.
SECTION = "visual/{}_section.py"
SECTIONS_TESTED_IN = "visual/test_evaluation_page.py"


def has_logic(path: Path) -> bool:
    """Tell whether a module holds a function that does something."""
    tree = ast.parse(path.read_text(encoding="utf8"))
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and len(node.body) > 1
        for node in ast.walk(tree)
    )


def find_modules() -> Iterator[str]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name != "__init__.py" and has_logic(path):
            yield path.relative_to(PACKAGE).as_posix()


def has_own_tests(module: str) -> bool:
    """Tell whether the tests of a module's room have a file of its name."""
    room = module.split("/", maxsplit=1)[0].removesuffix(".py")
    folder = TESTS / room if (TESTS / room).is_dir() else TESTS
    return any(folder.rglob(f"test_{Path(module).stem}.py"))


def find_reason(module: str) -> str | None:
    """Return the test file in which a module, or the folder that it is in, is put to work."""
    folder = f"{Path(module).parent.as_posix()}/"
    return TESTED_ELSEWHERE.get(module) or TESTED_ELSEWHERE.get(folder)


@pytest.mark.parametrize("module", [*find_modules()])
def test_a_module_has_a_test_file_or_a_reason(module: str) -> None:
    if module in WITHOUT_LOGIC or has_own_tests(module):
        return
    if module == SECTION.format(Path(module).stem.removesuffix("_section")):
        assert (TESTS / SECTIONS_TESTED_IN).is_file()
        return
    reason = find_reason(module)
    assert reason is not None, f"write tests/…/test_{Path(module).stem}.py"
    assert (TESTS / reason).is_file()


def test_no_reason_is_left_over() -> None:
    modules = [module for module in find_modules() if not has_own_tests(module)]
    used = {place for place in TESTED_ELSEWHERE for module in modules if module.startswith(place)}
    assert set(TESTED_ELSEWHERE) == used


def test_what_loads_networks_is_tested_with_transformers_5_too() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf8").replace("\\\n", " ")
    match = re.search(r"^TRANSFORMERS_TESTS := (.*)$", makefile, re.MULTILINE)
    assert match is not None
    chosen = [ROOT / name for name in match[1].split()]
    assert [path for path in chosen if not path.exists()] == []
    for path in sorted(TESTS.rglob("test_*.py")):
        loads = re.search(
            r"^(from|import) (tests\.checkpoints|transformers)\b",
            path.read_text(encoding="utf8"),
            re.MULTILINE,
        )
        is_chosen = any(path.is_relative_to(known) for known in chosen)
        assert not loads or is_chosen, f"add {path.relative_to(ROOT)} to TRANSFORMERS_TESTS"
