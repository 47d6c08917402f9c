"""Signals in child processes of tests."""

from typing import Final

# Begins the code of a child that a test ends with a signal. A shell that works in the background,
# or under nohup, has its children ignore some of them, which they would pass on.
HEAR_SIGNALS: Final = """
import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
for name in ("SIGTERM", "SIGHUP"):
    if hasattr(signal, name):  # Windows has no SIGHUP
        signal.signal(getattr(signal, name), signal.SIG_DFL)
"""
