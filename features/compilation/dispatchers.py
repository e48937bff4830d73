"""Compiles functions and finds their kept code; numba is imported here alone.

The machine code is for the plainest processor of the kind, so that code compiled on one machine serves another.
What is left to `code_files` is where it is kept.
"""

import pickle
from collections.abc import Callable
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from sys import implementation
from typing import Any, Protocol

import numba
from numba.core.compiler import CompileResult
from numba.core.event import install_recorder
from numba.core.serialize import dumps
from numba.extending import typeof_impl

from features.compilation.code_files import keep_code, kept_code

numba.config.CPU_NAME, numba.config.CPU_FEATURES = "generic", ""  # before the first compilation
KEPT: list[Path | None] = []
"""The file of each code that this process compiled; ``None`` where it could not be kept."""
_COMPILERS = (implementation.cache_tag, *(version(name) for name in ("numba", "llvmlite", "numpy")))


class DispatchedFunction(Protocol):
    """A function that others call by its dispatcher."""

    def dispatcher(self) -> Any:
        """What compiles and calls it."""


def dispatcher_of(function: Callable[..., Any], sources: str, called_as: type[DispatchedFunction]) -> Any:
    """What compiles a function for the types of its arguments, and calls it; ``called_as`` stands for it in others.

    ``sources`` is the digest of the sources that the process has imported.
    """
    typeof_impl.register(called_as, _type_of)
    dispatcher = numba.njit(nogil=True, error_model="numpy")(function)
    dispatcher._cache = _KeptCode(function, sources)  # noqa: SLF001 -- numba's own keeps nothing where its folder is read-only
    return dispatcher


def _type_of(function: DispatchedFunction, context: Any) -> Any:
    return typeof_impl(function.dispatcher(), context)


def compiled_during(call: Callable[[], object]) -> int:
    """The number of functions that a call compiles because no code of them is kept."""
    with install_recorder("numba:compile") as recorder:
        call()
    return sum(event.is_start for _, event in recorder.buffer)


class _KeptCode:
    """The machine code of a function that is kept between processes, in the form of numba's caches."""

    cache_path = None

    def __init__(self, function: Callable[..., Any], sources: str) -> None:
        self._function = function
        self._sources = sources

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compiled function for argument types, or ``None`` where none is kept."""
        target.refresh()
        found = kept_code(self._name(signature, target.codegen()))
        return None if found is None else CompileResult._rebuild(target, *pickle.loads(found))  # noqa: S301, SLF001

    def save_overload(self, signature: Any, compiled_function: Any) -> None:
        """Keep what was compiled for argument types."""
        name = self._name(signature, compiled_function.codegen)
        KEPT.append(keep_code(name, dumps(compiled_function._reduce())))  # noqa: SLF001

    def _name(self, signature: Any, codegen: Any) -> str:
        """Another one for everything that the machine code depends on."""
        function, settings = self._function, (numba.config.OPT, numba.config.BOUNDSCHECK)
        cells = dumps(tuple(cell.cell_contents for cell in function.__closure__ or ()))
        key = (_COMPILERS, settings, codegen.magic_tuple(), function.__module__, function.__qualname__, str(signature))
        digest = sha256(repr((key, self._sources, function.__code__.co_code, cells)).encode())
        return f"{self._sources[:16]}-{function.__name__}-{digest.hexdigest()[:32]}"

    def enable(self) -> None:
        """Nothing to do: code is kept from the start."""

    def disable(self) -> None:
        """Nothing to do."""

    def flush(self) -> None:
        """Nothing to do: code of other sources is never loaded."""
