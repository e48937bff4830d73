"""How a command meets a tracking store of an earlier MLflow: one that reads leaves it as it is, `kap train` asks."""

import functools
import os
import sys
from collections.abc import Callable
from typing import Any

import click

UPGRADE_STORE = click.option(
    "--upgrade-store",
    is_flag=True,
    help="Upgrade a store of an earlier MLflow, which can't open it afterwards; copy it first. Else it is asked for.",
)


def reads_store(command: Callable[..., None]) -> Callable[..., None]:
    """A command that only reads: a store of an earlier MLflow is read from a copy, and a line says so."""

    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        if not _may_be_a_database():
            command(*args, **kwargs)
            return
        from training.registry.release import use_store
        from training.stores.store_schema import read_as_it_is

        with read_as_it_is(use_store()) as said:
            if said:
                click.echo(said, err=True)
            command(*args, **kwargs)

    return guarded


def ask_for_upgrade(*, agreed: bool) -> None:
    """Upgrade a store of an earlier MLflow if that is ``agreed`` or a person at a terminal says so; else leave it.

    What is left is refused by the command with what to do.
    """
    from training.registry.release import use_store
    from training.stores.store_schema import state_of, upgrade

    store = use_store()
    if state_of(store)[0] != "older":
        return
    words = "The store is of an earlier MLflow, which can't open it after an upgrade. Copy it first. Upgrade it now?"
    if agreed or (sys.stdin.isatty() and click.confirm(words, err=True)):
        upgrade(store)


def _may_be_a_database() -> bool:
    """Whether there may be a store of an earlier MLflow; without importing MLflow, which takes seconds."""
    from training.stores.sqlite_address import sqlite_file

    named = os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"
    file = sqlite_file(named)
    return not named.startswith(("http://", "https://")) if file is None else file.is_file()
