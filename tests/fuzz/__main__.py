"""Fuzz the package: ``python -m tests.fuzz [--minutes 10] [--seed N] [--targets …]``.

The minutes are shared evenly by the targets. The seed is printed, and ``--seed`` with ``--batches``
in place of ``--minutes`` does the same again. The exit status is 1 if there was a fault.
"""

import argparse
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.fuzz.results import Run, append_run, read_runs, show_sums
from tests.fuzz.runner import Batch, Fault, Runner

TARGETS: Final = {
    "converter": "tests.fuzz.converter:Converter",
    "component": "tests.fuzz.component:Component",
    "checkpoints": "tests.fuzz.checkpoint_folders:CheckpointFolders",
    "saved": "tests.fuzz.saved_bytes:SavedBytes",
}
BATCH_CASES: Final = 200
SEEDS: Final = 10**6  # apart are the targets of one run, so that no two batches share a seed


def fuzz_target(name: str, *, seed: int, is_done: Callable[[int], bool]) -> Run:
    """Return what the batches of one target found.

    Args:
        name: The target.
        seed: The seed of the first batch.
        is_done: Whether so many batches are enough.
    """
    run = Run(name, seed, BATCH_CASES)
    start = time.monotonic()
    with Runner(TARGETS[name]) as runner:
        while not is_done(run.n_batches):
            result = runner.run(Batch(seed + run.n_batches, BATCH_CASES, run.signatures))
            run.add(result)
            if result.fault is not None:
                _show_fault(name, result.fault)
    run.seconds = time.monotonic() - start
    run.sign()
    return run


def main() -> None:
    """Fuzz, print, and add what was found to the file of results."""
    args = _parse_arguments()
    if args.sums is not None:
        print(*show_sums(read_runs(args.sums)), sep="\n")
        return
    seed = secrets.randbelow(10**9) if args.seed is None else args.seed
    runs = []
    for name in args.targets:
        own_seed = seed if args.batches else seed + list(TARGETS).index(name) * SEEDS
        run = fuzz_target(name, seed=own_seed, is_done=_make_limit(args))
        print(
            f"{name}: {run.n_cases:,} cases, {run.n_readings:,} readings in {run.seconds:.0f} s, "
            f"{run.n_faults:,} faults of {len(run.faults)} kinds; seeds {own_seed} to "
            f"{own_seed + run.n_batches - 1}",
            flush=True,
        )
        for outcome, count in run.outcomes.most_common():
            print(f"    {count:8,}  {outcome}", flush=True)
        if args.results is not None:
            append_run(run, args.results)
        runs.append(run)
    sys.exit(1 if any(run.faults for run in runs) else 0)


def _make_limit(args: argparse.Namespace) -> Callable[[int], bool]:
    """Return what says whether a target had its share."""
    if args.batches:
        return lambda n_batches: n_batches >= args.batches
    end = time.monotonic() + 60 * args.minutes / len(args.targets)
    # A first batch is run in any case.
    return lambda n_batches: n_batches > 0 and time.monotonic() > end


def _show_fault(target: str, fault: Fault) -> None:
    print(f"\n{target}: {fault.signature}\n  case: {fault.case}")
    if fault.details:
        print("  " + "\n  ".join(fault.details.splitlines()[-8:]))
    print(f"  again: python -m tests.fuzz --targets {target} --seed {fault.seed} --batches 1\n")
    sys.stdout.flush()


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=2.0, help="for all targets together")
    parser.add_argument("--seed", type=int, help="of the first batch; random by default")
    parser.add_argument("--batches", type=int, help="of each target, in place of minutes")
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--results", type=Path, help="a file of JSON lines to add the run to")
    parser.add_argument("--sums", type=Path, help="only print the sums of such a file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
