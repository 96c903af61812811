"""The run configuration: schema, loading with helpful errors, generated documentation."""

from layerwise.config.load import parse_config, read_config
from layerwise.config.schema import ModelEntry, RunConfig

__all__ = ["ModelEntry", "RunConfig", "parse_config", "read_config"]
