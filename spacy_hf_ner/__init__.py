"""Any Hugging Face token classifier, at home in spaCy.

Nothing needs to be imported to use it: spaCy finds the factory ``hf_ner`` by its entry point. These
can be imported::

    from spacy_hf_ner import as_hf_entities, as_tags   # entities in other people's formats
    from spacy_hf_ner.errors import HFNerError         # what goes wrong, and why
"""

from spacy_hf_ner.pipe.annotation import as_hf_entities, as_tags

__version__ = "0.1.0"

__all__ = ["__version__", "as_hf_entities", "as_tags"]
