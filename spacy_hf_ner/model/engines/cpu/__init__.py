"""What leans on private operations of torch, to be fast on CPUs."""
