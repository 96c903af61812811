"""A full disk, or quota, as the cause of an error: what failed, and what to do."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

STATUS = os.EX_CANTCREAT  # exit status of a job for which the disk is full: it may have had no room for a log
NO_SPACE_LEFT = "no space left on the disk"
_NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# Libraries in other languages hand on the text only.
_TEXT = re.compile(r"no space left on device|disk quota exceeded|os error 28\b", re.IGNORECASE)


def full_disk(error: BaseException, output: str) -> str:
    """Return in one line what to do if a full disk is the cause of an error; nothing for another cause.

    ``output`` is a file that the job was to make, named where the error names none.
    """
    for each in _causes(error):
        if isinstance(each, OSError) and each.errno in _NUMBERS:
            name = each.filename if isinstance(each.filename, str) else ""
            return remedy(_without_aside(name) or output)
        if says_full(str(each)):
            return remedy(output)
    return ""


def says_full(text: str) -> bool:
    """Whether a text of another program tells of a full disk."""
    return bool(_TEXT.search(text))


def remedy(what: str) -> str:
    """Return the line that a user reads: what could not be written, and what to do."""
    return (
        f"DiskFullError: {what}: {NO_SPACE_LEFT}, or the quota is used up{_free(Path(what))}; free space and "
        "run again: what is finished stays, and nothing half-written is taken for whole"
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _without_aside(name: str) -> str:
    """The name of a file, not of what is written aside for it (`layerwise.files.write_aside`)."""
    return re.sub(r"/\.[^/]*\.aside-[^/]*(?=/|$)", "", name)


def _free(path: Path) -> str:
    folder = next((each for each in path.parents if each.is_dir() and each != Path()), None)
    return f" ({shutil.disk_usage(folder).free / 1e6:.1f} MB free)" if folder else ""
