"""Every command that reads a cohort repairs alike and says so, repairs nothing if strict, and stops at a near name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.places import ROOT, SHARED
from tests.training.cohort.damaged import CLEAN, through_pandas, write
from tests.training.commands import SameProcess, Workplace, refused
from training.cli.app import main

FLAGS = "read 'True' as true in 5 cells of 4 columns"
READING = {
    "cohort check",
    "cohort outcomes",
    "cohort features",
    "cohort export",
    "cohort explain",
    "train",
    "score",
    "evaluate",
    "recalibrate",
    "monitor",
}


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return SameProcess(tmp_path)


def commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        yield f"{before}{name}", command


def test_every_command_that_reads_a_cohort_can_be_strict() -> None:
    strict = {name for name, command in commands(main) if "strict" in {option.name for option in command.params}}
    assert strict >= READING


def test_no_command_reads_a_cohort_without_saying_what_was_repaired() -> None:
    for path in (ROOT / "training" / "cli").rglob("*.py"):
        imported = {
            one.name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom)
            for one in node.names
        }
        assert "read_cohort" not in imported, path


def test_repairs_are_said_on_standard_error_and_by_check_in_its_report(place: Workplace, tmp_path: Path) -> None:
    folder = write(through_pandas(CLEAN), tmp_path / "mine")
    done = place.kap("cohort", "outcomes", folder, "--out", "out.csv")
    assert (done.returncode, FLAGS in done.stderr.splitlines()) == (0, True)
    assert done.stdout == "wrote out.csv\n"
    checked = place.kap("cohort", "check", folder)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert FLAGS in checked.stdout.splitlines()
    assert "not read: the unnamed column in position 1 of patients.csv" in checked.stdout


@pytest.mark.parametrize(
    "command", [("cohort", "check"), ("cohort", "outcomes", "--out", "out.csv"), ("train",)], ids=" ".join
)
def test_strict_repairs_nothing(place: Workplace, tmp_path: Path, command: tuple[str, ...]) -> None:
    folder = write(through_pandas(CLEAN), tmp_path / "mine")
    message = refused(place.kap(*command, folder, "--strict"), 2)
    assert "patients.csv: required a name for every column" in message
    assert "column comorbid_ptsd: required true or false; found a yes or no in another spelling" in message


@pytest.mark.parametrize(
    "command",
    [("cohort", "check"), ("cohort", "outcomes", "--out", "out.csv"), ("cohort", "explain", "A"), ("train",)],
    ids=" ".join,
)
def test_a_table_under_another_name_stops_every_command(place: Workplace, command: tuple[str, ...]) -> None:
    case = SHARED / "failing" / "13-table-under-another-name" / "cohort"
    if not case.is_dir():
        pytest.skip(f"the inputs that once failed are not at {case}")
    words = list(command)
    words.insert(2 if command[0] == "cohort" else 1, str(case))
    message = refused(place.kap(*words), 2)
    assert "events (1).csv: required this table as events.csv or events.parquet" in message
