"""Finds the model, training run and decision behind a logged prediction, and computes its answer again.

The command passes the log entry and the computation; the record of the model is read as for an audit (`audit`).
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Literal

from features.protocol.problems import InputRefusedError
from features.protocol.shortening import listed
from models.bundle import Bundle, BundleRefusedError
from models.reference_answers import TOLERANCES
from training.audit.answered_tiers import NO_TIERS, LoggedTiers, by_which_it_may_answer, not_granted, restored_by
from training.audit.audit import training_of
from training.audit.bundle_lookup import RegisteredBundle, load_by_digest, registered_with
from training.audit.checks import LOST, chain_verdict, record_verdicts
from training.failures import StoreUnreachableError
from training.provenance import TRAINED_BY
from training.registry.decision_log import Chain
from training.registry.decisions import Decision
from training.registry.names import MODEL_NAME
from training.registry.release import decision_log
from training.registry.stored_training import StoredTraining
from training.stores.registry_client import asked_once
from training.verdicts import Verdict, does_not_apply, failed, not_checked, passed, verdict_of

LOADING_SECONDS = 60.0
"""How long a worker may take to load and check a new model [judgement]."""
PROVENANCE = ("cohort_digest", "commit", "lock_digest")
"""Tags of a training that name its cohort, code and dependencies."""
WITHIN = f"{TOLERANCES['remission']:.0e}, contributions within {TOLERANCES['contributions']:.0e}"
NOT_FROM_THE_ROW = "cautions, what was not used and the landmark's day don't follow from the row and are not compared"

Recompute = Callable[[Bundle], Sequence[str]]
"""Given the bundle, the parts in which the logged answer differs from the one computed from the logged row."""


@dataclass(frozen=True)
class ErasedContent:
    """When (UTC), by whom and why the content of an entry was erased, and the id of the entry that records it."""

    prediction_id: str
    at: str
    by: str
    reason: str


@dataclass(frozen=True)
class PredictionLineage:
    """The log's entry of a prediction, without the patient's row and answer.

    ``place`` is its writer and number, ``at`` is UTC in ISO 8601, ``findings`` is what is wrong with its codes.
    ``content`` says whether there is an answer, and a row from which it was computed; ``erased`` is the erasure.
    ``request`` is whether a given file is the request; ``answered`` has the tiers that the answer names.
    """

    prediction_id: str
    place: str
    at: str
    caller: str
    model_digest: str
    model_version: str
    run_id: str
    landmark: str | None
    landmark_day: int | None
    findings: tuple[str, ...]
    content: Literal["row", "no row", "erased"]
    erased: ErasedContent | None
    request: Literal["not given", "same", "another"]
    answered: LoggedTiers = NO_TIERS

    @property
    def time(self) -> datetime | None:
        """When it was logged; ``None`` if it can't be read as a time."""
        try:
            read = datetime.fromisoformat(self.at)
        except ValueError:
            return None
        return read if read.tzinfo is not None else None


@dataclass(frozen=True)
class ConfirmedOrigin:
    """What the checks confirmed of a prediction's origin; the rest is ``None``.

    ``tags`` are those of the training's run, ``decision`` is the one that had made the model champion.
    """

    registered: bool = False
    run_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    decision: Decision | None = None


@asked_once()
def traced_origin(
    prediction: PredictionLineage, recompute: Recompute, reload_seconds: float
) -> tuple[list[Verdict], ConfirmedOrigin]:
    """The verdicts on a prediction's log entry, model, training record and decision, and on its recomputed answer.

    ``reload_seconds`` is how often a worker looks for a new model. Without a registry, some steps are not checked.
    Beside the verdicts: what they confirmed.
    """
    behind, origin = _behind(prediction, timedelta(seconds=reload_seconds + LOADING_SECONDS))
    own = [entry_verdict(prediction), *_request_verdicts(prediction)]
    return [*own, *behind, answer_verdict(prediction, recompute)], origin


def entry_verdict(prediction: PredictionLineage) -> Verdict:
    """The entry is unchanged, and its place agrees with its writer's chain."""
    who = "this machine, without a key" if prediction.caller == "loopback" else f"key {prediction.caller}"
    when = "no landmark reached" if prediction.landmark is None else f"{prediction.landmark!r}"
    day = "" if prediction.landmark_day is None else f" on day {prediction.landmark_day}"
    words = f"{prediction.place}, unchanged; answered {prediction.at}, {when}{day}, requested by {who}"
    erased = prediction.erased
    if erased is not None:
        words += f"; its content was erased {erased.at} by {erased.by}: {erased.reason} ({erased.prediction_id})"
    return verdict_of("entry", [f"{prediction.place}: {finding}" for finding in prediction.findings], words)


