"""The contents of a cohort's parts as the content of the cohort: counts add up, shares follow from them.

No patient is in two parts.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from features.eligibility.eligibility import Ineligible
from features.protocol.columns import CHILD_TABLES
from features.protocol.document import Protocol
from features.records.cohort import Cohort
from training.cohort.declared_features import DeclaredFeature, FeatureCount
from training.cohort.summary import (
    CohortSummary,
    ColumnSummary,
    LandmarkFlow,
    OutcomeCounts,
    TableSummary,
    cohort_summary,
    landmark_flow,
)
from training.cohort.unused import RowsAfterWithdrawal, SessionNumbers, UnusedRecords, unused_reasons
from training.metrics.counted_values import CountedValues, added_values, counted_values
from training.outcomes.labels import derive_outcomes


@dataclass(frozen=True, eq=False)
class PartSummary:
    """A part's content, with what the whole needs beside it: the names of its sites, and days followed per landmark."""

    summary: CohortSummary
    site_names: tuple[str, ...]
    flows: tuple[LandmarkFlow, ...]
    followed_days: tuple[CountedValues, ...]


def part_summary(cohort: Cohort) -> PartSummary:
    """The content of a part."""
    derived = [derive_outcomes(cohort, landmark) for landmark in cohort.protocol.landmarks]
    return PartSummary(
        cohort_summary(cohort),
        cohort.site_names,
        tuple(landmark_flow(cohort, outcomes) for outcomes in derived),
        tuple(counted_values(outcomes.followed_days[outcomes.at_risk]) for outcomes in derived),
    )


def whole_summary(parts: Sequence[PartSummary]) -> CohortSummary:
    """The content of the cohort."""
    summaries = [part.summary for part in parts]
    tables = tuple(_whole_table(of_parts) for of_parts in zip(*(one.tables for one in summaries), strict=True))
    return replace(
        summaries[0],
        patients=sum(one.patients for one in summaries),
        sites=len(set().union(*(part.site_names for part in parts))),
        without_site=sum(one.without_site for one in summaries),
        asked_for_history=sum(one.asked_for_history for one in summaries),
        is_synthetic=any(one.is_synthetic for one in summaries),
        tables=tables,
        missing_events=_missing_events(summaries),
    )


def whole_flows(parts: Sequence[PartSummary], protocol: Protocol) -> tuple[LandmarkFlow, ...]:
    """The patient flow of the cohort at each landmark."""
    return tuple(
        _whole_flow([part.flows[at] for part in parts], [part.followed_days[at] for part in parts], protocol)
        for at in range(len(protocol.landmarks))
    )


def whole_unused(parts: Sequence[UnusedRecords], protocol: Protocol) -> UnusedRecords:
    """The cohort's records that no rule uses."""
    late, numbers = [one.after_withdrawal for one in parts], [one.session_numbers for one in parts]
    return UnusedRecords(
        _added((one.ratings for one in parts), unused_reasons(protocol)),
        RowsAfterWithdrawal(_added((one.rows for one in late), CHILD_TABLES), sum(one.patients for one in late)),
        SessionNumbers(sum(one.begin_later for one in numbers), sum(one.lack_one for one in numbers)),
    )


def whole_features(parts: Sequence[Sequence[DeclaredFeature]]) -> tuple[DeclaredFeature, ...]:
    """The counts of declared features in the cohort."""
    return tuple(
        DeclaredFeature(
            features[0].name,
            tuple(_whole_count(counts) for counts in zip(*(one.landmarks for one in features), strict=True)),
        )
        for features in zip(*parts, strict=True)
    )


def _missing_events(summaries: Sequence[CohortSummary]) -> str | None:
    """What a cohort without a kind of event is told of: by a part with other events, where there is one."""
    said = [(one.missing_events, _rows_of(one, "events")) for one in summaries]
    if not all(sentence for sentence, _ in said):
        return None
    return max(said, key=lambda each: each[1] > 0)[0]


def _rows_of(summary: CohortSummary, table: str) -> int:
    return next(one.rows for one in summary.tables if one.name == table)


def _whole_table(tables: Sequence[TableSummary]) -> TableSummary:
    columns = zip(*(table.columns for table in tables), strict=True)
    rows = [table.rows for table in tables]
    first = [table.first_day for table in tables if table.first_day is not None]
    last = [table.last_day for table in tables if table.last_day is not None]
    return TableSummary(
        tables[0].name,
        sum(rows),
        sum(table.patients for table in tables),
        min(first, default=None),
        max(last, default=None),
        tuple(ColumnSummary(of_parts[0].name, _missing_share(of_parts, rows)) for of_parts in columns),
    )


def _missing_share(columns: Sequence[ColumnSummary], rows: Sequence[int]) -> float:
    missing = sum(round(column.missing_share * number) for column, number in zip(columns, rows, strict=True))
    return missing / sum(rows) if sum(rows) else 0.0


def _whole_flow(flows: Sequence[LandmarkFlow], followed: Sequence[CountedValues], protocol: Protocol) -> LandmarkFlow:
    days = added_values(followed)
    sustained = zip(*(flow.sustained for flow in flows), strict=True)
    return replace(
        flows[0],
        patients=sum(flow.patients for flow in flows),
        left_out=_added((flow.left_out for flow in flows), Ineligible),
        not_reached=_most_frequent(flow.not_reached for flow in flows),
        eligible=sum(flow.eligible for flow in flows),
        instruments=_added((flow.instruments for flow in flows), protocol.instrument_names),
        remission=_answers(flow.remission for flow in flows),
        not_followed=sum(flow.not_followed for flow in flows),
        ended={end: sum(flow.ended[end] for flow in flows) for end in flows[0].ended},
        median_followed_days=days.quantiles([0.5])[0] if len(days) else None,
        sustained=tuple((each[0][0], _answers(answers for _, answers in each)) for each in sustained),
    )


def _answers(counts: Iterable[OutcomeCounts]) -> OutcomeCounts:
    listed = list(counts)
    return OutcomeCounts(
        sum(one.yes for one in listed), sum(one.no for one in listed), sum(one.not_observed for one in listed)
    )


def _whole_count(counts: Sequence[FeatureCount]) -> FeatureCount:
    return FeatureCount(counts[0].landmark, sum(one.patients for one in counts), sum(one.reached for one in counts))


def _most_frequent(counts: Iterable[Iterable[tuple[str, int]]]) -> tuple[tuple[str, int], ...]:
    return tuple(_summed(counts).most_common())


def _added(counts: Iterable[Iterable[tuple[Any, int]]], order: Iterable[Any]) -> tuple[tuple[Any, int], ...]:
    """What several counted, in this order, without zeros."""
    found = _summed(counts)
    return tuple((name, found[name]) for name in order if found[name])


def _summed(counts: Iterable[Iterable[tuple[Any, int]]]) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for each in counts:
        found.update(dict(each))
    return found
