"""Every check of a training's record that needs no data, wherever the record was read from."""

from collections.abc import Sequence
from typing import Protocol

from training.audit.checks import chain_verdict, record_verdicts
from training.audit.decided_checks import policy_verdict
from training.audit.linked import evaluations_verdict, monitoring_verdict
from training.audit.retraining import environment_verdicts
from training.audit.served import served_verdict, signature_verdict
from training.decisions.entry_check import Finding
from training.registry.decisions import Decision
from training.registry.stored_training import StoredTraining
from training.verdicts import Verdict


class VerifiedDecisions(Protocol):
    """The decisions on a model, what is wrong with them, and the champion."""

    @property
    def decisions(self) -> Sequence[Decision]:
        """The decisions by number."""

    @property
    def findings(self) -> Sequence[Finding]:
        """What is wrong with the chain; empty if it holds."""

    @property
    def champion(self) -> str | None:
        """The version that is champion."""


def checked_record(stored: StoredTraining, chain: VerifiedDecisions) -> list[Verdict]:
    """The verdicts without data: on record, decisions, served copies, code and environment."""
    linked = [
        evaluations_verdict(stored),
        monitoring_verdict(stored),
        chain_verdict(chain.decisions, chain.findings, stored.run_id, stored),
        policy_verdict(stored, chain.decisions),
        served_verdict(stored, chain.champion, chain.decisions),
        signature_verdict(stored),
    ]
    return [*record_verdicts(stored), *linked, *environment_verdicts(stored)]
