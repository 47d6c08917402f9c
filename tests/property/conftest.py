"""How hypothesis searches.

Without a clock (a busy machine is no counterexample), and without leaving files.
"""

from hypothesis import settings

settings.register_profile("spacy-hf-ner", deadline=None, database=None, max_examples=50)
settings.load_profile("spacy-hf-ner")
