"""One patient's outcomes in sentences: which ratings were considered, and which rule decided.

Every answer comes from the functions of `labels`. The patient's own values are shown, which no other output does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.eligibility.eligibility import Ineligible
from features.eligibility.not_reached import why_not_reached
from features.eligibility.remission_window import anchor_days
from features.protocol.columns import COMPETING_EVENTS
from features.protocol.document import Protocol
from features.protocol.problems import CohortRefusedError, Problem
from features.records.cohort import Cohort
from features.records.landmark import dosing_day
from features.records.rating_days import last_known_day, until_day_0
from features.records.timeline import Rows
from training.outcomes.explanation_text import ScaleText, indented, indented_after_first, shown, shown_count
from training.outcomes.labels import (
    EndedBy,
    Outcomes,
    RelapseCourse,
    deciding_readings,
    derive_outcomes,
    events_at_risk,
    readings_in_window,
    relapse_course,
    remission_criteria,
    usable_ratings,
    window_middles,
    withdrawal_days,
)

YES_NO = {1.0: "yes", 0.0: "no"}


def explain_outcomes(cohort: Cohort, patient_id: str) -> str:
    """How the outcome rules decided for one patient, at every landmark of the protocol.

    Raises ``CohortRefusedError`` if the cohort has no such patient.
    """
    found = np.flatnonzero(cohort.patient_ids == patient_id)
    if not len(found):
        problem = Problem(
            "patients", None, "patient_id", "the id of a patient of the cohort", "an id that is not there"
        )
        raise CohortRefusedError([problem])
    one = cohort.take(found)
    explained = [_ExplainedPatient(one, derive_outcomes(one, landmark)) for landmark in one.protocol.landmarks]
    lines = [f"Patient {patient_id}, protocol {one.protocol.name}"]
    if not one.protocol.remission.at_landmark:
        lines += ["", *explained[0].baseline()]
    for each in explained:
        lines += ["", *each.landmark()]
        if one.protocol.remission.at_landmark and each.outcomes.eligible[0]:
            lines += indented(each.baseline()) + indented(each.risk())
    if not one.protocol.remission.at_landmark:
        lines += ["", *indented_after_first(_outcome(explained))]
    return "\n".join(lines) + "\n"


def _outcome(explained: list["_ExplainedPatient"]) -> Iterator[str]:
    """Remission and what followed: the same at every landmark, unless remission is the landmark's own state."""
    uses = [each for each in explained if each.outcomes.eligible[0] and not each.decided_early]
    names = ", ".join(each.outcomes.landmark.name for each in uses)
    yield f"Outcome, used at: {names}" if uses else "Outcome, used at no landmark"
    chosen = next((each for each in (*uses, *explained) if not each.decided_early), explained[0])
    yield from chosen.remission()
    yield from chosen.risk()


