"""Whether the checks that a decision names are those that its own policy gives on the sealed evidence.

A decision is signed as a whole, so who signs can write that a check passed which failed. The comparison with the
champion is left out: it needs the predictions of both.
"""

import json
from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from training.config import PromotionPolicy
from training.evidence.document import Evidence, read_evidence
from training.handover.granted import answered_by
from training.policy.evidence_policy import EVERY_QUESTION, evidence_checks
from training.registry.artifacts import EVIDENCE
from training.registry.decisions import Decision
from training.registry.policy_check import PolicyCheck
from training.registry.seal import digest_of
from training.registry.stored_training import StoredTraining
from training.settings.values import from_values
from training.verdicts import Verdict, does_not_apply, not_checked, verdict_of

CHECK = "policy"


def policy_verdict(stored: StoredTraining, decisions: Sequence[Decision]) -> Verdict:
    """The checks of every decision on a training, made again from its evidence by the policy that the decision names.

    A check is compared if its requirement reads as it does today. A decision may lack one that its evidence fails: then
    another version of this software made it, or somebody left the check out.
    """
    made = [each for each in decisions if each.run_id == stored.run_id and each.policy is not None]
    if not made:
        return does_not_apply(CHECK, "no decision about this training names a policy")
    document, bundle = _evidence_of(stored), stored.loaded_bundle
    if document is None:
        return not_checked(CHECK, "the evidence is lost, so no check can be made again")
    digest, evidence = document
    answered = {} if bundle is None else answered_by(bundle)
    wrong, lacking, compared = [], [], 0
    for decision in made:
        policy = _policy_of(decision)
        if policy is None or decision.evidence_digest != digest:
            lacking.append(
                f"decision {decision.number}: on other evidence, or by a policy that this version can't read"
            )
            continue
        again = {check.name: check for check in evidence_checks(evidence, policy, answered)}
        if bundle is None:  # of which this check asks what it answers
            del again[EVERY_QUESTION]
        same = [each for each in decision.checks if each.name in again and each.required == again[each.name].required]
        compared += len(same)
        wrong += [f"decision {decision.number}: {text}" for text in _differences(same, again)]
        absent = again.keys() - {each.name for each in decision.checks}
        lacking += [
            f"decision {decision.number} has no check {name!r}, which its evidence fails"
            for name in again
            if name in absent and not again[name].passed
        ]
    if lacking and not wrong:
        return not_checked(CHECK, "; ".join(lacking))
    return verdict_of(CHECK, wrong, f"{compared} checks of {len(made)} decisions made again, with the same findings")


def _differences(recorded: Sequence[PolicyCheck], again: dict[str, PolicyCheck]) -> Iterator[str]:
    for check in recorded:
        if _finding(check) != _finding(again[check.name]):
            yield f"{check.name!r} is recorded as {check.verdict}, and the evidence gives {again[check.name].verdict}"


def _finding(check: PolicyCheck) -> str:
    """All of a check but the words for what was seen."""
    return json.dumps(check.model_dump(mode="json", exclude={"seen"}), sort_keys=True)


def _evidence_of(stored: StoredTraining) -> tuple[str, Evidence] | None:
    try:
        content = (stored.artifacts / EVIDENCE).read_bytes()
        return digest_of(content), read_evidence(content)
    except (OSError, ValidationError):
        return None


def _policy_of(decision: Decision) -> PromotionPolicy | None:
    try:
        return from_values(PromotionPolicy, dict(decision.policy or {}))
    except (KeyError, TypeError, ValueError):  # of another version of this software
        return None
