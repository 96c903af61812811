"""Progress of long work: a bar on a terminal, a log line every tenth elsewhere."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

log = logging.getLogger(__name__)


@contextmanager
def progress(what: str, total: float, unit: str = "s of audio") -> Iterator[Callable[[float], None]]:
    """Yield a function that takes the amount done since its last call."""
    if sys.stderr.isatty():
        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task(what, total=total)
            yield lambda amount: bar.advance(task, amount)
        return
    done, tenth = 0.0, 0

    def advance(amount: float) -> None:
        nonlocal done, tenth
        done += amount
        if (now := int(10 * done / total + 1e-9)) > tenth:
            tenth = now
            log.info("%s: %.0f of %.0f %s", what, done, total, unit)

    yield advance