def _request_verdicts(prediction: PredictionLineage) -> list[Verdict]:
    if prediction.request == "not given":
        return []
    if prediction.content == "erased":
        return [not_checked("request", "its digest was erased")]
    if prediction.request == "same":
        return [passed("request", "the file is the request that was answered")]
    return [failed("request", "the file is another request, or was logged by a release that takes other fields")]


def _behind(prediction: PredictionLineage, patience: timedelta) -> tuple[list[Verdict], ConfirmedOrigin]:
    """The verdicts on model, training run and decision, and what they confirmed."""
    try:
        registered = registered_with(prediction.model_digest)
        chain = decision_log(_model_of(prediction, registered)).read()
    except (StoreUnreachableError, InputRefusedError) as error:
        return [not_checked(check, _why(error)) for check in ("model", "training run", "decision")], ConfirmedOrigin()
    with tempfile.TemporaryDirectory() as scratch:
        stored = training_of(prediction.run_id, Path(scratch))
        model = model_verdict(prediction, registered)
        training = training_verdict(prediction, stored)
        decision = decision_verdict(prediction, chain, stored, patience)
    as_sealed = stored is not None and training.outcome != "failed"
    origin = ConfirmedOrigin(
        registered=model.outcome == "passed",
        run_id=prediction.run_id if as_sealed else None,
        tags=dict(stored.tags) if stored is not None and as_sealed else {},
        decision=_in_force(prediction, chain) if decision.outcome == "passed" else None,
    )
    return [model, training, decision], origin


def _in_force(prediction: PredictionLineage, chain: Chain) -> Decision | None:
    """The last decision before the answer that had made the model champion."""
    at = prediction.time
    made = [each for each in chain.decisions if each.changes_champion and _is_about(each, prediction)]
    return next((each for each in reversed(made) if at is not None and _time(each) <= at), None)


def _model_of(prediction: PredictionLineage, registered: Sequence[RegisteredBundle]) -> str:
    """The name of the registered model that answered: of the version and run that the entry names, if registered."""
    own = [found.model for found in registered if (found.version, found.run_id) == _named(prediction)]
    return (own or [found.model for found in registered] or [MODEL_NAME])[0]


def _named(prediction: PredictionLineage) -> tuple[str, str]:
    return prediction.model_version, prediction.run_id


def _why(error: StoreUnreachableError | InputRefusedError) -> str:
    if isinstance(error, StoreUnreachableError):
        return str(error)
    return "; ".join(f"required {problem.required}; found {problem.found}" for problem in error.problems)


def model_verdict(prediction: PredictionLineage, registered: Sequence[RegisteredBundle]) -> Verdict:
    """A registered version has the bundle that answered, with the version and run that the entry names."""
    if not registered:
        return failed("model", f"no registered version has the bundle that answered, {prediction.model_digest}")
    numbers = ", ".join(f"version {found.version} by run {found.run_id}" for found in registered)
    if _named(prediction) not in [(found.version, found.run_id) for found in registered]:
        entry = f"version {prediction.model_version} by run {prediction.run_id or 'unknown'}"
        return failed("model", f"the entry names {entry}; the bundle that answered is registered as {numbers}")
    return passed("model", f"bundle {prediction.model_digest}, {numbers}")


def training_verdict(prediction: PredictionLineage, stored: StoredTraining | None) -> Verdict:
    """The training's record is as sealed, and names cohort, code and dependencies."""
    if stored is None:
        return failed("training run", f"{LOST}: {prediction.run_id or 'the entry names none'}")
    verdicts = record_verdicts(stored)
    wrong = [f"{each.check}: {each.detail}" for each in verdicts if each.outcome == "failed"]
    if wrong:
        return replace(verdict_of("training run", wrong, ""), detail=f"run {stored.run_id}: {listed(wrong)}")
    lacking = [f"no {name} was recorded" for name in PROVENANCE if not stored.tags.get(name)]
    words = f"run {stored.run_id}, as sealed{_provenance(stored)}"
    return not_checked("training run", f"{words}; {listed(lacking)}") if lacking else passed("training run", words)


def _provenance(stored: StoredTraining) -> str:
    """Cohort, code, dependencies and user, if recorded."""
    modified = {"True": " with files that differed from it", "False": ""}.get(stored.tags.get("modified", ""), "")
    said = {
        "cohort": stored.tags.get("cohort_digest"),
        "code": stored.tags.get("commit"),
        "locked dependencies": stored.tags.get("lock_digest"),
        "by": stored.tags.get(TRAINED_BY) or stored.tags.get("mlflow.user"),
    }
    return "".join(f"; {name} {value}{modified if name == 'code' else ''}" for name, value in said.items() if value)


