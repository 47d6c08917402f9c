"""Floor 3: pages that show entities.

For notebooks: ``from spacy_hf_ner.visual import render, options``.
"""

from spacy_hf_ner.visual.render import options, render

__all__ = ["options", "render"]
