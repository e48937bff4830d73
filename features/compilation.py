"""Placeholder until the real one is merged."""

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

os.environ.setdefault("NUMBA_CPU_NAME", "generic")
import numba  # noqa: E402

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """A function compiled before its first call."""
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
