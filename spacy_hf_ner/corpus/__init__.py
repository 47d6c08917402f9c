"""Floor 3: data files to sentences to Docs to DocBins. Needs core and spaCy only."""
