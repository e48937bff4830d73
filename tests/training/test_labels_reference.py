"""The outcome rules once more, slowly: one patient at a time, plain loops written from the rules, not from the code.

Thousands of random patients under random protocols must get the same answers from both; what must hold for every
patient whatever the rules is asserted on the same draws.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from features.cohort import Cohort
from features.protocol import Landmark, Protocol
from features.timeline import Rows
from tests.cohorts import DEFAULT, random_cohort, random_protocol
from training.labels import EndedBy, Outcomes, derive_outcomes

DRAWS = 24
PATIENTS = 125


@dataclass
class Patient:
    """The record of one patient, as lists of plain values in the order of time."""

    doses: list[tuple[int, int]]  # number, day
    sessions: list[int]
    ratings: list[tuple[int, str, float]]
    events: list[tuple[int, str]]

    def scores(self, instrument: str | None) -> list[tuple[int, float]]:
        return [(day, score) for day, name, score in self.ratings if name == instrument]

    def days_of(self, *names: str) -> list[int]:
        return [day for day, name in self.events if name in names]


def patient_of(cohort: Cohort, patient: int) -> Patient:
    protocol = cohort.protocol

    def rows(table: Rows, *names: str) -> list[tuple[float, ...]]:
        mine = table.where(table.patient == patient)
        return list(zip(*(mine.numbers(name).tolist() for name in names), strict=True))

    event_names = next(c for c in protocol.tables["events"] if c.name == "event").categories
    sessions = rows(cohort.sessions, "kind", "session_number", "day")
    return Patient(
        doses=[(int(number), int(day)) for kind, number, day in sessions if kind == 0],
        sessions=[int(day) for _, _, day in sessions],
        ratings=[
            (int(day), protocol.instrument_names[int(code)], score)
            for day, code, score in rows(cohort.assessments, "day", "instrument", "score")
        ],
        events=[(int(day), event_names[int(code)]) for day, code in rows(cohort.events, "day", "event")],
    )


def landmark_day(patient: Patient, landmark: Landmark) -> int | None:
    if landmark.day is not None:
        return landmark.day
    assert landmark.before_session is not None
    for number, day in patient.doses:
        if number == landmark.before_session:
            return day
    if landmark.else_days is not None:
        for number, day in patient.doses:
            if number == landmark.before_session - 1:
                return day + landmark.else_days
    return None


def primary(patient: Patient, protocol: Protocol) -> tuple[str | None, float | None]:
    for name in protocol.remission.instruments:
        before = [score for day, score in patient.scores(name) if day <= 0]
        if before:
            return name, before[-1]
    return None, None


def anchor(patient: Patient, protocol: Protocol) -> int | None:
    if protocol.remission.anchor == "index":
        return 0
    acute = [day for _, day in patient.doses if day <= protocol.acute_max_days]
    return max(acute) if acute else None


def deciding(patient: Patient, protocol: Protocol) -> tuple[int, float] | None:
    origin = anchor(patient, protocol)
    if origin is None:
        return None
    first, last = origin + protocol.remission.window_days[0], origin + protocol.remission.window_days[1]
    chosen = None
    for day, score in patient.scores(primary(patient, protocol)[0]):
        if first <= day <= last:
            nearer = chosen is None or abs(2 * day - first - last) <= abs(2 * chosen[0] - first - last)
            chosen = (day, score) if nearer else chosen
    return chosen


def reason(patient: Patient, protocol: Protocol, landmark: Landmark) -> str | None:
    day, (name, baseline) = landmark_day(patient, landmark), primary(patient, protocol)
    if day is None:
        return "LANDMARK_NOT_REACHED"
    if protocol.remission.at_landmark:
        ending = (*protocol.relapse.events, "death", "new_treatment", "withdrawal", "end_of_follow_up")
        return "ENDED_BEFORE" if any(d <= day for d in patient.days_of(*ending)) else None
    if name is None or baseline is None:
        return "NO_BASELINE"
    cut_off = protocol.instruments[name].remission_at_most
    assert cut_off is not None
    if baseline <= cut_off:
        return "BASELINE_IN_REMISSION"
    if anchor(patient, protocol) is None:
        return "NO_DOSING_SESSION"
    decided = deciding(patient, protocol)
    return "ALREADY_DECIDED" if decided is not None and decided[0] <= day else None


def remission(patient: Patient, protocol: Protocol) -> bool | None:
    decided, (name, baseline) = deciding(patient, protocol), primary(patient, protocol)
    if decided is None or name is None or baseline is None:
        return None
    scale = protocol.instruments[name]
    assert scale.remission_at_most is not None
    assert scale.reliable_change is not None
    dropped = baseline - decided[1] >= scale.reliable_change
    return decided[1] <= scale.remission_at_most and (dropped or not protocol.remission.require_reliable_drop)


def relapse_by_score(patient: Patient, protocol: Protocol, start: int, last_day: float) -> list[int]:
    name = primary(patient, protocol)[0]
    if name is None:
        return []
    scale = protocol.instruments[name]
    assert scale.relapse_at_least is not None
    assert scale.reliable_change is not None
    readings = [(day, score) for day, score in patient.scores(name) if day <= last_day]
    best = next((score for day, score in reversed(readings) if day <= start), None)
    first, last = protocol.relapse.confirm_within_days
    found = []
    for day, score in readings:
        if day <= start:
            continue
        banded = score >= scale.relapse_at_least
        if banded and best is not None and score - best >= scale.reliable_change:
            seconds = [d for d, s in readings if s >= scale.relapse_at_least and d > day and first <= d - day <= last]
            if seconds or (first, last) == (0, 0):
                found.append(day)
        best = score if best is None else min(best, score)
    return found


def end_of_risk(patient: Patient, protocol: Protocol, start: int) -> tuple[int, EndedBy]:
    withdrawals = [day for day in patient.days_of("withdrawal") if day > start]
    last_day = min(withdrawals, default=float("inf"))
    relapses = [day for day in patient.days_of(*protocol.relapse.events) if start < day <= last_day]
    if protocol.relapse.rule == "score":
        relapses += relapse_by_score(patient, protocol, start, last_day)
    competing = [day for day in patient.days_of("death", "new_treatment") if start < day <= last_day]
    if relapses and min(relapses) <= min(competing, default=float("inf")):
        return min(relapses), EndedBy.RELAPSE
    if competing:
        return min(competing), EndedBy.COMPETING
    if withdrawals:
        return min(withdrawals), EndedBy.CENSORED
    if protocol.relapse.rule == "event":
        seen = [*patient.sessions, *(r[0] for r in patient.ratings), *(e[0] for e in patient.events)]
    else:
        seen = [day for day, _ in patient.scores(primary(patient, protocol)[0])] + patient.days_of("end_of_follow_up")
    return max([start, *seen]), EndedBy.CENSORED


def sustained(remitted: bool | None, followed: int | None, ended: EndedBy, horizon: int) -> bool | None:
    if not remitted or followed is None:
        return remitted
    if followed <= horizon and ended in (EndedBy.RELAPSE, EndedBy.COMPETING):
        return False
    if followed < horizon and ended == EndedBy.CENSORED:
        return None
    return True


def reference(patient: Patient, protocol: Protocol, landmark: Landmark) -> dict[str, object]:
    """Everything that the rules say of one patient at one landmark; ``None`` where they say nothing."""
    why, decided = reason(patient, protocol, landmark), deciding(patient, protocol)
    if protocol.remission.at_landmark:
        remitted, start = (True if why is None else None), landmark_day(patient, landmark)
        decided = None
    else:
        remitted = remission(patient, protocol)
        start = decided[0] if remitted and decided is not None else None
    end, ended = (None, EndedBy.NOT_AT_RISK) if start is None else end_of_risk(patient, protocol, start)
    followed = None if start is None or end is None else end - start
    return {
        "landmark_day": landmark_day(patient, landmark),
        "reason": why,
        "baseline": primary(patient, protocol)[1],
        "remission": remitted,
        "remission_day": None if decided is None else decided[0],
        "start": start,
        "followed": followed,
        "ended": int(ended),
        "sustained": [sustained(remitted, followed, ended, days) for days in protocol.horizons_days],
    }


def derived(outcomes: Outcomes, patient: int) -> dict[str, object]:
    def value(number: float) -> float | None:
        return None if np.isnan(number) else float(number)

    why = outcomes.ineligible[patient]
    return {
        "landmark_day": value(outcomes.landmark_day[patient]),
        "reason": None if why is None else why.name,
        "baseline": value(outcomes.primary.baseline[patient]),
        "remission": value(outcomes.remission[patient]),
        "remission_day": value(outcomes.remission_day[patient]),
        "start": value(outcomes.risk_start_day[patient]),
        "followed": value(outcomes.followed_days[patient]),
        "ended": int(outcomes.ended_by[patient]),
        "sustained": [value(number) for number in outcomes.sustained[patient]],
    }


@pytest.mark.parametrize("seed", range(DRAWS))
def test_outcomes_equal_the_reference(seed: int) -> None:
    rng = np.random.default_rng(seed)
    protocol = random_protocol(rng) if seed else DEFAULT
    cohort = random_cohort(rng, PATIENTS, protocol)
    people = [patient_of(cohort, patient) for patient in range(len(cohort))]
    for landmark in protocol.landmarks:
        outcomes = derive_outcomes(cohort, landmark)
        for position, person in enumerate(people):
            expected = reference(person, protocol, landmark)
            assert derived(outcomes, position) == expected, (seed, landmark, person)


def test_the_draws_reach_every_answer() -> None:
    """A comparison on patients to whom nothing happens would prove nothing."""
    reasons: set[str | None] = set()
    ended: set[int] = set()
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        protocol = random_protocol(rng) if seed else DEFAULT
        outcomes = derive_outcomes(random_cohort(rng, PATIENTS, protocol), protocol.landmarks[2])
        reasons |= {None if why is None else why.name for why in outcomes.ineligible}
        ended |= set(outcomes.ended_by[outcomes.eligible].tolist())
    assert ended == {-1, 0, 1, 2}
    assert reasons == {
        None,
        "LANDMARK_NOT_REACHED",
        "NO_BASELINE",
        "BASELINE_IN_REMISSION",
        "ENDED_BEFORE",
        "NO_DOSING_SESSION",
        "ALREADY_DECIDED",
    }


@pytest.mark.parametrize("seed", range(6))
def test_the_three_outcomes_never_contradict_one_another(seed: int) -> None:
    """P(sustained to t) = P(remission) x P(neither relapse nor competing event by t) holds patient by patient."""
    rng = np.random.default_rng(100 + seed)
    protocol = random_protocol(rng)
    outcomes = derive_outcomes(random_cohort(rng, PATIENTS, protocol), protocol.landmarks[0])
    for position, days in enumerate(protocol.horizons_days):
        answer = outcomes.sustained[:, position]
        yes, no = answer == 1, answer == 0
        assert (outcomes.remission[yes] == 1).all()
        ended_within = (outcomes.ended_by > 0) & (outcomes.followed_days <= days)
        assert not (yes & ended_within).any()
        assert (outcomes.followed_days[yes] >= days).all()
        assert ((outcomes.remission[no] == 0) | ended_within[no]).all()
        assert np.isnan(answer[np.isnan(outcomes.remission)]).all()
    shorter, longer = outcomes.sustained.T
    assert (shorter[longer == 1] == 1).all(), "sustained to the longer horizon is sustained to the shorter"
    assert (longer[shorter == 0] == 0).all(), "what was lost by the shorter horizon stays lost"
    at_risk = ~np.isnan(outcomes.risk_start_day)
    assert (outcomes.followed_days[at_risk] >= 0).all()
    assert (outcomes.followed_days[outcomes.ended_by > 0] >= 1).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_patient_alone_has_the_same_outcomes_as_among_others(seed: int) -> None:
    rng = np.random.default_rng(200 + seed)
    protocol = random_protocol(rng)
    cohort = random_cohort(rng, 40, protocol)
    together = derive_outcomes(cohort, protocol.landmarks[1])
    for patient in range(len(cohort)):
        alone = derive_outcomes(cohort.take(np.array([patient])), protocol.landmarks[1])
        assert derived(alone, 0) == derived(together, patient)
