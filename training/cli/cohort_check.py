"""Reads and checks a cohort before a training uses it: refused, or used with warnings on standard error."""

from pathlib import Path

import click

from features.protocol.document import Protocol
from features.records.cohort import Cohort
from training.cli.options.reading import read_for_command
from training.plausibility.cohort_check import CohortCheck, check_cohort
from training.plausibility.finding import describe_findings
from training.report.authors.reader import study_of_folder
from training.report.study import StudyAnswers


def read_checked(directory: Path, protocol: Protocol | None = None, *, strict: bool) -> tuple[Cohort, CohortCheck]:
    """The cohort in a folder and its check, to be recorded.

    Raises ``CohortRefusedError`` for a cohort that can't be read and for what falsifies outcomes (exit code 2).
    """
    reading = read_for_command(directory, protocol, strict=strict)
    check = check_cohort(reading, directory)
    for line in describe_findings(check.findings):
        click.echo(line, err=True)
    return reading.cohort, check


def read_with_study(
    directory: Path, protocol: Protocol | None = None, *, strict: bool
) -> tuple[Cohort, CohortCheck, StudyAnswers]:
    """As `read_checked`, with what the authors answer in ``study.toml``, refused first if it is wrong."""
    study = study_of_folder(directory)
    return *read_checked(directory, protocol, strict=strict), study
