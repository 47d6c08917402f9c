"""Look at all families, or at those that are named, and write docs/families.md.

``make families`` runs it with both versions of transformers.
"""

import sys
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import transformers

from tests.families.checks import CHECKS, check_onnx
from tests.families.outcomes import list_families, look_at, read_outcomes, write_outcomes

_QUICK = "--quick"  # without exporting to ONNX, which takes longer than all else
_ONNX = "--onnx"  # exporting to ONNX alone: of right families, what was found before stays


def main() -> None:
    """Look at families one after the other, and write down what was found after each."""
    warnings.simplefilter("ignore")
    logging: Any = transformers.logging  # untyped in transformers 4
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    arguments = sys.argv[1:]
    checks = CHECKS
    if _QUICK in arguments:
        arguments.remove(_QUICK)
        checks = tuple(check for check in CHECKS if check is not check_onnx)
    if _ONNX in arguments:
        arguments.remove(_ONNX)
        checks = (check_onnx,)
    known = read_outcomes().get(transformers.__version__, {})
    for family in arguments or list_families():
        with tempfile.TemporaryDirectory() as folder:
            outcome = look_at(family, Path(folder), checks=checks)
        if checks == (check_onnx,) and outcome.verdict == "right":
            outcome = replace(known[family], no_onnx=outcome.no_onnx)
        write_outcomes(transformers.__version__, {family: outcome})
        print(f"{family}: {outcome.verdict} {outcome.reason}".rstrip(), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
