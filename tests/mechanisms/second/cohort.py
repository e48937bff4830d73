"""A cohort of the second mechanism: everything drawn from one seed, and its folder in the intake format."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from tests.mechanisms.rows import rows_of
from tests.mechanisms.second.course import SecondCourse, draw_course
from tests.mechanisms.second.follow_up import SecondFollowUp, draw_follow_up, evaluated
from tests.mechanisms.second.people import Flags, Floats, Integers, People, draw_people
from tests.mechanisms.second.tables import tables_of
from tests.mechanisms.second.unseen import RecordedVisits, draw_seen

PROTOCOL_TOML = """\
# Protocol of invented patients: the default KAP rules and the patient's expectancy.
name = "second-mechanism"

[[landmarks]]
name = "before session 1"
before_session = 1

[[landmarks]]
name = "before session 2"
before_session = 2

[[landmarks]]
name = "before session 3"
before_session = 3
else_days = 14

[acute]
max_days = 42

[remission]
instrument = ["gad7", "hama", "lsas", "pdss", "pcl5", "ybocs"]
anchor = "last_acute_session"
window_days = [7, 31]
require_reliable_drop = true

[relapse]
rule = "score"
confirm_within_days = [7, 28]
events = ["relapse", "hospitalisation", "rescue_ketamine", "medication_increase"]

[sustained_remission]
horizons_days = [84, 182]

[[covariates]]
name = "expectancy"
kind = "number"
minimum = 0
maximum = 10
meaning = "patient's expectation of benefit before session 1, 10 is highest"
"""


@dataclass(frozen=True)
class SecondCohort:
    """Drawn patients, their course and full follow-up, and what of it is seen."""

    people: People
    course: SecondCourse
    follow_up: SecondFollowUp
    seen: RecordedVisits

    @property
    def remission(self) -> Flags:
        """Who is in remission at the end of the course, seen or not, shape (patients,)."""
        scale = self.people.scale
        return self.course.deciding_score <= np.minimum(scale.cut, self.people.baseline - scale.change)

    @property
    def ended(self) -> tuple[Floats, Floats]:
        """Day of relapse and of a competing event after the end-of-course rating, with full follow-up, (patients,)."""
        return evaluated(self.follow_up, self.course.deciding_score, self.people.scale)

    def take(self, patients: Integers) -> "SecondCohort":
        """These patients, in this order; they keep their visits and losses."""
        return SecondCohort(**{field.name: rows_of(getattr(self, field.name), patients) for field in fields(self)})


def draw_cohort(patients: int, seed: int, missing: float = 0.0) -> SecondCohort:
    """So many patients of the second mechanism; ``missing`` is the mean share without an end-of-course rating.

    The same seed gives the same patients and courses whatever is missing.
    """
    rng = np.random.default_rng([2, seed])
    people = draw_people(patients, rng)
    course = draw_course(people, rng)
    baseline = people.scale.level(people.baseline)
    follow_up = draw_follow_up(people.columns, people.scale, baseline, course.early, course.deciding_score, rng)
    seen = draw_seen(people, course, follow_up, missing, np.random.default_rng([3, seed]))
    return SecondCohort(people, course, follow_up, seen)


def write_cohort(cohort: SecondCohort, directory: Path, seed: int = 0) -> None:
    """Writes the five tables and ``protocol.toml``; the seed draws what has no effect, such as doses."""
    directory.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([4, seed])
    tables = tables_of(cohort.people, cohort.course, cohort.follow_up, cohort.seen, rng)
    for name, table in tables.items():
        table.to_parquet(directory / f"{name}.parquet", index=False)
    (directory / "protocol.toml").write_text(PROTOCOL_TOML, encoding="utf-8")
