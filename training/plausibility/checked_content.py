"""Everything that `kap cohort check` says of a cohort that can be used."""

from dataclasses import dataclass

from features.records.cohort import Cohort
from training.cohort.declared_features import DeclaredFeature, declared_features
from training.cohort.summary import CohortSummary, LandmarkFlow, analysis_flow, cohort_summary
from training.cohort.unused import UnusedRecords, unused_records
from training.plausibility.cohort_check import CohortCheck


@dataclass(frozen=True)
class CheckedContent:
    """A cohort's content, who is analysed, what no rule uses, and its check."""

    summary: CohortSummary
    flows: tuple[LandmarkFlow, ...]
    unused: UnusedRecords
    check: CohortCheck
    declared: tuple[DeclaredFeature, ...] = ()


def checked_content(cohort: Cohort, check: CohortCheck) -> CheckedContent:
    """The content of a cohort beside its check."""
    summary, flow, unused = cohort_summary(cohort), analysis_flow(cohort), unused_records(cohort)
    return CheckedContent(summary, flow, unused, check, declared_features(cohort))
