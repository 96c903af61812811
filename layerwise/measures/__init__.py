"""Other yardsticks of a layer than correlation."""
