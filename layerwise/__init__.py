"""layerwise: which layer of a speech model knows what?"""
