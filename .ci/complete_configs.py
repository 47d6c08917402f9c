"""Writes configs/ anew, with every setting that spaCy and its components have today.

`make configs` runs it; a test says when it is needed.
"""

from pathlib import Path

from spacy.util import load_config

from spacy_hf_ner.cli.complete_config import complete, read_comments, write_commented
from spacy_hf_ner.cli.init_config import RECIPE

CONFIGS = Path(__file__).resolve().parents[1] / "configs"

for path in sorted(CONFIGS.glob("*.cfg")):
    # The default config is what `hf-ner init-config` writes.
    base = RECIPE if path.stem == "hf_ner" else path
    comments = read_comments(base.read_text(encoding="utf8"))
    path.write_text(write_commented(complete(load_config(base)), comments), encoding="utf8")
    print(path)
