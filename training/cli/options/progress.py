"""Progress of long work: a bar on a terminal, otherwise one line per stage on standard error."""

from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar


class Progress:
    """A line with the present stage, and a bar if the amount of work is known."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._lines = None if console.is_terminal else console
        self._bar = Bar(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("starting", total=None)

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def step(self, description: str) -> None:
        """Begin a stage."""
        self._say(description)
        self._bar.reset(self._task, description=description, total=None)

    def count(self, description: str, pieces: int) -> Callable[[], None]:
        """Begin a stage with a bar of ``pieces`` pieces of work; call the result after each piece."""
        self._say(description)
        self._bar.reset(self._task, description=description, total=pieces)
        return lambda: self._bar.advance(self._task)

    def _say(self, description: str) -> None:
        if self._lines is not None:
            self._lines.print(f"{description} ...", highlight=False, markup=False, soft_wrap=True)
