"""What leans on private operations of torch, to run networks faster on CPUs."""
