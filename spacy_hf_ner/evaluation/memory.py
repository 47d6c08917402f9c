"""How much memory this process needed."""

import sys
from pathlib import Path


def read_peak_memory() -> int | None:
    """Return the most bytes that this process has held so far; None on Windows, which does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:  # not Linux
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    # Linux starts the ru_maxrss of a child with what its parent had; this is of the process alone, in kB.
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
