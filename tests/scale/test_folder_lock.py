"""One run at a time writes to a folder."""

import sys
from pathlib import Path

import pytest

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.scale.folder_lock import lock_folder


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_a_folder_that_is_held_is_refused_until_it_is_free(tmp_path: Path) -> None:
    with (
        lock_folder(tmp_path),
        pytest.raises(ConfigError, match="no other run writes to"),
        lock_folder(tmp_path, wait_s=0),
    ):
        pass
    with lock_folder(tmp_path, wait_s=0):
        pass
