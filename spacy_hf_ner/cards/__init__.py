"""Model cards: the README.md of a checkpoint and of a package, made from signed results.

What a card says comes from the folder that it stands in and from what ``hf-ner card`` noted there.
A card that people have edited is theirs, and stays as it is.
"""
