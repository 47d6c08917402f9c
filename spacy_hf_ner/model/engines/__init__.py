"""What turns batches of subwords into logits: a file or folder each, listed in ``table.py``."""
