"""The content of a cohort and the patient flow at each landmark: the arithmetic and the text of `kap cohort check`."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.eligibility.eligibility import Ineligible
from features.eligibility.not_reached import why_not_reached
from features.protocol.columns import CHILD_TABLES
from features.protocol.document import Landmark
from features.records.cohort import Cohort, Values
from features.records.timeline import Floats, Mask
from training.cohort.event_records import missing_events
from training.outcomes.labels import EndedBy, Outcomes, derive_outcomes
from training.simulation.marks import is_synthetic

_WIDTH = 100
_LABEL = 62


@dataclass(frozen=True)
class ColumnSummary:
    """One column of a table; ``missing_share`` is the share of rows without a value, from 0 to 1."""

    name: str
    missing_share: float


@dataclass(frozen=True)
class TableSummary:
    """One table; ``patients`` counts those with a row in it. Days count from day 0, ``None`` if there is none."""

    name: str
    rows: int
    patients: int
    first_day: int | None
    last_day: int | None
    columns: tuple[ColumnSummary, ...]


@dataclass(frozen=True)
class CohortSummary:
    """A cohort's content. ``without_site`` and ``asked_for_history`` (of earlier treatments) count patients.

    ``missing_events`` is a sentence on events that were never recorded, if any.
    """

    protocol: str
    patients: int
    sites: int
    without_site: int
    asked_for_history: int
    is_synthetic: bool
    tables: tuple[TableSummary, ...]
    missing_events: str | None = None


@dataclass(frozen=True)
class OutcomeCounts:
    """Patients by their outcome."""

    yes: int
    no: int
    not_observed: int


@dataclass(frozen=True)
class LandmarkFlow:
    """Patients at one landmark, counted from all of them down to those at risk of relapse.

    ``left_out`` has every reason that applies to a patient, ``not_reached`` why the landmark was not reached. Of the
    eligible, ``remission`` counts all; of those in remission, ``ended`` counts those followed for at least one day by
    what ended their time at risk, and ``not_followed`` the others. ``sustained`` has the answers per horizon (days
    after the start of risk). ``median_followed_days`` is ``None`` if no patient is followed.
    """

    landmark: Landmark
    patients: int
    left_out: tuple[tuple[Ineligible, int], ...]
    not_reached: tuple[tuple[str, int], ...]
    eligible: int
    instruments: tuple[tuple[str, int], ...]
    remission_at_landmark: bool
    remission: OutcomeCounts
    not_followed: int
    ended: Mapping[EndedBy, int]
    median_followed_days: float | None
    sustained: tuple[tuple[int, OutcomeCounts], ...]


def cohort_summary(cohort: Cohort) -> CohortSummary:
    """Rows, patients, days and missing proportions of every table."""
    site = ColumnSummary("site_id", _share(cohort.site < 0))
    columns = (site, *_column_summaries(cohort.patients))
    patients = TableSummary("patients", len(cohort), len(cohort), None, None, columns)
    return CohortSummary(
        protocol=cohort.protocol.name,
        patients=len(cohort),
        sites=len(set(cohort.site[cohort.site >= 0].tolist())),
        without_site=int(np.sum(cohort.site < 0)),
        is_synthetic=is_synthetic(cohort),
        asked_for_history=int(np.sum(cohort.number("prior_treatments_recorded") == 1)),
        tables=(patients, *(_table_summary(cohort, name) for name in CHILD_TABLES)),
        missing_events=missing_events(cohort),
    )


def analysis_flow(cohort: Cohort) -> tuple[LandmarkFlow, ...]:
    """Who is left out, and the outcomes of the others, per landmark of the protocol."""
    return tuple(landmark_flow(cohort, derive_outcomes(cohort, landmark)) for landmark in cohort.protocol.landmarks)


def landmark_flow(cohort: Cohort, outcomes: Outcomes) -> LandmarkFlow:
    """Counts of the outcomes of a cohort at one landmark."""
    eligible, at_risk = outcomes.eligible, outcomes.at_risk
    reasons = outcomes.ineligible.tolist()
    names = cohort.protocol.instrument_names
    rated = outcomes.primary.code[eligible & (outcomes.primary.code >= 0)]
    remission = _answers(outcomes.remission, eligible)
    sustained = zip(cohort.protocol.horizons_days, outcomes.sustained.T, strict=True)
    return LandmarkFlow(
        landmark=outcomes.landmark,
        patients=len(cohort),
        left_out=tuple((reason, reasons.count(reason)) for reason in Ineligible if reason in reasons),
        not_reached=_why_not_reached(cohort, outcomes.landmark),
        eligible=int(eligible.sum()),
        instruments=tuple((names[code], int(np.sum(rated == code))) for code in np.unique(rated)),
        remission_at_landmark=cohort.protocol.remission.at_landmark,
        remission=remission,
        not_followed=remission.yes - int(at_risk.sum()),
        ended={
            end: int(np.sum(outcomes.ended_by[at_risk] == end)) for end in EndedBy if end is not EndedBy.NOT_AT_RISK
        },
        median_followed_days=float(np.median(outcomes.followed_days[at_risk])) if at_risk.any() else None,
        sustained=tuple((days, _answers(values, eligible)) for days, values in sustained),
    )


def _why_not_reached(cohort: Cohort, landmark: Landmark) -> tuple[tuple[str, int], ...]:
    reasons = Counter[str]()
    for part in cohort.portions():
        reasons.update(why for why in why_not_reached(part, landmark).tolist() if why is not None)
    return tuple(reasons.most_common())


def render_summary(
    summary: CohortSummary, flows: Sequence[LandmarkFlow], unused: Sequence[str] = (), scores: Sequence[str] = ()
) -> str:
    """All as text for a terminal, 100 characters wide; ``unused`` are lines of `unused`, ``scores`` a table of them."""
    opening = []
    if summary.is_synthetic:
        opening.append("This cohort is SYNTHETIC: a program drew it, and its patients do not exist.")
    without = f", {_people(summary.without_site)} without a site" if summary.without_site else ""
    sites = f"{summary.sites} site{'' if summary.sites == 1 else 's'}"
    opening.append(f'Protocol "{summary.protocol}": {_people(summary.patients)}, {sites}{without}')
    parts = [opening, _table_lines(summary), _column_lines(summary), list(scores), list(unused)]
    parts += map(_flow_lines, flows)
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _table_summary(cohort: Cohort, name: str) -> TableSummary:
    rows = cohort.table(name)
    days = rows.numbers("day") if "day" in rows.columns else np.empty(0)
    return TableSummary(
        name=name,
        rows=len(rows),
        patients=int(rows.exists_for_patient().sum()),
        first_day=int(days.min()) if len(days) else None,
        last_day=int(days.max()) if len(days) else None,
        columns=_column_summaries(rows.columns),
    )


def _column_summaries(columns: Mapping[str, Values]) -> tuple[ColumnSummary, ...]:
    """All except ``prior_treatments_recorded``, which a cohort fills in if it was not recorded."""
    return tuple(
        ColumnSummary(name, _missing_share(values))
        for name, values in columns.items()
        if name != "prior_treatments_recorded"
    )


def _missing_share(values: Values) -> float:
    is_code = np.issubdtype(values.dtype, np.integer)
    return _share(np.asarray(values == -1 if is_code else np.isnan(values)))


def _share(missing: Mask) -> float:
    return float(missing.mean()) if len(missing) else 0.0


def _answers(values: Floats, among: Mask) -> OutcomeCounts:
    chosen = values[among]
    return OutcomeCounts(int(np.sum(chosen == 1)), int(np.sum(chosen == 0)), int(np.sum(np.isnan(chosen))))


def _people(count: int) -> str:
    return f"{count:,} patient{'' if count == 1 else 's'}"


def _table_lines(summary: CohortSummary) -> list[str]:
    lines = [f"{'Table':<20}{'rows':>12}{'patients':>12}   days (from day 0)"]
    for table in summary.tables:
        days = "" if table.first_day is None else f"   {table.first_day} to {table.last_day}"
        lines.append(f"  {table.name:<18}{table.rows:>12,}{table.patients:>12,}{days}")
    asked = f"{summary.asked_for_history:,} of {_people(summary.patients)}"
    others = summary.asked_for_history < summary.patients
    lines.append(
        f"Earlier treatments were recorded for {asked}{'; their number is unknown for the others' if others else ''}."
    )
    return lines + textwrap.wrap(summary.missing_events or "", _WIDTH)


def _column_lines(summary: CohortSummary) -> list[str]:
    lines = ["Columns, with the share of rows without a value"]
    for table in summary.tables:
        if table.rows:
            always = [column.name for column in table.columns if column.missing_share == 0]
            partly = [
                f"{column.name} ({_percent(column.missing_share)})"
                for column in table.columns
                if 0 < column.missing_share < 1
            ]
            never = [column.name for column in table.columns if column.missing_share == 1]
            lines.append(f"  {table.name}")
            for title, names in (("always recorded", always), ("partly missing", partly), ("never recorded", never)):
                lines += _listed(title, names)
    return lines


def _percent(share: float) -> str:
    """A share above 0 and below 1, never rounded to either."""
    return "<1%" if share < 0.01 else ">99%" if share > 0.99 else f"{share:.0%}"


def _listed(title: str, names: Sequence[str]) -> list[str]:
    indent = " " * 21
    return textwrap.wrap(", ".join(names), _WIDTH, initial_indent=f"    {title:<17}", subsequent_indent=indent)


def _flow_lines(flow: LandmarkFlow) -> list[str]:
    lines = [f'Landmark "{flow.landmark.name}" ({_landmark_day(flow.landmark)})', _counted("  patients", flow.patients)]
    for reason, count in flow.left_out:
        lines.append(_counted(f"    left out: {reason.value}", count))
        if reason is Ineligible.LANDMARK_NOT_REACHED:
            lines += [_counted(f"      {why}", number) for why, number in flow.not_reached]
    lines.append(_counted("  in the analysis", flow.eligible))
    if not flow.eligible:
        return [*lines, "  No patients are left: no model can be fitted at this landmark."]
    if flow.instruments and not flow.remission_at_landmark:
        lines += _listed_instruments(flow.instruments)
    lines += _remission_lines(flow)
    lines.append(f"  {'remission sustained for at least':<{_LABEL - 14}}{'yes':>10}{'no':>10}{'not observed':>15}")
    for days, answers in flow.sustained:
        label = f"    {days:,} days"
        lines.append(f"{label:<{_LABEL - 12}}{answers.yes:>10,}{answers.no:>10,}{answers.not_observed:>15,}")
    return lines


def _landmark_day(landmark: Landmark) -> str:
    if landmark.before_session is None:
        return f"day {landmark.day}"
    fallback = f", at the latest {landmark.else_days} days after the session before" if landmark.else_days else ""
    return f"on the day of dosing session {landmark.before_session}{fallback}"


def _listed_instruments(instruments: Iterable[tuple[str, int]]) -> list[str]:
    text = "primary instrument: " + ", ".join(f"{name} {count:,}" for name, count in instruments)
    return textwrap.wrap(text, _WIDTH, initial_indent="    ", subsequent_indent="      ")


def _remission_lines(flow: LandmarkFlow) -> list[str]:
    by_rule = " (all, as the protocol says)" if flow.remission_at_landmark else ""
    lines = [_counted(f"    in remission{by_rule}", flow.remission.yes)]
    ends = {
        EndedBy.RELAPSE: "relapsed",
        EndedBy.COMPETING: "died or began a new treatment first",
        EndedBy.CENSORED: "neither by the end of follow-up",
    }
    lines += [_counted(f"      {words}", flow.ended[end]) for end, words in ends.items()]
    if flow.not_followed:
        lines.append(_counted("      not followed for a day: left out for relapse", flow.not_followed))
    if flow.median_followed_days is not None:
        lines.append(_counted("      median days from remission to the first of these", flow.median_followed_days))
    if not flow.remission_at_landmark:
        lines.append(_counted("    not in remission", flow.remission.no))
        lines.append(_counted("    remission not observed: no reading decides", flow.remission.not_observed))
    return lines


def _counted(label: str, count: float) -> str:
    return f"{label:<{_LABEL}}{count:>10,.0f}"
