"""The first page of a dossier: what an auditor must know before reading on. It fits one sheet of A4."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from features.protocol.shortening import named
from training.audit.retraining import DATA_CHECKS
from training.config import load_policy
from training.dossier.content import Dossier
from training.dossier.status import promoted_for, status
from training.dossier.tables import cover_table
from training.report.facts import LIMITS_OF_USE
from training.report.limits import NOT_FOR_WHOM, limits
from training.report.templating import Table

MOST_LIMITS = 6
"""Limits on the cover; the evidence has the rest [judgement: what fits the sheet]."""


@dataclass(frozen=True)
class DossierCover:
    """The texts and the table of the first page; ``policy`` says whose thresholds the table has."""

    status: str
    promoted_for: Sequence[str]
    intended_use: str
    limits: Sequence[str]
    not_checked: Sequence[str]
    table: Table | None
    policy: str
    author: str
    trained_at: str


def cover(dossier: Dossier) -> DossierCover:
    """The cover of a dossier; the same dossier gives the same cover."""
    policy, whose = policy_in_force(dossier)
    return DossierCover(
        status=_status(dossier),
        promoted_for=promoted_for(dossier.succession, dossier.decisions),
        intended_use=intended_use(dossier),
        limits=list(_shortened([*NOT_FOR_WHOM, *(limits(dossier.evidence) if dossier.evidence else ())])),
        not_checked=list(_not_checked(dossier)),
        table=cover_table(dossier.evidence, policy) if dossier.evidence else None,
        policy=whose,
        author=dossier.author,
        trained_at=dossier.trained_at or "not recorded",
    )


def intended_use(dossier: Dossier) -> str:
    """The purpose that the protocol declares, and the limits of every use."""
    if dossier.bundle is None:
        return f"Not known: the bundle does not load. {LIMITS_OF_USE}"
    return f"{dossier.bundle.protocol.described.purpose} {LIMITS_OF_USE}"


def policy_in_force(dossier: Dossier) -> tuple[Mapping[str, object], str]:
    """The policy of the last decision on the version that has one, else the default; and whose it is."""
    for decision in reversed(dossier.decisions):
        if decision.policy is not None:
            return decision.policy, f"the policy of decision {decision.number}"
    return load_policy().as_document(), "the default policy, because no decision on this version names one"


def _status(dossier: Dossier) -> str:
    said = status(dossier.version, dossier.succession, dossier.decisions)
    broken = any(each.check == "decisions" and each.outcome == "failed" for each in dossier.verdicts)
    return f"NOT RELIABLE, because the decisions were changed or contradict the record: {said}" if broken else said


def _shortened(found: Sequence[str]) -> Iterator[str]:
    yield from found[:MOST_LIMITS]
    if len(found) > MOST_LIMITS:
        yield f"And {len(found) - MOST_LIMITS} more under The evidence."


def _not_checked(dossier: Dossier) -> Iterator[str]:
    """What no check has looked at, and why; the checks that need the cohort are never made for a dossier."""
    for verdict in dossier.verdicts:
        if verdict.outcome in ("not checked", "does not apply"):
            yield f"{verdict.check} ({verdict.outcome}): {verdict.detail}"
    yield f"{named(list(DATA_CHECKS))}: the cohort was not given; kap audit verify --data makes these checks"
