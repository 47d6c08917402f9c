import pytest
from thinc.api import prefer_gpu

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.device import use_gpu


@pytest.mark.skipif(prefer_gpu(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"expected gpu_id to be a GPU that spaCy can use.* got 0"
    ):
        use_gpu(0, silent=True)
