"""Floor 4: a pipeline to try in the browser, on this machine alone. ``hf-ner demo`` opens it."""
