"""Cohorts for tests: written as small text tables, as one course per line, or drawn at random.

All of them pass through ``assemble_cohort``, and a cohort with a problem fails the test that asked for it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from features.protocol.columns import CHILD_TABLES, Column
from features.protocol.document import Protocol
from features.protocol.instruments import INSTRUMENTS
from features.protocol_reading import parse_protocol
from features.records.assemble import assemble_cohort
from features.records.cohort import Cohort, RawCohort, RawTable

Cell = str | float
Record = dict[str, Cell]
AsOfDay = float | NDArray[np.float64] | None

DEFAULT = Protocol()


@dataclass
class CohortRecords:
    """The rows of a cohort as plain records, in the order in which a reader would meet them.

    A cell that is not in a record is not recorded; a table that is not in ``tables`` is absent.
    """

    patients: list[Record]
    tables: dict[str, list[Record]] = field(default_factory=dict)

    def cohort(self, protocol: Protocol | str = DEFAULT, as_of_day: AsOfDay = None) -> Cohort:
        """The checked cohort of these records."""
        protocol = parse_protocol(protocol) if isinstance(protocol, str) else protocol
        cohort, problems = assemble_cohort(self.raw(protocol, as_of_day), protocol)
        assert not problems, problems
        return cohort

    def raw(self, protocol: Protocol = DEFAULT, as_of_day: AsOfDay = None) -> RawCohort:
        """The records as a reader would hand them over, unchecked; they end on one day, or each on its own."""
        ids = [str(record["patient_id"]) for record in self.patients]
        index = {patient_id: position for position, patient_id in enumerate(ids)}
        return RawCohort(
            patient_ids=np.array(ids, dtype=np.str_),
            sites=[None if "site_id" not in record else str(record["site_id"]) for record in self.patients],
            patients=_columns(protocol.tables["patients"], self.patients),
            tables={
                name: RawTable(
                    np.array([index.get(str(row["patient_id"]), -1) for row in rows], dtype=np.intp),
                    _columns(protocol.tables[name], rows),
                )
                for name, rows in self.tables.items()
            },
            as_of_day=None if as_of_day is None else np.zeros(len(ids)) + as_of_day,
        )

    def shuffled(self, rng: np.random.Generator) -> "CohortRecords":
        """The same records in another order."""
        return CohortRecords(
            [self.patients[i] for i in rng.permutation(len(self.patients))],
            {name: [rows[i] for i in rng.permutation(len(rows))] for name, rows in self.tables.items()},
        )


def _columns(declared: Sequence[Column], rows: Sequence[Record]) -> dict[str, NDArray[np.generic]]:
    present = {name for row in rows for name in row}
    unknown = present - {column.name for column in declared}
    assert not unknown, f"undeclared columns: {sorted(unknown)}"
    return {
        column.name: np.array([_cell(column, row.get(column.name)) for row in rows], dtype=_dtype(column))
        for column in declared
        if column.kind != "identifier" and (column.name in present or not rows)
    }


def _dtype(column: Column) -> type[np.generic]:
    return np.int16 if column.kind == "category" else np.float64


def _cell(column: Column, cell: Cell | None) -> float:
    if column.kind == "category":
        return -1 if cell is None else column.categories.index(str(cell))
    if cell is None:
        return float("nan")
    if column.kind == "flag" and cell in ("true", "false"):
        return float(cell == "true")
    return float(cell)


def cohort_of(protocol: Protocol | str = DEFAULT, as_of_day: AsOfDay = None, **tables: str) -> Cohort:
    """A cohort from text tables, one keyword per table.

    The first line names the columns, the cells stand below their names, ``-`` or blank is *not recorded*. Without
    ``patients`` there is one patient per id that occurs.
    """
    return records_of(**tables).cohort(protocol, as_of_day)


def records_of(**tables: str) -> CohortRecords:
    """The records of text tables; see ``cohort_of``."""
    parsed = {name: parse_table(text) for name, text in tables.items()}
    patients = parsed.pop("patients", None)
    if patients is None:
        ids = dict.fromkeys(str(row["patient_id"]) for rows in parsed.values() for row in rows)
        patients = [{"patient_id": patient_id} for patient_id in ids]
    return CohortRecords(
        patients, parsed if parsed.keys() & {"assessments", "events"} else parsed | {"assessments": []}
    )


def parse_table(text: str) -> list[Record]:
    """The records of one text table: a full line fills the columns in order, in another blanks are missing cells."""
    header, *lines = [line for line in text.splitlines() if line.strip()]
    columns = list(re.finditer(r"\S+", header))
    rows = []
    for line in lines:
        cells = list(re.finditer(r"\S+", line))
        below = columns if len(cells) == len(columns) else [_column_above(cell, columns) for cell in cells]
        row = {column.group(): cell.group() for column, cell in zip(below, cells, strict=True) if cell.group() != "-"}
        assert len({column.group() for column in below}) == len(cells), f"two cells below one column: {line}"
        rows.append(row)
    return rows


def _column_above(cell: re.Match[str], columns: Sequence[re.Match[str]]) -> re.Match[str]:
    return min(columns, key=lambda column: max(column.start() - cell.end() + 1, cell.start() - column.end() + 1, 0))


@dataclass(frozen=True)
class CourseRow:
    """One line of a course table: who, and the expected answers by column."""

    patient_id: str
    expected: Mapping[str, str]


def courses(text: str) -> tuple[CohortRecords, list[CourseRow]]:
    """Patients and expected answers from a table with one whole course per line, cells between ``|``.

    ``doses`` lists the days of the dosing sessions 1, 2 ...; a column named after a rating scale lists ``day:score``;
    ``events`` lists ``day:event``. Every other column is an expected answer.
    """
    header, *lines = [line for line in text.splitlines() if line.strip()]
    names = [name.strip() for name in header.split("|")]
    tables: dict[str, list[Record]] = {"sessions": [], "assessments": [], "events": []}
    read = []
    for line in lines:
        cells = dict(zip(names, (cell.strip() for cell in line.split("|")), strict=True))
        patient_id = cells.pop("patient")
        for number, day in enumerate(cells.pop("doses", "").split(), start=1):
            session: Record = {"patient_id": patient_id, "day": day, "kind": "dosing", "session_number": number}
            tables["sessions"].append(session)
        for entry in cells.pop("events", "").split():
            day, event = entry.split(":")
            tables["events"].append({"patient_id": patient_id, "day": day, "event": event})
        for scale in [name for name in cells if name in INSTRUMENTS]:
            for entry in cells.pop(scale).split():
                day, score = entry.split(":")
                rating: Record = {"patient_id": patient_id, "day": day, "instrument": scale, "score": score}
                tables["assessments"].append(rating)
        read.append(CourseRow(patient_id, cells))
    return CohortRecords([{"patient_id": course.patient_id} for course in read], tables), read


def random_records(rng: np.random.Generator, patients: int, protocol: Protocol = DEFAULT) -> CohortRecords:
    """Valid random patients with every table, in random order: days crowd the windows, scores crowd the cut-offs."""
    people: list[Record] = []
    tables: dict[str, list[Record]] = {name: [] for name in CHILD_TABLES}
    for number in range(patients):
        patient_id = f"p{number:05d}"
        people.append({"patient_id": patient_id} | _random_patient(rng, protocol))
        drawn = {
            "prior_treatments": _random_treatments(rng, protocol),
            "sessions": _random_sessions(rng, protocol),
            "assessments": _random_ratings(rng, protocol),
            "events": _random_events(rng, protocol),
        }
        (later,) = rng.spawn(1)
        drawn = _with_later_columns(later, drawn)
        drawn |= {name: while_alive(drawn[name], drawn["events"]) for name in ("sessions", "assessments", "events")}
        for name, rows in drawn.items():
            tables[name] += [{"patient_id": patient_id} | row for row in rows]
    return CohortRecords(people, tables).shuffled(rng)


def while_alive(rows: list[Record], events: list[Record]) -> list[Record]:
    """Rows up to and including the day of a death: a cohort with later ones is refused."""
    died = min((float(event["day"]) for event in events if event["event"] == "death"), default=np.inf)
    return [row for row in rows if float(row["day"]) <= died]


def _random_patient(rng: np.random.Generator, protocol: Protocol) -> Record:
    row: Record = {}
    for column in protocol.tables["patients"]:
        if column.name == "patient_id" or rng.random() < 0.3:
            continue
        if column.name == "site_id":
            row["site_id"] = f"c{rng.integers(4)}"
        elif column.name == "prior_treatments_recorded":
            row[column.name] = float(rng.random() < 0.8)
        else:
            row[column.name] = _random_cell(rng, column)
    return row


def _random_cell(rng: np.random.Generator, column: Column) -> Cell:
    if column.kind == "category":
        return str(rng.choice(column.categories))
    if column.kind == "flag":
        return float(rng.random() < 0.5)
    assert column.minimum is not None
    assert column.maximum is not None
    return round(float(rng.uniform(column.minimum, column.maximum)), 1)


def _some(rng: np.random.Generator, protocol: Protocol, table: str, *given: str) -> Record:
    """Random cells for the columns of a table other than these, some of them not recorded."""
    columns = [column for column in protocol.tables[table] if column.name not in ("patient_id", *given)]
    return {column.name: _random_cell(rng, column) for column in columns if column.required or rng.random() < 0.7}


def _random_treatments(rng: np.random.Generator, protocol: Protocol) -> list[Record]:
    rows = []
    for _ in range(rng.integers(0, 5)):
        row = _some(rng, protocol, "prior_treatments", "start_day", "end_day")
        start = int(rng.integers(-4000, 1))
        if rng.random() < 0.7:
            row["start_day"] = start
        if rng.random() < 0.7:
            row["end_day"] = int(rng.integers(start, 1))
        rows.append(row)
    return rows


def _random_sessions(rng: np.random.Generator, protocol: Protocol) -> list[Record]:
    rows = []
    for kind, most in (("dosing", 7), ("psychotherapy", 4)):
        day = 0 if kind == "dosing" else int(rng.choice([0, 0, 0, 1, 3]))
        for number in range(1, int(rng.integers(0, most + 1)) + 1):
            cells = _some(rng, protocol, "sessions", "session_number", "day", "kind")
            rows.append(cells | {"session_number": number, "day": day, "kind": kind})
            day += int(rng.choice([0, 1, 2, 5, 7, 7, 8, 14, 15, 30]))
    return rows


def _random_ratings(rng: np.random.Generator, protocol: Protocol) -> list[Record]:
    names = [name for name, scale in protocol.instruments.items() if scale.decides_outcomes]
    likely = [name for name in protocol.remission.instruments if rng.random() < 0.6]
    scales = {*likely, *(str(rng.choice(names)) for _ in range(rng.integers(0, 2)))}
    return [row for name in sorted(scales) for row in _random_course(rng, protocol, name)]


def _random_course(rng: np.random.Generator, protocol: Protocol, name: str) -> list[Record]:
    """Ratings of one scale: a baseline, then a random walk between the cut-offs, each score near one of them."""
    scale = protocol.instruments[name]
    numbers = (scale.severity_numbers[key] for key in ("remission_at_most", "relapse_at_least", "reliable_change"))
    low, high, step = (number for number in numbers if number is not None)
    days = {int(day) for day in np.cumsum(rng.choice([1, 3, 6, 7, 7, 8, 14, 27, 28, 29], size=rng.integers(0, 25)))}
    days |= {int(day) for day in rng.integers(-12, 1, size=rng.integers(0, 4))}
    centre, rows = float(rng.choice([high + step, high + step, high + step, low + 1, low])), []
    for day in sorted(days):
        if day > 0 and rng.random() < 0.35:
            centre = float(rng.choice([low, low, low - step, high, high + step, low + step]))
        score = float(np.clip(round(centre + rng.integers(-1, 2)), scale.minimum, scale.maximum))
        rows.append({"day": day, "instrument": name, "score": scale.severity(score)})
    return rows


def _with_later_columns(rng: np.random.Generator, drawn: dict[str, list[Record]]) -> dict[str, list[Record]]:
    """The tables with what the format got later: ratings after a dose, item 9, and preparation sessions."""
    ratings = []
    for row in drawn["assessments"]:
        item = {"suicidal_thoughts_item": int(rng.integers(0, 4))} if row["instrument"] in ("phq9", "bdi2") else {}
        others = [other["score"] for other in drawn["assessments"] if other["instrument"] == row["instrument"]]
        before = row | item
        after: Record = row | {"after_dose": 1.0, "score": others[rng.integers(len(others))]}
        chance = rng.random()
        ratings += [before] if float(row["day"]) < 0 or chance < 0.8 else [after] if chance < 0.9 else [before, after]
    days = sorted(int(day) for day in rng.integers(-30, 10, size=rng.integers(0, 3)))
    prepared: list[Record] = [
        {"session_number": number, "day": day, "kind": "preparation", "adverse_event": 1.0}
        for number, day in enumerate(days, start=1)
    ]
    return drawn | {"assessments": ratings, "sessions": drawn["sessions"] + prepared}


def _random_events(rng: np.random.Generator, protocol: Protocol) -> list[Record]:
    column = next(column for column in protocol.tables["events"] if column.name == "event")
    count = int(rng.choice([0, 0, 1, 1, 2, 3]))
    latest = int(rng.choice([30, 100, 300]))
    rows: list[Record] = [
        {"day": int(rng.integers(-3, latest)), "event": str(rng.choice(column.categories))} for _ in range(count)
    ]
    if rng.random() < 0.4:
        rows.append({"day": int(rng.integers(60, 400)), "event": "end_of_follow_up"})
    return rows


def random_cohort(rng: np.random.Generator, patients: int, protocol: Protocol = DEFAULT) -> Cohort:
    """A valid cohort of random patients; see ``random_records``."""
    return random_records(rng, patients, protocol).cohort(protocol)


def random_protocol(rng: np.random.Generator) -> Protocol:
    """The default protocol with its rules changed at random, within what a protocol may say."""
    at_landmark = bool(rng.random() < 0.3)
    rule = "event" if rng.random() < 0.25 else "score"
    first, last = sorted(int(day) for day in rng.integers(0, 60, size=2))
    windows = [(7, 28), (0, 0), (1, 7), (0, 14), (28, 29)]
    remission = DEFAULT.remission
    if at_landmark:
        remission = replace(remission, at_landmark=True)
    elif rng.random() < 0.7:
        remission = replace(
            remission,
            anchor="index" if rng.random() < 0.5 else "last_acute_session",
            window_days=(first, last),
            require_reliable_drop=bool(rng.random() < 0.5),
        )
    relapse = replace(DEFAULT.relapse, rule=rule)
    if rule == "score":
        relapse = replace(relapse, confirm_within_days=windows[rng.integers(len(windows))])
    days = replace(DEFAULT.landmarks[0], name="a day", before_session=None, day=int(rng.integers(0, 60)))
    return replace(
        DEFAULT,
        landmarks=(*DEFAULT.landmarks, days),
        acute_max_days=int(rng.choice([42, 14, 0])),
        remission=remission,
        relapse=relapse,
        horizons_days=(28, 84),
    )
