"""What the service answers: a prediction with its reasons, or why there is none; told apart by ``outcome``.

These types say what an answer looks like. The service writes it from plain values that `row_answers` has looked over,
and a test compares the two.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, RootModel

Probability = Annotated[float, Field(ge=0, le=1)]
Document: TypeAlias = dict[str, Any]
"""An answer, or a part of one, as plain values for JSON; of the shape of the type with that name below."""


class Part(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, protected_namespaces=())


class Interval(Part):
    """How sure the model is of the probability, judged by models learned again from redrawn patients.

    The mean of their log-odds less and plus 1.645 standard deviations, which have an allowance for misfit, as
    probabilities; widened to contain the answer.
    """

    low: Probability
    high: Probability


class ModelUsed(Part):
    """The model that answered; ``synthetic`` when it was learned from made-up patients."""

    version: str
    bundle_digest: str
    synthetic: bool


class LandmarkUsed(Part):
    """The moment of prediction that the record had reached, and its day."""

    name: str
    day: int


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


class RiskAt(Part):
    """Probability of a relapse within ``days`` days after remission, given remission; null: can't be said."""

    days: int
    probability: Probability | None
    interval_90: Interval | None


class Relapse(Part):
    """Relapse given remission: at the protocol's horizons, and week by week; ``curve`` is null unless asked for."""

    curve: list[CurvePoint] | None
    at_horizons: list[RiskAt]


class SustainedRemission(Part):
    """P(in remission, and neither relapse nor competing event within the horizon after it); null: can't be said."""

    horizon_days: int
    probability: Probability | None
    interval_90: Interval | None


class Contribution(Part):
    """A feature's share in the log-odds; ``value`` in ``unit``, null where it was not recorded."""

    feature: str
    meaning: str
    unit: str
    value: float | None
    contribution: float


class Explanation(Part):
    """``start`` and all contributions, largest first, add up to ``log_odds``.

    For remission these are the log-odds of its probability; for relapse those of a relapse in the first week after
    remission, from where they move the whole curve alike.
    """

    log_odds: float
    start: float
    contributions: list[Contribution]


class Reasons(Part):
    """Why the answer is what it is, for each head that answered."""

    remission: Explanation | None
    relapse: Explanation | None


class UnusedRecordCounts(Part):
    """How many records were later than the landmark, and so not used, by table."""

    sessions: int
    assessments: int
    events: int


class UnlikeReason(Part):
    """One way in which the patient is unlike those learned from; ``feature`` is null where it is none's alone."""

    code: str
    feature: str | None
    message: str


class Applicability(Part):
    """Whether the patient is like those learned from; whoever is ``outside`` gets no prediction."""

    verdict: Literal["inside", "at_the_edge", "outside"]
    reasons: list[UnlikeReason]


class Caution(Part):
    """What stands in the record that a clinician has to weigh whatever the numbers say; it changes none of them."""

    code: str
    message: str
    source: str


class Prediction(Part):
    """The answer for a patient at the latest landmark that the record has reached."""

    outcome: Literal["predicted"] = "predicted"
    prediction_id: str
    model: ModelUsed
    landmark: LandmarkUsed
    applicability: Applicability | None
    remission: Remission | None
    relapse: Relapse | None
    sustained_remission: list[SustainedRemission]
    reasons: Reasons | None
    not_recorded: list[str]
    not_used: UnusedRecordCounts
    notes: list[str]
    cautions: list[Caution]


class Reason(Part):
    """Why nothing is predicted: a code for machines, a sentence for people, and what would help.

    ``remedy`` says what would make the patient predictable; null where nothing would.
    """

    code: str
    message: str
    remedy: str | None


class NotPredictable(Part):
    """Nothing can be predicted for this record, yet or at all; ``reasons`` says why.

    ``applicability`` is null unless the patient is too unlike those learned from.
    """

    outcome: Literal["not_predictable"] = "not_predictable"
    prediction_id: str
    model: ModelUsed
    applicability: Applicability | None
    reasons: list[Reason]
    cautions: list[Caution]


class PredictionResponse(RootModel[Annotated[Prediction | NotPredictable, Field(discriminator="outcome")]]):
    """A prediction, or why there is none."""

    model_config = ConfigDict(hide_input_in_errors=True)


class FieldProblem(Part):
    """One thing to mend in a request: where, what is required, and what kind of thing came; never the value."""

    path: str
    required: str
    found: str


class RefusedRequest(Part):
    """A request of a batch that can't be answered as it stands; ``problems`` lists every reason."""

    outcome: Literal["refused"] = "refused"
    problems: list[FieldProblem]


class BatchResponse(Part):
    """What each request of a batch gets, in the order of the requests."""

    answers: list[Annotated[Prediction | NotPredictable | RefusedRequest, Field(discriminator="outcome")]]
