"""Floor 3: scores and reports on Docs. Needs core and spaCy only."""
