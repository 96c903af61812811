"""Several finished runs side by side: differences of curves and tasks, of configs, and one document."""
