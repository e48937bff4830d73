"""What the resources of an answer say in sentences: what the numbers are, what they are not, and what to weigh.

Nothing here is an effect of treatment, and nothing is an order.
"""

from collections.abc import Iterator

from features.definitions.display_names import label_of
from features.definitions.reason_text import leading_reasons
from features.protocol.shortening import listed
from serving.contract.description import ModelDescription
from serving.contract.response import Document
from serving.fhir.answer.questions import PredictedOutcome, RiskQuestion
from serving.prediction.description import NOT_A_DEVICE, SYNTHETIC

NO_ORDER = (
    "This is no order and no advice. The numbers are predictions for patients like this one. They are not effects of a "
    "treatment, and do not say whether to begin, change or end one. They are for the clinician's own judgement, "
    f"together with the patient. {NOT_A_DEVICE}"
)
INTERVAL = (
    "90% interval: how much the estimate would vary with other training patients. It does not say what will happen to "
    "this patient."
)
IN_PERCENT = "All probabilities are in percent, from 0 to 100, as FHIR R4 asks."


def synthetic_note(answer: Document) -> list[str]:
    """The warning of a model that was fitted on made-up patients."""
    return [f"SYNTHETIC MODEL. {SYNTHETIC}"] if answer["model"]["synthetic"] else []


def notes_on(question: RiskQuestion, answer: Document, model: ModelDescription | None) -> list[str]:
    """The notes of a risk assessment."""
    return [*synthetic_note(answer), IN_PERCENT, *_of_probabilities(question), *_of_record(answer, model)]


def _of_probabilities(question: RiskQuestion) -> Iterator[str]:
    if any(one.interval for one in question.outcomes):
        yield INTERVAL
    for days in question.unknown_days:
        yield f"The probability within {days} days is not known: the model does not reach so far."


def _of_record(answer: Document, model: ModelDescription | None) -> Iterator[str]:
    applicability = answer["applicability"]
    if applicability is not None and applicability["verdict"] == "at_the_edge":
        because = listed([reason["message"] for reason in applicability["reasons"]])
        yield f"The patient is at the edge of the training patients: {because}. The numbers are less certain."
    if answer["cautions"]:
        codes = ", ".join(caution["code"] for caution in answer["cautions"])
        yield f"Cautions, whatever the numbers say ({codes}): see the DetectedIssue resources beside this one."
    if answer["not_recorded"]:
        meanings = {} if model is None else {feature.name: feature.meaning for feature in model.features}
        labels = [label_of(name, meanings.get(name, name)) for name in answer["not_recorded"]]
        yield f"Not recorded, {len(labels)} of the model's features: {'; '.join(labels)}."
    later = sum(answer["not_used"].values())
    if later:
        yield f"{later} {'entry' if later == 1 else 'entries'} after the landmark's day did not count."
    yield from (f"Note on {note.rstrip('.')}." for note in answer["notes"])


def rationale_of(question: RiskQuestion, answer: Document) -> str:
    """Which recorded features raise or lower a probability most; empty if the question has no reasons of its own."""
    explained = (answer["reasons"] or {}).get(question.head)
    if not explained:
        return ""
    more, less = leading_reasons(explained["contributions"])
    if not more and not less:
        return "The model gives every patient the same probability."
    return (
        f"Associated with a higher probability: {'; '.join(more) or 'nothing recorded'}. "
        f"With a lower one: {'; '.join(less) or 'nothing recorded'}. An association is not a cause."
    )


def sentence_on(outcome: PredictedOutcome) -> str:
    """A prediction in words, such as "Relapse within 84 days ...: 26.3% (90% interval 17.0% to 57.2%)"."""
    shown = f"{outcome.outcome['text']}: {_rounded(outcome.probability)}"
    if outcome.interval is None:
        return f"{shown}, without an interval"
    return f"{shown} (90% interval {_rounded(outcome.interval['low'])} to {_rounded(outcome.interval['high'])})"


def _rounded(probability: float) -> str:
    """A probability in percent with one decimal; never 0 or 100, which no model can say."""
    if probability < 0.0005:
        return "under 0.1%"
    return "over 99.9%" if probability >= 0.9995 else f"{100 * probability:.1f}%"
