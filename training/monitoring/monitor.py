"""Monitors a prediction log: from logged predictions to one document.

Each model is evaluated by itself, against the reference of its own training. Callers read the log, find the models and
record the findings.
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
    MonitoredModel,
    Monitoring,
    State,
    disclosed,
)
from training.monitoring.statistics.drift import drift_at
from training.monitoring.statistics.joined import OutcomeCohort, join
from training.monitoring.statistics.logged import LandmarkPredictions, LoggedPrediction, ModelPredictions, by_model
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
    """A model that is not available here, and why, in a sentence."""

    reason: str


@dataclass(frozen=True, eq=False)
class OutcomeSource:
    """The cohort of outcomes, read under a model's protocol, and the hash of patient references."""

    cohort: Callable[[Protocol], Cohort]
    pseudonym: Callable[[str], str]


@dataclass(frozen=True, eq=False)
class MonitoringRequest:
    """``find`` gives the model of a bundle's digest; ``outcomes`` is ``None`` where none are given.

    Predictions before the day ``since`` are left out. ``now`` is the end of the evaluated time.
    """

    find: Callable[[str], KnownModel | UnknownModel]
    outcomes: OutcomeSource | None
    now: datetime
    since: date | None = None


def monitor(predictions: Iterable[LoggedPrediction], request: MonitoringRequest) -> Monitoring:
    """Monitor every model in the log, the one used last first; the same log gives the same document.

    Raises ``InputRefusedError`` where the outcomes can't be read under the protocol of the model used last.
    """
    kept = [one for one in predictions if request.since is None or one.at.astimezone(UTC).date() >= request.since]
    return Monitoring(
        written_on=request.now.astimezone(UTC).date().isoformat(),
        since=None if request.since is None else request.since.isoformat(),
        models=[_monitored(model, request, newest=place == 0) for place, model in enumerate(by_model(kept))],
    )


def _monitored(model: ModelPredictions, request: MonitoringRequest, *, newest: bool) -> MonitoredModel:
    known = request.find(model.digest)
    calendar = Calendar.between(model.predictions[0].at, max(request.now, model.predictions[-1].at))
    if isinstance(known, UnknownModel):
        return _document(model, calendar, _ModelFindings([], [], [], known, "not given"))
    items = proportions(known.bundle, known.reference)
    found = _drift(model, known, calendar, items)
    cohort = _cohort(known, request.outcomes, newest=newest)
    calibration: list[Calibration] = []
    if cohort is not None and request.outcomes is not None:
        followed = OutcomeCohort.from_cohort(cohort, model.predictions, request.outcomes.pseudonym, request.now)
        evidence, calibration = _calibration(model, known, followed, calendar, items)
        found = [*found, *evidence]
    evaluated = _ModelFindings(
        checks=checks(found, known.bundle, calendar),
        answers=_answers(model, known.reference, calendar),
        calibration=calibration,
        known=known,
        outcomes="not given" if request.outcomes is None else "unreadable" if cohort is None else "read",
    )
    return _document(model, calendar, evaluated)


def _cohort(known: KnownModel, outcomes: OutcomeSource | None, *, newest: bool) -> Cohort | None:
    """The outcomes under a model's protocol; ``None`` if an older model's protocol can't read them."""
    if outcomes is None:
        return None
    try:
        return outcomes.cohort(known.bundle.protocol)
    except InputRefusedError:
        if newest:
            raise
        return None


def _drift(
    model: ModelPredictions, known: KnownModel, calendar: Calendar, items: Mapping[MonitoredItem, float]
) -> list[MonitoringFinding]:
    landmarks = known.reference.landmarks if known.reference else []
    return [
        found for reference in landmarks for found in drift_at(reference, _at(model, reference.name), calendar, items)
    ]


def _at(model: ModelPredictions, landmark: str) -> LandmarkPredictions:
    return model.landmarks.get(landmark, LandmarkPredictions(landmark, (), (), ()))


def _calibration(
    model: ModelPredictions,
    known: KnownModel,
    followed: OutcomeCohort,
    calendar: Calendar,
    items: Mapping[MonitoredItem, float],
) -> tuple[list[MonitoringFinding], list[Calibration]]:
    """Evidence and figures of every head at every landmark."""
    answered = [one for at in model.landmarks.values() for one in at.answered]
    moment = OutcomeCalendar(calendar, followed.last_day(answered), known.bundle.protocol)
    evidence, figures = [], []
    for head in known.bundle.models:
        name = head.landmark.name
        joined = join(_at(model, name), followed, moment.last_day)
        for evaluate, part in ((remission_calibration, "remission"), (relapse_calibration, "relapse")):
            calibrated = evaluate(joined, head, moment, items.get(MonitoredItem(name, "calibration", part), 0.0))
            if calibrated is not None:
                evidence.append(calibrated.found)
                figures.append(measured(calibrated, joined, head, moment))
    return evidence, figures


def _answers(model: ModelPredictions, reference: Reference | None, calendar: Calendar) -> list[MeanAnswers]:
    """Mean answers over time, except of heads that give all patients the same answer."""
    known = [(at.name, one) for at in (reference.landmarks if reference else []) for one in at.answers if one.spread]
    return [answers_over_time(one, _at(model, name), calendar) for name, one in known]


@dataclass(frozen=True, eq=False)
class _ModelFindings:
    """The findings about a model; empty for a model that the registry does not know."""

    checks: Sequence[Check]
    answers: Sequence[MeanAnswers]
    calibration: Sequence[Calibration]
    known: KnownModel | UnknownModel
    outcomes: as_text.OutcomesGiven

    @property
    def followed(self) -> bool:
        return self.outcomes == "read"


def _document(model: ModelPredictions, calendar: Calendar, evaluated: _ModelFindings) -> MonitoredModel:
    known = evaluated.known
    referenced, synthetic, parts = False, False, dict[str, State]()
    if isinstance(known, UnknownModel):
        said = [known.reason]
    else:
        referenced = known.reference is not None
        synthetic = known.bundle.training.get("synthetic") is True
        parts = states(evaluated.checks, followed=evaluated.followed)
        said = as_text.reasons(evaluated.checks, evaluated.calibration, evaluated.outcomes, referenced=referenced)
    return MonitoredModel(
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


def _asked(at: LandmarkPredictions, calendar: Calendar) -> FirstRequests:
    months = calendar.months([one.at for one in at.asked]).tolist()
    return FirstRequests(
        landmark=at.landmark, patients=[disclosed(months.count(month)) for month in range(calendar.number)]
    )
