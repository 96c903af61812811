"""One seed in the config, a separate stream for every random choice."""

import hashlib


def derive_seed(seed: int, *names: object) -> int:
    """Return a 32-bit seed that depends on ``seed`` and on what it is for, e.g. ``("sample", 2)``.

    Stable across processes and Python versions, unlike ``hash``.
    """
    text = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
