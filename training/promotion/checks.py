"""Promotion checks of a registered version: its evidence is unchanged, is about this model, and meets the policy.

This module fetches the evidence and the held-out predictions from MLflow; the requirements are in `policy`.
"""

import hashlib
import io
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from numpy.typing import NDArray
from pydantic import ValidationError

from features.protocol.problems import InputRefusedError, Problem
from features.records.cohort import Cohort
from models.bundle import Bundle, BundleRefusedError, load_bundle
from training.audit.audit import own_record, require_lost
from training.audit.checks import record_verdicts
from training.cohort.parts.whole import read_whole
from training.config import PromotionPolicy, load_config
from training.evidence.document import Evidence, read_evidence
from training.experiment.champion_comparison import (
    ChampionComparison,
    HeadName,
    ImpossibleComparison,
    compare,
    lacking_columns,
    unanswered,
    winners_predictions,
    without_unrivalled,
)
from training.experiment.predictions import observed_outcomes, predictions_of
from training.experiment.records import pseudonyms
from training.handover.granted import answered_by
from training.policy.evidence_policy import check_policy
from training.registry.artifacts import EVIDENCE, EVIDENCE_DIGEST, HELD_OUT, SUMMARY
from training.registry.policy_check import PolicyCheck
from training.registry.release import RegisteredModel
from training.registry.seal import SEAL_DIGEST
from training.stores.registry_client import RegistryClient


@dataclass(frozen=True)
class PromotionChecks:
    """The checks of a version. If it is not ``sound``, evidence or record were changed and no override is possible."""

    checks: tuple[PolicyCheck, ...]
    sound: bool

    @property
    def passed(self) -> bool:
        """Whether every requirement is met."""
        return all(check.passed for check in self.checks)


def run_checks(
    candidate: RegisteredModel,
    bundle: Bundle,
    champion: RegisteredModel | None,
    policy: PromotionPolicy,
    cohort: Path | None,
) -> PromotionChecks:
    """Make every check of the policy on a version.

    ``cohort`` is the folder of the cohort that it was fitted or updated on, if given.

    A version without evidence or seal fails and may be overridden. One whose evidence or record was changed may not.
    """
    document = candidate.artifact(EVIDENCE)
    recorded = [candidate.tags.get(EVIDENCE_DIGEST), _run_tags(candidate.run_id).get(EVIDENCE_DIGEST)]
    if document is None and recorded == [None, None]:
        return _unsupported("none: this version was registered without evidence; train again", sound=True)
    if document is None or [hashlib.sha256(document).hexdigest()] * 2 != recorded:
        return _unsupported(f"changed or lost: its digest differs from the tags {EVIDENCE_DIGEST}", sound=False)
    try:
        evidence = read_evidence(document)
    except ValidationError:
        return _unsupported("as recorded, but in a format that this installation does not read", sound=False)
    if not _is_about(evidence, bundle):
        return _unsupported("as recorded, but about another model than this version's", sound=False)
    if evidence.bundle_digest is None:
        return _unsupported("as recorded, but it names no model; train again", sound=True)
    as_recorded = _evidence_check("as recorded", passed=True)
    sealed, untouched = _sealed_record(candidate)
    comparison = ChampionComparison(None)
    if champion is not None and champion.version != candidate.version:
        compared = _compare_updated if evidence.kind == "updated" else _compare
        comparison = compared(candidate, bundle, champion, cohort)
    return PromotionChecks(
        (as_recorded, sealed, *check_policy(evidence, policy, comparison, answered_by(bundle))), sound=untouched
    )


def _evidence_check(seen: str, *, passed: bool) -> PolicyCheck:
    required = f"{EVIDENCE} of the version's run, unchanged, about this model"
    return PolicyCheck(name="evidence", passed=passed, required=required, seen=seen, tier="research")


def _unsupported(seen: str, *, sound: bool) -> PromotionChecks:
    return PromotionChecks((_evidence_check(seen, passed=False),), sound)


