"""The report of a registered version, written again from what its run recorded."""

import hashlib
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from pydantic import ValidationError

from features.protocol.problems import InputRefusedError, Problem
from models.bundle import Bundle
from training.cohort.file_names import STUDY_FILE
from training.evidence.document import Evidence, read_evidence
from training.failures import EvidenceFailedError
from training.provenance import CANDIDATE, TRAINED_BY
from training.registry.artifact_place import artifact_bytes
from training.registry.artifacts import EVIDENCE, EVIDENCE_DIGEST
from training.registry.decision_log import DecisionLog
from training.registry.decisions import Decision, PolicyCheck
from training.registry.release import (
    EVALUATION,
    RegisteredModel,
    checked,
    decision_log,
    fetch,
)
from training.report.authors.reader import parse_study
from training.report.facts import ReportFacts, feature_dictionary, outcome_rules
from training.report.study import StudyAnswers

_PROVENANCE = (
    "commit",
    "modified",
    "lock_digest",
    "sources_digest",
    "python",
    "machine",
    "blas",
    TRAINED_BY,
    "account",
)
_SETTING = "setting."


def recorded_report(version_or_alias: str, given: StudyAnswers | None = None) -> tuple[Evidence, ReportFacts]:
    """The evidence and the facts of a registered version; ``given`` takes the place of the recorded ``study.toml``.

    Raises ``InputRefusedError`` where there is no such version or no evidence, and ``EvidenceFailedError`` if the
    evidence is not the one that was registered.
    """
    with tempfile.TemporaryDirectory() as scratch:
        registered = fetch(version_or_alias, Path(scratch))
        bundle = checked(registered.folder, registered.version, registered.name)
    run = MlflowClient().get_run(registered.run_id)
    evidence = _evidence(registered.run_id, registered.tags.get(EVIDENCE_DIGEST))
    answers = _recorded_answers(registered.run_id) if given is None else replace(given, later=True)
    facts = _facts(run, registered, bundle)
    chain = decision_log(registered.name)
    return evidence, replace(
        facts,
        answers=answers,
        decisions=tuple(_decided(chain, registered.version)),
        evaluations=tuple(source for key, source in sorted(registered.tags.items()) if key.startswith(EVALUATION)),
    )


def _evidence(run_id: str, registered: str | None) -> Evidence:
    try:
        document = artifact_bytes(run_id, EVIDENCE)
        evidence = read_evidence(document)
    except (MlflowException, OSError, ValidationError):
        problem = Problem("registry", None, None, "a version with evidence that can be read", "none, or unreadable")
        raise InputRefusedError([problem]) from None
    if registered is not None and hashlib.sha256(document).hexdigest() != registered:
        raise EvidenceFailedError("the evidence is not the one that was registered; see kap audit verify")
    return evidence


def _recorded_answers(run_id: str) -> StudyAnswers:
    """Those of the training; none in a run that has no ``study.toml``."""
    try:
        return parse_study(artifact_bytes(run_id, STUDY_FILE).decode())
    except FileNotFoundError:
        return StudyAnswers()


def _facts(run: Run, registered: RegisteredModel, bundle: Bundle) -> ReportFacts:
    tags, parameters = run.data.tags, run.data.params
    settings = {key.removeprefix(_SETTING): value for key, value in parameters.items() if key.startswith(_SETTING)}
    return ReportFacts(
        title=f"{registered.name}, protocol {bundle.protocol.name}",
        model_version=registered.version,
        run_id=str(run.info.run_id),
        bundle_digest=bundle.digest,
        written_on=f"{datetime.fromtimestamp(run.info.start_time / 1000, UTC):%Y-%m-%d}",
        seed=int(parameters.get("seed", settings.get("seed", "0"))),
        provenance={key: tags[key] for key in _PROVENANCE if key in tags}
        | {key: value for key, value in sorted(tags.items()) if key.startswith(("package.", CANDIDATE))},
        settings=settings,
        features=feature_dictionary(bundle.protocol),
        outcomes=outcome_rules(bundle.protocol),
        study=bundle.protocol.described,
    )


def _decided(log: DecisionLog, version: str) -> list[str]:
    """The last decision on the version, in a sentence."""
    chain = log.settled()
    if chain.findings and chain.unfinished is None and chain.decisions:
        return ["Promotion: the decision log was changed or lost an entry; see kap history."]
    mine = [decision for decision in chain.decisions if decision.version == version]
    return [decision_text(mine[-1])] if mine else []


def decision_text(decision: Decision) -> str:
    """A decision in a sentence: who, when, and how the checks of the policy ended."""
    by, day, found = decision.by, decision.at[:10], _policy_text(decision.checks)
    words = {
        "promote": f"{by} promoted it on {day}; {found}",
        "override": f"{by} promoted it on {day} by an override, although {found}",
        "rollback": f"{by} made it champion again on {day}, by a rollback, which applies no policy",
        "refuse": f"{by} asked for it on {day}, and it was refused: {found}",
    }
    return f"Promotion (may it answer for patients?): {words[decision.action]}."


def _policy_text(checks: tuple[PolicyCheck, ...]) -> str:
    """How the checks of the policy ended; those that failed by name, once for all landmarks."""
    failed = Counter(check.name.partition(", ")[0] for check in checks if not check.passed)
    if not failed:
        return f"all {len(checks)} checks of the policy passed"
    names = ", ".join(f"{name} ({times})" if times > 1 else name for name, times in failed.items())
    return f"{failed.total()} of {len(checks)} checks of the policy failed: {names}"
