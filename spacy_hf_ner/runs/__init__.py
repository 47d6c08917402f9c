"""Training runs: spaCy's own loop, in runs that can be interrupted and go on."""
