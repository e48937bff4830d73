"""The one decorator of compiled functions.

A process that calls none of them never imports the compiler, which takes about a second: `dispatchers` is imported at
the first call.
"""

from collections.abc import Callable
from functools import update_wrapper
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar

from features.compilation.sources import sources_digest

P = ParamSpec("P")
R = TypeVar("R")


class CompiledFunction(Generic[P, R]):
    """A function of numbers and arrays as machine code, compiled for each combination of types at its first call.

    It gives the bits that Python would: no step is contracted or reordered; a division by 0 gives inf or NaN. An index
    outside of an array is not found, unless ``NUMBA_BOUNDSCHECK=1`` is set. Other threads run meanwhile. The function
    may call compiled functions of its own top-level package and of `features`, and use constants that their sources
    define: a change of these compiles anew, a change of anything else does not.
    """

    __name__: str

    def __init__(self, function: Callable[P, R]) -> None:
        """Compile nothing yet; the sources are read now, because they may change before the first call."""
        update_wrapper(self, function)
        self._function = function
        self._sources = sources_digest(Path(function.__code__.co_filename))
        self._dispatcher: Callable[P, R] | None = None

    def __call__(self, *arguments: P.args, **named: P.kwargs) -> R:
        """What the function returns."""
        return (self._dispatcher or self.dispatcher())(*arguments, **named)

    def __reduce__(self) -> str:
        """By its name, as functions are pickled."""
        return self._function.__qualname__

    def dispatcher(self) -> Any:
        """The compiler's own object for the function."""
        if self._dispatcher is None:
            from features.compilation.dispatchers import dispatcher_of

            self._dispatcher = dispatcher_of(self._function, self._sources, CompiledFunction)
        return self._dispatcher


def compiled(function: Callable[P, R]) -> CompiledFunction[P, R]:
    """Compile a function, as `CompiledFunction` says."""
    return CompiledFunction(function)
