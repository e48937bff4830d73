"""The options of a command that runs jobs side by side: on this machine's processes, or on a Dask cluster."""

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from training.execution.cluster import Cluster

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
        with _cluster(cluster, number):
            command(*args, workers=number, **kwargs)

    return running


@contextmanager
def _cluster(address: str, workers: int) -> Iterator[None]:
    """Run jobs there within the block, and say at its end if there were none."""
    from training.execution.cluster import on_cluster

    with on_cluster(address, workers) as cluster:
        try:
            yield
        except SystemExit:  # with the command's verdict
            _say_if_unused(cluster)
            raise
        _say_if_unused(cluster)


def _say_if_unused(cluster: "Cluster") -> None:
    """Of a cluster in the environment nothing is said: it is there for other commands too."""
    is_named = click.get_current_context().get_parameter_source("cluster") is ParameterSource.COMMANDLINE
    if is_named and not cluster.is_connected:
        click.echo("--cluster was not used: no part of this runs on workers", err=True)
