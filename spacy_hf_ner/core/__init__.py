"""Floor 0: tags, spans, schemes, windows, alignment and decoding in numpy.

No torch, no spaCy, no I/O.
"""
