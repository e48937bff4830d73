"""The dossier of a registered version: one HTML document for an auditor that opens offline and fetches nothing.

This module gathers and checks its content; `dossier_cover` writes the first page, `dossier_sections` the sections.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from features.protocol.problems import InputRefusedError, Problem
from training.audit.audit import read_training, run_of
from training.audit.checked_record import checked_record
from training.dossier.content import Dossier
from training.dossier.cover import cover, policy_in_force
from training.dossier.sections import listed_artifacts, sections
from training.dossier.tables import detailed_tables
from training.evidence.document import Evidence, read_evidence
from training.registry.artifacts import EVIDENCE
from training.registry.names import split_reference
from training.registry.release import decision_log
from training.registry.stored_training import StoredTraining
from training.report.templating import rendered
from training.stores.registry_client import RegistryClient, asked_once


def write_dossier(version: str, path: Path) -> None:
    """Gather, check and write the dossier of a registered version or alias.

    Raises ``InputRefusedError`` where there is no such version.
    """
    with gathered_dossier(version) as dossier:
        path.write_text(dossier_page(dossier), encoding="utf-8")


@contextmanager
def gathered_dossier(version: str) -> Iterator[Dossier]:
    """The checked content of the dossier of a registered version or alias, as long as its files are needed.

    Raises ``InputRefusedError`` where there is no such version.
    """
    with asked_once(), tempfile.TemporaryDirectory() as scratch:
        run_id = run_of(version)
        stored = read_training(run_id, Path(scratch))
        meant = split_reference(version)[1]
        found = next((each for each in stored.versions if meant in (each.number, *each.aliases)), None)
        if found is None:
            problem = Problem("audit", None, None, "a registered version, or an alias such as champion", "a run")
            raise InputRefusedError([problem])
        chain = decision_log(found.name).read()
        yield Dossier(
            version=found.number,
            model=found.name,
            stored=stored,
            bundle=stored.loaded_bundle,
            evidence=_evidence(stored),
            decisions=tuple(each for each in chain.decisions if each.version == found.number),
            verdicts=tuple(checked_record(stored, chain)),
            written_on=datetime.now(UTC).strftime("%Y-%m-%d"),
            trained_at=_began(run_id),
            succession=tuple(each for each in chain.decisions if each.changes_champion),
        )


def dossier_page(dossier: Dossier) -> str:
    """The whole document; the same dossier gives the same text."""
    policy, _ = policy_in_force(dossier)
    return rendered(
        "training.dossier",
        "dossier.html",
        dossier=dossier,
        cover=cover(dossier),
        statements=sections(dossier),
        detailed=detailed_tables(dossier.evidence, policy) if dossier.evidence else [],
        evidence_source=dossier.source(EVIDENCE),
        artifacts=listed_artifacts(dossier),
    )


def _began(run_id: str) -> str:
    """When the training began, UTC, to the second."""
    began = datetime.fromtimestamp(RegistryClient().get_run(run_id).info.start_time / 1000, UTC)
    return began.strftime("%Y-%m-%dT%H:%M:%SZ")


def _evidence(stored: StoredTraining) -> Evidence | None:
    try:
        return read_evidence((stored.artifacts / EVIDENCE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
