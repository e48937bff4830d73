"""All findings about a cohort, what is refused first; a cohort whose outcomes they falsify is refused as a whole."""

from itertools import chain

from features.protocol.problems import CohortRefusedError, Problem
from features.records.cohort import Cohort
from training.plausibility.constants import constant_findings
from training.plausibility.far_records import far_record_findings
from training.plausibility.finding import CohortFinding
from training.plausibility.rating_days import session_day_findings, window_findings
from training.plausibility.records import (
    contradictions,
    dose_findings,
    illness_findings,
    same_day_findings,
    session_number_findings,
    withdrawal_findings,
)
from training.plausibility.score_findings import score_findings
from training.plausibility.treatment_history import history_findings

_CHECKS = (
    contradictions,
    session_number_findings,
    same_day_findings,
    withdrawal_findings,
    dose_findings,
    far_record_findings,
    window_findings,
    session_day_findings,
    score_findings,
    illness_findings,
    history_findings,
    constant_findings,
)


def findings(cohort: Cohort) -> tuple[CohortFinding, ...]:
    """What falsifies outcomes (refused) or may (warning), in the order of their weight."""
    return tuple(chain.from_iterable(check(cohort) for check in _CHECKS))


def refuse_implausible(cohort: Cohort) -> tuple[CohortFinding, ...]:
    """The warnings about a cohort; raises ``CohortRefusedError`` with the findings that falsify outcomes."""
    found = findings(cohort)
    problems = [
        Problem(finding.table, None, finding.column, finding.remedy, finding.sentence)
        for finding in found
        if finding.severity == "refused"
    ]
    if problems:
        raise CohortRefusedError(problems)
    return found
