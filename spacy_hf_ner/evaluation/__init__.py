"""Floor 3: a pipeline's entities judged by gold ones. Scores, where it fails, how sure that is.

Needs core, corpus, and of pipe the rule for gold.
"""
