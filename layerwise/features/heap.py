"""Memory of long jobs: freed buffers go back to the system."""

import ctypes
import platform

M_MMAP_THRESHOLD = -3  # malloc.h of glibc
M_ARENA_MAX = -8
THRESHOLD_BYTES = 512 * 1024


def give_back_freed_memory() -> None:
    """Have glibc give large buffers back to the system when they are freed, for the rest of the process.

    Left alone it keeps ever larger ones for reuse, in a heap per thread; with several threads and buffers of
    changing sizes such heaps fragment, and a long extraction seems to grow. Elsewhere nothing is done.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(M_MMAP_THRESHOLD, THRESHOLD_BYTES)
    libc.mallopt(M_ARENA_MAX, 1)
