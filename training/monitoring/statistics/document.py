"""What monitoring found, as one document that is recorded, shown and read again: nothing in it is about one patient.

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


def told(number: int) -> int | None:
    """A number of patients as it is told."""
    return None if 0 < number < FEWEST_ALIKE else number


class Count(EvidencePart):
    """So many patients for this reason; ``few`` are reasons of fewer than five patients that are counted in."""

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
    """One thing that is watched.

    ``log10_evidence`` is what a bet against "nothing has changed" holds now, ``log10_most`` the most that it ever held.
    ``chance`` is how often a model to which nothing happened would ever show as much in any of its checks; ``share`` of
    that is this check's. ``alarm`` and ``hint`` are the months in which it first fell to 5% and to 20%, ``since`` the
    month from which things look changed. ``used`` says whether the model goes by the feature. ``course`` is the log10
    evidence at the end of each month, given for the strongest.
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
    """What was observed and expected among those predicted for in some months, the first and the last included."""

    first: str
    last: str
    patients: int
    observed: int
    expected: float
    ratio: Estimate


class Horizon(EvidencePart):
    """Relapse by a day: observed over expected, those lost before it stood for by those followed."""

    days: int
    patients: int | None
    ratio: Estimate | None


class Calibration(EvidencePart):
    """How far the predictions of a head come true at a landmark; figures are null where there are too few outcomes.

    Of relapse ``expected`` is what the predicted hazards add up to over the time that patients were followed.
    ``enough`` says whether there are outcomes enough to call it in order. ``joined`` says what became of joining
    outcomes to the predictions made.
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
    """The mean probability that was given over time, beside that of the patients learned from."""

    landmark: str
    head: str
    horizon_days: int | None
    reference: Number
    windows: list[AnswerWindow]


class FirstRequests(EvidencePart):
    """Patients first asked about at a landmark, by month."""

    landmark: str
    patients: list[int | None]


class ModelMonitored(EvidencePart):
    """One version: who was asked about, what was found, and what follows.

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
    """All models of a log, the one used last first; ``since`` is the day before which nothing was looked at."""

    format: int = FORMAT
    written_on: str
    since: str | None
    models: list[ModelMonitored]

    @property
    def state(self) -> State:
        """That of the model used last; of no model, too little to tell."""
        return self.models[0].state if self.models else "too little to tell"

    def as_json(self) -> str:
        """The document; the same findings give the same text."""
        return self.model_dump_json(indent=1) + "\n"
