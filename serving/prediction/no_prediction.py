"""Why there is no prediction for a patient, and what would make one possible; no sentence has a value."""

import numpy as np

from features.definitions.display_names import recorded_as
from features.eligibility.eligibility import Ineligible
from features.eligibility.not_reached import why_not_reached
from features.protocol.document import Landmark, Protocol
from features.protocol.shortening import named
from features.records.cohort import Cohort
from features.records.timeline import Floats
from models.applicability import ApplicabilityVerdicts
from models.outcome_model import OutcomeModel
from serving.contract.response import Document

NOT_FITTED = "not_learned"
OUTSIDE_TRAINING = "outside_training"
NOT_PROMOTED = "not_promoted"
TOO_LITTLE_RECORDED = "too_little_recorded"
REASON_CODES = (*(why.name.lower() for why in Ineligible), NOT_FITTED, OUTSIDE_TRAINING, NOT_PROMOTED)
"""Every code of a reason."""
USUALLY_RECORDED = 0.5


def not_predictable(applicability: Document | None, why: Document) -> Document:
    """The part of an answer that says why there is no prediction (`response.NotPredictable`)."""
    return {"outcome": "not_predictable", "applicability": applicability, "reasons": [why], "tiers": {}}


def reason(code: str, message: str, remedy: str | None) -> Document:
    """A reason (`response.Reason`); ``remedy`` is ``None`` if nothing would help."""
    return {"code": code, "message": message, "remedy": remedy}


def no_landmark_reached(cohort: Cohort, first: Landmark) -> list[Document]:
    """The reasons for patients who have reached no landmark; ``first`` is the protocol's first."""
    today = np.full(len(cohort), np.inf) if cohort.as_of_day is None else cohort.as_of_day
    last_day = cohort.protocol.acute_max_days if first.day is None else first.day - 1
    clauses = why_not_reached(cohort, first).tolist()
    return [
        _not_reached(first, clause, can_still=can_still)
        for clause, can_still in zip(clauses, (today <= last_day).tolist(), strict=True)
    ]


def _not_reached(first: Landmark, clause: str, *, can_still: bool) -> Document:
    """The reason for one patient; there is no remedy once the course is over or the day has passed."""
    needs = needed_for(first)
    message = f"no landmark is reached: {clause}. The first is {first.name!r}, which needs {needs}"
    remedy = f"send the record again when {first.name!r} is reached, which needs {needs}" if can_still else None
    return reason(Ineligible.LANDMARK_NOT_REACHED.name.lower(), message, remedy)


def ineligible(why: Ineligible, landmark: Landmark, protocol: Protocol) -> Document:
    """The reason for a patient who is not eligible at a landmark."""
    remedy = None
    if why is Ineligible.NO_BASELINE:
        remedy = f"record a rating on or before day 0, if there was one, of {_one_of(protocol.remission.instruments)}"
    if why is Ineligible.NO_DOSING_SESSION:
        remedy = "record the dosing sessions so far, if there were any"
    return reason(why.name.lower(), f"{landmark.name}: {why.value}", remedy)


def not_fitted(landmark: Landmark) -> Document:
    """The reason at a landmark without a fitted head."""
    message = f"{landmark.name}: the development cohort has too few outcomes to predict remission or relapse"
    return reason(NOT_FITTED, message, "use a model fitted on more patients with observed outcomes")


def not_promoted(landmark: str) -> Document:
    """The reason at a landmark where no question that the model answers is promoted for the clinic."""
    message = f"{landmark}: the served model is not promoted for the clinic for any question at this landmark"
    return reason(NOT_PROMOTED, message, "promote a version of the model for the clinic at this landmark")


def outside_training(
    model: OutcomeModel, evaluated: ApplicabilityVerdicts, row: int, names: tuple[str, ...], values: Floats
) -> Document:
    """The reason for a patient who is too unlike the training patients: row ``row`` of those evaluated.

    ``names`` are the features' names in sentences. There is a remedy only if the one reason is that too little is
    recorded.
    """
    message = f"{model.landmark.name}: {evaluated.refusal(row, names)}"
    codes = {concern.code for concern in evaluated.concerns(row)}
    remedy = None
    if codes == {TOO_LITTLE_RECORDED} and model.applicability is not None:
        remedy = _what_to_record(model.applicability.recorded, names, values)
    return reason(OUTSIDE_TRAINING, message, remedy)


def _what_to_record(recorded: Floats, names: tuple[str, ...], values: Floats) -> str:
    """What is not recorded, but was for most training patients; ``recorded`` (features,) is their proportion.

    One fact has several features, some of which exclude each other: it is named once.
    """
    lacks = np.isnan(values) & (recorded >= USUALLY_RECORDED)
    most_usual = np.argsort(-recorded, kind="stable")
    lacking = list(dict.fromkeys(recorded_as(names[column]) for column in most_usual.tolist() if lacks[column]))
    return "record more of what most training patients had" + (f": {named(lacking)}" if lacking else "")


def _one_of(names: tuple[str, ...]) -> str:
    return ", ".join(names[:-1]) + (" or " if len(names) > 1 else "") + "".join(names[-1:])


def needed_for(landmark: Landmark) -> str:
    """What a record needs to reach a landmark, as a clause."""
    if landmark.day is not None:
        return f"as_of_day to be {landmark.day} or later"
    session = landmark.before_session or 1
    if session == 1:
        return "as_of_day to be 0 or later"
    earlier = "dosing session 1" if session == 2 else f"dosing sessions 1 to {session - 1}"
    return f"{earlier} to be recorded, and as_of_day to be after the last of them"
