"""Whether a model's answers move as declared when one clinical fact changes, for all eligible patients.

`features.clinical_facts` declares the facts, their steps and signs; the promotion policy says how much is allowed
against a sign.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from features.build import FeatureRows, build_features
from features.clinical_facts import CLINICAL_FACTS, ClinicalFact
from features.records.cohort import Cohort
from features.records.timeline import Floats, Mask
from models.outcome_model import OutcomeModel
from training.evidence.document import Direction

HeadName = Literal["remission", "relapse"]


def directions(
    cohort: Cohort, models: Sequence[OutcomeModel], margin: float, facts: Sequence[ClinicalFact] = CLINICAL_FACTS
) -> list[Direction]:
    """The effect of each fact's step on each answer at each landmark, if a direction is declared.

    ``margin`` is the smallest probability that counts as a change.

    The record is changed, the features are built again, and the final model answers before and after. Relapse is by
    the longest horizon that its head reaches. Patients who are eligible before the step count.
    """
    found = []
    for model in models:
        before = build_features(cohort, model.landmark)
        eligible = np.array([reason is None for reason in before.ineligible], dtype=np.bool_)
        for fact in facts:
            changed, applies = fact.apply(cohort, model.landmark)
            after = build_features(changed, model.landmark)
            found += list(_of_fact(model, fact, (before, after), applies & eligible, margin))
    return found


def _of_fact(
    model: OutcomeModel, fact: ClinicalFact, features: tuple[FeatureRows, FeatureRows], counted: Mask, margin: float
) -> Iterator[Direction]:
    signs: dict[HeadName, Literal[-1, 0, 1]] = {"remission": fact.remission_sign, "relapse": fact.relapse_sign}
    for head, sign in signs.items():
        day = _longest(model) if head == "relapse" else None
        if sign == 0 or (model.remission is None if head == "remission" else day is None):
            continue
        before, after = (_answers(model, day, rows.values[counted]) for rows in features)
        yield _direction(model, fact, (head, day, sign), after - before, margin)


def _longest(model: OutcomeModel) -> int | None:
    """The longest horizon that the relapse head reaches; ``None`` if it reaches none."""
    if model.relapse is None:
        return None
    return max((day for day in model.horizons_days if day <= model.relapse.days[-1]), default=None)


def _answers(model: OutcomeModel, day: int | None, rows: Floats) -> Floats:
    """P(remission), or the risk of relapse by the day, shape (n,), without intervals."""
    found = replace(model, refits=None).predict(rows, with_curve=False)
    return found.remission if day is None else found.relapse[:, model.horizons_days.index(day)]


def _direction(
    model: OutcomeModel,
    fact: ClinicalFact,
    asked: tuple[HeadName, int | None, Literal[-1, 0, 1]],
    moves: Floats,
    margin: float,
) -> Direction:
    head, day, sign = asked
    against = np.maximum(-sign * moves, 0.0)
    return Direction(
        landmark=model.landmark.name,
        fact=fact.name,
        meaning=fact.meaning,
        head=head,
        horizon_days=day,
        expected="more" if sign > 0 else "less",
        patients=len(moves),
        margin=margin,
        against=int((against > margin).sum()),
        largest_against=float(against.max(initial=0.0)),
        median_move=float(np.median(moves)) if len(moves) else None,
    )
