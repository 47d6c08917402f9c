"""How much memory this process needed."""

import sys
from pathlib import Path
from typing import Final

__all__ = ["read_peak_memory"]

_KIBIBYTE: Final = 1024


def read_peak_memory() -> int | None:
    """Return the most bytes that this process has held so far; None on Windows.

    Windows has no ``resource``, and keeps the number elsewhere.
    """
    if sys.platform == "win32":
        return None
    import resource

    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        # There is no /proc: another system than Linux. macOS counts bytes, the others kibibytes.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * _KIBIBYTE
    # On Linux, too, there is ru_maxrss, but in a child it starts at what the parent had. VmHWM is
    # of the process alone: "VmHWM:     12345 kB".
    _, _, after_name = status.partition("VmHWM:")
    n_kibibytes = int(after_name.split()[0])
    return n_kibibytes * _KIBIBYTE
