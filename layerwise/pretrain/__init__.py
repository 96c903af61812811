"""Pre-training of the small embedded models from scratch."""
