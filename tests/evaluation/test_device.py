import os

import pytest
from thinc.api import prefer_gpu

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.device import count_cores, use_gpu


@pytest.mark.skipif(prefer_gpu(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"expected gpu_id to be a GPU that spaCy can use.* got 0"
    ):
        use_gpu(0, silent=True)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux keeps to some cores")
def test_cores_that_this_process_may_not_use_do_not_count() -> None:
    allowed = os.sched_getaffinity(0)
    assert count_cores() == len(allowed)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert count_cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
