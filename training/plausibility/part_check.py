"""The check of a cohort in parts: each part is read and checked by itself, wherever jobs run.

The counts and figures are those of the whole cohort. A warning is of one part, and names its file: whether something is
suspect is decided among the patients of that part.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

from features.protocol.document import Protocol
from features.protocol.problems import CohortRefusedError, Problem
from training.cohort.declared_features import DeclaredFeature, declared_features
from training.cohort.file_names import IMPORT_RECORD
from training.cohort.parts.identifiers import PartIdentifiers, identifiers_of, require_apart
from training.cohort.parts.part import CohortPart, at_files, parts_of, protocol_of, read_part
from training.cohort.parts.remote import Place
from training.cohort.parts.summaries import (
    PartSummary,
    part_summary,
    whole_features,
    whole_flows,
    whole_summary,
    whole_unused,
)
from training.cohort.parts.whole import files_not_read
from training.cohort.unused import UnusedRecords, unused_records
from training.execution.side_by_side import side_by_side
from training.plausibility.checked_content import CheckedContent
from training.plausibility.cohort_check import CohortCheck, check_reading
from training.plausibility.finding import CohortFinding, counted
from training.plausibility.score_counts import ScoreCounts, added_scores, score_counts
from training.plausibility.score_table import table_of

Announce = Callable[[str, int], Callable[[], None]]
"""Begins a stage of so many pieces; its result is called after each."""


@dataclass(frozen=True, eq=False)
class PartCheck:
    """The check of a part, with what the whole is made of."""

    check: CohortCheck
    summary: PartSummary
    scores: tuple[ScoreCounts, ...]
    unused: UnusedRecords
    declared: tuple[DeclaredFeature, ...]
    identifiers: PartIdentifiers


def check_parts(place: Place, workers: int, announce: Announce, *, strict: bool) -> CheckedContent:
    """The content and the check of a cohort in parts.

    Raises ``CohortRefusedError`` with the problems of every part, or if a patient is in two.
    """
    protocol, parts = protocol_of(place), parts_of(place)
    advance = announce("checking, part by part", len(parts))
    checks, problems = list[PartCheck](), list[Problem]()
    for found in side_by_side(partial(_checked, protocol, strict), ((part,) for part in parts), workers):
        if isinstance(found, PartCheck):
            checks.append(found)
        else:
            problems += found
        advance()
    if problems:
        raise CohortRefusedError(problems)
    require_apart(parts, [one.identifiers for one in checks])
    return _whole(checks, protocol, _not_read(place))


def _not_read(place: Place) -> tuple[str, ...]:
    """Files beside the tables; the record of an import too, for only the whole cohort could agree with it."""
    has_record = isinstance(place, Path) and (place / IMPORT_RECORD).exists()
    return (*files_not_read(place), *([IMPORT_RECORD] if has_record else []))


def with_findings_summarised(content: CheckedContent) -> CheckedContent:
    """With one finding of each kind, of the first part that has it, and in how many other files it is."""
    return replace(content, check=replace(content.check, findings=tuple(_summarised(content.check.findings))))


def _summarised(found: Iterable[CohortFinding]) -> list[CohortFinding]:
    first: dict[tuple[str, str, str | None], CohortFinding] = {}
    files: Counter[tuple[str, str, str | None]] = Counter()
    for finding in found:
        kind = (finding.code, finding.table.partition("/")[0], finding.column)
        first.setdefault(kind, finding)
        files[kind] += 1
    return [_with_others(finding, files[kind] - 1) for kind, finding in first.items()]


def _with_others(finding: CohortFinding, others: int) -> CohortFinding:
    if not others:
        return finding
    return replace(finding, remedy=f"{finding.remedy} The same warning is due for {counted(others, 'other file')}.")


def _checked(protocol: Protocol, strict: bool, part: CohortPart) -> PartCheck | list[Problem]:
    """The check of a part, or what is wrong with it."""
    try:
        reading = read_part(part, protocol, strict=strict)
        check = check_reading(reading)
    except CohortRefusedError as refused:
        return at_files(refused.problems, part)
    findings = tuple(replace(one, table=part.place_of(one.table)) for one in check.findings)
    cohort = reading.cohort
    return PartCheck(
        replace(check, findings=findings),
        part_summary(cohort),
        score_counts(cohort),
        unused_records(cohort),
        declared_features(cohort),
        identifiers_of(reading, strict=strict),
    )


def _whole(parts: Sequence[PartCheck], protocol: Protocol, files: tuple[str, ...]) -> CheckedContent:
    summaries = [part.summary for part in parts]
    return CheckedContent(
        whole_summary(summaries),
        whole_flows(summaries, protocol),
        whole_unused([part.unused for part in parts], protocol),
        CohortCheck(
            findings=tuple(chain.from_iterable(part.check.findings for part in parts)),
            scores=table_of(added_scores([part.scores for part in parts], protocol.instrument_names)),
            repairs=tuple(chain.from_iterable(part.check.repairs for part in parts)),
            columns_not_read=tuple(dict.fromkeys(chain.from_iterable(part.check.columns_not_read for part in parts))),
            files_not_read=files,
        ),
        whole_features([part.declared for part in parts]),
    )
