"""Floor 1: Hugging Face networks behind one row of tag scores per unit. No pipeline components."""
