"""Any Hugging Face token classifier, at home in spaCy.

Nothing needs to be imported to use it: spaCy finds the factory ``hf_ner`` by its entry point.
What can be imported::

    from spacy_hf_ner import scores                          # how probable each entity is
    from spacy_hf_ner import as_hf_entities, as_tags, to_json  # in other people's formats
    from spacy_hf_ner import make_example                    # gold that may cut tokens
    from spacy_hf_ner.errors import HFNerError               # what goes wrong, and why

Importing it registers ``span._.score``, unless another package has an extension of that name.
"""

from spacy_hf_ner.pipe.annotation import register_extensions
from spacy_hf_ner.pipe.entity_formats import as_hf_entities, as_tags, scores, to_json
from spacy_hf_ner.pipe.gold_examples import make_example

__version__ = "0.1.0"

__all__ = ["__version__", "as_hf_entities", "as_tags", "make_example", "scores", "to_json"]

register_extensions()
