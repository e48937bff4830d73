"""The patients of the second mechanism before session 1: what acts, what of it is recorded, and draws of what is not.

Columns are arrays of any shape, the same for all: one value per patient, or several draws of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from features.protocol.instruments import INSTRUMENTS
from tests.mechanisms.second import numbers

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Columns = Mapping[str, Floats]

SCALES = ("gad7", "lsas")


@dataclass(frozen=True)
class RatingScale:
    """Range and cut-offs in points, and points per level; arrays that broadcast against the columns."""

    minimum: Floats
    maximum: Floats
    cut: Floats
    relapse: Floats
    change: Floats
    points: Floats

    @staticmethod
    def from_index(index: Integers) -> "RatingScale":
        """The scale ``SCALES[index]`` of every patient."""
        rows = [(INSTRUMENTS[name], numbers.POINTS_PER_LEVEL[name]) for name in SCALES]
        table = np.array(
            [[r.minimum, r.maximum, r.remission_at_most, r.relapse_at_least, r.reliable_change, p] for r, p in rows],
            dtype=np.float64,
        )
        return RatingScale(*table[index].T)

    def of_draws(self) -> "RatingScale":
        """The same with a last axis for draws."""
        return RatingScale(*(values[..., None] for values in vars(self).values()))

    def level(self, score: Floats) -> Floats:
        """Points as levels above the remission cut-off."""
        return (score - self.cut) / self.points

    def score(self, level: Floats) -> Floats:
        """The whole-number score, within the range, of a level."""
        return np.clip(np.rint(self.cut + self.points * level), self.minimum, self.maximum)

    def likelihood(self, score: Floats, mean: Floats, spread: Floats | float) -> Floats:
        """Probability of a whole-number score when its level is normal with that mean and spread."""
        above = np.where(score >= self.maximum, np.inf, self.level(score + 0.5))
        below = np.where(score <= self.minimum, -np.inf, self.level(score - 0.5))
        return ndtr((above - mean) / spread) - ndtr((below - mean) / spread)


@dataclass(frozen=True)
class People:
    """Patients before session 1, arrays of shape (patients,).

    ``columns`` holds what acts, recorded or not; ``recorded`` says of the columns that may be missing where they are
    there. ``baseline`` and ``screening`` (NaN: not rated) are scores on days 0 and -7.
    """

    site: Integers
    sex: Integers
    diagnosis: Integers
    scale_index: Integers
    scale: RatingScale
    columns: Columns
    recorded: Mapping[str, Flags]
    baseline: Floats
    screening: Floats

    def __len__(self) -> int:
        return len(self.site)


def site_values(site: Integers, name: str) -> Floats:
    """One number of the site of every patient."""
    return np.array([getattr(each, name) for each in numbers.SITES], dtype=np.float64)[site]


def draw_people(count: int, rng: np.random.Generator) -> People:
    """So many patients of the eight sites."""
    site = rng.choice(len(numbers.SITES), count, p=[each.share for each in numbers.SITES])
    diagnosis = rng.choice(len(numbers.DIAGNOSES), count, p=list(numbers.DIAGNOSES.values()))
    social = diagnosis == list(numbers.DIAGNOSES).index("social_anxiety")
    scale = RatingScale.from_index(social.astype(np.int64))
    level = rng.normal(numbers.BASELINE_LEVEL, numbers.BASELINE_SD, count) + site_values(site, "severity")
    baseline = scale.score(np.maximum(level, numbers.LOWEST_BASELINE))
    screening = scale.score(scale.level(baseline) + rng.normal(0, 1.5, count))
    columns = {
        "age_years": np.clip(np.rint(rng.normal(42, 13, count)), 18, 85),
        "social_anxiety": social.astype(np.float64),
        "comorbid_ptsd": (rng.random(count) < numbers.PROPORTIONS["comorbid_ptsd"]).astype(np.float64),
        **{f"site_{name}": site_values(site, name) for name in ("moving", "leaving", "lost", "planned")},
    }
    columns |= _draw_missable(columns["age_years"], rng)
    return People(
        site=site,
        sex=rng.choice(3, count, p=[0.56, 0.43, 0.01]),
        diagnosis=diagnosis,
        scale_index=social.astype(np.int64),
        scale=scale,
        columns=columns,
        recorded={name: rng.random(count) >= share for name, share in numbers.NOT_RECORDED.items()},
        baseline=baseline,
        screening=np.where(rng.random(count) < 0.85, screening, np.nan),
    )


def _draw_missable(age: Floats, rng: np.random.Generator) -> dict[str, Floats]:
    """The columns that may be missing, given age."""
    shape = age.shape
    drawn = {
        name: (rng.random(shape) < share).astype(np.float64)
        for name, share in numbers.PROPORTIONS.items()
        if name in numbers.NOT_RECORDED
    }
    onset = 6.0 + rng.gamma(3.0, 7.5, shape)
    drawn["illness_duration_years"] = np.asarray(np.round(np.clip(age - onset, 0.5, None), 1), dtype=np.float64)
    taken = rng.random(shape) < 0.30
    drawn["benzodiazepine_mg"] = np.where(taken, 2.5 * rng.integers(1, 9, shape), 0.0)
    drawn["expectancy"] = np.clip(np.rint(rng.normal(6, 2, shape)), 0, 10)
    drawn["failures"] = rng.poisson(1.7, shape).astype(np.float64)
    drawn["phq9"] = np.clip(np.rint(rng.normal(_phq9_mean(drawn), numbers.PHQ9_SD)), 0, 27)
    return drawn


def _phq9_mean(columns: Columns) -> Floats:
    without, with_depression = numbers.PHQ9_MEAN
    return without + (with_depression - without) * columns["comorbid_depression"]


def filled(people: People, draws: int, rng: np.random.Generator) -> tuple[Columns, Floats]:
    """What acts as far as the record tells, shape (patients, draws), and the log-likelihood of the PHQ-9 given it.

    A cell that is not recorded is drawn from its distribution; a recorded one repeats.
    """
    shape = (len(people), draws)
    repeated = {name: np.broadcast_to(values[:, None], shape) for name, values in people.columns.items()}
    drawn = _draw_missable(repeated["age_years"], rng)
    columns = repeated | {
        name: np.where(people.recorded[name][:, None], repeated[name], drawn[name]) for name in people.recorded
    }
    mean, score = _phq9_mean(columns), people.columns["phq9"][:, None]
    above = np.where(score >= 27, np.inf, score + 0.5)
    below = np.where(score <= 0, -np.inf, score - 0.5)
    seen = ndtr((above - mean) / numbers.PHQ9_SD) - ndtr((below - mean) / numbers.PHQ9_SD)
    return columns, np.where(people.recorded["phq9"][:, None], np.log(seen), 0.0)
