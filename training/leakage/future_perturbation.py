"""Future perturbation: records after the landmark are changed at random, and no feature may change.

This module does not use `known_at` to find what is after the landmark, so that it detects a wrong cut there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.build import FeatureRows, build_features
from features.protocol.columns import Column
from features.protocol.document import Landmark, Protocol
from features.records.assemble import assemble_cohort
from features.records.cohort import Cohort, RawCohort, RawTable, Values
from features.records.landmark import dosing_day
from features.records.severity import as_recorded
from features.records.timeline import Floats, Indices, Mask, Rows
from training.evidence.document import LeakageCheck
from training.outcomes.labels import derive_outcomes

DATED = ("sessions", "assessments", "events")
DEFINING = ("session_number", "day", "kind")
"""The columns that define the dosing session on whose day the landmark is."""
SOON_DAYS, LATE_DAYS = 7, 250
"""Half of the invented days follow the landmark within these days, where a cut that is slightly late would see them."""
NEW_ROWS = 2
"""Rows invented for each patient in each table."""


@dataclass(frozen=True, eq=False)
class PerturbedCohort:
    """A cohort with another future, and the number of rows removed, changed or invented."""

    cohort: Cohort
    rows: int


def future_check(cohort: Cohort, features: Sequence[FeatureRows], seed: int) -> LeakageCheck:
    """Whether the features, one entry per landmark, stay the same to the bit under another future."""
    named: list[str] = []
    rows = outcomes = 0
    for landmark, built in zip(cohort.protocol.landmarks, features, strict=True):
        rng = np.random.default_rng([seed, len(named), rows])
        perturbed = perturb_future(cohort, landmark, built.day, rng)
        rows += perturbed.rows
        outcomes += _outcomes_changed(cohort, perturbed.cohort, landmark)
        named += _features_changed(built, build_features(perturbed.cohort, landmark), landmark)
    seen = f"{rows} rows after the landmarks were changed; this changed {outcomes} outcomes"
    required = "random changes of the rows after a landmark change no feature"
    reached = any(bool((~np.isnan(built.day)).any()) for built in features)
    if reached and not rows:
        named = ["no row could be changed, so nothing was checked"]
    if named:
        seen += (
            ". The named features use records that are not known at the landmark. Correct the day up to which they "
            "read, then train again"
        )
    return LeakageCheck(name="future perturbation", passed=not named, required=required, seen=seen, named=named)


def perturb_future(cohort: Cohort, landmark: Landmark, day: Floats, rng: np.random.Generator) -> PerturbedCohort:
    """Change at random what is not known on the landmark ``day`` (patients,), NaN for those who did not reach it.

    Half of the later rows are removed, the others get other cells, and new rows are added. The session that defines the
    landmark keeps its number and day.
    """
    defining = dosing_day(cohort, landmark.before_session) if landmark.before_session else np.full(len(cohort), np.nan)
    tables, perturbed = (
        {"prior_treatments": RawTable(cohort.prior_treatments.patient, cohort.prior_treatments.columns)},
        0,
    )
    for name in DATED:
        rows = cohort.table(name)
        if name == "assessments":
            rows = as_recorded(rows, cohort.protocol)
        after = _unknown(rows, name, landmark, rows.spread(day))
        fixed = after & _defines(rows, name, landmark, rows.spread(defining), cohort.protocol)
        tables[name], count = _perturbed_table(name, rows, after, fixed, _Future(cohort.protocol, day, rng))
        perturbed += count
    sites = [None if code < 0 else cohort.site_names[code] for code in cohort.site.tolist()]
    raw = RawCohort(cohort.patient_ids, sites, cohort.patients, tables, cohort.as_of_day)
    # An invented future need not pass the checks of a cohort.
    return PerturbedCohort(assemble_cohort(raw, cohort.protocol)[0], perturbed)


def _unknown(rows: Rows, name: str, landmark: Landmark, limit: Floats) -> Mask:
    """Ratings after the landmark day, or after the dose of that day; sessions and events from that day on, unless the
    landmark is a fixed day.
    """
    day = rows.numbers("day")
    if name == "assessments":
        return np.asarray((day > limit) | ((day == limit) & (rows["after_dose"] == 1)))
    return np.asarray(day > limit if landmark.day is not None else day >= limit)


def _defines(rows: Rows, name: str, landmark: Landmark, defining: Floats, protocol: Protocol) -> Mask:
    """The dosing session on whose day the landmark is."""
    if name != "sessions":
        return np.zeros(len(rows), dtype=np.bool_)
    dosing = rows["kind"] == protocol.code("sessions", "kind", "dosing")
    numbered = rows.numbers("session_number") == (landmark.before_session or 0)
    return np.asarray(dosing & numbered & (rows.numbers("day") == defining))


def _perturbed_table(table: str, rows: Rows, after: Mask, fixed: Mask, future: "_Future") -> tuple[RawTable, int]:
    """The table with another future, and how many rows were removed, changed or invented."""
    kept = np.flatnonzero(~after | fixed | (future.rng.random(len(rows)) < 0.5))
    reached = np.repeat(np.flatnonzero(~np.isnan(future.day)), NEW_ROWS)
    patient = np.concatenate([rows.patient[kept], reached])
    every = np.ones(len(reached), dtype=np.bool_)
    changed, movable = np.append(after[kept], every), np.append(after[kept] & ~fixed[kept], every)
    invented = np.append(np.zeros(len(kept), dtype=np.bool_), every)
    values: dict[str, Values] = {}
    for column in future.protocol.tables[table]:
        if column.kind != "identifier":
            free = movable if column.name in DEFINING else invented if column.name == "instrument" else changed
            old = np.append(rows[column.name][kept], np.zeros(len(reached), rows[column.name].dtype))
            values[column.name] = np.where(free, future.cells(column, patient, values), old)
    return RawTable(patient, values), len(rows) - len(kept) + int(changed.sum())


@dataclass(frozen=True, eq=False)
class _Future:
    """Draws cells of days after the landmark ``day`` (patients,)."""

    protocol: Protocol
    day: Floats
    rng: np.random.Generator

    def cells(self, column: Column, patient: Indices, drawn: Mapping[str, Values]) -> Values:
        """A cell for each of these patients' rows; a score is within the range of its row's instrument."""
        count = len(patient)
        if column.kind == "category":
            return self.rng.integers(0, len(column.categories), count).astype(np.int16)
        if column.kind == "day":
            within = np.where(self.rng.random(count) < 0.5, SOON_DAYS, LATE_DAYS)
            return self.day[patient] + self.rng.integers(1, within + 1)
        if column.kind == "whole":
            # From the upper half of the range, so that no invented session is the one that defines the landmark.
            return np.floor(self._between((_least(column) + _most(column)) / 2, _most(column), count))
        if column.name == "score":
            scales = list(self.protocol.instruments.values())
            code = drawn["instrument"].astype(np.intp)
            lowest, highest = np.array([(scale.minimum, scale.maximum) for scale in scales], dtype=np.float64)[code].T
            return np.round(self._between(lowest, highest, count))
        numbers = self._between(_least(column), _most(column), count)
        return np.round(numbers) if column.kind == "flag" else numbers

    def _between(self, lowest: Floats | float, highest: Floats | float, count: int) -> Floats:
        return lowest + (highest - lowest) * self.rng.random(count)


def _least(column: Column) -> float:
    return 0.0 if column.minimum is None else column.minimum


def _most(column: Column) -> float:
    return 1.0 if column.maximum is None else column.maximum


def _outcomes_changed(before: Cohort, after: Cohort, landmark: Landmark) -> int:
    """How many patients have another remission, another time at risk or another end of it."""
    first, second = derive_outcomes(before, landmark), derive_outcomes(after, landmark)
    changed = ~_equal(first.remission, second.remission) | ~_equal(first.followed_days, second.followed_days)
    return int((changed | (first.ended_by != second.ended_by)).sum())


def _equal(first: Floats, second: Floats) -> Mask:
    return np.asarray((first == second) | (np.isnan(first) & np.isnan(second)))


def _features_changed(before: FeatureRows, after: FeatureRows, landmark: Landmark) -> list[str]:
    """The features that differ for any patient, and for how many; the landmark day counts as one."""
    reached = ~np.isnan(before.day)
    differs = ~_equal(before.values, after.values) & reached[:, None]
    counts = dict(zip(before.names, differs.sum(axis=0).tolist(), strict=True))
    counts["the landmark day"] = int((~_equal(before.day, after.day)).sum())
    return [
        f"{landmark.name}: {name} ({count} patient{'' if count == 1 else 's'})"
        for name, count in counts.items()
        if count
    ]
