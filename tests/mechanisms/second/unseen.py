"""What of a drawn patient is never seen: drop-out before the end-of-course rating, and later.

Both depend on the last rating that was recorded and on the site: informative, and missing at random given the record.
The true probabilities know nothing of it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from tests.mechanisms.second import numbers
from tests.mechanisms.second.course import SecondCourse
from tests.mechanisms.second.follow_up import SecondFollowUp
from tests.mechanisms.second.people import Flags, Floats, People


@dataclass(frozen=True)
class RecordedVisits:
    """Whether the end-of-course rating (patients,) and each visit (patients, visits) is recorded, and who was lost."""

    deciding: Flags
    visits: Flags
    lost: Flags


def last_level(people: People, course: SecondCourse) -> Floats:
    """The last rating of the course as a level."""
    score = course.score[np.arange(len(people)), course.received - 1]
    return people.scale.level(score)


def draw_seen(
    people: People, course: SecondCourse, follow_up: SecondFollowUp, missing: float, rng: np.random.Generator
) -> RecordedVisits:
    """Draws who is lost; ``missing`` is the mean share of remissions not observed, 0 for a complete follow-up."""
    stays = rng.random(len(people)) >= _chance_of_missing(people, course, missing)
    level = people.scale.level(course.deciding_score)
    here, seen = stays, []
    for visit in range(numbers.VISITS):
        if missing > 0:
            at_cut_off = logit(numbers.LOST_LATER_SHARE * missing)
            lost = expit(at_cut_off + numbers.LOST_LATER_PER_LEVEL * level + people.columns["site_lost"])
            here = here & ~((rng.random(len(people)) < lost) & follow_up.alive[:, visit])
        seen.append(here & follow_up.alive[:, visit])
        level = people.scale.level(follow_up.score[:, visit])
    return RecordedVisits(stays, np.stack(seen, axis=1), ~here)


def _chance_of_missing(people: People, course: SecondCourse, missing: float) -> Floats:
    """Per patient; the level is met on average over the patients drawn."""
    if missing == 0:
        return np.zeros(len(people))
    log_odds = numbers.LOST_PER_LEVEL * (last_level(people, course) - numbers.LOST_CENTRE) + people.columns["site_lost"]

    def excess(shift: float) -> float:
        return float(expit(shift + log_odds).mean()) - missing

    return expit(brentq(excess, -20, 20) + log_odds)
