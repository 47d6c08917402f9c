"""What a network needs besides, to be trained."""
