"""Values of a source that convert to the very number of the cohort: a division rounds, so not every value does.

A dose in mg over a weight in kg, and a weight over a height squared, are searched until the quotient is the same double
by each formula in use. Dates of birth hold the hard cases: the birthday on day 0, and the day after it.
"""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pandas as pd

from tests.training.intake.clinic_sources.dated_cohort import DatedCohort

WEIGHTS = [Decimal(tenths) / 10 for tenths in range(450, 1300)]
HEIGHTS = range(150, 199)


def dosing_weight(doses: Sequence[float], rng: np.random.Generator) -> Decimal:
    """A weight in kg, to one decimal, with which every dose in mg/kg comes back from its dose in mg."""
    for position in rng.permutation(len(WEIGHTS)):
        weight = WEIGHTS[position]
        if all(float(milligrams(dose, weight)) / float(weight) == dose for dose in doses):
            return weight
    raise ValueError("no weight gives these doses back")


def dosing_weights(dated: DatedCohort, rng: np.random.Generator) -> dict[str, Decimal]:
    """Such a weight of every patient, by the patient's id."""
    doses = dated.sessions.dropna(subset="dose_mg_per_kg").groupby("patient_id")["dose_mg_per_kg"].agg(list)
    return {str(name): dosing_weight(doses.get(name, []), rng) for name in dated.patients["patient_id"]}


def milligrams(dose_per_kg: float, weight: Decimal) -> str:
    """The dose in mg, without rounding: two decimals of the dose and one of the weight make up to three."""
    return f"{(Decimal(str(dose_per_kg)) * weight).normalize():f}"


def body_of(body_mass_index: float, rng: np.random.Generator) -> tuple[int, Decimal]:
    """A height in cm and a weight in kg that give the index by each of the usual ways to write the formula."""
    for position in rng.permutation(len(HEIGHTS)):
        height = HEIGHTS[position]
        weight = Decimal(str(body_mass_index)) * (Decimal(height) / 100) ** 2
        if set(_indices(float(weight), float(height))) == {body_mass_index}:
            return height, weight
    raise ValueError("no height gives this index back")


def _indices(weight_kg: float, height_cm: float) -> Sequence[float]:
    metres = height_cm / 100
    return (
        weight_kg / metres**2,
        weight_kg / (metres * metres),
        weight_kg * 10_000 / height_cm**2,
        weight_kg * 10_000 / (height_cm * height_cm),
    )


def birth_date(age: float, day_0: pd.Timestamp, rng: np.random.Generator) -> pd.Timestamp:
    """A date of birth with that age in completed years at day 0."""
    latest = day_0 - pd.DateOffset(years=int(age))
    earliest = day_0 - pd.DateOffset(years=int(age) + 1) + pd.Timedelta(days=1)
    days = (latest - earliest).days
    draw = int(rng.integers(-days // 10, days + days // 10))
    return earliest + pd.Timedelta(days=int(np.clip(draw, 0, days)))
