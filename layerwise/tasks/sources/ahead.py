"""An iterator whose next items are made meanwhile, in a thread of its own."""

import queue
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")

DEPTH = 2


class Ahead(Generic[Item]):
    """Iterate over ``items``, up to DEPTH of them ahead; what making one raises is raised at its place.

    ``waited`` are the seconds for which the reader waited, but for the first item.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        self.waited = 0.0
        self._items = items

    def __iter__(self) -> Iterator[Item]:
        ready: queue.Queue[tuple[Item | None, BaseException | None, bool]] = queue.Queue(DEPTH)
        stop = threading.Event()

        def put(entry: tuple[Item | None, BaseException | None, bool]) -> None:
            while not stop.is_set():
                try:
                    ready.put(entry, timeout=0.1)
                    return
                except queue.Full:
                    continue

        def work() -> None:
            try:
                for item in self._items:
                    put((item, None, False))
                    if stop.is_set():
                        break
                put((None, None, True))
            except BaseException as error:
                put((None, error, True))
            finally:
                if isinstance(self._items, Generator):
                    self._items.close()

        thread = threading.Thread(target=work, name="ahead", daemon=True)
        thread.start()
        first = True
        try:
            while True:
                start = time.perf_counter()
                item, error, last = ready.get()
                self.waited += 0.0 if first else time.perf_counter() - start
                first = False
                if error is not None:
                    raise error
                if last:
                    return
                yield item  # type: ignore[misc]
        finally:
            stop.set()
            thread.join()
