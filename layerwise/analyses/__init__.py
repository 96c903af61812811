"""What a layer is compared with: one small module a target, registered in ``layerwise.analyses.run``."""
