"""A component that raises, kills its process or waits where a text says so: for `--code`, too."""

import os
import signal
import time

from spacy.language import Language
from spacy.tokens import Doc


@Language.component("test_scale_obey")
def obey(doc: Doc) -> Doc:
    """Do what a text says."""
    if "RAISE" in doc.text:
        raise ValueError("as it was told")
    if "KILL" in doc.text:
        os.kill(os.getpid(), signal.SIGKILL)
    if "WAIT" in doc.text:
        time.sleep(0.5)
    return doc
