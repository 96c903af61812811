"""Where an artifact comes from: digests of code and of files, provenance records."""
