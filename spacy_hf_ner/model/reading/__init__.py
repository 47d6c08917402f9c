"""Docs to windows, and windows to one row of tag scores for each unit."""
