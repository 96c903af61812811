"""Captions that say what figures of a run are, and nothing that it does not have."""

from collections.abc import Mapping, Sequence

from layerwise.report.names import MANY, caption_name


def fitting(captions: Mapping[str, str], analyses: Sequence[str] = (), *, many: bool) -> dict[str, str]:
    """Captions by stem that describe the form which figures have in this run (`names.caption_name`)."""
    return {
        name: captions.get(caption_name(name, analyses, many=many), text)
        for name, text in captions.items()
        if not name.endswith(MANY)
    }
