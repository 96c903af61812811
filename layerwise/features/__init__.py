"""Feature extraction: batching, pooling, log-mel and the Zarr store."""