def decision_verdict(
    prediction: PredictionLineage, chain: Chain, stored: StoredTraining | None, patience: timedelta
) -> Verdict:
    """A decision had made the model champion when it answered: the last decision, or one replaced shortly before.

    Decisions are dated to the second, before the service gets the model. For ``patience`` after a decision a worker may
    answer with the previous model. What was answered is compared with what the decision granted.
    """
    linked = chain_verdict(chain.decisions, chain.findings, prediction.run_id, stored)
    if linked.outcome == "failed":
        return replace(linked, check="decision")
    at = prediction.time
    if at is None:
        return not_checked("decision", "the entry's time can't be read")
    made = [each for each in chain.decisions if each.changes_champion and _time(each) <= at]
    if not made:
        return failed("decision", f"no decision had made any version champion by {prediction.at}")
    if _is_about(made[-1], prediction):
        return _granted_verdict(passed("decision", _text(made[-1])), prediction, chain, patience)
    for earlier, later in reversed(list(pairwise(made))):
        if _is_about(earlier, prediction):
            replaced = _replaced_verdict(at - _time(later), earlier, later, patience)
            return _granted_verdict(replaced, prediction, chain, patience)
    own = f"version {prediction.model_version} (bundle {prediction.model_digest[:12]})"
    return failed("decision", f"{own} answered, and no decision had made it champion; in force: {_text(made[-1])}")


def _granted_verdict(verdict: Verdict, prediction: PredictionLineage, chain: Chain, patience: timedelta) -> Verdict:
    """The verdict on a decision, which fails if the answer gave, or called granted, what it had not granted."""
    at = prediction.time
    if verdict.outcome != "passed" or at is None:
        return verdict
    made = [each for each in chain.decisions if each.changes_champion and _time(each) <= at]
    in_force = [each for each in by_which_it_may_answer(made, at, patience) if _is_about(each, prediction)]
    wrong = not_granted(prediction.answered, prediction.landmark, in_force, chain.decisions)
    source = restored_by(in_force[-1], chain.decisions)
    again = f"; it restores {_text(source)}" if source.action == "override" and source != in_force[-1] else ""
    said = f"{verdict.detail}{again}"
    return failed("decision", f"{listed(wrong)}; {said}") if wrong else passed("decision", said)


def _replaced_verdict(late: timedelta, own: Decision, later: Decision, patience: timedelta) -> Verdict:
    """The model had been champion and was replaced; it may still have answered for a while."""
    words = f"{late.total_seconds():.1f} s after it was replaced ({_text(later)}); a worker loads a new model"
    words = f"{_text(own)}; answered {words} within {patience.total_seconds():.0f} s"
    return passed("decision", words) if late <= patience else failed("decision", words)


def _is_about(decision: Decision, prediction: PredictionLineage) -> bool:
    decided = (decision.version, decision.bundle_digest, decision.run_id)
    return decided == (prediction.model_version, prediction.model_digest, prediction.run_id)


def _time(decision: Decision) -> datetime:
    return datetime.fromisoformat(decision.at)


def _text(decision: Decision) -> str:
    """Who decided what, when, why and on which evidence; for an override also the failed checks."""
    not_met = [check.name for check in decision.checks if not check.passed]
    met = f"{len(decision.checks) - len(not_met)} of {len(decision.checks)} checks met"
    checks = met if decision.checks else "no checks"
    evidence = f"on evidence {decision.evidence_digest}" if decision.evidence_digest else "without evidence"
    if decision.action != "override":
        what = f"{decision.action} version {decision.version} by {decision.by} at {decision.at}: {decision.reason}"
        return f"decision {decision.number}, {what}; {evidence}, {checks}"
    failing = f": not met: {'; '.join(not_met)} (figures: kap history --json)" if not_met else ""
    what = f"version {decision.version} at {decision.at}, an OVERRIDE by {decision.by} (reason: {decision.reason})"
    return f"decision {decision.number}, {what}{failing}; {evidence}, {checks}"


def answer_verdict(prediction: PredictionLineage, recompute: Recompute) -> Verdict:
    """The logged answer is the one that the same bundle gives to the logged row."""
    if prediction.content == "erased":
        return not_checked("answer", "the row and the answer were erased")
    if prediction.content == "no row":
        return does_not_apply("answer", "there was nothing to predict, so no row was logged")
    try:
        bundle, place = load_by_digest(prediction.model_digest)
    except BundleRefusedError as refused:
        return not_checked("answer", str(refused))
    wrong = recompute(bundle)
    words = f"computed again from the logged row by {place}, the same within {WITHIN}; {NOT_FROM_THE_ROW}"
    return verdict_of("answer", wrong, words)
