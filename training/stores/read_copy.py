"""Which store a temporary copy stands for, so that what lies beside the store is looked for there."""

from collections.abc import Iterator
from contextlib import contextmanager

_STANDS_FOR: dict[str, str] = {}


@contextmanager
def standing_for(copy: str, original: str) -> Iterator[None]:
    """Within the block, the store at the address ``copy`` stands for the ``original`` one."""
    _STANDS_FOR[copy] = original
    try:
        yield
    finally:
        del _STANDS_FOR[copy]


def own_address(address: str) -> str:
    """The address of the store itself, for that of a store or of a copy of it."""
    return _STANDS_FOR.get(address, address)
