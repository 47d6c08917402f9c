"""Engines that turn batches of subwords into logits."""
