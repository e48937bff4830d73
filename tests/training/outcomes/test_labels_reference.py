"""The outcome rules once more, slowly: one patient at a time, plain loops written from the rules, not from the code.

Thousands of random patients under random protocols must get the same answers from both; what must hold for every
patient whatever the rules is asserted on the same draws.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from features.eligibility.eligibility import Ineligible
from features.protocol.document import Landmark, Protocol
from features.records.cohort import Cohort
from features.records.timeline import Rows
from tests.cohorts import DEFAULT, random_cohort, random_protocol
from training.outcomes.labels import EndedBy, Outcomes, derive_outcomes

DRAWS = 24
PATIENTS = 125


@dataclass
class Patient:
    """The record of one patient, as lists of plain values in the order of time."""

    doses: list[tuple[int, int]]  # number, day
    sessions: list[int]
    ratings: list[tuple[int, str, float, int]]  # day, instrument, score, the day from which it is known
    events: list[tuple[int, str]]
    age: float | None

    def until(self, day: int) -> "Patient":
        """What a record that ends on that day would hold."""
        return Patient(
            [dose for dose in self.doses if dose[1] <= day],
            [session for session in self.sessions if session <= day],
            [rating for rating in self.ratings if rating[3] <= day],
            [event for event in self.events if event[0] <= day],
            self.age,
        )

    def scores(self, instrument: str | None) -> list[tuple[int, float]]:
        return [(day, score) for day, name, score, _ in self.ratings if name == instrument]

    def known_by(self, day: int, instrument: str) -> list[float]:
        """The scores that are known by a day."""
        return [score for _, name, score, known in self.ratings if name == instrument and known <= day]

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
            (int(day), protocol.instrument_names[int(code)], score, int(day) + (after == 1))
            for day, code, score, after in rows(cohort.assessments, "day", "instrument", "score", "after_dose")
        ],
        events=[(int(day), event_names[int(code)]) for day, code in rows(cohort.events, "day", "event")],
        age=None if np.isnan(age := cohort.number("age_years")[patient]) else float(age),
    )


def reaches(value: float, cut_off: float | None) -> bool:
    """Whether a value is at least a cut-off, up to rounding."""
    assert cut_off is not None
    return value > cut_off or abs(value - cut_off) <= 1e-9


def still_followed(patient: Patient, day: int) -> bool:
    if any(gone < day for gone in patient.days_of("death", "withdrawal")):
        return False
    seen = [*patient.sessions, *(r[0] for r in patient.ratings if r[3] <= day), *(e[0] for e in patient.events)]
    ends = [end for end in patient.days_of("end_of_follow_up") if end < day]
    return all(any(end < record <= day for record in seen) for end in ends)


def landmark_day(patient: Patient, landmark: Landmark) -> int | None:
    if landmark.day is not None:
        return landmark.day if still_followed(patient, landmark.day) else None
    assert landmark.before_session is not None
    days = dict(patient.doses)
    earlier = [days.get(number) for number in range(1, landmark.before_session)]
    if None in earlier:
        return None
    candidates = [days[landmark.before_session]] if landmark.before_session in days else []
    if landmark.else_days is not None:
        candidates.append(days[landmark.before_session - 1] + landmark.else_days)
    day = min(candidates, default=None)
    return day if day is not None and all(one is not None and one < day for one in earlier) else None


def primary(patient: Patient, protocol: Protocol, landmark: int | None = None) -> tuple[str | None, float | None]:
    """The primary instrument and its baseline; where everyone is in remission, rated by the landmark is enough."""
    until = landmark if protocol.remission.at_landmark else 0
    for name in protocol.remission.instruments:
        if until is not None and patient.known_by(until, name):
            before = patient.known_by(0, name)
            return name, before[-1] if before else None
    return None, None


def anchor(patient: Patient, protocol: Protocol) -> int | None:
    if protocol.remission.anchor == "index":
        return 0
    acute = [day for _, day in patient.doses if day <= protocol.acute_max_days]
    return max(acute) if acute else None


def deciding(patient: Patient, protocol: Protocol) -> tuple[int, float, int] | None:
    """Day and score of the reading that decides, and the day from which it is known."""
    origin = anchor(patient, protocol)
    if origin is None:
        return None
    first, last = origin + protocol.remission.window_days[0], origin + protocol.remission.window_days[1]
    withdrawn = min(patient.days_of("withdrawal"), default=float("inf"))
    chosen = None
    name = primary(patient, protocol)[0]
    for day, rated, score, known in patient.ratings:
        if rated == name and first <= day <= last and day <= withdrawn:
            nearer = chosen is None or abs(2 * day - first - last) <= abs(2 * chosen[0] - first - last)
            chosen = (day, score, known) if nearer else chosen
    return chosen


def settled(patient: Patient, protocol: Protocol, today: int) -> str | None:
    """What is certain of the window today, whatever comes tomorrow and later: tried out with a reading on every day."""
    if protocol.remission.anchor == "last_acute_session" and today <= protocol.acute_max_days:
        return None
    known, name = patient.until(today), primary(patient, protocol)[0]
    origin, decided = anchor(known, protocol), deciding(known, protocol)
    if origin is None or name is None:
        return None
    later = range(today + 1, origin + protocol.remission.window_days[1] + 1)
    for day in later:
        ratings = [*known.ratings, (day, name, 0.0, day)]
        further = Patient(known.doses, known.sessions, ratings, known.events, known.age)
        if deciding(further, protocol) != decided:
            return None
    return "ALREADY_DECIDED" if decided is not None else "WINDOW_OVER"


def reason(patient: Patient, protocol: Protocol, landmark: Landmark) -> str | None:
    """Why the patient is not eligible, from what the record holds up to and including the landmark day alone."""
    day = landmark_day(patient, landmark)
    if day is None:
        return "LANDMARK_NOT_REACHED"
    known, limits = patient.until(day), protocol.eligibility
    age = limits.minimum_age if known.age is None else known.age
    ending = (*protocol.relapse.events, "death", "new_treatment", "withdrawal", "end_of_follow_up")
    at_landmark = protocol.remission.at_landmark
    undosed = protocol.remission.anchor == "last_acute_session" and landmark.day is not None and not known.doses
    reasons = [
        ("AGE_OUTSIDE", not (reaches(age, limits.minimum_age) and reaches(limits.maximum_age, age))),
        ("ENDED_BEFORE", at_landmark and bool(known.days_of(*ending))),
        ("DIED", not at_landmark and bool(known.days_of("death"))),
        ("WITHDREW", not at_landmark and bool(known.days_of("withdrawal"))),
        *(() if at_landmark else baseline_reasons(known, protocol)),
        ("NO_DOSING_SESSION", not at_landmark and undosed),
    ]
    first = next((name for name, holds in reasons if holds), None)
    return first or (None if at_landmark else settled(known, protocol, day))


def baseline_reasons(known: Patient, protocol: Protocol) -> list[tuple[str, bool]]:
    name, baseline = primary(known, protocol)
    if name is None or baseline is None:
        return [("NO_BASELINE", True)]
    cut_off = protocol.instruments[name].remission_at_most
    assert cut_off is not None
    return [("BASELINE_IN_REMISSION", reaches(cut_off, baseline))]


def remission(patient: Patient, protocol: Protocol) -> bool | None:
    decided, (name, baseline) = deciding(patient, protocol), primary(patient, protocol)
    if decided is None or name is None or baseline is None:
        return None
    scale = protocol.instruments[name]
    assert scale.remission_at_most is not None
    assert scale.reliable_change is not None
    dropped = reaches(baseline - decided[1], scale.reliable_change)
    in_band = reaches(scale.remission_at_most, decided[1])
    return in_band and (dropped or not protocol.remission.require_reliable_drop)


def relapse_by_score(patient: Patient, protocol: Protocol, start: int, last_day: float) -> list[int]:
    name = primary(patient, protocol, start)[0]
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
        banded = reaches(score, scale.relapse_at_least)
        if banded and best is not None and reaches(score - best, scale.reliable_change):
            banded_later = [d for d, s in readings if d > day and reaches(s, scale.relapse_at_least)]
            seconds = [d for d in banded_later if first <= d - day <= last]
            if seconds or (first, last) == (0, 0):
                found.append(day)
        best = score if best is None else min(best, score)
    return found


def end_of_risk(patient: Patient, protocol: Protocol, start: int) -> tuple[int, EndedBy]:
    withdrawals = patient.days_of("withdrawal")
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
        return max(min(withdrawals), start), EndedBy.CENSORED
    if protocol.relapse.rule == "event":
        seen = [*patient.sessions, *(r[0] for r in patient.ratings), *(e[0] for e in patient.events)]
    else:
        name = primary(patient, protocol, start)[0]
        seen = [day for day, _ in patient.scores(name)] + patient.days_of("end_of_follow_up")
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
    why, decided, day = (
        reason(patient, protocol, landmark),
        deciding(patient, protocol),
        landmark_day(patient, landmark),
    )
    if why is None and decided is not None and day is not None and decided[2] <= day:
        decided = None  # it decides only because none nearer came later, which nobody knew at the landmark
    if protocol.remission.at_landmark:
        remitted, start = (True if why is None else None), day
        decided = None
    else:
        remitted = remission(patient, protocol) if decided is not None else None
        start = decided[0] if remitted and decided is not None else None
    end, ended = (None, EndedBy.NOT_AT_RISK) if start is None else end_of_risk(patient, protocol, start)
    followed = None if start is None or end is None else end - start
    return {
        "landmark_day": day,
        "reason": why,
        "baseline": primary(patient, protocol, day)[1],
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
    """A comparison on patients to whom nothing happens would show nothing."""
    reasons: set[str | None] = set()
    ended: set[int] = set()
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        protocol = random_protocol(rng) if seed else DEFAULT
        cohort = random_cohort(rng, PATIENTS, protocol)
        for landmark in protocol.landmarks[2:]:
            outcomes = derive_outcomes(cohort, landmark)
            reasons |= {None if why is None else why.name for why in outcomes.ineligible}
            ended |= set(outcomes.ended_by[outcomes.eligible].tolist())
    assert ended == {-1, 0, 1, 2}
    assert reasons == {None, *Ineligible.__members__}


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
