"""The check of a cohort as a training records it: findings, scores, repairs, and the record of the import.

It has counts and figures of groups, and nothing of one patient.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

from features.protocol.problems import CohortRefusedError, Problem
from features.records.cohort import Cohort
from training.cohort.file_names import IMPORT_RECORD
from training.cohort.reader import CohortReading
from training.cohort.repairs import Repair
from training.plausibility.finding import CohortFinding, counted
from training.plausibility.findings import refuse_implausible
from training.plausibility.import_agreement import ImportAgreement, import_agreement, import_findings
from training.plausibility.score_table import InstrumentScores, score_table

FORMAT = 1
CHECK = "cohort_check.json"
"""The artifact of a training that holds the check."""

Import: TypeAlias = tuple[bytes, ImportAgreement]
"""The content of ``import.json``, and whether it is of the cohort beside it."""

IMPORT_DIGEST = "import_digest"
"""The tag of a training with the SHA-256 of that record."""


@dataclass(frozen=True)
class CohortCheck:
    """What was found in a cohort before it was used.

    ``repairs`` are those of the reader; it did not read the columns and files named. ``import_record`` is the content
    of ``import.json``, and ``agreement`` says whether it is of this cohort; ``None`` if the cohort has none.
    """

    findings: tuple[CohortFinding, ...]
    scores: tuple[InstrumentScores, ...]
    repairs: tuple[Repair, ...] = ()
    columns_not_read: tuple[str, ...] = ()
    files_not_read: tuple[str, ...] = ()
    import_record: bytes | None = None
    agreement: ImportAgreement | None = None

    @property
    def import_digest(self) -> str | None:
        """SHA-256 of the bytes of ``import.json``, which tells which import made the cohort."""
        return None if self.import_record is None else hashlib.sha256(self.import_record).hexdigest()

    def as_document(self) -> dict[str, Any]:
        """The check in plain values, for JSON."""
        return {
            "findings": [
                {"severity": each.severity, "code": each.code, "table": each.table, "column": each.column}
                | {"sentence": each.sentence, "remedy": each.remedy, "counts": dict(each.counts)}
                for each in self.findings
            ],
            "scores": [asdict(scores) for scores in self.scores],
            "repairs": [asdict(repair) for repair in self.repairs],
            "not_read": [*self.columns_not_read, *self.files_not_read],
            "import_digest": self.import_digest,
            "import_agreement": self.agreement,
        }

    def as_json(self) -> str:
        """The check as the artifact ``cohort_check.json``; equal checks give equal text.

        Files are counted and not named, because a name may be a patient's or hold a date.
        """
        files = [counted(len(self.files_not_read), "file")] if self.files_not_read else []
        recorded = {"format": FORMAT} | self.as_document() | {"not_read": [*self.columns_not_read, *files]}
        return json.dumps(recorded, indent=1, ensure_ascii=False) + "\n"


def check_cohort(reading: CohortReading, directory: Path) -> CohortCheck:
    """The check of the cohort that was read from a folder.

    Raises ``CohortRefusedError`` if a finding falsifies outcomes, or for a file ``import.json`` of another kind.
    """
    return check_reading(reading, import_of(reading.cohort, directory))


def check_reading(reading: CohortReading, imported: Import | None = None) -> CohortCheck:
    """The check of a cohort, and of the import that made it, ``None`` if no record of one lies beside it.

    Raises ``CohortRefusedError`` if a finding falsifies outcomes.
    """
    warnings = refuse_implausible(reading.cohort)
    record, agreement = imported or (None, None)
    if imported is not None:
        warnings = (*import_findings(imported[1], reading.cohort, imported[0]), *warnings)
    unread = reading.columns_not_read, reading.files_not_read
    return CohortCheck(warnings, score_table(reading.cohort), reading.repairs, *unread, record, agreement)


def import_of(cohort: Cohort, directory: Path) -> Import | None:
    """The import record in the folder of a cohort and how the cohort agrees with it; ``None`` without a record.

    Raises ``CohortRefusedError`` for a file ``import.json`` of another kind.
    """
    record = import_record(directory)
    return None if record is None else (record, import_agreement(cohort, directory, record))


def import_record(directory: Path) -> bytes | None:
    """The bytes of ``import.json`` in a cohort's folder, ``None`` without one.

    Raises ``CohortRefusedError`` if it is no JSON object: it would be stored with the training.
    """
    path = directory / IMPORT_RECORD
    if not path.is_file():
        return None
    content = path.read_bytes()
    try:
        is_object = isinstance(json.loads(content), dict)
    except ValueError:
        is_object = False
    if not is_object:
        required = "the record that kap cohort import writes; import again, or move the file elsewhere"
        raise CohortRefusedError([Problem(IMPORT_RECORD, None, None, required, "another text")])
    return content


def recorded_warnings(document: bytes) -> list[str]:
    """The findings of a recorded check in sentences; none for a document that can't be read."""
    try:
        found = json.loads(document)["findings"]
        return [f"{each['table']}: {each['sentence']}" for each in found]
    except (ValueError, KeyError, TypeError):
        return []


def recorded_agreement(document: bytes) -> str | None:
    """How the cohort of a recorded check agreed with its import; ``None`` for a document that does not tell."""
    try:
        found = json.loads(document)["import_agreement"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None
