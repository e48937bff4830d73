"""Whether the cohort in a folder is the one that the ``import.json`` beside it names by its digest.

That digest covers the protocol. So tables that were not touched have another digest under another protocol.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from features.protocol.columns import CHILD_TABLES
from features.protocol.document import Protocol
from features.protocol.problems import InputRefusedError
from features.records.cohort import Cohort
from training.cohort.file_names import IMPORT_RECORD, PROTOCOL_FILE
from training.cohort.parts.whole import read_whole
from training.cohort.reader import read_protocol
from training.plausibility.finding import CohortFinding, listed_words

ImportAgreement: TypeAlias = Literal[
    "as imported", "read under another protocol", "protocol changed", "changed", "unknown"
]
"""The tables and the protocol are those of the import; the tables are, and the command or the folder has another
protocol; something else differs; or the record names no cohort."""

TABLES_AS_IMPORTED: tuple[ImportAgreement, ...] = ("as imported", "read under another protocol", "protocol changed")

_REMEDY = (
    "Make changes in the source, in its mapping or in the protocol beside the mapping, and import again. To keep them "
    f"here, take {IMPORT_RECORD} out of the folder: it vouches for another cohort."
)


def import_agreement(cohort: Cohort, directory: Path, record: bytes) -> ImportAgreement:
    """How a cohort agrees with the record (JSON) in its folder; it is read again if only its protocol may differ."""
    imported = imported_digest(record)
    if imported is None:
        return "unknown"
    if cohort.digest == imported:
        return "as imported"
    own = _own_protocol(directory)
    if own is not None and own != cohort.protocol and _digest_under(own, directory) == imported:
        return "read under another protocol"
    default = Protocol()
    if default not in (own, cohort.protocol) and _digest_under(default, directory) == imported:
        return "protocol changed"
    return "changed"


def imported_digest(record: bytes) -> str | None:
    """The digest of the cohort that an import made, by its record; ``None`` if the record has none."""
    digest = _object(record).get("cohort_digest")
    return digest if isinstance(digest, str) else None


def import_findings(agreement: ImportAgreement, cohort: Cohort, record: bytes) -> Iterator[CohortFinding]:
    """A warning if ``import.json`` is not of this cohort."""
    if agreement in ("as imported", "read under another protocol"):
        return
    if agreement == "unknown":
        sentence = "it names no cohort, so that nothing tells whether this is the one that was imported."
        yield CohortFinding("warning", "import_unknown", IMPORT_RECORD, None, sentence, "Import again.")
        return
    if agreement == "protocol changed":
        sentence = f"{PROTOCOL_FILE} was added or changed after the import; the tables are as imported."
        remedy = "Name the protocol in the mapping and import again, so that the record has both."
        yield CohortFinding("warning", "protocol_after_import", IMPORT_RECORD, None, sentence, remedy)
        return
    tables = list(_other_rows(cohort, _object(record).get("rows")))
    if tables:
        what = f"the tables were changed after the import: {listed_words(tables)} then had another number of rows"
    else:
        what = f"the tables or {PROTOCOL_FILE} were changed after the import"
    sentence = f"it is not of this cohort: {what}."
    yield CohortFinding("warning", "not_as_imported", IMPORT_RECORD, None, sentence, _REMEDY)


def _other_rows(cohort: Cohort, rows: Any) -> Iterator[str]:
    """Tables that have another number of rows than the record says."""
    then = rows if isinstance(rows, dict) else {}
    now = {"patients": len(cohort)} | {name: len(cohort.table(name)) for name in CHILD_TABLES}
    for name, number in now.items():
        if isinstance(then.get(name), int) and then[name] != number:
            yield name


def _object(record: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(record)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _own_protocol(directory: Path) -> Protocol | None:
    """The protocol of the folder, ``None`` if it is refused."""
    try:
        return read_protocol(directory)
    except InputRefusedError:
        return None


def _digest_under(protocol: Protocol, directory: Path) -> str | None:
    """The digest of the tables under a protocol, ``None`` if it refuses them."""
    try:
        return read_whole(directory, protocol).cohort.digest
    except InputRefusedError:
        return None
