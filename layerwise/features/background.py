"""Reading ahead and writing behind: small thread pools whose errors surface in the main thread."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

READERS = 4


def read_ahead(
    blocks: Iterable[list[Item]], read: Callable[[Item], Result]
) -> Iterator[tuple[list[Item], list[Result]]]:
    """Yield each block with what ``read`` returns for its items; the next block is read meanwhile.

    At most two blocks are held. What ``read`` raises is raised here, at the block that it belongs to.
    """
    pool = ThreadPoolExecutor(READERS, thread_name_prefix="read")
    ahead: deque[tuple[list[Item], list[Future[Result]]]] = deque()
    try:
        for block in blocks:
            ahead.append((block, [pool.submit(read, item) for item in block]))
            if len(ahead) > 1:
                yield _collected(*ahead.popleft())
        while ahead:
            yield _collected(*ahead.popleft())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _collected(block: list[Item], futures: list[Future[Result]]) -> tuple[list[Item], list[Result]]:
    return block, [future.result() for future in futures]


class Background:
    """Runs calls one after the other in a thread of its own; at most ``depth`` of them wait or run.

    After a call has failed no later one runs, and the next ``submit`` or ``wait`` raises its error.
    """

    def __init__(self, depth: int = 2) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="write")
        self._pending: deque[Future[None]] = deque()
        self._depth = depth
        self._failed = False

    def submit(self, call: Callable[[], None]) -> None:
        """Run ``call()`` after those submitted before; wait while the queue is full."""
        while self._pending and (len(self._pending) >= self._depth or self._pending[0].done()):
            self._pending.popleft().result()
        self._pending.append(self._pool.submit(self._run, call))

    def wait(self) -> None:
        """Wait until all calls have run."""
        while self._pending:
            self._pending.popleft().result()

    def _run(self, call: Callable[[], None]) -> None:
        if self._failed:
            return
        try:
            call()
        except BaseException:
            self._failed = True
            raise

    def __enter__(self) -> "Background":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.wait()
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)
