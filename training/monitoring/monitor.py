"""Monitors a prediction log: the recipe, top to bottom, from logged predictions to one document.

Each model is evaluated by itself, against the reference of its own training. Reading the log, finding models and
recording what was found are left to the callers.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from features.protocol.document import Protocol
from features.protocol.problems import InputRefusedError
from features.records.cohort import Cohort
from models.bundle import Bundle
from training.monitoring.report import text as as_text
from training.monitoring.statistics.calendar import Calendar
from training.monitoring.statistics.calibration import OutcomeCalendar, relapse_calibration, remission_calibration
from training.monitoring.statistics.checks import MonitoredItem, MonitoringFinding, proportions
from training.monitoring.statistics.document import (
    Calibration,
    Check,
    FirstRequests,
    MeanAnswers,
    ModelMonitored,
    Monitoring,
    State,
    told,
)
from training.monitoring.statistics.drift import drift_at
from training.monitoring.statistics.joined import OutcomeCohort, join
from training.monitoring.statistics.logged import AtLandmark, ByModel, LoggedPrediction, by_model
from training.monitoring.statistics.measured import measured
from training.monitoring.statistics.over_time import answers_over_time
from training.monitoring.statistics.reference import Reference
from training.monitoring.verdict import checks, overall, states


@dataclass(frozen=True, eq=False)
class KnownModel:
    """A registered model; ``reference`` is ``None`` where its training recorded none."""

    bundle: Bundle
    reference: Reference | None


@dataclass(frozen=True)
class UnknownModel:
    """A model that can't be had here, and why, in a sentence."""

    reason: str


@dataclass(frozen=True, eq=False)
class OutcomeSource:
    """Where outcomes come from: a cohort, read under a model's protocol, and how references of patients are hashed."""

    cohort: Callable[[Protocol], Cohort]
    pseudonym: Callable[[str], str]


@dataclass(frozen=True, eq=False)
class MonitoringRequest:
    """What is monitored: ``find`` gives the model of a bundle's digest, ``outcomes`` is ``None`` where none are given.

    Predictions before the day ``since`` are not looked at. ``now`` is the moment up to which all is evaluated.
    """

    find: Callable[[str], KnownModel | UnknownModel]
    outcomes: OutcomeSource | None
    now: datetime
    since: date | None = None


def monitor(predictions: Iterable[LoggedPrediction], wanted: MonitoringRequest) -> Monitoring:
    """What became of every model in the log, the one used last first; the same log gives the same document.

    Raises ``InputRefusedError`` where the outcomes can't be read under the protocol of the model used last.
    """
    kept = [one for one in predictions if wanted.since is None or one.at.astimezone(UTC).date() >= wanted.since]
    return Monitoring(
        written_on=wanted.now.astimezone(UTC).date().isoformat(),
        since=None if wanted.since is None else wanted.since.isoformat(),
        models=[_monitored(model, wanted, newest=place == 0) for place, model in enumerate(by_model(kept))],
    )


def _monitored(model: ByModel, wanted: MonitoringRequest, *, newest: bool) -> ModelMonitored:
    known = wanted.find(model.digest)
    calendar = Calendar.between(model.predictions[0].at, max(wanted.now, model.predictions[-1].at))
    if isinstance(known, UnknownModel):
        return _told(model, calendar, _MonitoredModel([], [], [], known, "not given"))
    watched = proportions(known.bundle, known.reference)
    found = _drift(model, known, calendar, watched)
    cohort = _cohort(known, wanted.outcomes, newest=newest)
    calibration: list[Calibration] = []
    if cohort is not None and wanted.outcomes is not None:
        followed = OutcomeCohort.from_cohort(cohort, wanted.outcomes.pseudonym, wanted.now)
        evidence, calibration = _calibration(model, known, followed, calendar, watched)
        found = [*found, *evidence]
    evaluated = _MonitoredModel(
        checks=checks(found, known.bundle, calendar),
        answers=_answers(model, known.reference, calendar),
        calibration=calibration,
        known=known,
        outcomes="not given" if wanted.outcomes is None else "unreadable" if cohort is None else "read",
    )
    return _told(model, calendar, evaluated)


