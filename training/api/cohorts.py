"""A cohort as the Python interface holds it: what was read, and all that a training records about its origin."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from features.protocol.document import Protocol
from features.records.cohort import Cohort
from training.api.refusals import argument_error, explained
from training.cohort.frames import read_frames
from training.cohort.parts.whole import read_whole
from training.cohort.reader import CohortReading, read_protocol_file
from training.cohort.repairs import Repair, describe_repairs
from training.plausibility.cohort_check import CohortCheck, Import, check_reading, import_of

if TYPE_CHECKING:
    import pandas as pd

FRAMES = "frames"
"""The name of a cohort that was given as DataFrames, unless the caller names it."""


@dataclass(frozen=True, eq=False, repr=False)
class LoadedCohort(Cohort):
    """A cohort with its name and with what reading it took, both of which a training records.

    ``source`` is the name in runs and reports. ``repairs``, ``columns_not_read`` and ``files_not_read`` are those of
    the reader. ``imported`` is the record of ``kap cohort import`` beside the tables, if there is one.
    ``folder`` is that of the tables, or of the protocol's file if they are frames; a training records the
    ``study.toml`` in it.
    """

    source: str = FRAMES
    repairs: tuple[Repair, ...] = ()
    columns_not_read: tuple[str, ...] = ()
    files_not_read: tuple[str, ...] = ()
    imported: Import | None = None
    folder: Path | None = None

    @property
    def notes(self) -> list[str]:
        """What was repaired, a sentence for each kind, and what is not read; the lines that commands print."""
        not_read = [*self.columns_not_read, *self.files_not_read]
        return [*describe_repairs(self.repairs), *([f"not read: {', '.join(not_read)}"] if not_read else [])]

    def check(self) -> CohortCheck:
        """The check that a training records; raises ``CohortRefusedError`` if a finding falsifies outcomes."""
        reading = CohortReading(self, self.repairs, self.columns_not_read, self.files_not_read)
        return check_reading(reading, self.imported)


@explained
def read_cohort(
    path_or_frames: "str | os.PathLike[str] | Mapping[str, pd.DataFrame]",
    protocol: "Protocol | str | os.PathLike[str] | None" = None,
    *,
    strict: bool = False,
    source: str | None = None,
) -> LoadedCohort:
    """Read a cohort from a folder of tables, or from pandas DataFrames, with the checks of every `kap` command.

    Parameters
    ----------
    path_or_frames : str, Path or mapping of str to DataFrame
        A folder with ``patients.csv`` or ``patients.parquet`` and up to four other tables, or with a folder of Parquet
        files for each (a cohort in parts); or the tables themselves by name: ``patients``, ``prior_treatments``,
        ``sessions``, ``assessments``, ``events``. A frame has the columns of the data dictionary
        (``features/README.md``), in any order; its index is not read, and a missing value of pandas is not recorded.
        Days are whole numbers from day 0, the first dosing session; scores are points of their scale.
    protocol : Protocol, str or Path, optional
        The rules of the study, or the TOML file that has them. Default: ``protocol.toml`` in the folder, else those
        of ketamine-assisted psychotherapy. To predict with a model, give the model's: ``model.protocol``.
    strict : bool, default False
        Repair nothing, and refuse what would need it. Else whatever has one meaning is repaired; see ``notes``.
    source : str, optional
        The cohort's name in runs and reports. Default: the name of the folder, or "frames".

    Returns
    -------
    LoadedCohort
        Patients in the order of their ids. ``len()`` counts them, ``notes`` says what was repaired and what is not
        read, and ``digest`` is the same for the same records in files and in frames.

    Raises
    ------
    CohortRefusedError
        With every problem in its message: table, row and column, never a value. Rows of a frame count from 0.
    ProtocolRefusedError
        For wrong or contradictory rules.

    Examples
    --------
    >>> import pandas as pd
    >>> from training import read_cohort
    >>> patients = pd.DataFrame({"patient_id": ["a", "b"], "site_id": ["north", "north"], "age_years": [41, 38]})
    >>> ratings = pd.DataFrame({"patient_id": ["a", "b"], "day": [0, 0], "instrument": "gad7", "score": [16, 12]})
    >>> read_cohort({"patients": patients, "assessments": ratings})
    <LoadedCohort under protocol 'kap': 2 patients of 1 site, 0 prior treatments, 0 sessions, 2 assessments, 0 events>
    >>> read_cohort({"patients": patients, "assessments": ratings.assign(score=[16, 99])})
    Traceback (most recent call last):
    features.protocol.problems.CohortRefusedError: assessments, row 1 (counted from 0), column score: ...
    """
    rules = protocol if isinstance(protocol, Protocol) or protocol is None else read_protocol_file(Path(protocol))
    if isinstance(path_or_frames, Mapping):
        reading, name, imported = read_frames(path_or_frames, rules, strict=strict), FRAMES, None
        folder = None if protocol is None or isinstance(protocol, Protocol) else Path(protocol).parent
    elif isinstance(path_or_frames, str | os.PathLike):
        folder = Path(path_or_frames)
        reading, name = read_whole(folder, rules, strict=strict), folder.resolve().name
        imported = import_of(reading.cohort, folder)
    else:
        raise argument_error("path_or_frames", "a folder, or a mapping of table names to DataFrames", "another object")
    whole = {field.name: getattr(reading.cohort, field.name) for field in fields(Cohort)}
    return LoadedCohort(
        **whole,
        source=source or name,
        repairs=reading.repairs,
        columns_not_read=reading.columns_not_read,
        files_not_read=reading.files_not_read,
        imported=imported,
        folder=folder,
    )


def loaded(cohort: Cohort) -> LoadedCohort:
    """The cohort with what is known about its reading: nothing, for a part of one or one made by other code."""
    require_cohort(cohort)
    if isinstance(cohort, LoadedCohort):
        return cohort
    return LoadedCohort(**{field.name: getattr(cohort, field.name) for field in fields(Cohort)}, source="cohort")


def require_cohort(cohort: object) -> None:
    """Raise ``InputRefusedError`` for what is no cohort, such as the path of one, with what to do."""
    if not isinstance(cohort, Cohort):
        raise argument_error("cohort", *_instead_of_a_cohort(cohort))


def _instead_of_a_cohort(given: object) -> tuple[str, str]:
    """What is required instead, and the kind of what was given."""
    if isinstance(given, str | os.PathLike):
        return "a cohort: read it first, with read_cohort(path)", "a path"
    if isinstance(given, Mapping):
        return "a cohort: read it first, with read_cohort(frames)", "a mapping"
    return "a cohort, as read_cohort gives it", "another object"
