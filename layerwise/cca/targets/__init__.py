"""What a layer is compared with: one small module a target, registered in ``layerwise.cca.analyses``."""
