"""What can be regressed out of both views: one small module each, named in `layerwise.specs.givens`."""
