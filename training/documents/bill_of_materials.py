"""The bill of materials of a model as CycloneDX 1.6 in JSON: model, data sets, code, Python and locked packages.

`cyclonedx` writes what it knows; it has no model card and no data sets yet, which are added to its document. No patient
is in it.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Commit, Component, ComponentType, Pedigree
from cyclonedx.model.license import DisjunctiveLicense, License, LicenseExpression
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from training.documents.cyclonedx_model_card import DATASET, model_card_part
from training.documents.licences import PackageLicence, licence_of
from training.documents.locked_packages import LockedPackage, locked_packages
from training.documents.subject import SYNTHETIC, DocumentSubject
from training.evidence.document import EvaluatedCohort, read_evidence
from training.registry.artifacts import EVIDENCE
from training.report.wording import patients

OWN = "kap-outcomes"
MODEL = "model"
PROPERTY = "kap"
"""Prefix of properties that CycloneDX has no element for."""
INDEX = "https://pypi.org/simple"


def bill_of_materials(subject: DocumentSubject) -> bytes:
    """The document; the same record and decisions in the same installation give the same bytes."""
    packages = locked_packages(subject.tags.get("lock_digest"))
    model, code, python = _model(subject), _code(subject), _python(subject)
    cohorts = {cohort.digest: cohort for cohort in _cohorts(subject)}
    data = [_data(cohort) for cohort in cohorts.values()]
    libraries = [_library(one) for one in packages] or [*_recorded_only(subject)]
    bom = Bom(
        serial_number=uuid5(NAMESPACE_URL, f"{OWN}/{subject.bundle.digest}"),
        metadata=BomMetaData(
            timestamp=datetime.fromisoformat(subject.dossier.trained_at),
            component=model,
            properties=_said(subject, complete=bool(packages)),
        ),
        components=[code, python, *data, *libraries],
    )
    bom.register_dependency(model, [code, *data])
    bom.register_dependency(code, [python, *libraries])
    document = json.loads(make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())
    return _completed(document, subject, cohorts)


def _completed(document: dict[str, Any], subject: DocumentSubject, cohorts: dict[str, EvaluatedCohort]) -> bytes:
    """The document with the model card and the descriptions of the data sets."""
    document["metadata"]["component"]["modelCard"] = model_card_part(subject, list(cohorts))
    for component in document["components"]:
        if component["type"] == "data":
            cohort = cohorts[component["bom-ref"].removeprefix(DATASET)]
            component["data"] = [{"type": "dataset", "name": cohort.source, "description": component["description"]}]
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def _model(subject: DocumentSubject) -> Component:
    version = subject.dossier.version
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=subject.dossier.model,
        version=version,
        bom_ref=MODEL,
        description=f"{f'{SYNTHETIC} ' if subject.synthetic else ''}{subject.intended_use}",
        hashes=[_sha256(subject.bundle.digest)],
        properties=[
            Property(name=f"{PROPERTY}:status", value=subject.status),
            Property(name=f"{PROPERTY}:run", value=subject.dossier.stored.run_id),
            Property(name=f"{PROPERTY}:trained_by", value=subject.dossier.author),
            Property(name=f"{PROPERTY}:hash", value="SHA-256 of the bundle's manifest, which has those of its files"),
        ],
    )


def _code(subject: DocumentSubject) -> Component:
    tags = subject.tags
    commit, version = tags.get("commit", "unknown"), tags.get(f"package.{OWN}", "unknown")
    changed = "files differed from the commit" if tags.get("modified") == "True" else "as committed"
    return Component(
        type=ComponentType.APPLICATION,
        name=OWN,
        version=version,
        bom_ref="code",
        purl=PackageURL("pypi", None, OWN, version),
        licenses=_licences(licence_of(OWN, version)),
        pedigree=Pedigree(commits=[Commit(uid=commit)], notes=changed) if commit != "unknown" else None,
        properties=[Property(name=f"{PROPERTY}:sources_sha256", value=tags.get("sources_digest", "not recorded"))],
    )


def _python(subject: DocumentSubject) -> Component:
    version = subject.tags.get("python", "unknown")
    return Component(type=ComponentType.PLATFORM, name="Python", version=version, bom_ref="python")


def _cohorts(subject: DocumentSubject) -> Iterator[EvaluatedCohort]:
    """The development cohort and those of the evaluations."""
    yield subject.evidence.cohort
    for found in subject.dossier.stored.evaluations:
        if found.stored is not None and (found.stored.artifacts / EVIDENCE).is_file():
            yield read_evidence((found.stored.artifacts / EVIDENCE).read_bytes()).cohort


def _data(cohort: EvaluatedCohort) -> Component:
    kind = f"A {'synthetic' if cohort.synthetic else 'recorded'} cohort of {patients(cohort.patients)}"
    return Component(
        type=ComponentType.DATA,
        name=cohort.source,
        bom_ref=f"{DATASET}{cohort.digest}",
        description=f"{kind}, sites: {cohort.sites}. The data are not included.",
        hashes=[_sha256(cohort.digest)],
    )


def _library(package: LockedPackage) -> Component:
    """A locked package; the hashes are of the files that the lock allows, one of which is installed."""
    licence = licence_of(package.name, package.version)
    said = {"licence": licence.stated if licence.kind == "unknown" else "", "marker": package.marker}
    return Component(
        type=ComponentType.LIBRARY,
        name=package.name,
        version=package.version,
        bom_ref=f"pypi:{package.name}@{package.version}",
        purl=PackageURL("pypi", None, package.name, package.version),
        licenses=_licences(licence),
        external_references=[
            ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION,
                url=XsUri(f"{INDEX}/{package.name}/"),
                comment="the files that the lock allows",
                hashes=[_sha256(one) for one in package.hashes],
            )
        ],
        properties=[Property(name=f"{PROPERTY}:{name}", value=value) for name, value in said.items() if value],
    )


def _recorded_only(subject: DocumentSubject) -> Iterator[Component]:
    """The packages whose versions the run names, where the lock of the training is not here."""
    for tag, version in sorted(subject.tags.items()):
        name = tag.removeprefix("package.")
        if name not in (tag, OWN):
            yield _library(LockedPackage(name, version, "", ()))


def _licences(licence: PackageLicence) -> list[License]:
    if licence.kind == "unknown":
        return []
    if licence.kind == "expression":
        return [LicenseExpression(licence.stated)]
    named = licence.kind == "name"
    return [DisjunctiveLicense(name=licence.stated) if named else DisjunctiveLicense(id=licence.stated)]


def _said(subject: DocumentSubject, *, complete: bool) -> list[Property]:
    digest = subject.tags.get("lock_digest", "not recorded")
    words = f"the packages of the lock of the training, {digest}"
    lacking = f"only the packages that the run names: the lock of the training, {digest}, is not in this installation"
    return [
        Property(name=f"{PROPERTY}:packages", value=words if complete else lacking),
        Property(name=f"{PROPERTY}:time", value="the time is that of the training"),
    ]


def _sha256(digest: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=digest)
