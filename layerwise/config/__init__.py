"""The run configuration: schema, loading with helpful errors, generated documentation."""

from layerwise.config.entries import ModelEntry
from layerwise.config.load import parse_config, read_config
from layerwise.config.schema import RunConfig

__all__ = ["ModelEntry", "RunConfig", "parse_config", "read_config"]
