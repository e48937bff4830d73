"""Shared by all `kap` commands: exit codes, the order of commands, and sentences instead of tracebacks.

Exit codes: 0 success, 1 internal error, 2 wrong input or arguments, 3 a store, model or log that is missing or damaged,
4 a failed check of evidence, log or decisions; `stopping` has those of a command that was stopped.
"""

import functools
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click
from click.shell_completion import CompletionItem

from features.protocol.problems import InputRefusedError
from training.cli.options.stopping import stopped_with_its_processes
from training.telemetry import turn_off_telemetry

DEFECT, USER, STORE, EVIDENCE = 1, 2, 3, 4
NOTICES = ("AssumedModelNotice", "RelocationNotice")
"""The classes of notices, by name: their modules import MLflow, which most commands do without."""

turn_off_telemetry()


class _Folder(click.Path):
    """Completed with folders only; whether there is one, and what to do if not, is said by the reader."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        return [CompletionItem(incomplete, type="dir")]


class _FolderOrUrl(_Folder):
    """A folder, or a URL of one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from training.cohort.parts.remote import place_of

        if not isinstance(value, str) or "://" not in value:
            return super().convert(value, param, ctx)
        try:
            return place_of(value)
        except InputRefusedError as error:
            _leave(_problems(error), USER)


FOLDER = _Folder(path_type=Path)
FOLDER_OR_URL = _FolderOrUrl(path_type=Path)
FILE = click.Path(path_type=Path, dir_okay=False)


class _ResultFile(click.Path):
    """A file to write; refused before any work if its folder is missing, because none is made by mistake."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = super().convert(value, param, ctx)
        if isinstance(path, Path) and not path.parent.is_dir():
            self.fail(f"there is no folder {path.parent}; make it first, or write to another folder", param, ctx)
        return path


RESULT_FILE = _ResultFile(path_type=Path, dir_okay=False)


class Group(click.Group):
    """Commands in the order of use instead of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names in the order of their definition."""
        return list(self.commands)


_REQUIRED: dict[type[OSError], str] = {
    FileNotFoundError: "an existing file or folder",
    PermissionError: "a file or folder that this user may open",
    IsADirectoryError: "a file, not a folder",
    NotADirectoryError: "a folder, not a file",
}


def answers_for_mistakes(command: Callable[..., None]) -> Callable[..., None]:
    """Print problems of the input, and missing or damaged models, as sentences instead of a traceback."""

    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        from models.bundle import BundleRefusedError
        from serving.contract.failures import StateError
        from training.failures import ClusterFailedError, EvidenceFailedError, StoreUnreachableError

        try:
            with _notices_as_sentences(), stopped_with_its_processes():
                command(*args, **kwargs)
        except InputRefusedError as error:
            _leave(_problems(error), USER)
        except BundleRefusedError as error:
            _leave(f"the model can't be used: {error}", STORE)
        except StoreUnreachableError as error:
            _leave(f"the model registry can't be used: {error}", STORE)
        except (StateError, ClusterFailedError, EvidenceFailedError) as error:
            _leave(str(error), EVIDENCE if isinstance(error, EvidenceFailedError) else STORE)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has closed the pipe
        except tuple(_REQUIRED) as error:
            where = Path(error.filename).absolute() if error.filename else "a file"
            _leave(f"{where}: {error.strerror}; required {_REQUIRED.get(type(error), 'a readable file')}", USER)

    return guarded


@contextmanager
def _notices_as_sentences() -> Iterator[None]:
    """Print a notice of the project as one line; other warnings stay as they are."""
    with warnings.catch_warnings():
        shown = warnings.showwarning

        def show(
            message: Warning | str, category: type[Warning], filename: str, lineno: int, *rest: Any, **more: Any
        ) -> None:
            if category.__name__ in NOTICES:
                click.echo(str(message), err=True)
            else:
                shown(message, category, filename, lineno, *rest, **more)

        warnings.showwarning = show
        yield


def _problems(error: InputRefusedError) -> str:
    """A line per problem, and how many there are."""
    from training.cohort.reader import describe_problems

    number = len(error.problems)
    return "\n".join([*describe_problems(error.problems), f"refused: {number} problem{'s' if number > 1 else ''}"])


def _leave(words: str, code: int) -> NoReturn:
    click.echo(words, err=True)
    sys.exit(code)


MODEL_OPTION = click.option(
    "--model",
    default="champion",
    show_default=True,
    help="Registered version or alias; of another model NAME/3 or NAME@champion.",
)
