"""The service's answer: a prediction with its reasons, or why there is none; ``outcome`` says which.

The types describe an answer. The service writes it from plain values that `probabilities` has checked; a test compares
the two.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, RootModel

Probability = Annotated[float, Field(ge=0, le=1)]
Document: TypeAlias = dict[str, Any]
"""An answer, or a part of one, as plain values for JSON, in the form of a type below."""
QuestionTier: TypeAlias = Literal["research", "shadow", "clinic", "not_promoted"]
"""What the served model may do with a question: only the answer to one of the clinic is given."""
WithheldCode: TypeAlias = Literal["in_shadow", "research_only", "not_promoted"]


class Part(BaseModel):
    """A part of an answer. A newer service may add fields, which an older reader ignores."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, protected_namespaces=())


class Interval(Part):
    """90% interval: how much the estimate would vary with other training patients.

    It does not say what will happen to this patient. On the log-odds it is the answer less and plus 1.645 times the
    root mean squared distance of the refits, which have an allowance for misfit.
    """

    low: Probability
    high: Probability


class AnsweringModel(Part):
    """The model that answered; ``synthetic`` if it was fitted on synthetic (made-up) patients."""

    version: str
    bundle_digest: str
    synthetic: bool


class AnswerLandmark(Part):
    """The landmark (moment of prediction) of the answer, its day, and if the record was in dates its date."""

    name: str
    day: int
    date: str | None = None


class Remission(Part):
    """P(remission) by the protocol's rule."""

    probability: Probability
    interval_90: Interval | None


class CurvePoint(Part):
    """Cumulative probabilities ``day`` days after remission, given remission; the three add up to 1."""

    day: int
    relapse: Probability
    event_free: Probability
    competing: Probability
    relapse_interval_90: Interval | None
    event_free_interval_90: Interval | None


class HorizonRisk(Part):
    """Probability of a relapse within ``days`` days after remission, given remission; null: not known."""

    days: int
    probability: Probability | None
    interval_90: Interval | None


class Relapse(Part):
    """Relapse given remission: at the protocol's horizons, and week by week; ``curve`` is null unless asked for."""

    curve: list[CurvePoint] | None
    at_horizons: list[HorizonRisk]


class SustainedRemission(Part):
    """P(in remission, and neither relapse nor competing event within the horizon after it); null: not known."""

    horizon_days: int
    probability: Probability | None
    interval_90: Interval | None


class Contribution(Part):
    """What one feature adds to the log-odds; ``value`` in ``unit``, null if it was not recorded."""

    feature: str
    meaning: str
    unit: str
    value: float | None
    contribution: float


class Explanation(Part):
    """``start`` and all contributions, largest first, add up to ``log_odds``.

    For remission these are the log-odds of its probability; for relapse those of a relapse in the first week after
    remission; in later weeks only ``start`` differs.
    """

    log_odds: float
    start: float
    contributions: list[Contribution]


class Reasons(Part):
    """The contributions behind the answer, for each head that answered."""

    remission: Explanation | None
    relapse: Explanation | None


class UnusedRecordCounts(Part):
    """How many records came after the landmark and were not used, by table."""

    sessions: int
    assessments: int
    events: int


class UnlikeReason(Part):
    """One way in which the patient is unlike the training patients; ``feature`` is null if it is about several."""

    code: str
    feature: str | None
    message: str


class Applicability(Part):
    """Whether the patient is like the training patients; for one who is ``outside`` there is no prediction."""

    verdict: Literal["inside", "at_the_edge", "outside"]
    reasons: list[UnlikeReason]


class Caution(Part):
    """A fact in the record that a clinician must weigh, whatever the numbers say; it changes no number."""

    code: str
    message: str
    source: str


class WithheldQuestion(Part):
    """A question that the model can answer, and whose answer is not given, because it is not promoted for the clinic.

    ``question`` is ``remission``, ``relapse_H`` or ``sustained_H`` (H days after remission). ``code``: ``in_shadow``
    (the answer is in the log), ``research_only`` or ``not_promoted`` (it is nowhere).
    """

    question: str
    code: WithheldCode
    message: str


class Prediction(Part):
    """The answer for a patient at the latest landmark that the record has reached.

    ``tiers`` has the tier of every question at this landmark; only those of the clinic are answered. A null for a
    question that ``withheld`` lists is no number that is not known: the model has one, and does not give it. A week of
    the curve is given only if all questions up to the next horizon are.
    """

    outcome: Literal["predicted"] = "predicted"
    prediction_id: str
    model: AnsweringModel
    landmark: AnswerLandmark
    applicability: Applicability | None
    remission: Remission | None
    relapse: Relapse | None
    sustained_remission: list[SustainedRemission]
    reasons: Reasons | None
    not_recorded: list[str]
    not_used: UnusedRecordCounts
    notes: list[str]
    tiers: dict[str, QuestionTier] = {}
    withheld: list[WithheldQuestion] = []
    cautions: list[Caution]


class Reason(Part):
    """Why there is no prediction: a code for programs, a sentence for people, and what to do.

    ``remedy`` says what would make a prediction possible; null if nothing would.
    """

    code: str
    message: str
    remedy: str | None


class NotPredictable(Part):
    """No prediction is given for this record; ``reasons`` says why.

    ``applicability`` is null unless the patient was compared with the training patients. ``tiers`` has the tier of
    every question at the landmark, if the reason is that none is promoted for the clinic.
    """

    outcome: Literal["not_predictable"] = "not_predictable"
    prediction_id: str
    model: AnsweringModel
    applicability: Applicability | None
    reasons: list[Reason]
    tiers: dict[str, QuestionTier] = {}
    cautions: list[Caution]


class PredictionResponse(RootModel[Annotated[Prediction | NotPredictable, Field(discriminator="outcome")]]):
    """A prediction, or why there is none."""

    model_config = ConfigDict(hide_input_in_errors=True)


class FieldProblem(Part):
    """One field to correct in a request: where, what is required, and what was found; never the value."""

    path: str
    required: str
    found: str


class RefusedRequest(Part):
    """A request of a batch that is not valid.

    ``problems`` lists fields to correct, ``more_problems`` is the number of those left out.
    """

    outcome: Literal["refused"] = "refused"
    problems: list[FieldProblem]
    more_problems: int = 0


class BatchResponse(Part):
    """The answers to the requests of a batch, in the same order."""

    answers: list[Annotated[Prediction | NotPredictable | RefusedRequest, Field(discriminator="outcome")]]
