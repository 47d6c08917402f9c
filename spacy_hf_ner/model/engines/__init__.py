"""Engines: what turns batches of subwords into logits, one file or folder each; ``table.py`` lists them."""
