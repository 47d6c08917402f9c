"""Floor 3: is gold data right, before anybody trains on it?

Every kind of finding has a file in ``checks/``, and a line in the list there. Needs core, corpus,
evaluation, of model and pipe what reads texts into subwords.
"""
