"""Floor 3: entities to other text, for Docs that any component annotated.

What can be imported::

    from spacy_hf_ner.rewriting import Rewriter                    # a Doc → a new Doc and a table
    from spacy_hf_ner.rewriting import Redactions, Masks, Hashes   # what takes the place of names
"""

from spacy_hf_ner.rewriting.methods import Hashes, Masks, Method, Redactions
from spacy_hf_ner.rewriting.rewriter import Remains, Rewriter, Rewriting

__all__ = ["Hashes", "Masks", "Method", "Redactions", "Remains", "Rewriter", "Rewriting"]
