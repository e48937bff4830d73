"""The one decorator of compiled functions; numba is imported here alone.

Their machine code is for the plainest processor of the kind, so that code compiled on one machine serves another.
What is left to `code_files` is where it is kept.
"""

import pickle
from collections.abc import Callable
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from sys import implementation
from typing import Any, ParamSpec, TypeVar, cast

import numba
from numba.core.compiler import CompileResult
from numba.core.event import install_recorder
from numba.core.serialize import dumps

from features.compilation.code_files import keep_code, kept_code
from features.compilation.sources import sources_digest

P = ParamSpec("P")
R = TypeVar("R")

numba.config.CPU_NAME, numba.config.CPU_FEATURES = "generic", ""  # before the first compilation
_COMPILERS = (implementation.cache_tag, *(version(name) for name in ("numba", "llvmlite", "numpy")))


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """A function of numbers and arrays as machine code, compiled for each combination of types at its first call.

    It gives the bits that Python would: no step is contracted or reordered; a division by 0 gives inf or NaN. An index
    outside of an array is not found, unless ``NUMBA_BOUNDSCHECK=1`` is set. Other threads run meanwhile. The function
    may call compiled functions of its own top-level package and of `features`, and use constants that their sources
    define: a change of these compiles anew, a change of anything else does not.
    """
    dispatcher = numba.njit(nogil=True, error_model="numpy")(function)
    dispatcher._cache = _KeptCode(function)  # noqa: SLF001 -- numba's own keeps nothing where its folder is read-only
    return cast(Callable[P, R], dispatcher)


def compiled_during(call: Callable[[], object]) -> int:
    """The number of functions that a call compiles because no code of them is kept."""
    with install_recorder("numba:compile") as recorder:
        call()
    return sum(event.is_start for _, event in recorder.buffer)


class _KeptCode:
    """The machine code of a function that is kept between processes, in the form of numba's caches."""

    cache_path = None

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compiled function for argument types, or ``None`` where none is kept."""
        target.refresh()
        found = kept_code(self._name(signature, target.codegen()))
        return None if found is None else CompileResult._rebuild(target, *pickle.loads(found))  # noqa: S301, SLF001

    def save_overload(self, signature: Any, compiled_function: Any) -> None:
        """Keep what was compiled for argument types."""
        keep_code(self._name(signature, compiled_function.codegen), dumps(compiled_function._reduce()))  # noqa: SLF001

    def _name(self, signature: Any, codegen: Any) -> str:
        """Another one for everything that the machine code depends on."""
        function, settings = self._function, (numba.config.OPT, numba.config.BOUNDSCHECK)
        cells = dumps(tuple(cell.cell_contents for cell in function.__closure__ or ()))
        sources = sources_digest(Path(function.__code__.co_filename))
        key = (_COMPILERS, settings, codegen.magic_tuple(), function.__module__, function.__qualname__, str(signature))
        digest = sha256(repr((key, sources, function.__code__.co_code, cells)).encode())
        return f"{function.__name__}-{digest.hexdigest()[:32]}"

    def enable(self) -> None:
        """Nothing to do: code is kept from the start."""

    def disable(self) -> None:
        """Nothing to do."""

    def flush(self) -> None:
        """Nothing to do: code of other sources is never loaded."""
