"""The calibration figures of one head beside the evidence, where there are enough outcomes."""

from collections.abc import Mapping

import numpy as np

from features.records.timeline import Floats
from models.outcome_model import OutcomeModel
from training.evaluation.case_mix import FEWEST_ALIKE
from training.evidence.parts import Estimate
from training.metrics.disclosure import FEWEST
from training.metrics.incidence import answer_by
from training.metrics.intervals import interval, over_patients
from training.metrics.question_data import followed_to
from training.metrics.reliability import (
    calibration_in_the_large_by_draw,
    calibration_slope_by_draw,
    observed_over_expected,
)
from training.monitoring.statistics.calibration import (
    ENOUGH_OF_EITHER,
    HeadCalibration,
    HeadOutcomes,
    OutcomeCalendar,
    unconfirmed_days,
)
from training.monitoring.statistics.document import Calibration, Count, Horizon, disclosed
from training.monitoring.statistics.joined import WITH_OUTCOME, JoinedPredictions
from training.monitoring.statistics.over_time import enough_outcomes, outcome_windows, ratio
from training.outcomes.labels import EndedBy

DRAWS, SEED = 400, 7


def measured(
    calibrated: HeadCalibration, joined: JoinedPredictions, model: OutcomeModel, moment: OutcomeCalendar
) -> Calibration:
    """The figures of one head at a landmark."""
    outcome, head = calibrated.outcome, calibrated.found.item.name
    everyone = np.ones(len(outcome.observed), dtype=np.bool_)
    enough = len(everyone) > 0 and enough_outcomes(outcome)(everyone)
    observed, expected = float(outcome.observed.sum()), float(outcome.expected.sum())
    by_draw = _by_draw(outcome) if enough and head == "remission" else {}
    reasons = joined.reasons if head == "remission" else joined.relapse_reasons
    return Calibration(
        landmark=model.landmark.name,
        head=head,
        patients=disclosed(len(everyone)),
        observed=int(observed) if enough else None,
        expected=expected if enough else None,
        ratio=ratio(observed, expected) if enough else None,
        in_the_large=by_draw.get("in_the_large"),
        slope=by_draw.get("slope"),
        horizons=_horizons(joined, model, moment) if head == "relapse" else [],
        windows=outcome_windows(outcome, moment.calendar),
        enough=calibrated.found.enough,
        joined=disclosed_counts(reasons),
    )


def _by_draw(outcome: HeadOutcomes) -> dict[str, Estimate]:
    """Calibration in the large and slope, from twenty outcomes of either kind on."""
    if min(outcome.observed.sum(), (1 - outcome.observed).sum()) < ENOUGH_OF_EITHER:
        return {}
    weights = over_patients(len(outcome.observed), DRAWS, SEED)
    given = (outcome.observed, outcome.expected, weights)
    return {
        "in_the_large": interval(calibration_in_the_large_by_draw(*given)),
        "slope": interval(calibration_slope_by_draw(*given)),
    }


def _horizons(joined: JoinedPredictions, model: OutcomeModel, moment: OutcomeCalendar) -> list[Horizon]:
    end = moment.last_day - unconfirmed_days(moment.protocol)
    passed = (end - joined.began_on).astype(np.float64)
    kept = joined.at_risk & (passed >= 1)
    followed = np.minimum(joined.followed_days, passed)[kept]
    ended_by = np.where(joined.followed_days <= passed, joined.ended_by, EndedBy.CENSORED)[kept].astype(np.int8)
    predictions = [joined.predictions[place] for place in np.flatnonzero(kept).tolist()]
    found = []
    for days in model.horizons_days:
        given = np.array([one.relapse_by(days) for one in predictions], dtype=np.float64)
        there = ~np.isnan(given)
        found.append(_horizon(days, followed[there], ended_by[there], given[there]))
    return found


def _horizon(days: int, followed: Floats, ended_by: np.ndarray, given: Floats) -> Horizon:
    """Observed over expected by a day, with follow-up weights for those lost before it (Graf 1999)."""
    if not len(followed) or not followed_to(followed, ended_by, days):
        return Horizon(days=days, patients=disclosed(len(followed)), ratio=None)
    observed, weights = answer_by(followed, ended_by, days)
    known, yes = int((weights > 0).sum()), int(observed[weights > 0].sum())
    if known < FEWEST or min(yes, known - yes) < FEWEST_ALIKE:
        return Horizon(days=days, patients=disclosed(known), ratio=None)
    drawn = over_patients(len(given), DRAWS, SEED) * weights
    return Horizon(days=days, patients=known, ratio=interval(observed_over_expected(observed, given, drawn)))


def disclosed_counts(reasons: Mapping[str, int]) -> list[Count]:
    """Numbers by reason; those of one to four patients together, with the next smallest if they are still too few.

    Having an outcome is never counted together with a reason for having none: the figures show its number anyway.
    """
    ordered = sorted(reasons.items(), key=lambda item: -item[1])
    apart = [item for item in ordered if item[0] == WITH_OUTCOME]
    few = [item for item in ordered if item[1] < FEWEST_ALIKE and item not in apart]
    alone = [item for item in ordered if item not in few]
    found = [Count(reason=reason, patients=disclosed(number)) for reason, number in alone]
    if not few:
        return found
    names, together = [reason for reason, _ in few], sum(number for _, number in few)
    others = [place for place, item in enumerate(alone) if item not in apart]
    if together >= FEWEST_ALIKE or not others:
        return [*found, Count(reason="; ".join(names), patients=disclosed(together))]
    reason, number = alone[others[-1]]
    found[others[-1]] = Count(reason=reason, patients=number + together, few=tuple(names))
    return found
