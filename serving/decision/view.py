"""What the page shows, as values without a language: an answer in the form in which two people read it.

`page` puts it into words, `curve` into lines; nothing is computed there.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from features.protocol.instruments import Instrument
from serving.contract.calendar import CourseCalendar
from serving.contract.response import (
    Applicability,
    Caution,
    CurvePoint,
    NotPredictable,
    Prediction,
    PredictionResponse,
    Reason,
    WithheldQuestion,
)
from serving.decision.features import NO_CENTRES, HeadWeights, head_weights
from serving.decision.frequencies import Frequency, frequency
from serving.decision.model_notes import ModelNote, model_notes
from serving.decision.questions import OpenQuestion, deciding_scale, questions
from serving.decision.study import StudyFacts
from serving.storage.launches import Launch

SUICIDAL = ("suicidal_intent", "suicidal_thoughts_item")
"""The cautions that can't wait for a number: the patient reads where help is, too."""


@dataclass(frozen=True)
class OutcomeNumber:
    """One of the three numbers: at the longest horizon, with those of the shorter ones.

    ``days`` count from remission; ``None`` for remission itself. ``average``: everybody gets the same number.
    """

    outcome: Literal["remission", "relapse", "sustained"]
    days: int | None
    frequency: Frequency
    sooner: tuple[tuple[int, Frequency], ...] = ()
    average: bool = False


@dataclass(frozen=True)
class ReachedLandmark:
    """The landmark of the answer; ``date`` is that of its day, if the date of day 0 is known."""

    name: str
    day: int
    date: dt.date | None


@dataclass(frozen=True)
class DecisionView:
    """All that the page shows; ``token`` is that of its launch, if its reader may ask what-ifs and change the language.

    Without a prediction ``numbers`` is empty and ``reasons`` says why. ``remission`` and ``relapse`` are what counted.
    ``scale`` decides the patient's outcomes. ``withheld`` are the questions to which the model has a number that is not
    given.
    """

    prediction_id: str
    version: str
    bundle_digest: str
    study: StudyFacts
    cautions: tuple[Caution, ...]
    applicability: Applicability | None
    numbers: tuple[OutcomeNumber, ...] = ()
    landmark: ReachedLandmark | None = None
    curve: tuple[CurvePoint, ...] = ()
    remission: HeadWeights | None = None
    relapse: HeadWeights | None = None
    not_recorded: tuple[str, ...] = ()
    unused_rows: int = 0
    notes: tuple[ModelNote, ...] = ()
    scale: Instrument | None = None
    reasons: tuple[Reason, ...] = ()
    questions: tuple[OpenQuestion, ...] = ()
    withheld: tuple[WithheldQuestion, ...] = ()
    token: str | None = None
    minutes: int | None = None
    made_on: dt.date | None = None

    @property
    def suicidal(self) -> bool:
        """Whether the record has a caution of suicidal thoughts or intent."""
        return any(caution.code in SUICIDAL for caution in self.cautions)

    @property
    def average(self) -> bool:
        """Whether everybody gets each of its numbers."""
        return all(number.average for number in self.numbers)

    @property
    def has_range(self) -> bool:
        """Whether any of its numbers has an interval."""
        return any(number.frequency.low is not None for number in self.numbers)

    @property
    def lacks_range(self) -> bool:
        """Whether any of its numbers has no interval."""
        return any(number.frequency.low is None for number in self.numbers)


def decision_view(
    launch: Launch,
    study: StudyFacts,
    token: str | None,
    minutes: int | None = None,
    made_on: dt.date | None = None,
) -> DecisionView:
    """The page of a launch under a token; ``minutes`` is for how long its link works, ``made_on`` today's date."""
    answer = PredictionResponse.model_validate_json(launch.answer).root
    study = study.of_answer(answer.model)
    if isinstance(answer, NotPredictable):
        view = replace(_of_any_answer(answer, study), reasons=tuple(answer.reasons))
    else:
        view = _with_numbers(answer, launch, study)
    if not token or view.average or not study.current:  # the numbers of another would be the same, or of another model
        view = replace(view, questions=())
    return replace(view, token=token, minutes=minutes, made_on=made_on)


def _with_numbers(answer: Prediction, launch: Launch, study: StudyFacts) -> DecisionView:
    remission, relapse = _explained(answer, study)
    return replace(
        _of_any_answer(answer, study),
        numbers=tuple(_numbers(answer, remission, relapse)),
        landmark=_landmark(answer, launch.first_dose_date),
        curve=tuple(answer.relapse.curve or ()) if answer.relapse else (),
        remission=remission,
        relapse=relapse,
        not_recorded=tuple(answer.not_recorded),
        unused_rows=sum(vars(answer.not_used).values()),
        notes=model_notes(answer.notes),
        scale=deciding_scale(launch.request, study) if study.current else None,
        questions=questions(launch.request, answer, study) if study.current else (),
        withheld=tuple(answer.withheld),
    )


def numbers_of(answer: Prediction) -> tuple[OutcomeNumber, ...]:
    """The numbers of an answer, up to three."""
    return tuple(_numbers(answer, *_explained(answer)))


def _of_any_answer(answer: Prediction | NotPredictable, study: StudyFacts) -> DecisionView:
    return DecisionView(
        prediction_id=answer.prediction_id,
        version=answer.model.version,
        bundle_digest=answer.model.bundle_digest,
        study=study,
        cautions=tuple(answer.cautions),
        applicability=answer.applicability,
    )


def _explained(answer: Prediction, study: StudyFacts | None = None) -> tuple[HeadWeights | None, HeadWeights | None]:
    if answer.reasons is None:
        return None, None
    centres = {} if study is None else study.centres.get(answer.landmark.name, {})
    return (
        head_weights(answer.reasons.remission, centres.get("remission", NO_CENTRES)),
        head_weights(answer.reasons.relapse, centres.get("relapse", NO_CENTRES)),
    )


def _numbers(answer: Prediction, remission: HeadWeights | None, relapse: HeadWeights | None) -> Sequence[OutcomeNumber]:
    same_remission, same_relapse = (head is not None and head.average for head in (remission, relapse))
    found: list[OutcomeNumber | None] = []
    if answer.remission is not None and (one := frequency(answer.remission)) is not None:
        found.append(OutcomeNumber("remission", None, one, average=same_remission))
    if answer.relapse is not None:
        risks = [(risk.days, frequency(risk)) for risk in answer.relapse.at_horizons]
        found.append(_longest("relapse", risks, average=same_relapse))
    lasting = [(one.horizon_days, frequency(one)) for one in answer.sustained_remission]
    found.append(_longest("sustained", lasting, average=same_remission and same_relapse))
    return [one for one in found if one is not None]


def _longest(
    outcome: Literal["relapse", "sustained"], given: Sequence[tuple[int, Frequency | None]], *, average: bool
) -> OutcomeNumber | None:
    known = sorted((days, one) for days, one in given if one is not None)
    if not known:
        return None
    *sooner, (days, one) = known
    return OutcomeNumber(outcome, days, one, tuple(sooner), average)


def _landmark(answer: Prediction, first_dose_date: str | None) -> ReachedLandmark:
    date = None
    if first_dose_date is not None:
        found = CourseCalendar(dt.date.fromisoformat(first_dose_date)).date_of(answer.landmark.day)
        date = None if found is None else dt.date.fromisoformat(found)
    return ReachedLandmark(answer.landmark.name, answer.landmark.day, date)
