"""The findings of monitoring as one document; nothing in it is about one patient.

Numbers of one to four patients are null, and so is every figure of fewer than ten.
"""

from typing import Literal, TypeAlias

from training.evaluation.case_mix import FEWEST_ALIKE
from training.evidence.parts import Estimate, EvidencePart, Number
from training.monitoring.statistics.checks import Kind

FORMAT = 1
State: TypeAlias = Literal["act", "watch", "too little to tell", "in order"]
"""What must be done, from the most to the least urgent."""
STATES: tuple[State, ...] = ("act", "watch", "too little to tell", "in order")


def disclosed(number: int) -> int | None:
    """A number of patients as it is disclosed: one to four are ``None``."""
    return None if 0 < number < FEWEST_ALIKE else number


class Count(EvidencePart):
    """The number of patients with a reason; ``few`` are reasons of fewer than five patients that are counted in."""

    reason: str
    patients: int | None
    few: tuple[str, ...] = ()


class ChangeSize(EvidencePart):
    """How large a change is: of ``patients`` recent ones, against the reference. ``unit`` says what is measured."""

    unit: str
    reference: Number
    recent: Number
    difference: Number
    patients: int


class Check(EvidencePart):
    """One monitored item.

    ``log10_evidence`` is the wealth of its e-process now, ``log10_most`` its maximum. ``chance`` is how often a model
    without a change would ever show as much in any of its checks; ``share`` is this check's part of that. ``alarm`` and
    ``hint`` are the months in which it first fell to 5% and to 20%, ``since`` the month from which a change is likely.
    ``used`` says whether the model uses the feature. ``course`` is the log10 evidence at the end of each month, only
    for the strongest.
    """

    landmark: str
    kind: Kind
    name: str
    patients: int | None
    log10_evidence: float
    log10_most: float
    chance: float
    share: float
    alarm: str | None
    hint: str | None
    since: str | None
    change: ChangeSize | None
    used: bool
    state: State
    course: list[float]


class CalibrationWindow(EvidencePart):
    """Observed and expected outcomes of those predicted for from the first to the last month, both included."""

    first: str
    last: str
    patients: int
    observed: int
    expected: float
    ratio: Estimate


class Horizon(EvidencePart):
    """Relapse by a day: observed over expected, with follow-up weights."""

    days: int
    patients: int | None
    ratio: Estimate | None


class Calibration(EvidencePart):
    """Calibration of a head at a landmark; figures are null where there are too few outcomes.

    Of relapse ``expected`` is the sum of the predicted hazards over the time that patients were followed. ``enough``
    says whether there are enough outcomes to call it in order. ``joined`` counts predictions with and without an
    outcome, by reason.
    """

    landmark: str
    head: str
    patients: int | None
    observed: int | None
    expected: Number
    ratio: Estimate | None
    in_the_large: Estimate | None
    slope: Estimate | None
    horizons: list[Horizon]
    windows: list[CalibrationWindow]
    enough: bool
    joined: list[Count]


class AnswerWindow(EvidencePart):
    """The mean probability given in some months."""

    first: str
    last: str
    patients: int
    mean: Estimate


class MeanAnswers(EvidencePart):
    """The mean probability given over time, beside that of the training patients."""

    landmark: str
    head: str
    horizon_days: int | None
    reference: Number
    windows: list[AnswerWindow]


class FirstRequests(EvidencePart):
    """Patients first asked about at a landmark, by month."""

    landmark: str
    patients: list[int | None]


class MonitoredModel(EvidencePart):
    """One version with its requests, findings and state.

    ``evaluated`` is false for a model that the registry does not know; ``referenced`` for one whose training recorded
    no reference. ``followed`` says whether outcomes were given.
    """

    version: str
    run_id: str
    bundle_digest: str
    evaluated: bool
    referenced: bool
    followed: bool
    synthetic: bool
    first_day: str
    last_day: str
    predictions: int
    counted: int
    repeated: int
    erased: int
    without_landmark: int
    months: list[str]
    asked: list[FirstRequests]
    checks: list[Check]
    answers: list[MeanAnswers]
    calibration: list[Calibration]
    state: State
    states: dict[str, State]
    reasons: list[str]


class Monitoring(EvidencePart):
    """All models of a log, the one used last first; predictions before the day ``since`` are left out."""

    format: int = FORMAT
    written_on: str
    since: str | None
    models: list[MonitoredModel]

    @property
    def state(self) -> State:
        """The state of the model used last; without any, too little to tell."""
        return self.models[0].state if self.models else "too little to tell"

    def as_json(self) -> str:
        """The document; the same findings give the same text."""
        return self.model_dump_json(indent=1) + "\n"
