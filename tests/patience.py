"""How long tests wait for other processes. Only what hangs is given up: machines may be busy."""

__all__ = ["PATIENCE_S"]

PATIENCE_S = 600
