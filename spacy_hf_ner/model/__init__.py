"""Floor 1: Hugging Face networks behind one row of tag scores per spaCy token. No pipeline components."""
