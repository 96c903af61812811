"""Single-layer downstream tasks, all layers trained at once."""
