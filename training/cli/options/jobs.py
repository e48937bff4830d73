"""The options of a command that runs jobs side by side: on this machine's processes, or on a Dask cluster."""

import functools
import os
from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

CLUSTER = "KAP_CLUSTER"


def runs_jobs(command: Callable[..., None]) -> Callable[..., None]:
    """Add --workers, which the command gets as a number, and --cluster, on which it then runs."""

    @click.option("--workers", type=click.IntRange(min=1), default=None, help="Processes; default: all cores.")
    @click.option(
        "--cluster",
        envvar=CLUSTER,
        default=None,
        metavar="ADDRESS",
        help=f"Run on the workers of this Dask scheduler, such as tls://host:8786; local starts one. Or set {CLUSTER}.",
    )
    @functools.wraps(command)
    def running(*args: Any, workers: int | None, cluster: str | None, **kwargs: Any) -> None:
        number = workers or os.cpu_count() or 1
        if not cluster:
            command(*args, workers=number, **kwargs)
            return
        from training.execution.cluster import on_cluster

        with on_cluster(cluster, number) as engine:
            command(*args, workers=number, **kwargs)
        if not engine.is_connected and _is_on_command_line():
            click.echo("--cluster was not used: no part of this ran on workers", err=True)

    return running


def _is_on_command_line() -> bool:
    """Whether the cluster was named by the option, and not by the environment, which other commands may need."""
    return click.get_current_context().get_parameter_source("cluster") is ParameterSource.COMMANDLINE
