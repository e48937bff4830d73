"""Imports a source as a cohort: converts, writes, reads back, checks, and records every conversion.

The record names no value of a patient, no date and no key.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.cohort.file_names import IMPORT_RECORD
from training.intake.conversion.cohort_files import new_folder, read_back, write_tables
from training.intake.conversion.conversion_log import Conversion, ConversionLog
from training.intake.conversion.pseudonyms import PseudonymKey, pseudonyms_of, refuse_key_inside
from training.intake.conversion.tables import convert
from training.intake.conversion.unread import unread_columns, unread_rows
from training.intake.mapping import CohortMapping
from training.intake.source import Source, undated
from training.plausibility.finding import describe_findings
from training.plausibility.findings import refuse_implausible

FORMAT = 1
"""Of ``import.json``."""


@dataclass(frozen=True)
class ImportRecord:
    """What an import did: from which files by which mapping, what was converted and what was not read.

    Written to the cohort's folder, a star stands for each date in the name of a file.
    """

    mapping_digest: str
    source_kind: str
    source_digests: Mapping[str, str]
    cohort_digest: str
    rows: Mapping[str, int]
    conversions: tuple[Conversion, ...]
    notes: tuple[str, ...]
    not_read: tuple[str, ...]
    pseudonyms: bool
    warnings: tuple[str, ...]

    def sentences(self) -> list[str]:
        """The record in words."""
        tables = ", ".join(f"{count:,} rows of {name}" for name, count in self.rows.items())
        return [*self.notes, *(one.sentence for one in self.conversions), f"wrote {tables}"]

    def document(self) -> dict[str, Any]:
        """The record as JSON, in whose texts a star stands for each date."""
        return {
            "format": FORMAT,
            "mapping_digest": self.mapping_digest,
            "source": {"kind": self.source_kind, "digests": _by_undated_name(self.source_digests)},
            "cohort_digest": self.cohort_digest,
            "rows": dict(self.rows),
            "conversions": [
                {
                    "what": undated(one.what),
                    "count": one.count,
                    "columns": [undated(column) for column in one.columns],
                    "sentence": undated(one.sentence),
                }
                for one in self.conversions
            ],
            "notes": [undated(note) for note in self.notes],
            "not_read": [undated(line) for line in self.not_read],
            "pseudonyms": self.pseudonyms,
            "warnings": [undated(warning) for warning in self.warnings],
        }


def _by_undated_name(digests: Mapping[str, str]) -> dict[str, str]:
    """The digests by names without dates; of names that are equal then, all but the first get a number."""
    found: dict[str, str] = {}
    for name, digest in digests.items():
        plain, number = undated(name), 1
        while (f"{plain} ({number})" if number > 1 else plain) in found:
            number += 1
        found[f"{plain} ({number})" if number > 1 else plain] = digest
    return found


def import_cohort(source: Source, mapping: CohortMapping, directory: Path, key_file: Path | None) -> ImportRecord:
    """Write the cohort of a source into a new folder; ``key_file`` holds the key of the pseudonyms, or will.

    Raises ``CohortRefusedError`` with every problem, by file, row and column of the source; nothing is left then.
    """
    log = ConversionLog()
    key = _key(mapping, directory, key_file)
    with new_folder(directory) as folder:
        converted = convert(source, mapping, log, key.pseudonym if key else _no_pseudonym)
        patient_ids = pseudonyms_of(converted.patients, key) if key and mapping.pseudonyms else list(converted.patients)
        write_tables(folder, converted.tables, patient_ids, mapping)
        cohort = read_back(folder, converted.tables, mapping.protocol)
        warnings = refuse_implausible(cohort)
        record = ImportRecord(
            mapping_digest=mapping.digest,
            source_kind=source.kind,
            source_digests=source.digests,
            cohort_digest=cohort.digest,
            rows={name: len(rows) for name, rows in converted.tables.items()},
            conversions=log.conversions,
            notes=tuple(note for table in source.tables.values() for note in table.notes),
            not_read=(
                *source.not_read,
                *unread_columns(source, mapping),
                *unread_rows(source, mapping, converted.untaken),
            ),
            pseudonyms=mapping.pseudonyms,
            warnings=tuple(describe_findings(warnings)),
        )
        text = json.dumps(record.document(), indent=2, ensure_ascii=False)
        (folder / IMPORT_RECORD).write_text(text + "\n", encoding="utf-8")
        if key:
            key.save()
    return record


def _key(mapping: CohortMapping, directory: Path, key_file: Path | None) -> PseudonymKey | None:
    if key_file is None or not needs_key(mapping):
        return None
    refuse_key_inside(key_file, directory)
    return PseudonymKey(key_file)


def needs_key(mapping: CohortMapping) -> bool:
    """Whether an import makes pseudonyms, of patients or of sites."""
    rules = [rule for block in mapping.blocks for row in block.rows for rule in row.values.values()]
    return mapping.pseudonyms or any(rule.convert == "pseudonym" for rule in rules)


def _no_pseudonym(kind: str, text: str) -> str:
    raise AssertionError(f"no key for the pseudonym of a {kind}, {len(text)} characters")
