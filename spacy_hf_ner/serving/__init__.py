"""Floor 4: pipelines over HTTP, and for Presidio.

What can be imported::

    from spacy_hf_ner.serving.presidio import make_recognizer  # extra presidio-analyzer
    from spacy_hf_ner.serving.server import serve              # what `hf-ner serve` calls: [serve]
"""