def _is_about(evidence: Evidence, bundle: Bundle) -> bool:
    """Whether evidence names the bundle, and its cohort, settings, protocol, landmarks and winners are the bundle's."""
    winners = {(landmark.name, head.head): head.winner for landmark in evidence.landmarks for head in landmark.heads}
    settings = bundle.training.get("settings")
    return (
        evidence.bundle_digest in (None, bundle.digest)
        and evidence.cohort.digest == bundle.training.get("cohort_digest")
        and evidence.quick == (settings.get("quick") if isinstance(settings, dict) else None)
        and evidence.protocol_digest == bundle.protocol.digest
        and winners == _winners(bundle)
    )


def _sealed_record(candidate: RegisteredModel) -> tuple[PolicyCheck, bool]:
    """Whether the record of a version is as sealed, as a check; and whether nothing was changed."""
    required = "the version's run is sealed, and everything that was sealed is unchanged (see kap audit verify)"
    check = PolicyCheck(name="sealed record", passed=False, required=required, seen="", tier="research")
    if SEAL_DIGEST not in candidate.tags:
        unsealed = "no seal: the recording was interrupted, or the seal's digest was removed; train again"
        return check.model_copy(update={"seen": unsealed}), True
    scratch = candidate.folder.parent / "record"
    scratch.mkdir(exist_ok=True)
    try:
        verdicts = record_verdicts(own_record(candidate.run_id, scratch))
    except MlflowException as error:
        require_lost(error)
        return check.model_copy(update={"seen": "the run was deleted from the store"}), False
    wrong = [f"{verdict.check}: {verdict.detail}" for verdict in verdicts if verdict.outcome == "failed"]
    seen = "; ".join(wrong) or f"sealed and unchanged, {candidate.tags[SEAL_DIGEST]}"
    return check.model_copy(update={"seen": seen, "passed": not wrong}), not wrong


def _winners(bundle: Bundle) -> dict[HeadName, str | None]:
    return {
        (model.landmark.name, head): record.winner
        for model, records in zip(bundle.models, bundle.records, strict=True)
        for head, record in records.items()
    }


def _compare(
    candidate: RegisteredModel, bundle: Bundle, champion: RegisteredModel, cohort: Path | None
) -> ChampionComparison:
    """By the held-out predictions of both if they share the development cohort; else the champion predicts for it."""
    table = _table(candidate)
    if table is None:
        return _impossible(champion, f"the version's run has no {HELD_OUT}; train again")
    lacking = lacking_columns(table)
    if lacking:
        return _impossible(champion, f"{HELD_OUT} of the version's run lacks {', '.join(lacking)}; train again")
    ours = winners_predictions(table, _winners(bundle))
    theirs = _held_out(champion) if _same_cohort(candidate, champion) else None
    if theirs is not None:
        return _with_unanswered(compare(ours, theirs, champion.version), bundle, champion)
    if cohort is None:
        reason = (
            f"version {champion.version} has no predictions for these patients; give the development cohort of version "
            f"{candidate.version} with --cohort DIR"
        )
        return _impossible(champion, reason)
    names = pseudonyms(_own_cohort(candidate, bundle, cohort))
    seen_by = [champion] if _same_cohort(candidate, champion) else []
    found = _with_unanswered(_against(champion, ours, cohort, names), bundle, champion)
    return _favouring(found, seen_by, candidate, champion)


def _compare_updated(
    candidate: RegisteredModel, bundle: Bundle, champion: RegisteredModel, cohort: Path | None
) -> ChampionComparison:
    """Both predict for the cohort of the update, because an update keeps no predictions of held-out patients."""
    if cohort is None:
        reason = (
            "an update keeps no predictions of held-out patients; give the cohort that version "
            f"{candidate.version} was updated on with --cohort DIR"
        )
        return _impossible(champion, reason)
    read = _own_cohort(candidate, bundle, cohort)
    names = pseudonyms(read)
    evaluated = observed_outcomes(read, names, load_config())
    predicted = predictions_of(bundle, read, names, evaluated)
    ours = {head: rows.join(evaluated[head], how="inner") for head, rows in predicted.items()}
    seen_by = [candidate, champion] if _same_cohort(candidate, champion) else [candidate]
    found = _with_unanswered(_against(champion, ours, cohort, names), bundle, champion)
    return _favouring(found, seen_by, candidate, champion)


