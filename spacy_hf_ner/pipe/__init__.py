"""Floor 2: the spaCy component."""
