"""The forms in which annotation tools keep a text with its entities, one file a tool.

What they share (a key for the text, a list of entities) is in ``keyed.py``.
"""