@dataclass(frozen=True, eq=False)
class _ExplainedPatient:
    """A cohort of one patient, and its outcomes at one landmark."""

    cohort: Cohort
    outcomes: Outcomes

    @property
    def protocol(self) -> Protocol:
        return self.cohort.protocol

    @property
    def scale(self) -> str:
        return self.protocol.instrument_names[int(self.outcomes.primary.code[0])]

    @property
    def text(self) -> ScaleText:
        return ScaleText(self.protocol, self.protocol.instruments[self.scale])

    @property
    def ratings(self) -> Rows:
        return usable_ratings(self.cohort, self.outcomes.primary)

    @property
    def decided_early(self) -> bool:
        """Whether the rating that decides came by the landmark, when a nearer one could still follow."""
        known = last_known_day(deciding_readings(self.cohort, self.ratings))[0]
        at_landmark = self.protocol.remission.at_landmark
        return not at_landmark and bool(self.outcomes.eligible[0] and known <= self.outcomes.landmark_day[0])

    def baseline(self) -> Iterator[str]:
        if self.protocol.remission.at_landmark and self.protocol.relapse.rule == "event":
            yield "Everyone is in remission at the landmark, and only recorded events count: no rating decides."
            return
        listed = ", ".join(self.protocol.remission.instruments)
        by = "the landmark" if self.protocol.remission.at_landmark else "day 0"
        if self.outcomes.primary.code[0] < 0:
            yield f"Primary instrument: none, because none was rated on or before {by}: {listed}."
            return
        scale = self.text.scale
        first = f"the first of {listed} that was " if "," in listed else ""
        yield f"Primary instrument: {self.scale}, {first}rated on or before {by}."
        yield (
            f"Cut-offs: remission {scale.remission_band}, relapse {scale.relapse_band}, reliable change "
            f"{shown(self.outcomes.primary.reliable_change[0])}."
        )
        yield self._baseline()

    def _baseline(self) -> str:
        before, score = until_day_0(self.ratings), self.outcomes.primary.baseline[0]
        if np.isnan(score):
            return "Baseline: none on or before day 0, and none is needed."
        return f"Baseline: {self.text.points(score)}, the last rating on or before day 0 ({self.text.listed(before)})."

    def landmark(self) -> Iterator[str]:
        yield f"Landmark {self.outcomes.landmark.name!r}: {self._how_reached()}"
        reason = self.outcomes.ineligible[0]
        yield "  Eligible." if reason is None else f"  Not eligible: {reason.value}."
        if reason == Ineligible.ENDED_BEFORE:
            before = self.cohort.events.where(self.cohort.events.numbers("day") <= self.outcomes.landmark_day[0])
            yield from (f"    day {shown(day)}: event {name}" for day, name in self._named(before))
        if self.decided_early:
            yield (
                "  The rating that decides came on or before the landmark, when a nearer one could still come: "
                "remission after the landmark is not observed."
            )

    def _how_reached(self) -> str:
        landmark, day = self.outcomes.landmark, self.outcomes.landmark_day[0]
        if np.isnan(day):
            return f"not reached; {why_not_reached(self.cohort, landmark)[0]}."
        if landmark.before_session is None:
            return f"day {shown(day)}, a fixed day."
        session = landmark.before_session
        own = dosing_day(self.cohort, session)[0]
        if day == own:
            return f"day {shown(day)}, the day of dosing session {session}."
        came = f"session {session} {'never came' if np.isnan(own) else f'came later, on day {shown(own)}'}"
        return f"day {shown(day)}, {landmark.else_days} days after dosing session {session - 1}; {came}."

    def remission(self) -> Iterator[str]:
        if self.outcomes.primary.code[0] < 0:
            yield "Remission: not observed, without a primary instrument."
            return
        if np.isnan(anchor_days(self.cohort)[0]):
            yield f"Remission: not observed; no dosing session came up to day {self.protocol.acute_max_days}."
            return
        yield self._window()
        within = readings_in_window(self.cohort, self.ratings)
        yield from indented(self._candidates(within))
        yield self._verdict(within)

    def _window(self) -> str:
        anchor, middle = anchor_days(self.cohort)[0], window_middles(self.cohort)[0]
        first, last = self.protocol.remission.window_days
        origin = "day 0"
        if self.protocol.remission.anchor == "last_acute_session":
            limit = self.protocol.acute_max_days
            origin = f"day {shown(anchor)}, the last dosing session up to day {limit}"
        return (
            f"Remission window: days {shown(anchor + first)} to {shown(anchor + last)}, which is {first} to {last} "
            f"days after {origin}. Its middle is day {shown(middle)}."
        )

    def _candidates(self, within: Rows) -> Iterator[str]:
        distances = np.abs(within.numbers("day") - window_middles(self.cohort)[0])
        nearest = np.flatnonzero(distances == distances.min(initial=np.inf))
        how = {1: "the nearest", 2: "the later of the two nearest"}.get(len(nearest), "the latest of the nearest")
        for row, (reading, distance) in enumerate(zip(self.text.readings(within), distances, strict=True)):
            decides = f"; {how}: it decides" if row == nearest[-1] else ""
            yield f"{reading}, {shown_count(distance, 'day')} from the middle{decides}"
        if not len(within):
            yield f"no {self.scale} rating in these days; all ratings: {self.text.listed(self.ratings)}"
        yield from self._after_withdrawal()

    def _verdict(self, within: Rows) -> str:
        if not len(within) or np.isnan(self.outcomes.remission[0]):
            return "Remission: not observed."
        primary, text = self.outcomes.primary, self.text
        score = deciding_readings(self.cohort, self.ratings).last_for_patient("score")
        in_band, dropped = remission_criteria(score, primary)
        verdict = (
            f"Remission: {YES_NO[self.outcomes.remission[0]]}. {text.points(score[0])} is "
            f"{'not ' if in_band[0] else ''}{text.worse} the cut-off of {text.points(primary.remission_at_most[0])}"
        )
        change = (
            f"it is {'' if dropped[0] else 'not '}a reliable change ({shown(primary.reliable_change[0])}) "
            f"{text.better} the baseline of {text.points(primary.baseline[0])}"
        )
        return f"{verdict}; {change}." if self.protocol.remission.require_reliable_drop else f"{verdict}."

    def risk(self) -> Iterator[str]:
        start = self.outcomes.risk_start_day
        if np.isnan(start[0]):
            yield "Time at risk of relapse: none, because remission is not yes."
        else:
            origin = "the landmark" if self.protocol.remission.at_landmark else "the deciding rating"
            yield f"Time at risk of relapse: from day {shown(start[0])}, {origin}; what comes after that day counts."
            if self.protocol.relapse.rule == "score":
                course = relapse_course(self.cohort, self.ratings, self.outcomes.primary, start)
                yield from indented(self._later_readings(course))
            yield from indented(self._events())
            yield self._end()
        for horizon, answer in zip(self.protocol.horizons_days, self.outcomes.sustained[0], strict=True):
            yield f"Sustained remission at {horizon} days: {self._sustained(horizon, answer)}"

    def _later_readings(self, course: RelapseCourse) -> Iterator[str]:
        readings = self.text.readings(course.readings)
        for row in np.flatnonzero(course.after_start):
            yield f"{readings[row]}, {self._evaluated(course, int(row))}"
        if self.protocol.remission.at_landmark:
            yield from self._after_withdrawal()

    def _after_withdrawal(self) -> Iterator[str]:
        readings = self.outcomes.primary.ratings_among(self.cohort.assessments)
        after = readings.where(readings.numbers("day") > withdrawal_days(self.cohort)[0])
        if len(after):
            yield f"not used, because after the withdrawal: {self.text.listed(after)}"

    def _evaluated(self, course: RelapseCourse, row: int) -> str:
        text, best = self.text, course.best_before[row]
        if not course.in_band[row]:
            return f"{text.better} the relapse band"
        band = f"in the relapse band ({text.scale.relapse_band})"
        if np.isnan(best):
            return f"{band}, without an earlier rating to have risen from"
        rise = shown(course.readings.numbers("score")[row] - best)
        change = shown(self.outcomes.primary.reliable_change[0])
        words = f"{band}, {rise} {text.worse} the best so far ({text.points(best)}; {change} asked)"
        rule = self.protocol.relapse
        if rule.asks_for_confirmation and course.risen[row]:
            first, last = rule.confirm_within_days
            confirmed = course.confirmed_on[row]
            found = "not confirmed" if np.isnan(confirmed) else f"confirmed on day {shown(confirmed)}"
            words += f", {found} ({first} to {last} days later)"
        return words + (": dates a relapse" if course.dates_relapse[row] else ": dates none")

    def _events(self) -> Iterator[str]:
        counted = set(events_at_risk(self.cohort, self.outcomes.risk_start_day).numbers("day"))
        for day, name in self._named(self.cohort.events):
            early = day <= self.outcomes.risk_start_day[0]
            outside = "on or before the start" if early else "after the withdrawal"
            role = self._role(name) if day in counted else f"not counted, because {outside}"
            yield f"day {shown(day)}: event {name}, {role}"

    def _named(self, events: Rows) -> Iterator[tuple[float, str]]:
        names = next(column for column in self.protocol.tables["events"] if column.name == "event").categories
        for day, code in zip(events.numbers("day"), events.numbers("event"), strict=True):
            yield day, names[int(code)]

    def _role(self, event: str) -> str:
        if event in self.protocol.relapse.events:
            return "listed as a relapse"
        if event in COMPETING_EVENTS:
            return "a competing event"
        if event == "withdrawal":
            return "which ends the observation"
        return "which tells how long the patient was followed" if event == "end_of_follow_up" else "listed as nothing"

    def _end(self) -> str:
        followed = self.outcomes.followed_days[0]
        day, after = shown(self.outcomes.risk_start_day[0] + followed), shown_count(followed, "day")
        ended_by = EndedBy(self.outcomes.ended_by[0])
        if ended_by != EndedBy.CENSORED:
            what = "a relapse" if ended_by == EndedBy.RELAPSE else "a competing event"
            return f"Ended by {what} on day {day}, after {after}."
        last = "the last rating or end of follow-up"
        if not np.isnan(withdrawal_days(self.cohort)[0]):
            last = "the withdrawal"
        elif self.protocol.relapse.rule == "event":
            last = "the last record of any kind"
        short = "" if followed >= 1 else " Followed for less than a day: not part of the relapse model."
        return f"Ended by neither; last observed on day {day}, after {after}: {last}.{short}"

    def _sustained(self, horizon: int, answer: float) -> str:
        if self.outcomes.remission[0] != 1:
            return "no, because remission is no." if answer == 0 else "not observed, because remission is not."
        ended = "a relapse" if self.outcomes.ended_by[0] == EndedBy.RELAPSE else "a competing event"
        until = f"up to day {shown(self.outcomes.risk_start_day[0] + horizon)}"
        if np.isnan(answer):
            return f"not observed, because the observation ended before ({until})."
        return f"yes ({until})." if answer == 1 else f"no, because {ended} came by then ({until})."
