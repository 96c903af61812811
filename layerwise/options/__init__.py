"""Options of each stage: typed sections of a config, and the only place of a default."""
