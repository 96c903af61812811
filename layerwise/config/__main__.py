"""``python -m layerwise.config``: write the generated documentation into docs/."""

from pathlib import Path

from layerwise.config.docs import write_docs

write_docs(Path("docs"))
