"""The commands of `python -m spacy hf-ner`, one file each.

Each is a thin Typer function, and a plain one that does the work.
"""