def _cohort(known: KnownModel, outcomes: OutcomeSource | None, *, newest: bool) -> Cohort | None:
    """The outcomes under a model's protocol; an older model's may be one under which they can't be read any more."""
    if outcomes is None:
        return None
    try:
        return outcomes.cohort(known.bundle.protocol)
    except InputRefusedError:
        if newest:
            raise
        return None


def _drift(
    model: ByModel, known: KnownModel, calendar: Calendar, watched: Mapping[MonitoredItem, float]
) -> list[MonitoringFinding]:
    landmarks = known.reference.landmarks if known.reference else []
    return [
        found for reference in landmarks for found in drift_at(reference, _at(model, reference.name), calendar, watched)
    ]


def _at(model: ByModel, landmark: str) -> AtLandmark:
    return model.landmarks.get(landmark, AtLandmark(landmark, (), (), ()))


def _calibration(
    model: ByModel,
    known: KnownModel,
    followed: OutcomeCohort,
    calendar: Calendar,
    watched: Mapping[MonitoredItem, float],
) -> tuple[list[MonitoringFinding], list[Calibration]]:
    """Evidence and figures of every head at every landmark."""
    answered = [one for at in model.landmarks.values() for one in at.answered]
    moment = OutcomeCalendar(calendar, followed.last_day(answered), known.bundle.protocol)
    evidence, figures = [], []
    for head in known.bundle.models:
        name = head.landmark.name
        joined = join(_at(model, name), followed, moment.last_day)
        for evaluate, part in ((remission_calibration, "remission"), (relapse_calibration, "relapse")):
            calibrated = evaluate(joined, head, moment, watched.get(MonitoredItem(name, "calibration", part), 0.0))
            if calibrated is not None:
                evidence.append(calibrated.found)
                figures.append(measured(calibrated, joined, head, moment))
    return evidence, figures


def _answers(model: ByModel, reference: Reference | None, calendar: Calendar) -> list[MeanAnswers]:
    """What was answered over time, but for heads that answer everybody alike."""
    known = [(at.name, one) for at in (reference.landmarks if reference else []) for one in at.answers if one.spread]
    return [answers_over_time(one, _at(model, name), calendar) for name, one in known]


@dataclass(frozen=True, eq=False)
class _MonitoredModel:
    """What was found of a model; nothing of one that the registry does not know."""

    checks: Sequence[Check]
    answers: Sequence[MeanAnswers]
    calibration: Sequence[Calibration]
    known: KnownModel | UnknownModel
    outcomes: as_text.OutcomesGiven

    @property
    def followed(self) -> bool:
        return self.outcomes == "read"


def _told(model: ByModel, calendar: Calendar, evaluated: _MonitoredModel) -> ModelMonitored:
    known = evaluated.known
    referenced, synthetic, parts = False, False, dict[str, State]()
    if isinstance(known, UnknownModel):
        said = [known.reason]
    else:
        referenced = known.reference is not None
        synthetic = known.bundle.training.get("synthetic") is True
        parts = states(evaluated.checks, followed=evaluated.followed)
        said = as_text.reasons(evaluated.checks, evaluated.calibration, evaluated.outcomes, referenced=referenced)
    return ModelMonitored(
        version=model.version,
        run_id=model.run_id,
        bundle_digest=model.digest,
        evaluated=isinstance(known, KnownModel),
        referenced=referenced,
        followed=evaluated.followed,
        synthetic=synthetic,
        first_day=model.predictions[0].at.date().isoformat(),
        last_day=model.predictions[-1].at.date().isoformat(),
        **asdict(model.counts),
        months=calendar.labels,
        asked=[_asked(at, calendar) for at in model.landmarks.values()],
        checks=list(evaluated.checks),
        answers=list(evaluated.answers),
        calibration=list(evaluated.calibration),
        state=overall(parts),
        states=parts,
        reasons=said,
    )


def _asked(at: AtLandmark, calendar: Calendar) -> FirstRequests:
    months = calendar.months([one.at for one in at.asked]).tolist()
    return FirstRequests(landmark=at.landmark, patients=[told(months.count(month)) for month in range(calendar.number)])
