"""What every `kap` command shares: exit codes, the order of commands, and sentences instead of tracebacks.

Exit codes say who must act: 0 nobody, 1 the maintainers (a defect), 2 the user (input or arguments), 3 whoever runs
the stores (a model that is missing or damaged), 4 whoever answers for the model (evidence that does not hold).
"""

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from features.problems import InputRefusedError

DEFECT, USER, STORE, EVIDENCE = 1, 2, 3, 4

os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

FOLDER = click.Path(path_type=Path)
EXISTING_FILE = click.Path(path_type=Path, dir_okay=False)


class Group(click.Group):
    """Commands in the order in which they are used, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names in the order of their definition."""
        return list(self.commands)


def answers_for_mistakes(command: Callable[..., None]) -> Callable[..., None]:
    """Turn a user's mistake into its problems, and a missing or damaged model into a sentence; never a traceback."""

    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        from models.bundle import BundleRefusedError
        from training.failures import EvidenceFailedError, StoreUnreachableError

        try:
            command(*args, **kwargs)
        except InputRefusedError as error:
            from training.read_cohort import describe_problems

            for line in describe_problems(error.problems):
                click.echo(line, err=True)
            click.echo(f"refused: {len(error.problems)} problem{'s' if len(error.problems) > 1 else ''}", err=True)
            sys.exit(USER)
        except BundleRefusedError as error:
            click.echo(f"model refused: {error}", err=True)
            sys.exit(STORE)
        except StoreUnreachableError as error:
            click.echo(f"store: {error}", err=True)
            sys.exit(STORE)
        except EvidenceFailedError as error:
            click.echo(str(error), err=True)
            sys.exit(EVIDENCE)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has what it wanted
        except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError) as error:
            click.echo(f"{Path(error.filename or 'a file').name}: {error.strerror}", err=True)
            sys.exit(USER)

    return guarded


MODEL_OPTION = click.option(
    "--model", default="champion", show_default=True, help="Registered version, or alias, in MLflow."
)
