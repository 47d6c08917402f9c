"""Floor 3: entities to other text, for Docs that any component annotated.

What can be imported::

    from spacy_hf_ner.rewriting import Rewriter                    # a Doc → a new Doc and a table
    from spacy_hf_ner.rewriting import Redactions, Masks, Hashes   # what takes the place of names
    from spacy_hf_ner.rewriting import Pseudonyms, Analogies       # the same: extra [rewrite]
    from spacy_hf_ner.rewriting import Reversal                    # pseudonyms → the old names
"""

from spacy_hf_ner.rewriting.analogies import Analogies
from spacy_hf_ner.rewriting.methods import Hashes, Masks, Method, Redactions
from spacy_hf_ner.rewriting.pseudonyms import Pseudonyms, Reversal
from spacy_hf_ner.rewriting.remains import Remains
from spacy_hf_ner.rewriting.rewriter import Rewriter, Rewriting

__all__ = [
    "Analogies",
    "Hashes",
    "Masks",
    "Method",
    "Pseudonyms",
    "Redactions",
    "Remains",
    "Reversal",
    "Rewriter",
    "Rewriting",
]