def _own_cohort(candidate: RegisteredModel, bundle: Bundle, cohort: Path) -> Cohort:
    """The cohort in a folder; raises ``InputRefusedError`` if it is not the candidate's."""
    read = read_whole(cohort, bundle.protocol).cohort
    if read.digest != candidate.tags.get("cohort_digest"):
        required = f"the cohort that version {candidate.version} was fitted or updated on, unchanged"
        raise InputRefusedError([Problem("promote", None, "--cohort", required, "another cohort")])
    return read


def _against(
    champion: RegisteredModel, ours: dict[HeadName, pd.DataFrame], cohort: Path, names: NDArray[np.str_]
) -> ChampionComparison:
    """The candidate's predictions against the champion's for the same patients.

    ``names`` are the pseudonyms of the candidate's patients; another protocol would give other pseudonyms.
    """
    try:
        known = load_bundle(champion.folder)
    except BundleRefusedError as error:
        return _impossible(champion, f"the champion can't be loaded ({error})")
    read = read_whole(cohort, known.protocol).cohort
    return compare(ours, predictions_of(known, read, names, ours), champion.version)


def _with_unanswered(comparison: ChampionComparison, bundle: Bundle, champion: RegisteredModel) -> ChampionComparison:
    """The comparison, impossible too if the candidate answers fewer questions than the champion."""
    try:
        known = load_bundle(champion.folder)
    except BundleRefusedError:
        return replace(comparison, caveat="the champion can't be loaded: its horizons were not compared")
    comparison = without_unrivalled(comparison, known)
    return replace(comparison, impossible=comparison.impossible + unanswered(bundle, known))


def _favouring(
    comparison: ChampionComparison,
    seen_by: list[RegisteredModel],
    candidate: RegisteredModel,
    champion: RegisteredModel,
) -> ChampionComparison:
    """The comparison with a warning if versions predict for patients whom they were fitted on, or may have been."""
    caveats = [comparison.caveat] if comparison.caveat else []
    if seen_by:
        who = " and ".join(f"version {each.version}" for each in seen_by)
        whom = "both" if len(seen_by) > 1 else "it"
        were = "were" if len(seen_by) > 1 else "was"
        caveats.append(f"{who} {were} fitted on these patients, which favours {whom}")
    if not _same_cohort(candidate, champion):
        other = f"version {champion.version} was fitted on another cohort, which may share patients with this one"
        caveats.append(f"{other}: shared patients favour the champion")
    return replace(comparison, caveat="; ".join(caveats))


def _impossible(champion: RegisteredModel, reason: str) -> ChampionComparison:
    return ChampionComparison(champion.version, (), (ImpossibleComparison(reason),))


def _same_cohort(candidate: RegisteredModel, champion: RegisteredModel) -> bool:
    digest = candidate.tags.get("cohort_digest")
    return digest is not None and digest == champion.tags.get("cohort_digest")


def _held_out(champion: RegisteredModel) -> dict[HeadName, pd.DataFrame] | None:
    """The champion's own held-out predictions; ``None`` if its run has none that can be compared."""
    table, winners = _table(champion), _recorded_winners(champion)
    if table is None or winners is None or lacking_columns(table):
        return None
    return winners_predictions(table, winners)


def _table(registered: RegisteredModel) -> pd.DataFrame | None:
    content = registered.artifact(HELD_OUT)
    return None if content is None else pd.read_parquet(io.BytesIO(content))


def _recorded_winners(registered: RegisteredModel) -> dict[HeadName, str | None] | None:
    content = registered.artifact(SUMMARY)
    if content is None:
        return None
    return {
        (landmark["name"], head): landmark[head]["winner"]
        for landmark in json.loads(content)["landmarks"]
        for head in ("remission", "relapse")
        if landmark[head] is not None
    }


def _run_tags(run_id: str) -> dict[str, str]:
    try:
        return dict(RegistryClient().get_run(run_id).data.tags)
    except MlflowException:
        return {}
